// Bodies in parts: of equal size if that of the body is known, else of sizes that grow.
import type { Body } from "../../../core/backend.ts";
import { bodyStream, checkBodySize } from "../../../core/bytes/bytes.ts";
import { fillingReader } from "../../../core/bytes/own_memory.ts";
import type { S3Store } from "../store.ts";

/** The maximum of all stores. */
export const MAX_PARTS = 10_000;

/** Parts after which the size doubles. So 10,000 parts of at first 8 MiB hold 5 TiB. */
const GROWS_AFTER = 800;
const MAX_GROWN_BYTES = 2 ** 30;

/** Returns the bytes of a part, counted from 0, of a body without known size. */
export function grownPartBytes(firstBytes: number, index: number): number {
  const grown = firstBytes * 2 ** Math.floor(index / GROWS_AFTER);
  return Math.max(firstBytes, Math.min(grown, MAX_GROWN_BYTES));
}

interface PartPlan {
  partBytes: number;
  /** True if later parts may be larger. */
  grows?: boolean;
  buffers: PartBuffers;
  size?: number;
  signal?: AbortSignal;
}

/**
 * Yields the parts of a body, one empty part of an empty body. Throws `Invalid` for another size.
 */
export async function* bodyParts(
  store: S3Store,
  key: string,
  body: Body,
  plan: PartPlan,
): AsyncGenerator<Uint8Array, undefined> {
  const { partBytes, size } = plan;
  const expected = { size, key, backend: store.location };
  let count = 0;
  for await (
    const part of body instanceof Uint8Array ? slices(body, partBytes) : read(body, plan)
  ) {
    count += part.byteLength;
    checkBodySize(count, expected, { isRead: false });
    if (part.byteLength < partBytes) checkBodySize(count, expected); // a short part is the last one
    yield part;
  }
  checkBodySize(count, expected);
}

function* slices(bytes: Uint8Array, partBytes: number): Generator<Uint8Array> {
  for (let start = 0; start === 0 || start < bytes.byteLength; start += partBytes) {
    yield bytes.subarray(start, start + partBytes);
  }
}

/** Reads a stream. Cancels it on abort, even while it is silent, and when the consumer leaves. */
async function* read(
  body: Body,
  { partBytes: firstBytes, grows, buffers, size = Infinity, signal }: PartPlan,
): AsyncGenerator<Uint8Array> {
  const reader = fillingReader(bodyStream(body));
  let isOpen = true;
  const cancel = (reason: unknown) => void reader.cancel(reason).catch(() => {});
  const stop = () => cancel(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    for (let parts = 0; isOpen; parts++) {
      signal?.throwIfAborted();
      const partBytes = grows ? grownPartBytes(firstBytes, parts) : firstBytes;
      // One byte more than a small body should have, to notice a longer one.
      const memory = buffers.take(Math.min(partBytes, size + 1));
      const { byteLength } = memory; // until it moves
      const part = await reader.fill(memory);
      buffers.own(part);
      isOpen = part.byteLength === byteLength;
      signal?.throwIfAborted();
      if (part.byteLength > 0 || parts === 0) yield part;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    if (isOpen) cancel(signal?.reason);
    reader.releaseLock();
  }
}

/**
 * Reusable memory of parts: the garbage collector of the runtime frees short-lived megabytes too
 * late.
 */
export class PartBuffers {
  readonly #own = new WeakSet<ArrayBufferLike>();
  readonly #free: ArrayBuffer[] = [];

  take(size: number): Uint8Array<ArrayBuffer> {
    const buffer = this.#free.pop();
    if (buffer?.byteLength === size) return new Uint8Array(buffer);
    this.#free.length = 0; // the parts have grown
    return new Uint8Array(size);
  }

  /** Notes that a part is in memory that was taken, which may have moved. */
  own({ buffer }: Uint8Array): void {
    this.#own.add(buffer);
  }

  /** Makes the memory of a stored part available again. */
  release({ buffer }: Uint8Array): void {
    if (this.#own.has(buffer)) this.#free.push(buffer as ArrayBuffer); // others belong to the caller
  }
}
