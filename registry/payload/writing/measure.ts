// Counts, hashes and cuts the bytes of a file on their way to the store.
import type { ListMaker } from "../../../core/bytes/content_chunks.ts";
import { createSha256 } from "../../../core/bytes/digest.ts";

/** Takes the number of bytes that were moved; 0 for a sign of life. */
export type Passed = (bytes: number) => void | Promise<void>;

/** Counts, hashes and cuts what passes through it. */
export class Measure {
  readonly #hash = createSha256();
  readonly #maker?: ListMaker;
  size = 0;

  constructor(maker?: ListMaker) {
    this.#maker = maker;
  }

  /** Returns the facts of all chunks. Ends the digest. */
  facts(): { size: number; sha256: string } {
    return { size: this.size, sha256: this.#hash.digest() };
  }

  async *through(
    chunks: AsyncIterable<Uint8Array>,
    { signal, passed }: { signal?: AbortSignal; passed: Passed },
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      this.#hash.update(chunk);
      this.#maker?.update(chunk);
      const { byteLength } = chunk; // until its memory moves
      this.size += byteLength;
      yield chunk;
      await passed(byteLength);
    }
  }
}
