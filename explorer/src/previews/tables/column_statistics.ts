// The statistics of a column, collected cell by cell.
import { MAX_NUMBER, numberText } from "../../format/format.ts";
import { instantOf } from "../../../../core/text/iso_time.ts";
import type { Cell } from "../../../../formats/tables/table.ts";
import { compareKeys, type SortKey } from "../../../../core/text/comparing.ts";
import { cellText, isEmpty, keyOf, numberOf, shortened } from "./cells.ts";

const MAX_DISTINCT = 1000;
/** Values that are listed as the most frequent. */
const TOP = 3;

export interface ColumnStatistics {
  missing: number;
  /** Absent above 1,000. */
  distinct?: number;
  min?: string;
  max?: string;
  /** Of numbers. */
  mean?: string;
  /** Counts in ranges of one width, from the smallest to the largest number or date. */
  bins?: readonly number[];
  /** The most frequent values of words, if one occurs twice. */
  top?: readonly { value: string; count: number }[];
}

type Extreme = { readonly cell: Cell; readonly key: SortKey };

export class Tally {
  #missing = 0;
  #count = 0;
  #numbers = 0;
  #sum = 0;
  #min?: Extreme;
  #max?: Extreme;
  #distinct: Map<string, number> | undefined = new Map();
  readonly #bins = new Bins();

  /**
   * @param type `date` if strings are dates
   * @param isNone true for cells without a value
   */
  constructor(readonly type?: string, readonly isNone = isEmpty) {}

  add(cell: Cell = null): void {
    if (this.isNone(cell)) return void this.#missing++;
    const known = shortened(cell);
    const number = numberOf(known);
    if (number !== undefined) {
      this.#numbers++;
      this.#sum += number;
    }
    this.#bins.add(this.type === "date" ? timeOf(known) : number);
    this.#count++;
    const key = keyOf(known);
    if (!this.#min || compareKeys(key, this.#min.key) < 0) this.#min = { cell: known, key };
    if (!this.#max || compareKeys(key, this.#max.key) > 0) this.#max = { cell: known, key };
    if (this.#distinct === undefined) return;
    const text = this.#valueText(known) + (known === cell ? "" : hashOf(cell as string));
    this.#distinct.set(text, (this.#distinct.get(text) ?? 0) + 1);
    if (this.#distinct.size > MAX_DISTINCT) this.#distinct = undefined;
  }

  /** Returns one string for all that mean a value: `1.0` and `1e0`, a time in two zones. */
  #valueText(cell: Cell): string {
    const text = cellText(cell);
    if (this.type === "date") {
      const instant = instantOf(text);
      return typeof instant === "object" ? `${instant.seconds} ${instant.fraction}` : text;
    }
    const isNumber = this.type === "number" || this.type === "int64";
    return isNumber && numberOf(cell) !== undefined ? exactText(text.trim()) : text;
  }

  statistics(): ColumnStatistics {
    const missing = this.#missing;
    if (!this.#min || !this.#max) return { missing, distinct: 0 };
    const isNumbers = this.#numbers === this.#count;
    return {
      missing,
      ...this.#distinct && { distinct: this.#distinct.size },
      min: cellText(this.#min.cell),
      max: cellText(this.#max.cell),
      ...isNumbers && { mean: numberText(this.#sum / this.#count) },
      ...isNumbers || this.type === "date" ? { bins: this.#bins.counts() } : this.#top(),
    };
  }

  #top(): Pick<ColumnStatistics, "top"> {
    const all = [...this.#distinct ?? []].sort(([, a], [, b]) => b - a).slice(0, TOP);
    if ((all[0]?.[1] ?? 0) < 2) return {};
    return { top: all.map(([value, count]) => ({ value, count })) };
  }
}

/** Writes a number in one form. Whole numbers keep all their digits. */
function exactText(text: string): string {
  return text.length > 15 && /^[+-]?\d+$/.test(text) ? String(BigInt(text)) : String(Number(text));
}

/** Returns what differs between long texts that begin alike. */
function hashOf(text: string): string {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash, 31) + text.charCodeAt(i) | 0;
  return `${text.length} ${hash}`;
}

/** Returns a date as a number, to draw it. A time without a zone is taken as UTC. */
function timeOf(cell: Cell): number | undefined {
  if (cell instanceof Date) return cell.getTime();
  const instant = instantOf(String(cell));
  return typeof instant !== "object"
    ? undefined
    : 1000 * (instant.seconds + Number(`0.${instant.fraction}0`));
}

const BINS = 64;

/** Counts numbers in ranges of one width, which doubles when a number is outside. */
class Bins {
  #counts: number[] = Array(BINS).fill(0);
  #from?: number;
  #width = 0;

  add(value = NaN): void {
    if (!(Math.abs(value) <= MAX_NUMBER)) return;
    const far = value - (this.#from ??= value);
    if (this.#width === 0) this.#width = 2 ** Math.ceil(Math.log2(Math.abs(far) * 2 / BINS));
    let at = 0;
    while (this.#width > 0) {
      at = Math.floor((value - this.#from!) / this.#width);
      if (at >= 0 && at < BINS) break;
      this.#double(at < 0);
    }
    this.#counts[at]!++;
  }

  #double(isBelow: boolean): void {
    const counts: number[] = Array(BINS).fill(0);
    const shift = isBelow ? BINS / 2 : 0;
    this.#counts.forEach((count, i) => counts[shift + (i >> 1)]! += count);
    if (isBelow) this.#from! -= BINS * this.#width;
    this.#counts = counts;
    this.#width *= 2;
  }

  /** Returns the counts from the first to the last that is not 0. */
  counts(): readonly number[] {
    const isUsed = (count: number) => count > 0;
    return this.#counts.slice(
      this.#counts.findIndex(isUsed),
      this.#counts.findLastIndex(isUsed) + 1,
    );
  }
}
