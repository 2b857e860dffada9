import { assert, assertEquals } from "@std/assert";
import { collectGarbage } from "../../../registry/maintenance.ts";
import { GRACE_MS, HOUR, testProtocol } from "../protocol_world.ts";
import { noise } from "../registries.ts";
import { doing } from "../scripted_backend.ts";

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
      "mine/notes.txt",
      "leases/x/1.rec",
      "objects/readme.txt",
      "names/readme.txt",
      "names/a/readme.txt",
      "settings/backup.json",
      ...["sets", "signatures", "chunks", "lineage", "drafts"].map((top) => `${top}/notes.txt`),
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

testProtocol(
  "of each name it lists payload, then records, and reads every record before it removes anything",
  { mutable: true },
  async ({ registry, backend, advance }) => {
    const overwrite = { version: "1", onConflict: "overwrite" } as const;
    for (const name of ["a", "b"]) {
      for (const n of [1, 2, 3]) await registry.save(name, noise(70_000, n), overwrite);
      await registry.setAlias(name, "live", "1");
    }
    advance(2 * GRACE_MS);
    backend.forget();
    await collectGarbage(registry);
    const all = backend.asked();
    assert(all[0].startsWith("put scratch/mark-"));
    assertEquals(all.at(-1), all[0].replace("put", "delete"));
    for (const name of ["a", "b"]) {
      const asked = backend.asked({ key: new RegExp(`^(objects|names)/${name}/`) });
      const firstWrite = asked.findIndex((call) => /^(put|delete)/.test(call));
      const lastRead = asked.findLastIndex((call) => /^(get|list|head)/.test(call));
      assert(firstWrite > lastRead, asked.join("\n"));
      assert(asked.indexOf(`list objects/${name}/`) < asked.indexOf(`list names/${name}/`));
    }
  },
);

testProtocol(
  "aliases keep all their records, and a young key its first and its head, also with `now`",
  {},
  async ({ registry, backend, open, advance, keys }) => {
    const rival = (await open()).registry;
    for (const version of ["1", "2"]) {
      await rival.save("a", "theirs");
      await rival.setAlias("a", "live", version);
    }
    const beaten = doing(() => rival.save("a", "theirs"));
    backend.answer({ verb: "put", mode: "create", key: /versions/ }, beaten, beaten, beaten);
    const saved = await registry.save("a", "mine", { idempotencyKey: "k" });
    const aliases = await keys("names/a/aliases/");
    const records = await keys("names/a/keys/");
    advance(2 * GRACE_MS);
    const { removed } = await collectGarbage(registry, { now: true });
    assertEquals([removed.generation.count, removed.key.count], [records.length - 2, 0]);
    assertEquals(await keys("names/a/aliases/"), aliases);
    assertEquals(await keys("names/a/keys/"), [records[0], records.at(-1)!]);
    const again = await registry.save("a", "mine", { idempotencyKey: "k" });
    assertEquals([again.version, again.skipped], [saved.version, true]);
  },
);

testProtocol(
  "no key is forgotten beside a collector that stands still before it does the same",
  {},
  async (world) => {
    const key = { idempotencyKey: "k" };
    await world.registry.save("a", "old", key);
    world.advance(60 * 24 * HOUR);
    const [still, other] = [await world.open(), await world.open()];
    const meet = doing(async () => {
      assertEquals((await collectGarbage(other.registry)).removed.key.count, 0);
      assertEquals((await world.registry.save("a", "anew", key)).version, "1.0.0");
    });
    still.backend.answer({ verb: "delete", key: /keys/ }, meet);
    await collectGarbage(still.registry);
    const { version } = await world.registry.save("a", "anew", key);
    assertEquals((await world.registry.save("a", "anew", key)).version, version);
  },
);
