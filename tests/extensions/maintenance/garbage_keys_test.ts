import { assert, assertEquals } from "@std/assert";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { GRACE_MS, HOUR, testProtocol } from "../../registry/protocol_world.ts";
import { noise } from "../../registry/registries.ts";
import { doing } from "../../registry/scripted_backend.ts";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend, DeleteFailure } from "../../../core/backend.ts";
import { RegistryError } from "../../../core/errors.ts";
import { withAge } from "../../registry/with_age.ts";

const UUID = "01951e2f-6c00-7abc-8def-0123456789ab";
const CRASHED = `objects/a/p8p9p9/${UUID}/`;
const BYTES = new Uint8Array(3);

testProtocol("foreign files in folders of the registry are kept", {}, async (world) => {
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
    "gc/A",
    "gc/a/deeper",
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
});

testProtocol("record-like files in other places are ignored", { mutable: true }, async (world) => {
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
});

testProtocol(
  "gc lists payload, then records, and reads every record before removing",
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
    const all = backend.asked({ key: /^(?!settings)/ });
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
  "aliases keep all records, young keys their first and last",
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

testProtocol("no key is forgotten while another collector may be active", {}, async (world) => {
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
});

const WEEK_MS = 7 * 24 * 3_600_000;
const FOLDER = `objects/crashed/p8p9p9/${UUID}/`;

/** A memory store that removes objects in batches, unless `refuse` returns a reason. */
function createBatchingStore(refuse: (key: string) => string | undefined = () => undefined) {
  const memory = createMemoryBackend();
  const batches: string[][] = [];
  const backend: Backend = Object.assign(memory, {
    async deleteMany(keys: readonly string[]) {
      batches.push([...keys]);
      const failures: DeleteFailure[] = [];
      for (const key of keys) {
        const reason = refuse(key);
        if (reason === undefined) await memory.delete(key);
        else {failures.push({
            key,
            error: new RegistryError({ code: "Denied", message: `Cannot delete it: ${reason}` }),
          });}
      }
      return failures;
    },
  });
  return { backend, batches };
}

async function fill(backend: Backend, count: number): Promise<string[]> {
  const keys = Array.from({ length: count }, (_, n) => `${FOLDER}${n}`);
  for (const key of keys) await backend.put(key, new Uint8Array(7));
  return keys;
}

Deno.test("gc removes in batches of a thousand, the mark of a folder last", async () => {
  const { backend, batches } = createBatchingStore();
  const registry = await openRegistry(backend, { mutable: true });
  for (let n = 1; n <= 3; n++) {
    await registry.save("a", noise(70_000, n), { version: "1", onConflict: "overwrite" });
  }
  const keys = await fill(backend, 2_500);
  await backend.put(`${FOLDER}.alive`, new Uint8Array());
  const report = await collectGarbage(await openRegistry(withAge(backend, WEEK_MS)));
  assertEquals(report.failures, []);
  const [second, payloads, ...crashed] = batches.filter(({ length }) => length > 0).sort(
    ofNameFirst,
  );
  assert(second.length === 1 && second[0].startsWith("names/a/"));
  assertEquals(payloads.length, 2);
  assertEquals(crashed.map(({ length }) => length), [1000, 1000, 500, 1]);
  assertEquals(crashed.slice(0, 3).flat().sort(), keys.sort());
  assertEquals(crashed[3], [`${FOLDER}.alive`]);
  assertEquals(report.removed.payload, { count: 2_503, bytes: 2_500 * 7 + 2 * 70_000 });
});

function ofNameFirst(a: string[], b: string[]): number {
  return Number(a[0].startsWith(FOLDER)) - Number(b[0].startsWith(FOLDER));
}

Deno.test("failures within a batch are reported, the rest is counted", async () => {
  let stuck = true;
  const { backend } = createBatchingStore((key) =>
    stuck && key.endsWith("7") ? "it is held" : undefined
  );
  await openRegistry(backend);
  await fill(backend, 20);
  const later = await openRegistry(withAge(backend, WEEK_MS));
  const report = await collectGarbage(later);
  assertEquals(report.failures, [
    { key: `${FOLDER}17`, code: "Denied", message: "Cannot delete it: it is held" },
    { key: `${FOLDER}7`, code: "Denied", message: "Cannot delete it: it is held" },
  ]);
  assertEquals(report.removed.payload, { count: 18, bytes: 18 * 7 });
  stuck = false;
  assertEquals((await collectGarbage(later)).removed.payload.count, 2);
});

Deno.test("a batch that fails as a whole is reported key by key", async () => {
  const { backend } = createBatchingStore();
  await openRegistry(backend);
  await fill(backend, 1_200);
  const { deleteMany } = backend;
  let calls = 0;
  backend.deleteMany = async (keys) => {
    if (keys.length > 0 && calls++ === 0) {
      throw new RegistryError({ code: "Unavailable", message: "Cannot delete: busy" });
    }
    return await deleteMany!(keys);
  };
  const later = await openRegistry(withAge(backend, WEEK_MS));
  const report = await collectGarbage(later);
  assertEquals([report.failures.length, report.removed.payload.count], [1_000, 200]);
  assertEquals((await collectGarbage(later)).removed.payload.count, 1_000);
});
