// The versions of a name that an index has, newest first, to compare them with those of the registry.
import { itemAt } from "../../../core/faults/present.ts";
import { placeOf, placeOfName, type Row } from "./block.ts";
import type { BlockStore } from "./block_store.ts";
import type { Block } from "./stored_block.ts";
import { firstIndex } from "../../../core/text/first_index.ts";

export interface KnownVersion {
  readonly row?: Row;
  /** False if the index has others between this version and the one before. */
  readonly isNext: boolean;
}

export class KnownRows {
  readonly #rows: AsyncGenerator<Row>;
  #next: Row | undefined;
  #hasBegun = false;

  constructor(store: BlockStore, blocks: readonly Block[], name: string) {
    this.#rows = rowsOf(store, blocks, name);
  }

  /** Returns true if no version is left. */
  async isEmpty(): Promise<boolean> {
    if (!this.#hasBegun) await this.#advance();
    return this.#next === undefined;
  }

  /** Looks for a version. Call it in the order of versions. */
  async find(name: string, version: string): Promise<KnownVersion> {
    const place = placeOf({ name, version });
    for (let isNext = true; !await this.isEmpty(); isNext = false) {
      const row = this.#next!;
      const placeOfRow = placeOf(row.found);
      if (placeOfRow > place) return { isNext };
      await this.#advance();
      if (placeOfRow === place) return { row, isNext };
    }
    return { isNext: false };
  }

  async #advance(): Promise<void> {
    this.#hasBegun = true;
    const { value, done } = await this.#rows.next();
    this.#next = done ? undefined : value;
  }
}

async function* rowsOf(
  store: BlockStore,
  blocks: readonly Block[],
  name: string,
): AsyncGenerator<Row> {
  const place = placeOfName(name), end = `${place}~`;
  const first = firstIndex(blocks.length, (at) => itemAt(blocks, at).last >= place);
  for (let at = first; at < blocks.length && itemAt(blocks, at).first <= end; at++) {
    for (const run of await store.runs(itemAt(blocks, at))) if (run.name === name) yield* run.rows;
  }
}
