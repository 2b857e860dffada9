// Two tables compared by all their rows: by a unique column, or by content. Rows are known by
// hashes, so only those that differ are kept. It runs in the worker of the explorer, too.
import { alignItems } from "../../core/text/align.ts";
import { giveWay } from "../../core/work/next_turn.ts";
import type { Cell } from "../../formats/csv.ts";

/** More rows of a table are not read, and more columns are not compared. */
const MAX_ROWS = 1_000_000;
export const MAX_COLUMNS = 100;
/** Changed rows that are kept, of each kind, and their characters. */
const MAX_KEPT = 10_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;
/** First rows, in which a key must be unique to be offered, and their characters. */
const KEY_ROWS = 20_000;
/** Longer cells are cut. */
const MAX_CELL = 200;

/** A row that differs: its key, and the cells that changed by column. */
export interface RowChange {
  key: string;
  change: "added" | "removed" | "changed";
  cells: { column: string; before?: string; after?: string }[];
}

export interface RowDifference {
  /** Absent if the other table has more rows than were read. */
  added?: number;
  removed?: number;
  changed: number;
  /** Those that are kept: changed and removed ones in the order of the first table, then added. */
  changes: RowChange[];
  /** Changed cells of the changed rows that are kept. */
  byColumn: [string, number][];
  /** Columns that only one table has. */
  columns: { added: string[]; removed: string[] };
  /** Present if a table has more than the first columns, which are compared. */
  moreColumns?: number;
  /** Rows that were read, and whether they are all. */
  rows: readonly [number, number];
  isAll: readonly [boolean, boolean];
}

export interface CompareOptions {
  /** A column whose values are unique in both tables. @default rows match by content */
  key?: string;
  maxRows?: number;
  signal?: AbortSignal;
  onProgress?: (rows: number) => void;
}

/** A table whose rows are read in parts, each time from the first. */
export interface ComparedTable {
  readonly columns: readonly { readonly name: string }[];
  /** True if cells can be null: an empty string is a value then. */
  readonly hasNull?: boolean;
  parts(
    columns: readonly number[],
    signal?: AbortSignal,
  ): AsyncIterable<{ rows: readonly (readonly Cell[])[] }>;
}

/** Returns the columns whose values are unique in the first rows of both tables. */
export async function findKeys(
  left: ComparedTable,
  right: ComparedTable,
  signal?: AbortSignal,
): Promise<string[]> {
  const uniqueOf = async (table: ComparedTable) => {
    const names = namesOf(table);
    const values = names.map(() => new Set<number>());
    let count = 0;
    for await (const { rows } of table.parts([...names.keys()], signal)) {
      for (const row of rows) {
        if (count === KEY_ROWS) break;
        count++;
        values.forEach((known, at) => known.add(hashOf(cellText(row[at] ?? null))));
      }
      if (count === KEY_ROWS) break;
      await giveWay(signal);
    }
    return names.filter((_, at) => values[at]?.size === count);
  };
  const [keys, others] = await Promise.all([uniqueOf(left), uniqueOf(right)]);
  return keys.filter((name) => others.includes(name));
}

/** Compares all rows. Returns undefined if a value of the key occurs twice in a table. */
export async function compareRows(
  left: ComparedTable,
  right: ComparedTable,
  options: CompareOptions = {},
): Promise<RowDifference | undefined> {
  const shared = namesOf(left).filter((name) => namesOf(right).includes(name));
  const sides = [new Side(left, shared, options), new Side(right, shared, options)] as const;
  const comparison = new Comparison(...sides, shared);
  const isDone = options.key === undefined
    ? await comparison.byContent()
    : await comparison.byKey();
  return isDone ? comparison.difference() : undefined;
}

function namesOf({ columns }: ComparedTable): string[] {
  return columns.slice(0, MAX_COLUMNS).map(({ name }) => name);
}

/** A row as it is compared. */
interface ReadRow {
  readonly at: number;
  /** The texts of all columns that are read, and of the shared ones. */
  readonly texts: readonly string[];
  readonly shared: readonly string[];
  /** Of the shared columns. */
  readonly hash: number;
  readonly key: string;
}

const NULL = "\0null";

/** The rows of one table. Each pass reads them again. */
class Side {
  rows = 0;
  isAll = true;
  readonly #names: readonly string[];
  readonly #places: readonly number[];
  readonly #key: number;

  constructor(
    readonly table: ComparedTable,
    shared: readonly string[],
    readonly options: CompareOptions,
  ) {
    this.#names = namesOf(table);
    this.#places = shared.map((name) => this.#names.indexOf(name));
    this.#key = this.#names.indexOf(options.key ?? "");
  }

