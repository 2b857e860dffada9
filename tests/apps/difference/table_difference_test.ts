import { assertEquals } from "@std/assert";
import { compareTableFiles } from "../../../apps/difference/table_difference.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { createTable } from "../../../formats/parquet.ts";
import { encodeRows } from "../../../formats/parquet/write.ts";
import { pyarrowBytes } from "../../formats/parquet/files.ts";

type Row = { run: string; note: string | null };

async function parquetOf(rows: readonly Row[]) {
  const table = createTable({ run: "string", note: "string?" }, () => rows);
  const bytes = concatBytes(await Array.fromAsync(encodeRows(table, { compression: "snappy" })));
  return { path: "runs.parquet", bytes };
}

Deno.test("files of Parquet and CSV are compared by row", async () => {
  const rows = Array.from({ length: 2000 }, (_, i): Row => ({ run: `run ${i}`, note: "" }));
  const changed = rows.toReversed().with(5, { run: "run 1994", note: null }).slice(1);
  const { key, added, removed, changes } = await compareTableFiles(
    await parquetOf(rows),
    await parquetOf(changed),
  );
  assertEquals([key, added, removed], ["run", 0, 1]);
  assertEquals(changes.map(({ key, change }) => `${key} ${change}`), [
    "run 1994 changed",
    "run 1999 removed",
  ]);
  assertEquals(changes[0]!.cells, [{ column: "note", before: "", after: "null" }]);
  const fine = { path: "fine.parquet", bytes: pyarrowBytes("fine") };
  const { added: more, removed: fewer, changed: other } = await compareTableFiles(fine, fine);
  assertEquals([more, fewer, other], [0, 0, 0]);
  const csv = (text: string) => ({ path: "a.tsv", bytes: new TextEncoder().encode(text) });
  const found = await compareTableFiles(csv("a\tb\n1\tx\n1\ty\n"), csv("a\tb\n1\ty\n1\tz\n"));
  assertEquals([found.key, found.changed, found.added, found.removed], ["b", 0, 1, 1]);
  const semicolons = (text: string) => ({ ...csv(text), path: "a.csv" });
  const decimals = await compareTableFiles(
    semicolons("id;x\n1;1,5\n2;2,5\n"),
    semicolons("id;x\n2;2,5\n1;1,6\n"),
  );
  assertEquals([decimals.key, decimals.byColumn], ["id", [["x", 1]]]);
});
