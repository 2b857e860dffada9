import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { isRegistryError } from "../../../core/errors.ts";
import { createTable } from "../../../formats/tables/create_table.ts";
import { openParquet, parquet, type ParquetCompression } from "../../../formats/parquet.ts";
import { encodeRows } from "../../../formats/parquet/write.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { contentBytes, fileOf } from "../format_files.ts";
import { anyTable, noise } from "../tables/files.ts";
import { refused } from "../../support/refused.ts";
import { slowTest } from "../../support/seeds.ts";

Deno.test("any table comes back equal, in row groups of any size, however it is packed", async () => {
  const packings = fc.constantFrom<ParquetCompression>("snappy", "gzip", "none");
  await fc.assert(
    fc.asyncProperty(
      anyTable,
      packings,
      fc.integer({ min: 1, max: 9 }),
      async ({ columns, rows }, compression, maxRows) => {
        const pieces = encodeRows(createTable(columns, rows), { compression, maxRows });
        const back = await openParquet(fileOf(concatBytes(await Array.fromAsync(pieces))));
        assertEquals(back.columns, columns);
        assertEquals(back.rowCount, rows.length);
        assertEquals(await Array.fromAsync(back.rows()), rows);
      },
    ),
  );
});

Deno.test("0 and -0 stay apart where there are many of both, and so does NaN", async () => {
  const rows = Array.from({ length: 5_000 }, (_, i) => ({ n: [0, -0, NaN, 1][i % 4] }));
  const back = await parquet().decode(
    fileOf(await contentBytes(await parquet().encode(createTable({ n: "number" }, rows)))),
  );
  const cells = await back.column("n") as Float64Array;
  assert(cells.every((cell, i) => Object.is(cell, rows[i].n)));
});

Deno.test("a table without columns comes back, and is refused with rows", async () => {
  const back = await parquet().decode(
    fileOf(await contentBytes(await parquet().encode(createTable({}, [])))),
  );
  assertEquals([back.columns, await Array.fromAsync(back.rows())], [[], []]);
  await refused(
    "Unsupported",
    async () => await parquet().encode(createTable({}, [{}])),
  );
});

slowTest("a large table goes out as a stream, whose rows are asked for as it is read", async () => {
  let asked = 0;
  const rows = function* () {
    for (asked = 1; asked <= 1_000_000; asked++) yield { a: noise(asked, 30) };
  };
  const content = await parquet().encode(createTable({ a: "string" }, rows));
  assert(content instanceof ReadableStream);
  assert(asked < 200_000);
  await content.cancel();
});

Deno.test("a value that is not a table is Unsupported, and an unknown option of writing Invalid", async () => {
  for (const other of [undefined, [], { columns: [] }]) {
    assertEquals(parquet().accepts(other), false);
    await refused("Unsupported", async () => await parquet().encode(other as never));
  }
  const compression = "toString" as "none";
  assert(isRegistryError(assertThrows(() => parquet({ compression })), "Invalid"));
});
