// The contract of a GET of a range. `node_reply.ts` and `socket_reply.ts` implement it. The drivers of
// S3 and GCS have another form of it, with errors that give the reason. One table tests all of them.

/**
 * Asks once, over one connection, for a range of the object at a URL. It follows no redirect, and
 * goes by the proxy of the environment, if it supports proxies.
 *
 * Returns undefined for a reply that is not just this range, as it is stored. Rejects if the
 * connection breaks or the signal aborts.
 */
export type GetRange = (
  url: string,
  range: ObjectRange,
  asking: Asking,
) => Promise<PieceReply | undefined>;

/** The bytes of a range, in order. A reply of another length is noticed at its end at the latest. */
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

/** The head of a reply. */
interface ReplyHead {
  status: number;
  /** Returns the value of a header, by its name in lower case. */
  header(name: string): string | null | undefined;
}

/** True for a reply with just this range. Its bytes may be used unverified, so the head must match. */
export function isJust({ from, length }: ObjectRange, { status, header }: ReplyHead): boolean {
  const range = `bytes ${from}-${from + length - 1}/`;
  return status === 206 && (header("content-range")?.startsWith(range) ?? false) &&
    Number(header("content-length") ?? length) === length &&
    (header("content-encoding") ?? "identity") === "identity";
}
