// Idempotency keys of rows: the same row of the same run has the same key whenever it is run again,
// wherever it stands.
import { createHash } from "node:crypto";

/** Makes the key of a row. Rows are to be asked for in their order. */
export type RowKeys = (row: unknown) => string;

/**
 * Creates the keys of one run. A key is made of the run, of all that the row says, and of how many equal rows stand
 * before it. So rows may be added, removed and moved, a changed row is another one, and two equal rows are two.
 */
export function createRowKeys(run: string): RowKeys {
  const seen = new Map<number, number>(); // by 48 bits: a clash by chance changes keys, nothing else
  return (row) => {
    const hash = createHash("sha256").update(JSON.stringify([run, row]));
    const digest = hash.copy().digest().readUIntBE(0, 6);
    const before = seen.get(digest) ?? 0;
    seen.set(digest, before + 1);
    return `batch-${hash.update(` ${before}`).digest("hex").slice(0, 40)}`;
  };
}
