import { assertEquals } from "@std/assert";
import { encodeNote } from "../../../registry/pass/noted.ts";
import type { NameTable } from "../../../registry/pass/name_table.ts";
import { recordsOf } from "../../../registry/records.ts";
import { createProtocolWorld, type ProtocolWorld } from "../protocol_world.ts";
import { busy, damaged, denied } from "../scripted_backend.ts";
import { rowsOfRun } from "../../support/seeds.ts";

const FOLDER = "gc/.names/";

const isEntry = (value: unknown): value is number => typeof value === "number";

function read({ registry }: ProtocolWorld, folder = FOLDER): Promise<NameTable<number>> {
  return recordsOf(registry, "read").notes.table({ folder, isEntry });
}

const numbered = (count: number, value = 1) =>
  Array.from({ length: count }, (_, n): [string, number] => [`n${n}`, value]);

async function withPages(count: number): Promise<ProtocolWorld> {
  const world = await createProtocolWorld();
  await (await read(world)).save(numbered(count));
  world.backend.forget();
  return world;
}

const sizeOf = async (world: ProtocolWorld) => (await read(world)).entries.size;

Deno.test("a table is read as it was written, with a get for each 10,000 names", async () => {
  const world = await withPages(25_000);
  assertEquals(await world.keys(FOLDER), [`${FOLDER}0`, `${FOLDER}1`, `${FOLDER}2`]);
  const { entries } = await read(world);
  assertEquals(new Map([...entries].sort()), new Map(numbered(25_000).sort()));
  assertEquals(world.backend.calls.length, 4);
});

Deno.test("a table writes the pages that changed, and removes those beyond the last", async () => {
  const world = await withPages(25_000);
  const table = await read(world);
  world.backend.forget();
  await table.save(table.entries);
  assertEquals(world.backend.asked(), []);
  await table.save(numbered(25_000).sort().map(([name], n) => [name, n < 10_000 ? 2 : 1]));
  assertEquals(world.backend.asked(), [`put ${FOLDER}0`]);
  world.backend.forget();
  await (await read(world)).save(numbered(10));
  assertEquals(await world.keys(FOLDER), [`${FOLDER}0`]);
  await (await read(world)).save([]);
  assertEquals(await world.keys(FOLDER), []);
});

Deno.test("names keep their entries, whatever they are", async () => {
  const world = await createProtocolWorld();
  const names = ["__proto__", "constructor", "0", "10", "9", "a=2fb", "=c3=a9"];
  const wanted = names.map((name, n): [string, number] => [name, n]);
  await (await read(world)).save(wanted);
  assertEquals([...(await read(world)).entries].sort(), wanted.sort());
});

Deno.test("damaged, foreign and wrongly shaped pages are ignored, and replaced", async () => {
  const { id } = recordsOf((await createProtocolWorld()).registry, "read");
  const names = { a: 1 };
  const notes: unknown[] = [
    { registry: id.replace(/^./, "x"), table: FOLDER, names },
    { registry: id, table: "mirrors/x/.names/", names },
    { registry: id, names },
    { registry: id, table: FOLDER },
    { registry: id, table: FOLDER, names: [1] },
    { registry: id, table: FOLDER, names: "a" },
    [names],
    "a",
    null,
  ];
  const text = new TextEncoder();
  const bodies = notes.map(encodeNote).concat(
    encodeNote({ registry: id, table: FOLDER, names }).subarray(0, 100),
    text.encode(""),
    text.encode(`{"registry":"${id}","table":"${FOLDER}","names":{"a":1}}`),
  );
  for (const body of rowsOfRun(bodies)) {
    const world = await withPages(20_000);
    await world.store.put(`${FOLDER}1`, body);
    const table = await read(world);
    assertEquals(table.entries.size, 10_000);
    await table.save(numbered(20_000));
    assertEquals(await sizeOf(world), 20_000);
  }
});

Deno.test("an entry of another shape is ignored alone", async () => {
  const world = await withPages(3);
  const { id } = recordsOf(world.registry, "read");
  const names = { a: 1, b: "1", c: null, d: [1] };
  await world.store.put(`${FOLDER}0`, encodeNote({ registry: id, table: FOLDER, names }));
  assertEquals([...(await read(world)).entries], [["a", 1]]);
});

Deno.test("foreign keys in the folder are left alone", async () => {
  const world = await withPages(3);
  for (const key of ["x", "00", "0/1", "1.5"]) {
    await world.store.put(FOLDER + key, new Uint8Array());
  }
  await (await read(world)).save([]);
  assertEquals(await world.keys(FOLDER), ["0/1", "00", "1.5", "x"].map((key) => FOLDER + key));
});

Deno.test("a table that cannot be read or written costs a warning", async () => {
  const world = await withPages(20_000);
  world.backend.answer({ verb: "get", key: /0$/ }, denied);
  assertEquals(await sizeOf(world), 10_000);
  world.backend.answer({ verb: "get", key: /1$/ }, damaged);
  assertEquals(await sizeOf(world), 10_000);
  world.backend.answerAll({ verb: "list" }, busy);
  assertEquals(await sizeOf(world), 0);
  world.backend.heal();
  const table = await read(world);
  world.backend.answerAll({ verb: "put" }, busy);
  await table.save(numbered(20_000, 2));
  assertEquals(world.warnings.length, 3);
});

Deno.test("a table that a reader may not write costs no warning", async () => {
  const world = await withPages(20_000);
  const table = await read(world);
  world.backend.answerAll({ verb: "put" }, denied);
  await table.save(numbered(20_000, 2));
  assertEquals(world.warnings, []);
});

Deno.test("two tables that were read at once may mix their pages", async () => {
  const world = await withPages(30_000);
  const [one, other] = [await read(world), await read(world)];
  await one.save(numbered(20_000, 2));
  await other.save([...numbered(30_000), ["z", 3]]);
  const { entries } = await read(world);
  const values = [...entries].map(([name, value]) => name === "z" ? value === 3 : value < 3);
  assertEquals(new Set(values), new Set([true]));
});
