// Reading a part of a file takes neither a page of each column, nor other cells.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { isRegistryError, RegistryError } from "../../../core/errors.ts";
import { type FileToDecode, LimitExceeded } from "../../../core/file_store.ts";
import { createTable, openParquet, parquet } from "../../../formats/parquet.ts";
import { contentBytes, fileOf } from "../format_files.ts";
import { slowTest } from "../../support/seeds.ts";

/** Fields of Thrift: integers, strings, structures, and lists. */
type Field = number | string | Fields | (number | string | Fields)[];
type Fields = { [id: number]: Field };

const varint = (value: number): number[] =>
  value < 128 ? [value] : [value & 127 | 128, ...varint(value >>> 7)];

function typeOf(field: Field): number {
  if (Array.isArray(field)) return 9;
  return typeof field === "number" ? 5 : typeof field === "string" ? 8 : 12;
}

function valueOf(field: Field): number[] {
  if (typeof field === "number") return varint(field * 2);
  if (typeof field === "string") return [field.length, ...new TextEncoder().encode(field)];
  if (!Array.isArray(field)) return structOf(field);
  const head = [0xf0 | typeOf(field[0]!), ...varint(field.length)];
  return [...head, ...field.flatMap(valueOf)];
}

/** Encodes a structure in the compact protocol. */
function structOf(fields: Fields): number[] {
  let last = 0;
  const encoded = Object.entries(fields).flatMap(([key, field]) => {
    const id = Number(key), head = (id - last) << 4 | typeOf(field);
    last = id;
    return [head, ...valueOf(field)];
  });
  return [...encoded, 0];
}

/** A file of one row, whose columns begin `step` bytes apart, by default as many as they have. */
function withColumns(count: number, step?: number): FileToDecode {
  const page = [...structOf({ 1: 0, 2: 5, 3: 5, 5: { 1: 1, 2: 0, 3: 3, 4: 3 } }), 1, 0, 0, 0, 97];
  const { length } = page;
  const names = Array.from({ length: count }, (_, i) => `c${i}`);
  const columns = names.map((name, i) => ({
    2: 4,
    3: {
      1: 6,
      2: [0],
      3: [name],
      4: 0,
      5: 1,
      6: length,
      7: length,
      9: 4 + length + i * (step ?? length),
    },
  }));
  const schema = [
    { 4: "schema", 5: count },
    ...names.map((name) => ({ 1: 6, 3: 0, 4: name, 6: 0 })),
  ];
  const footer = structOf({ 1: 1, 2: schema, 3: 1, 4: [{ 1: columns, 2: 1, 3: 1 }] });
  const end = new Uint8Array(8);
  new DataView(end.buffer).setUint32(0, footer.length, true);
  end.set(new TextEncoder().encode("PAR1"), 4);
  const pages = [...page, ...names.flatMap(() => page)]; // and one that none has
  return fileOf(Uint8Array.from([80, 65, 82, 49, ...pages, ...footer, ...end]), "a.parquet");
}

Deno.test("columns that share bytes are refused: each would unpack them again", async () => {
  const apart = await openParquet(withColumns(3));
  assertEquals(await Array.fromAsync(apart.rows()), [{ c0: "a", c1: "a", c2: "a" }]);
  for (const step of [0, 1, 20]) {
    const error = await assertRejects(() => openParquet(withColumns(3, step)), RegistryError);
    assert(isRegistryError(error, "Corrupt"));
    assertStringIncludes(error.message, "columns overlap");
  }
});

/** Counts the strings that are decoded meanwhile. */
async function stringsDecoded(run: () => Promise<unknown>): Promise<number> {
  const { decode } = TextDecoder.prototype;
  let count = 0;
  TextDecoder.prototype.decode = function (...args) {
    count++;
    return decode.apply(this, args);
  };
  try {
    await run();
  } finally {
    TextDecoder.prototype.decode = decode;
  }
  return count;
}

Deno.test("a few rows of a page with many are read, and no others", async () => {
  const rows = Array.from({ length: 30_000 }, (_, i) => ({ a: `row ${i}`, b: `${i % 1000}` }));
  const table = createTable({ a: "string", b: "string" }, rows);
  const file = fileOf(await contentBytes(await parquet().encode(table)), "a.parquet");
  const opened = await openParquet(file);
  const read = () => Array.fromAsync(opened.rows({ from: 20_000, to: 20_100 }));
  assertEquals(await read(), rows.slice(20_000, 20_100));
  const count = await stringsDecoded(read);
  assert(count <= 200 + 100, `${count} strings of ${2 * rows.length}`);
});

slowTest("of a few rows, columns with large pages are read one after the other", async () => {
  const columns = Array.from({ length: 6 }, (_, i) => ({ name: `c${i}`, type: "string" as const }));
  const cells = columns.map(({ name }) => [name, name.repeat(8 * 1024 ** 2)]);
  const table = createTable(columns, [Object.fromEntries(cells)]);
  const bytes = await contentBytes(await parquet({ compression: "none" }).encode(table));
  const file = fileOf(bytes, "a.parquet");
  let reading = 0, most = 0;
  const watched: FileToDecode = {
    ...file,
    stream(range = { offset: 0 }) {
      const { length = 0 } = range;
      reading += length;
      most = Math.max(most, reading);
      return file.stream(range).pipeThrough(
        new TransformStream({ flush: () => void (reading -= length) }),
      );
    },
  };
  const opened = await openParquet(watched);
  const [row] = await Array.fromAsync(opened.rows());
  assert(cells.every(([name, cell]) => row![name!] === cell));
  assert(bytes.length > 90 * 1024 ** 2 && most < 20 * 1024 ** 2, `${most} bytes at once`);
});

Deno.test("a page above the caller's limit is refused, with its size as the cause", async () => {
  const table = createTable({ a: "string" }, [{ a: "x".repeat(10_000) }]);
  const file = fileOf(await contentBytes(await parquet().encode(table)), "a.parquet");
  const opened = await openParquet(file, { maxPageBytes: 5000 });
  const error = await assertRejects(() => Array.fromAsync(opened.rows()), RegistryError);
  assert(isRegistryError(error, "Unsupported") && error.cause instanceof LimitExceeded);
  await assertRejects(
    () => openParquet(file, { maxPageBytes: 100 }),
    RegistryError,
    "its footer has",
  );
});
