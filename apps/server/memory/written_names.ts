// Names that the service wrote lately, for those that remember what the store has: the index of its
// search, and gateways.
import { keepNewest } from "../../../core/work/keep_newest.ts";

/** More are forgotten: then all is read again. */
const MOST_NAMES = 10_000;

export interface NamesSince {
  /** The argument of the next call. */
  mark: number;
  names: string[];
  /** True if some names are missing. */
  isCut: boolean;
}

export class WrittenNames {
  /** The number of the last write of each name, oldest first. */
  readonly #writes = new Map<string, number>();
  #last = 0;
  /** The number of the last write that was forgotten. */
  #forgotten = 0;

  /** Notes that a name was written, or may have been. */
  // deno-lint-ignore require-await -- a process may ask another one
  async note(name: string): Promise<void> {
    this.#writes.delete(name);
    this.#writes.set(name, ++this.#last);
    if (this.#writes.size <= MOST_NAMES) return;
    const [oldest] = this.#writes.values();
    this.#forgotten = oldest ?? this.#forgotten;
    keepNewest(this.#writes, MOST_NAMES);
  }

  /** Returns the names written since a mark, 0 for the first call. */
  // deno-lint-ignore require-await -- a process may ask another one
  async since(mark: number): Promise<NamesSince> {
    const names: string[] = [];
    for (const [name, write] of [...this.#writes].reverse()) {
      if (write <= mark) break;
      names.push(name);
    }
    return { mark: this.#last, names, isCut: mark < this.#forgotten };
  }
}
