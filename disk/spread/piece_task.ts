// Messages to and from a thread that fetches pieces of files. It knows no store.

/** A piece that a thread fetches, verifies and writes at its offset. */
export interface PieceTask {
  id: number;
  /** Reads the object without credentials. */
  url: string;
  /** The first byte in the object. */
  from: number;
  /** The file, which exists, and the first byte in it. */
  path: string;
  at: number;
  /** Nothing was written there, so that zeros are left out. */
  isNew: boolean;
  /** Lengths and digests, in order; without a digest, bytes are written unverified. */
  chunks: readonly { size: number; sha256?: string }[];
}

/** Asks a thread to write no more. It answers with a report of this id when it has no open file. */
export const LAST_ID = -1;

/** Sent after each block; with a result, after the piece. */
export interface PieceReport {
  id: number;
  isWritten?: boolean;
}
