// The cells of one page, read some at a time.
import { type Cells, spreadCells } from "../tables/cells.ts";
import type { Cell, Numbers } from "../tables/table.ts";
import type { FileColumn } from "./columns.ts";
import { Runs } from "./runs.ts";
import { Damage } from "./thrift.ts";
import type { ValueList, ValueReader } from "./values.ts";

/** Reads cells in order. Throws any error if they are damaged. */
export interface CellReader {
  take(count: number): Cells;
  skip(count: number): void;
}

type Present = Numbers | Cell[];

/** Reads cells that are not null. */
export interface PresentReader {
  take(count: number): Present;
  skip(count: number): void;
}

export function converted({ toCells }: FileColumn, values: ValueReader): PresentReader {
  return { take: (count) => toCells(values.take(count)), skip: (count) => values.skip(count) };
}

/** The values of a dictionary. Those that are not numbers are converted when they are needed. */
export class Dictionary {
  readonly #length: number;
  readonly #numbers?: Numbers;
  readonly #cells: Cell[] = [];
  readonly #cellAt: (index: number) => Cell;

  constructor({ column, toCells }: FileColumn, { length, slice }: ValueList) {
    this.#length = length;
    const isNumbers = column.type === "number" || column.type === "int64";
    if (isNumbers) this.#numbers = toCells(slice(0, length)) as Numbers;
    this.#cellAt = (index) => toCells(slice(index, index + 1))[0]!;
  }

  /** Reads cells by their indices, in a page of this dictionary. */
  reader(page: Uint8Array): PresentReader {
    const indices = new Runs(page.subarray(1), page[0] ?? 0);
    return {
      take: (count) => this.#at(indices.read(new Uint32Array(count))),
      skip: (count) => indices.skip(count),
    };
  }

  #at(indices: Uint32Array): Present {
    const numbers = this.#numbers;
    const cells = numbers === undefined
      ? new Array<Cell>(indices.length)
      : new (numbers.constructor as new (length: number) => Cell[])(indices.length);
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i]!;
      if (index >= this.#length) throw new Damage(`no value ${index} in its dictionary`);
      cells[i] = numbers?.[index] ?? (this.#cells[index] ??= this.#cellAt(index));
    }
    return cells;
  }
}

const SLICE = 65_536;

/** Reads cells of which some are null. */
export class NullableCells implements CellReader {
  readonly #levels: Runs;
  readonly #present: PresentReader;

  /** @param levels 1 for each cell that is not null */
  constructor(levels: Uint8Array, present: PresentReader) {
    this.#levels = new Runs(levels, 1);
    this.#present = present;
  }

  take(count: number): Cells {
    const valid = this.#levels.read(new Uint8Array(count));
    return spreadCells(valid, this.#present.take(presentIn(valid)));
  }

  skip(count: number): void {
    for (let skipped = 0; skipped < count; skipped += SLICE) {
      const valid = this.#levels.read(new Uint8Array(Math.min(SLICE, count - skipped)));
      this.#present.skip(presentIn(valid));
    }
  }
}

/** Returns how many cells of a page are not null. */
export function countPresent(levels: Uint8Array, count: number): number {
  const runs = new Runs(levels, 1);
  let present = 0;
  for (let read = 0; read < count; read += SLICE) {
    present += presentIn(runs.read(new Uint8Array(Math.min(SLICE, count - read))));
  }
  return present;
}

function presentIn(valid: Uint8Array): number {
  let present = 0;
  for (const level of valid) {
    if (level > 1) throw new Damage("a level is above 1");
    present += level;
  }
  return present;
}
