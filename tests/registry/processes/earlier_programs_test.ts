// Programs of earlier commits and of this one use one registry at the same time.
import { assertEquals } from "@std/assert";
import { mkdir } from "node:fs/promises";
import type { AnyRecord } from "../../../core/record.ts";
import { createLocalBackend, openRegistry } from "../../../mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";
import { GARBAGE_TABLE, READINGS, recordKey, SETTINGS } from "../../../registry/format/layout.ts";
import { encodeNote } from "../../../registry/maintenance/noted.ts";
import { WITH_RUNS, WITHOUT_PAGES } from "../earlier/commits.ts";
import { refuses, testBesideEach } from "../earlier/beside.ts";
import { keysOf } from "../registries.ts";

testBesideEach("both number versions together and read each other's", async (world) => {
  const { now, before, path } = world;
  await before.call("save", path, "log", "first");
  const saves = [now, before].flatMap((program, who) =>
    Array.from({ length: 20 }, (_, i) => ({ program, value: `${who} ${i}` }))
  );
  const saved = await Promise.all(saves.map(async ({ program, value }) => (
    { value, version: await program.call("save", path, "log", value) }
  )));
  const expected = Array.from({ length: 41 }, (_, i) => `${41 - i}.0.0`);
  for (const program of [now, before]) {
    assertEquals(await program.call("versions", path, "log"), expected);
    for (const { version, value } of saved) {
      assertEquals(await program.call("load", path, `log@${version}`), value);
    }
  }
});

testBesideEach("an earlier program reads, keeps and deletes a restored version", async (world) => {
  const { now, before, path } = world;
  const large = "x".repeat(100_000);
  for (const value of ["first", large]) await before.call("save", path, "model", value);
  for (const version of [1, 2]) {
    await before.call("delete", path, `model@${version}`);
    await now.call("undelete", path, `model@${version}`);
  }
  await before.call("collectGarbage", path, { now: true });
  assertEquals(await before.call("versions", path, "model"), ["2.0.0", "1.0.0"]);
  for (const program of [before, now]) {
    assertEquals(await program.call("load", path, "model@1"), "first");
    assertEquals(await program.call("load", path, "model@2"), large);
    assertEquals(await program.call("verify", path), []);
  }
  await refuses("AlreadyExists", before.call("save", path, "model", "x", { version: "2.0.0" }));
  assertEquals(await before.call("delete", path, "model@2"), true);
  assertEquals(await now.call("undelete", path, "model@2"), "2.0.0");
  assertEquals(await before.call("load", path, "model"), large);
  assertEquals(await before.call("save", path, "model", "next"), "3.0.0");
});

testBesideEach("both collect, in turns, what either wrote", async ({ now, before, path }) => {
  for (const writer of [now, before]) {
    const folder = `${path}-${writer === now}`;
    await mkdir(folder);
    await writer.call("writeContent", folder);
    const at = `${folder}/main`;
    for (const collector of [now, before, now]) {
      assertEquals(await collector.call("collectGarbage", at, { now: true }), []);
    }
    for (const reader of [now, before]) assertEquals(await reader.call("verify", at), []);
  }
});

testBesideEach("an earlier collector leaves the table of this one alone", async (world) => {
  const { now, before, path } = world;
  for (const name of ["a", "b"]) await before.call("save", path, name, "x".repeat(100_000));
  const backend = createLocalBackend({ path, durability: "os" });
  const { id: registry } = await openRegistry(backend);
  const key = `${GARBAGE_TABLE}0`;
  const names = { a: ["0".repeat(32), 0] }, table = GARBAGE_TABLE;
  await backend.put(key, encodeNote({ registry, table, names }));
  await before.call("delete", path, "a@1");
  assertEquals(await before.call("collectGarbage", path, {}), []);
  assertEquals(await before.call("collectGarbage", path, { now: true }), []);
  assertEquals(await keysOf(backend, table), [key]);
  assertEquals(await keysOf(backend, "objects/a/"), []);
  assertEquals(await now.call("collectGarbage", path, {}), []);
  for (const program of [before, now]) {
    assertEquals(await program.call("load", path, "b"), "x".repeat(100_000));
    assertEquals(await program.call("verify", path), []);
  }
}, WITHOUT_PAGES);

testBesideEach("an earlier program keeps notes of verified bytes", async ({ before, path }) => {
  for (const name of ["a", "b"]) await before.call("save", path, name, "x".repeat(100_000));
  const backend = createLocalBackend({ path, durability: "os" });
  const registry = await openRegistry(backend);
  const runs = async () => (await verifyRegistry(registry, { sample: 0.5 })).coverage?.unread;
  assertEquals(await runs(), 0.5);
  assertEquals(await before.call("verify", path), []);
  await before.call("delete", path, "a@1");
  assertEquals(await before.call("collectGarbage", path, { now: true }), []);
  assertEquals(await keysOf(backend, READINGS), [`${READINGS}0-1`]);
  assertEquals(await runs(), 0);
});

