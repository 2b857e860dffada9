// Lists of the chunks of files: several together are one object.
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { StoredFile } from "../../../core/record.ts";
import { inTurns } from "../../../core/work/next_turn.ts";
import { isCompressed } from "../encoding.ts";

/** Lists are held until they have this size, bytes. */
const HELD_BYTES = 8 * 1024 * 1024;

export class ChunkLists {
  readonly #put: (bytes: Uint8Array) => Promise<number>;
  /** Held and stored lists, by the SHA-256 of their file. */
  readonly #held = new Map<string, Uint8Array>();
  #heldBytes = 0;
  readonly #stored = new Map<string, Required<StoredFile>["chunks"]>();

  /** `put` stores bytes, and returns the number of their object. */
  constructor(put: (bytes: Uint8Array) => Promise<number>) {
    this.#put = put;
  }

  /** Keeps the encoded list of a file. */
  async keep(file: string, list: Uint8Array): Promise<void> {
    this.#heldBytes += list.byteLength - (this.#held.get(file)?.byteLength ?? 0);
    this.#held.set(file, list);
    if (this.#heldBytes > HELD_BYTES) await this.#store();
  }

  /** Stores the lists that are held, and points the files of this payload to theirs. */
  async end(files: readonly StoredFile[]): Promise<void> {
    await this.#store();
    for await (const file of inTurns(files)) { // the digest of all comes next
      const chunks = isCompressed(file) ? undefined : this.#stored.get(file.sha256);
      if (file.parts !== undefined && file.from === undefined && chunks) file.chunks ??= chunks;
    }
  }

  async #store(): Promise<void> {
    const lists = [...this.#held];
    if (lists.length === 0) return;
    this.#held.clear();
    this.#heldBytes = 0;
    const object = await this.#put(concatBytes(lists.map(([, list]) => list)));
    let offset = 0;
    for (const [file, list] of lists) {
      const size = list.byteLength;
      this.#stored.set(file, { object, offset, size, sha256: sha256(list) });
      offset += size;
    }
  }
}
