// Messages to and from a thread that verifies pieces of files. It knows no store.

/** A piece that a thread reads and verifies, and writes at its offset. */
export interface PieceTask {
  id: number;
  /** Reads the object without credentials: the URL of a store, or of a file on this machine. */
  url: string;
  /** The first byte in the object. */
  from: number;
  /** The place to write to. @default nothing is written */
  to?: PieceTarget;
  /** Lengths and digests, in order; bytes without a digest are not verified. */
  chunks: readonly { size: number; sha256?: string }[];
}

interface PieceTarget {
  /** The file, which exists. */
  path: string;
  /** The first byte in it. */
  at: number;
  /** Nothing was written there, so that zeros are left out. */
  isNew: boolean;
}

/** Asks a thread to write no more. It answers with a report of this id when it has no open file. */
export const LAST_ID = -1;

/** Sent as bytes arrive; with a result, after the piece. */
export interface PieceReport {
  id: number;
  /** Bytes that were verified, and written, since the last report. @default none */
  bytes?: number;
  /** True if the piece is right, and written. */
  isDone?: boolean;
}
