import { assertEquals } from "@std/assert";
import type { ObjectInfo } from "../../../../core/backend.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { Collection, newReport } from "../../../../extensions/maintenance/garbage/collection.ts";
import type { KnownRecord } from "../../../../extensions/maintenance/garbage/known.ts";
import { openNote } from "../../../../extensions/maintenance/garbage/note.ts";
import { recordsOf } from "../../../../registry/records.ts";
import {
  createProtocolWorld,
  GRACE_MS,
  HOUR,
  type ProtocolWorld,
} from "../../../registry/protocol_world.ts";

/** More records than a note of one object has. */
const LARGE = 200_000;

const info = (n: number): ObjectInfo => ({
  key: `names/a/versions/single/_/${n}.rec`,
  size: n,
  modifiedAt: 1_000 + n,
  etag: `"${n}"`,
});
const INFOS = Array.from({ length: 25_000 }, (_, n) => info(n));
const KNOWN: KnownRecord = { kind: "version", objects: ["p8p9p9/c/0-3"] };
const RECORDS = new Map(INFOS.map(({ key }) => [key, KNOWN]));
const FOLDER = "gc/.records/a/";

async function open({ registry, clocks }: ProtocolWorld, count = LARGE) {
  const context = recordsOf(registry, "read");
  const report = await newReport(context, { dryRun: false, mark: clocks.store });
  const collection = new Collection(context, {
    report,
    markKey: "",
    notes: { areWritten: true },
  });
  return await openNote(collection, "a", count);
}

async function noted(): Promise<ProtocolWorld> {
  const world = await createProtocolWorld();
  const unexplained = new Map([["_/c", 7]]);
  await (await open(world)).save(INFOS, { records: RECORDS, unexplained });
  world.backend.forget();
  return world;
}

const foundIn = async (world: ProtocolWorld, count?: number) => {
  const note = await open(world, count);
  return INFOS.filter((entry) => note.find(entry) !== undefined).length;
};

Deno.test("the note of a large name has pages", async () => {
  const world = await noted();
  assertEquals(await world.keys("gc/"), [...[0, 1, 2].map((page) => FOLDER + page), "gc/a"]);
  const note = await open(world);
  assertEquals(INFOS.map((entry) => note.find(entry)), INFOS.map(() => KNOWN));
  assertEquals(note.find({ ...info(7), size: 8 }), undefined);
  assertEquals([...await note.unexplained()], [["_/c", 7]]);
  assertEquals(await note.unlisted(INFOS.slice(1)), [INFOS[0].key]);
  world.backend.forget();
  await note.save(INFOS, { records: RECORDS, unexplained: new Map([["_/c", 7]]) });
  assertEquals(world.backend.asked(), []);
});

Deno.test("a page that is lost, damaged or of another name only costs reads", async () => {
  const world = await noted();
  const { store } = world;
  const bytes = await (await store.get(`${FOLDER}1`))!.bytes();
  await store.put("gc/.records/b/0", bytes);
  await store.put(`${FOLDER}1`, await (await store.get("gc/a"))!.bytes());
  assertEquals(await foundIn(world), 15_000);
  await store.put(`${FOLDER}1`, bytes.subarray(0, 99));
  await store.delete(`${FOLDER}2`);
  assertEquals(await foundIn(world), 10_000);
});

Deno.test("a list of few records of a large name does not hide what its pages have", async () => {
  const world = await noted();
  assertEquals(await foundIn(world, 3), INFOS.length);
  for (const count of [1, 3]) {
    const note = await open(world, count);
    assertEquals(await note.unlisted(INFOS.slice(1)), [INFOS[0].key], `${count} are listed`);
  }
});

Deno.test("the note of a name that is not large any more has no pages", async () => {
  const world = await noted();
  const few = INFOS.slice(0, 10);
  await (await open(world, few.length)).save(few, { records: RECORDS, unexplained: new Map() });
  assertEquals(await world.keys("gc/"), ["gc/a"]);
  assertEquals(await foundIn(world, few.length), few.length);
});

Deno.test("gc removes the pages of names that are gone", async () => {
  const world = await noted();
  await world.registry.save("b", 1);
  await world.store.put("gc/.records/b/0", new Uint8Array());
  await world.store.put("gc/.verified/0-1", new Uint8Array());
  world.advance(GRACE_MS + HOUR);
  await collectGarbage(world.registry);
  assertEquals(await world.keys("gc/"), ["gc/.names/0", "gc/.records/b/0", "gc/.verified/0-1"]);
});
