// Bodies in parts: of equal size if that of the body is known, else of sizes that grow.
import type { Body } from "../../../core/backend.ts";
import { bodyStream, concatBytes } from "../../../core/bytes/bytes.ts";
import type { RegistryError } from "../../../core/errors.ts";
import { keyFault, type S3Store } from "../store.ts";

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
  let count = 0;
  for await (
    const part of body instanceof Uint8Array ? slices(body, partBytes) : read(body, plan)
  ) {
    count += part.byteLength;
    if (size !== undefined && count > size) throw wrongSize(store, key, count, size);
    // A short part is the last one: the total must match.
    if (size !== undefined && part.byteLength < partBytes && count !== size) {
      throw wrongSize(store, key, count, size);
    }
    yield part;
  }
  if (size !== undefined && count !== size) throw wrongSize(store, key, count, size);
}

export function wrongSize(store: S3Store, key: string, count: number, size: number): RegistryError {
  return keyFault(store, key, {
    code: "Invalid",
    action: "put",
    state: `the body has ${count} bytes${count > size ? " or more" : ""}, not ${size}`,
    hint: "Pass the size of the body, or omit it.",
  });
}

function* slices(bytes: Uint8Array, partBytes: number): Generator<Uint8Array> {
  for (let start = 0; start === 0 || start < bytes.byteLength; start += partBytes) {
    yield bytes.subarray(start, start + partBytes);
  }
}

/** Reads a stream. Cancels it on abort, even while it is silent, and when the consumer leaves. */
async function* read(
  body: Body,
  { partBytes: firstBytes, grows, buffers, signal }: PartPlan,
): AsyncGenerator<Uint8Array> {
  const reader = bodyStream(body).getReader();
  let open = true;
  const cancel = (reason: unknown) => void reader.cancel(reason).catch(() => {});
  const stop = () => cancel(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    let held: Uint8Array[] = [];
    let heldBytes = 0;
    let parts = 0;
    let partBytes = firstBytes;
    while (open) {
      signal?.throwIfAborted();
      const next = await reader.read();
      if (next.done) break;
      let chunk = next.value;
      while (heldBytes + chunk.byteLength >= partBytes) {
        const last = chunk.subarray(0, partBytes - heldBytes);
        held.push(last);
        chunk = chunk.subarray(last.byteLength);
        yield held.length === 1 ? last : buffers.fill(held, partBytes);
        held = [];
        heldBytes = 0;
        parts++;
        if (grows) partBytes = grownPartBytes(firstBytes, parts);
      }
      if (chunk.byteLength > 0) held.push(chunk);
      heldBytes += chunk.byteLength;
    }
    open = false;
    signal?.throwIfAborted();
    if (heldBytes > 0 || parts === 0) yield concatBytes(held);
  } finally {
    signal?.removeEventListener("abort", stop);
    if (open) cancel(signal?.reason);
    reader.releaseLock();
  }
}

/**
 * Reusable memory of parts: the garbage collector of the runtime frees short-lived megabytes too
 * late.
 */
export class PartBuffers {
  readonly #own = new Set<Uint8Array>();
  readonly #free: Uint8Array[] = [];

  fill(chunks: readonly Uint8Array[], size: number): Uint8Array {
    let part = this.#free.pop();
    if (part !== undefined && part.byteLength !== size) { // the parts have grown
      part = undefined;
      this.#free.length = 0;
      this.#own.clear();
    }
    part ??= new Uint8Array(size);
    this.#own.add(part);
    let offset = 0;
    for (const chunk of chunks) {
      part.set(chunk, offset);
      offset += chunk.byteLength;
    }
    return part;
  }

  /** Makes the memory of a stored part available again. */
  release(part: Uint8Array): void {
    if (this.#own.has(part)) this.#free.push(part); // others belong to the caller
  }
}
