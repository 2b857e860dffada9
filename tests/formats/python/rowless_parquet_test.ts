import { assertEquals } from "@std/assert";
import { openParquet } from "../../../formats/parquet.ts";
import { findPython } from "../../support/numpy.ts";
import { casesOfRun, seedRange } from "../../support/seeds.ts";
import { fileOf } from "../format_files.ts";
import { writeRowless } from "./rowless_parquet.ts";

const python = await findPython("pyarrow");
const why = python === undefined ? " (ignored: no Python has pyarrow)" : "";

Deno.test({
  name: `row groups of PyArrow without rows are read${why}`,
  ignore: python === undefined,
  async fn() {
    const { firstSeed } = seedRange(200);
    for (const file of await writeRowless(python!, { firstSeed, seeds: casesOfRun(200) })) {
      const known = Object.keys(file.rows[0] ?? {}).filter((column) => !column.startsWith("l"));
      const columns = file.rows.length === 0 ? undefined : known;
      const hasList = file.made.includes("'l'");
      if (hasList && columns === undefined) continue; // lists are not read
      const table = await openParquet(fileOf(file.bytes, file.name), { columns });
      const rows = (await Array.fromAsync(table.rows())).map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, cell]) => [
            name,
            typeof cell === "bigint" ? Number(cell) : cell,
          ]),
        )
      );
      const expected = file.rows.map((row) =>
        Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith("l")))
      );
      assertEquals([table.rowCount, rows], [expected.length, expected], file.made);
    }
  },
});