  async *read(): AsyncGenerator<ReadRow> {
    const { signal, maxRows = MAX_ROWS, onProgress } = this.options;
    let at = 0;
    for await (const { rows } of this.table.parts([...this.#names.keys()], signal)) {
      for (const row of rows) {
        if (at === maxRows) return void (this.isAll = false);
        yield this.#rowOf(row, at);
        this.rows = Math.max(this.rows, ++at);
      }
      onProgress?.(at);
      await giveWay(signal);
    }
  }

  #rowOf(row: readonly Cell[], at: number): ReadRow {
    const missing = this.table.hasNull ? NULL : "";
    const texts = this.#names.map((_, i) => {
      const cell = row[i] ?? null;
      return cell === null ? missing : cellText(cell);
    });
    const shared = this.#places.map((place) => texts[place] ?? "");
    return { at, texts, shared, hash: hashOf(shared.join("\0")), key: texts[this.#key] ?? "" };
  }

  cells({ texts }: ReadRow, side: "before" | "after"): RowChange["cells"] {
    return this.#names.map((column, i) => ({ column, [side]: shown(texts[i] ?? "") }));
  }
}

/** Rows within the limits, by the number of the row or the hash of the key. */
class Kept extends Map<number, ReadRow> {
  /** All, also those that are not kept. */
  count = 0;
  #characters = 0;

  keep(id: number, row: ReadRow): void {
    this.count++;
    if (this.size >= MAX_KEPT || this.#characters > MAX_CHARACTERS) return;
    this.set(id, row);
    for (const text of row.texts) this.#characters += text.length;
  }

  get isAll(): boolean {
    return this.size === this.count;
  }
}

/** Two tables while they are compared. */
class Comparison {
  readonly #changes: RowChange[] = [];
  readonly #byColumn: Map<string, number>;
  readonly #columns: Pick<RowDifference, "columns" | "moreColumns">;
  #added = 0;
  #removed = 0;
  #changed = 0;

  constructor(
    readonly before: Side,
    readonly after: Side,
    readonly shared: readonly string[],
  ) {
    this.#byColumn = new Map(shared.map((name) => [name, 0]));
    const other = (name: string) => !shared.includes(name);
    const columns = {
      added: namesOf(after.table).filter(other),
      removed: namesOf(before.table).filter(other),
    };
    const more = Math.max(...[before, after].map(({ table }) => table.columns.length)) -
      MAX_COLUMNS;
    this.#columns = { columns, ...more > 0 && { moreColumns: more } };
  }

