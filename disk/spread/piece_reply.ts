// Replies with the bytes of a piece.
export interface PieceReply {
  /** Fills bytes. False if the reply is too short. Rejects if its connection breaks. */
  fill(bytes: Uint8Array): Promise<boolean>;
  /** Returns false if more bytes follow. */
  isAtEnd(): Promise<boolean>;
  /** Reads no more. */
  leave(): void;
}

export interface ObjectRange {
  /** The first byte. */
  from: number;
  length: number;
}

export interface Asking {
  /** Closes the connection, also while it is opened or read. */
  signal: AbortSignal;
  /** Called for each read with bytes. */
  onBytes(): void;
}

export function headersOf({ from, length }: ObjectRange): Record<string, string> {
  return { range: `bytes=${from}-${from + length - 1}`, "accept-encoding": "identity" };
}

/** Unverified bytes, too, must be those that were asked for. */
export function hasRange(
  header: string | null | undefined,
  { from, length }: ObjectRange,
): boolean {
  return header?.startsWith(`bytes ${from}-${from + length - 1}/`) ?? false;
}