testBesideEach(
  "an earlier program keeps what a mirror restored after a collection",
  async (world) => {
    const { now, before, path } = world;
    const from = `${path}-from`, to = `${path}-to`;
    const large = "x".repeat(100_000);
    await before.call("save", from, "model", large);
    await now.call("mirror", from, to, {});
    await before.call("delete", from, "model@1");
    await before.call("mirror", from, to, {});
    // a deletion in two steps: its tombstone takes the place of the first record, and then goes
    for (let run = 0; run < 2; run++) await before.call("collectGarbage", to, { now: true });
    await now.call("undelete", from, "model@1");
    assertEquals(await now.call("mirror", from, to, {}), []);
    for (let run = 0; run < 2; run++) {
      for (const program of [before, now]) {
        assertEquals(await program.call("load", to, "model@1"), large);
        assertEquals(await program.call("collectGarbage", to, { now: true }), []);
        assertEquals(await program.call("verify", to), []);
      }
    }
    assertEquals(await before.call("delete", to, "model@1"), true);
    await refuses("NotFound", now.call("load", to, "model@1"));
  },
);

testBesideEach("each protects what the other's releases and aliases hold", async (world) => {
  const { now, before, path } = world;
  const sides = [{ by: now, other: before, name: "now" }, {
    by: before,
    other: now,
    name: "before",
  }];
  await now.call("save", path, "shared", "of both releases");
  for (const { by, name } of sides) {
    for (const value of [1, 2, 3]) await by.call("save", path, name, value);
    await by.call("publish", path, `release:${name}`, { member: `${name}@1`, shared: "shared@1" });
    await by.call("setAlias", path, name, "live", "2");
  }
  for (const { other, name } of sides) {
    for (const version of [1, 2]) {
      await refuses("Conflict", other.call("delete", path, `${name}@${version}`));
    }
    await other.call("save", path, name, "newest");
    const pruned = await other.call("prune", path, { keepLast: 1, names: [name] });
    assertEquals(pruned, [`${name}@3.0.0`]);
  }
  for (const { by, other, name } of sides) {
    await refuses("Conflict", by.call("delete", path, "shared@1"));
    await refuses("Conflict", other.call("delete", path, "shared@1"));
    assertEquals(await other.call("collectGarbage", path, { now: true }), []);
    assertEquals(await other.call("load", path, `release:${name}@1/member`), 1);
    assertEquals(await other.call("verify", path), []);
    await by.call("delete", path, `release:${name}@1`); // the other release still holds `shared`
  }
  assertEquals(await now.call("delete", path, "shared@1"), true);
});

testBesideEach("programs refuse a later format, also with the registry open", async (world) => {
  const { now, before, path } = world;
  await now.call("save", path, "model", 1);
  await before.call("save", path, "model", 2);
  const backend = createLocalBackend({ path, durability: "os" });
  const registry = await openRegistry(backend);
  await registry.delete("model@1");
  const [key] = await keysOf(backend, SETTINGS);
  const { record } = decodeRecord(await (await backend.get(key!))!.bytes(), key!);
  const later = { ...record, generation: 2, registry: registry.id, format: "holdfast/2" };
  await backend.put(recordKey(SETTINGS, 2), encodeRecord(later as AnyRecord));

  const keys = await keysOf(backend, "names/");
  for (const program of [now, before]) {
    await refuses("Unsupported", program.call("collectGarbage", path, { now: true }));
    await refuses("Unsupported", program.call("load", `${path}/.`, "model"));
  }
  assertEquals(await keysOf(backend, "names/"), keys);
});

testBesideEach("both log to one run, and only today's program finishes it", async (world) => {
  const { now, before, path } = world;
  await before.call("save", path, "other", "first");
  for (const [id, first, second] of [["1", before, now], ["2", now, before]] as const) {
    const params = { rate: 0.1 };
    await first.call("logTo", path, id, [{ loss: 3 }], { params });
    await second.call("logTo", path, id, [{ loss: 2 }], { params });
    await now.call("logTo", path, id, [{ loss: 1 }], { params: { depth: 2 }, tags: { a: "b" } });
    await before.call("logTo", path, id, [{ loss: 0 }]);
    for (const program of [now, before]) {
      assertEquals(await program.call("runs", path), [`${id}: running, 4 points`]);
    }
    await refuses("Invalid", before.call("finishRun", path, id)); // it reads not all parameters
    const version = await now.call("finishRun", path, id);
    for (const program of [now, before]) {
      assertEquals(await program.call("runs", path), []);
      const { run, ...rest } = await program.call("metadata", path, `logged@${version}`);
      assertEquals((run as { points: number }).points, 4);
      const facts = { params: { rate: 0.1, depth: 2 }, tags: { a: "b" } };
      assertEquals(rest, {
        ...facts,
        metrics: { loss: 0, "loss.min": 0 },
        curves: "history.jsonl",
      });
    }
    assertEquals(await before.call("finishRun", path, id), version);
    await refuses("Conflict", before.call("logTo", path, id, [{ loss: 0 }]));
  }
}, WITH_RUNS);