  difference(): RowDifference {
    const { before, after } = this;
    return {
      ...before.isAll && { added: this.#added },
      ...after.isAll && { removed: this.#removed },
      changed: this.#changed,
      changes: this.#changes,
      byColumn: [...this.#byColumn].filter(([, count]) => count > 0),
      ...this.#columns,
      rows: [before.rows, after.rows],
      isAll: [before.isAll, after.isAll],
    };
  }

  /** Returns false if the key is not unique. */
  async byKey(): Promise<boolean> {
    const { before, after } = this;
    const hashes = new Map<number, number>(); // of the rows before, NaN once they are found
    for await (const { key, hash } of before.read()) {
      const id = hashOf(key);
      if (hashes.has(id)) return false;
      hashes.set(id, hash);
    }
    const [changed, added, others] = [new Kept(), new Kept(), new Set<number>()];
    for await (const row of after.read()) {
      const id = hashOf(row.key);
      const known = hashes.get(id);
      if (Number.isNaN(known) || others.has(id)) return false;
      if (known === undefined) {
        others.add(id);
        added.keep(row.at, row);
      } else hashes.set(id, NaN);
      if (known !== undefined && known !== row.hash) changed.keep(id, row);
    }
    this.#changed = changed.count;
    this.#removed = before.rows - (after.rows - added.count);
    const isMissing = (id: number) => after.isAll && !Number.isNaN(hashes.get(id));
    if (changed.count + this.#removed > 0) await this.#readBefore(changed, isMissing);
    this.#addAll(added, ({ key }) => shown(key));
    return true;
  }

  /** Reads the rows before again, for the changes of rows that differ by their key. */
  async #readBefore(changed: Kept, isMissing: (id: number) => boolean): Promise<void> {
    const removed = new Kept();
    for await (const row of this.before.read()) {
      const id = hashOf(row.key);
      const now = changed.get(id);
      if (now !== undefined) this.#change(row, now, shown(row.key));
      else if (isMissing(id)) removed.keep(row.at, row);
      if (removed.has(row.at)) this.#remove(row, shown(row.key));
    }
  }

  /** Rows with the same content match, in any order. The others match those like them. */
  async byContent(): Promise<boolean> {
    const { before, after } = this;
    const counts = new Map<number, number>();
    for await (const { hash } of before.read()) counts.set(hash, (counts.get(hash) ?? 0) + 1);
    const [added, removed] = [new Kept(), new Kept()];
    const matched = new Map<number, number>();
    const anchors = [new Map<number, number>(), new Map<number, number>()] as const;
    const match = async (side: Side, most: ReadonlyMap<number, number>, rest: Kept, of: 0 | 1) => {
      const used = of === 1 ? matched : new Map<number, number>();
      let anchor = 0;
      for await (const row of side.read()) {
        const count = used.get(row.hash) ?? 0;
        if (count < (most.get(row.hash) ?? 0)) used.set(row.hash, count + 1);
        else rest.keep(row.at, row);
        if (rest.has(row.at)) anchors[of].set(row.at, anchor);
        else anchor = row.hash;
      }
    };
    await match(after, counts, added, 1);
    if (before.rows + added.count > after.rows && after.isAll) {
      await match(before, matched, removed, 0);
    }
    [this.#added, this.#removed] = [added.count, removed.count];
    const isWhole = before.isAll && after.isAll && added.isAll && removed.isAll;
    const pairs = isWhole ? pairsOf([removed, added], anchors) : new Map();
    this.#changed = pairs.size;
    for (const [at, row] of removed) {
      const now = pairs.get(at);
      if (now === undefined) this.#remove(row, `row ${at}`);
      else this.#change(row, now, `row ${at}`);
    }
    this.#removed -= pairs.size;
    for (const { at } of pairs.values()) added.delete(at);
    added.count -= pairs.size;
    this.#addAll(added, ({ at }) => `new row ${at}`);
    return true;
  }

  #change(row: ReadRow, now: ReadRow, key: string): void {
    const cells = this.shared.flatMap((column, i) => {
      const [was = "", is = ""] = [row.shared[i], now.shared[i]];
      return was === is ? [] : [{ column, ...excerptsOf(was, is) }];
    });
    for (const { column } of cells) {
      this.#byColumn.set(column, (this.#byColumn.get(column) ?? 0) + 1);
    }
    this.#changes.push({ key, change: "changed", cells });
  }

  #remove(row: ReadRow, key: string): void {
    this.#changes.push({ key, change: "removed", cells: this.before.cells(row, "before") });
  }

  #addAll(added: Kept, keyOf: (row: ReadRow) => string): void {
    this.#added = added.count;
    if (!this.before.isAll) return; // they may be among the rows that are not read
    for (const row of added.values()) {
      this.#changes.push({
        key: keyOf(row),
        change: "added",
        cells: this.after.cells(row, "after"),
      });
    }
  }
}

type Anchors = ReadonlyMap<number, number>;

/** Pairs rows that differ by the number of equal cells: those behind the same row, then the rest. */
function pairsOf(
  [olds, nows]: readonly [Kept, Kept],
  anchors: readonly [Anchors, Anchors],
): Map<number, ReadRow> {
  const pairs = new Map<number, ReadRow>();
  const pair = (before: readonly ReadRow[], after: readonly ReadRow[]) => {
    const textsOf = ({ shared }: ReadRow) => shared;
    for (const [i, j] of alignItems(before.map(textsOf), after.map(textsOf))) {
      const [row, now] = [before[i], after[j]];
      if (row && now) pairs.set(row.at, now);
    }
  };
  const grouped = (rows: Kept, anchors: Anchors) =>
    Map.groupBy(rows.values(), ({ at }) => anchors.get(at) ?? 0);
  const [before, after] = [grouped(olds, anchors[0]), grouped(nows, anchors[1])];
  const others = (groups: typeof before, known: typeof before) =>
    [...groups].flatMap(([anchor, rows]) => known.has(anchor) ? [] : rows);
  pair(others(before, after), others(after, before));
  for (const [anchor, rows] of before) pair(rows, after.get(anchor) ?? []);
  return pairs;
}

function shown(text: string): string {
  if (text === NULL) return "null";
  return text.length > MAX_CELL ? `${text.slice(0, MAX_CELL)}…` : text;
}

function cellText(cell: Cell): string {
  return cell instanceof Date ? cell.toISOString() : String(cell ?? "");
}

/** Characters before and behind the first difference of long texts. */
const BEFORE = 20, BEHIND = 60;

/** Returns two texts, or of long ones the part around the first difference. */
function excerptsOf(was: string, is: string): { before: string; after: string } {
  const [one, other] = [was, is].map((text) => text === NULL ? "null" : text) as [string, string];
  let same = 0;
  while (same < one.length && one[same] === other[same]) same++;
  const from = same < BEHIND ? 0 : same - BEFORE;
  const excerptOf = (text: string) => {
    const part = text.slice(from, same + BEHIND);
    const rest = from + part.length < text.length ? "…" : "";
    return `${from > 0 ? "…" : ""}${part}${rest}`;
  };
  return { before: excerptOf(one), after: excerptOf(other) };
}

/** Returns a number of 53 bits. */
function hashOf(text: string): number {
  let [high, low] = [0x811c9dc5, 0x9e3779b9];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x85ebca6b);
    low ^= low >>> 13;
  }
  return (high >>> 0) * 2 ** 21 + ((low ^ high >>> 15) >>> 11);
}
