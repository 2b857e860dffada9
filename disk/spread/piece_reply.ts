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
  /** True to open a connection: others may be lost, too. @default false: one that is not in use */
  isFresh?: boolean;
}

export function headersOf({ from, length }: ObjectRange): Record<string, string> {
  return {
    // Some gateways refuse requests without a name.
    "user-agent": "holdfast",
    range: `bytes=${from}-${from + length - 1}`,
    "accept-encoding": "identity",
  };
}

/** Unverified bytes, too, must be those that were asked for. */
export function hasRange(
  header: string | null | undefined,
  { from, length }: ObjectRange,
): boolean {
  return header?.startsWith(`bytes ${from}-${from + length - 1}/`) ?? false;
}
