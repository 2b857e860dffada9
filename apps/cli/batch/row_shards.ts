// The rows of a manifest that one of several processes does. Which those are depends on the rows
// alone: all processes read the whole manifest, whatever its order, and each row is done by one of
// them.
import { type FoundShard, isOfShard } from "../../../workers/mod.ts";
import type { Manifest } from "./manifest.ts";
import type { RawRow } from "./raw_row.ts";

export function toldShard({ shard: { index, count }, from }: FoundShard): string {
  return `shard ${index}/${count} (${from}): rows of other shards are left to other processes`;
}

/** A manifest with the rows of one shard. A row that cannot be read belongs to one by its line. */
export function rowsOfShard(
  manifest: Manifest,
  { shard }: FoundShard,
  keyOf: (fields: Record<string, unknown>) => string,
): Manifest {
  const key = ({ fields, line }: RawRow) => fields === undefined ? String(line) : keyOf(fields);
  return {
    ...manifest,
    async *rows(columns) {
      for await (const row of manifest.rows(columns)) if (isOfShard(key(row), shard)) yield row;
    },
  };
}
