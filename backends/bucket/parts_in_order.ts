// Reads of a large object in parts, some of them ahead of the reader.
import { eitherSignal } from "../../core/work/until_aborted.ts";

/** Bytes from `start` (inclusive) to `end` (exclusive). */
export interface Span {
  start: number;
  end: number;
}

interface PartsOptions {
  first: Promise<Uint8Array[]>;
  rest: Span;
  partBytes: number;
  /** Concurrent reads, including the awaited part. */
  atOnce: number;
  /** Start another read while the first part is consumed. @default false */
  ahead?: boolean;
  read: (span: Span, signal: AbortSignal) => Promise<Uint8Array[]>;
  signal?: AbortSignal;
}

/** Yields the chunks of all parts. Aborts running reads when the reader leaves or one fails. */
export async function* partsInOrder(
  { first, rest, partBytes, atOnce, ahead = false, read, signal }: PartsOptions,
): AsyncGenerator<Uint8Array> {
  const leaving = new AbortController();
  const ending = eitherSignal(leaving.signal, signal);
  const parts = [first];
  const spans = spansOf(rest, partBytes);
  const order = () => {
    while (parts.length < atOnce) {
      const next = spans.next();
      if (next.done) return;
      const part = read(next.value, ending);
      part.catch(() => {}); // reported when its turn comes
      parts.push(part);
    }
  };
  try {
    for (order(); parts[0] !== undefined; order()) {
      const part = await parts[0];
      parts.shift(); // now, because it counts until it has been read
      if (ahead) order();
      for (const chunk of part) {
        signal?.throwIfAborted();
        yield chunk;
      }
    }
  } finally {
    leaving.abort();
  }
}

export function* spansOf({ start, end }: Span, partBytes: number): Generator<Span, undefined> {
  for (; start < end; start += partBytes) yield { start, end: Math.min(end, start + partBytes) };
}

/** Returns the first byte of a reply and the size of its object: 5 and 1000 of `bytes 5-9/1000`. */
export function parseContentRange(header = ""): { start: number; size: number } | undefined {
  const [, start, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(header) ?? [];
  return size === undefined ? undefined : { start: Number(start), size: Number(size) };
}

export async function joined(size: number, chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const whole = new Uint8Array(size);
  let offset = 0;
  for await (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}
