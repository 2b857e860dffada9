// Reading a large object in parts, of which some are on their way ahead of the reader.

/** Bytes from `start` up to `end`, which is not among them. */
export interface Span {
  start: number;
  end: number;
}

export interface PartsOptions {
  first: Promise<Uint8Array[]>;
  rest: Span;
  partBytes: number;
  /** Parts that are there or on their way, that which is awaited among them. */
  atOnce: number;
  read: (span: Span, signal: AbortSignal) => Promise<Uint8Array[]>;
  signal?: AbortSignal;
}

/** The chunks of all parts. Ends those that are on their way when the reader leaves, or one fails. */
export async function* partsInOrder(
  { first, rest, partBytes, atOnce, read, signal }: PartsOptions,
): AsyncGenerator<Uint8Array> {
  const left = new AbortController();
  const ending = AbortSignal.any([left.signal, ...(signal === undefined ? [] : [signal])]);
  const ahead = [first];
  let next = rest.start;
  try {
    while (next < rest.end || ahead.length > 0) {
      while (ahead.length < atOnce && next < rest.end) {
        const end = Math.min(rest.end, next + partBytes);
        const part = read({ start: next, end }, ending);
        part.catch(() => {}); // heard when its turn comes
        ahead.push(part);
        next = end;
      }
      const part = await ahead[0];
      ahead.shift(); // only now: it counted while it was on its way
      for (const chunk of part) {
        signal?.throwIfAborted();
        yield chunk;
      }
    }
  } finally {
    left.abort();
  }
}

export async function joined(
  size: number,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  const whole = new Uint8Array(size);
  let offset = 0;
  for await (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}
