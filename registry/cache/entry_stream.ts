// A large entry that is written to the cache while somebody else reads it. It ends well or not at
// all, and holds only a few chunks.
import { fault, type RegistryError } from "../../core/errors.ts";
import type { System } from "../../core/system.ts";

const BUFFER_BYTES = 8 * 1024 * 1024;
/** A cache that takes nothing for so long is no longer waited for. */
const STALL_MS = 2_000;

export class EntryStream {
  /** What the cache writes; fails when the entry is abandoned. */
  readonly body: ReadableStream<Uint8Array>;
  /** True if the reader gave up, which is not a failure of the cache. */
  abandoned = false;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #system: System;
  readonly #onStall: (error: RegistryError) => void;
  #kept = false;

  constructor(system: System, onStall: (error: RegistryError) => void) {
    const buffer = new ByteLengthQueuingStrategy({ highWaterMark: BUFFER_BYTES });
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({}, buffer);
    this.body = readable;
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {});
    this.#system = system;
    this.#onStall = onStall;
  }

  /** Takes a copy of a chunk. Await what it returns: the buffer is full. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#writer.desiredSize === null) return undefined; // the cache failed
    this.#writer.write(chunk.slice()).catch(() => {});
    return (this.#writer.desiredSize ?? 1) <= 0 ? this.#drained() : undefined;
  }

  /** Ends the entry: all bytes were there and had the right digest. */
  keep(): void {
    this.#kept = true;
    this.#writer.close().catch(() => {});
  }

  abandon(): void {
    if (this.#kept) return;
    this.abandoned = this.#writer.desiredSize !== null;
    this.#abort("it was abandoned");
  }

  async #drained(): Promise<void> {
    const timer = new AbortController();
    const stalled = this.#system.sleep(STALL_MS, timer.signal).then(() => {
      this.#onStall(this.#abort(`the cache took nothing for ${STALL_MS} ms`));
    }, () => {});
    await Promise.race([this.#writer.ready.catch(() => {}), stalled]);
    timer.abort();
  }

  #abort(state: string): RegistryError {
    const error = fault({
      code: "Unavailable",
      action: "write to the cache",
      state,
      hint: "Check its disk.",
    });
    this.#writer.abort(error).catch(() => {});
    return error;
  }
}
