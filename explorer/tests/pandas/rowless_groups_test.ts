// Row groups without rows, also beside columns that only hyparquet reads.
import { assertEquals } from "@std/assert";
import { writeRowless } from "../../../tests/formats/python/rowless_parquet.ts";
import { findPython } from "../../../tests/support/numpy.ts";
import { casesOfRun, seedRange } from "../../../tests/support/seeds.ts";
import { readTable } from "../../src/previews/tables/read_table.ts";
import { fakeFile } from "../support/fake_file.ts";

const python = await findPython("pyarrow");
const why = python === undefined ? " (ignored: no Python has pyarrow)" : "";

Deno.test({
  name: `row groups of PyArrow without rows are shown${why}`,
  ignore: python === undefined,
  async fn() {
    const { firstSeed } = seedRange(100);
    for (const file of await writeRowless(python ?? "", { firstSeed, seeds: casesOfRun(100) })) {
      const table = await readTable(fakeFile(file.name, file.bytes));
      assertEquals([table.rowCount, table.others], [file.rows.length, []], file.made);
      const { rows } = await table.page({ from: 0, count: 1000 });
      const shown = rows.map((row) =>
        table.columns.map(({ name }, i) => {
          const cell = row[i] ?? null;
          if (typeof cell === "bigint") return Number(cell);
          return name.startsWith("l") && cell !== null ? JSON.parse(String(cell)) : cell;
        })
      );
      const expected = file.rows.map((row) => table.columns.map(({ name }) => row[name] ?? null));
      assertEquals(shown, expected, file.made);
    }
  },
});
