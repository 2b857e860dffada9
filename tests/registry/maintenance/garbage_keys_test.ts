import { assertEquals } from "@std/assert";
import { collectGarbage } from "../../../mod.ts";
import { GRACE_MS, testProtocol } from "../protocol_world.ts";
import { noise } from "../registries.ts";

const UUID = "01951e2f-6c00-7abc-8def-0123456789ab";
const CRASHED = `objects/a/p8p9p9/${UUID}/`;
const BYTES = new Uint8Array(3);

testProtocol(
  "in a folder of the registry too, what strangers put there stays",
  {},
  async (world) => {
    const { registry, store, advance, keys } = world;
    await registry.save("a", noise(70_000));
    const ours = [`${CRASHED}0`, `${CRASHED}17`, `${CRASHED}.alive`];
    const foreign = [
      `${CRASHED}readme.txt`,
      `${CRASHED}00`,
      `${CRASHED}1.bak`,
      `objects/A/p8p9p9/${UUID}/0`,
      `objects/a/nonsense/${UUID}/0`,
      `objects/a/p8p9p9/${UUID.replaceAll("-", "0")}/0`,
      "uploads/notes.txt",
      "uploads/x/0",
      `uploads/${UUID}/notes.txt`,
      `uploads/${UUID}/0/deeper`,
      "scratch/notes.txt",
      "scratch/mark-mine",
      `scratch/mark-${UUID}.txt`,
      `scratch/${UUID}/0`,
      "janitor/A",
      "janitor/a/deeper",
    ];
    for (const key of [...ours, ...foreign]) await store.put(key, BYTES);
    advance(9 * GRACE_MS);
    const report = await collectGarbage(registry);
    assertEquals([report.failures, report.removed.payload.count, report.removed.upload.count], [
      [],
      ours.length,
      0,
    ]);
    const left = new Set(await keys());
    assertEquals([...ours, ...foreign].filter((key) => left.has(key)), foreign);
  },
);

testProtocol(
  "what looks like a record and lies where none can be is no record",
  { mutable: true },
  async (world) => {
    const { registry, store, advance, keys } = world;
    for (const n of [1, 2, 3]) {
      await registry.save("a", n, {
        version: "1",
        onConflict: "overwrite",
      });
    }
    const records = await Promise.all(
      (await keys("names/a/")).map(async (key) => ({
        key,
        bytes: await (await store.get(key))!.bytes(),
      })),
    );
    const foreign: string[] = [];
    for (const { key, bytes } of records) {
      const file = key.split("/").at(-1);
      const folders = [
        "versions/final/p8p9p9/deeper",
        "versions/prerelease/p8p9p9",
        "versions/single/p8p9p9",
        "other/x",
      ];
      for (const folder of folders) foreign.push(`names/a/${folder}/${file}`);
      for (const other of foreign.slice(-folders.length)) await store.put(other, bytes);
    }
    advance(9 * GRACE_MS);
    assertEquals((await collectGarbage(registry)).removed.generation.count, 1);
    const left = await keys("names/a/");
    assertEquals(foreign.filter((key) => !left.includes(key)), []);
  },
);
