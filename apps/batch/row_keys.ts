// Idempotency keys of rows: the same row of the same run has the same key whenever it is run again,
// wherever it stands.
import { createHash } from "node:crypto";

/** Makes the key of a row. Rows are to be asked for in their order. */
export type RowKeys = (row: unknown) => string;

const FIRST_SLOTS = 1024;

/**
 * Creates the keys of one run. A key is made of the run, of all that the row says, and of how many equal rows stand
 * before it. So rows may be added, removed and moved, a changed row is another one, and two equal rows are two.
 */
export function createRowKeys(run: string): RowKeys {
  const seen = createCounter();
  return (row) => {
    const hash = createHash("sha256").update(JSON.stringify([run, row]));
    const digest = hash.copy().digest();
    const before = seen(digest.readUIntBE(0, 6));
    return `batch-${hash.update(` ${before}`).digest("hex").slice(0, 40)}`;
  };
}

/**
 * Counts numbers that mostly come once, in 16 bytes each or less. Two rows whose first 48 bits are the same by chance
 * count as equal, which changes nothing but their keys.
 */
function createCounter(): (value: number) => number {
  let slots = new Float64Array(FIRST_SLOTS);
  let used = 0;
  const repeats = new Map<number, number>();
  const find = (table: Float64Array, stored: number) => {
    let at = stored % table.length;
    while (table[at] !== 0 && table[at] !== stored) at = (at + 1) % table.length;
    return at;
  };
  return (value) => {
    const stored = value + 1; // 0 is an empty slot
    const at = find(slots, stored);
    if (slots[at] === stored) {
      const before = (repeats.get(stored) ?? 0) + 1;
      repeats.set(stored, before);
      return before;
    }
    slots[at] = stored;
    if (++used * 2 > slots.length) {
      const larger = new Float64Array(slots.length * 2);
      for (const old of slots) if (old !== 0) larger[find(larger, old)] = old;
      slots = larger;
    }
    return 0;
  };
}
