import { assertEquals, assertLessOrEqual } from "@std/assert";
import { encodeRecord, FORMAT } from "../../registry/format/record_codec.ts";
import type { RecordBase, VersionRecord } from "../../core/record.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import { openRegistry } from "../../mod.ts";
import { recordKey, versionCell } from "../../registry/format/layout.ts";
import { filler, type Machine, type ProtocolWorld, testProtocol } from "./protocol_world.ts";
import { collect } from "./rejected.ts";
import { createScriptedBackend } from "./scripted_backend.ts";

const MANY = 10_000;
/** Entries in one page of a list. */
const PAGE = 1000;

/** Returns the calls to the store by method. */
async function calls({ backend }: Machine, action: () => Promise<unknown>): Promise<string[]> {
  backend.forget();
  await action();
  return backend.calls.map(({ verb }) => verb);
}

/** Puts versions 1.0.0 … `count`.0.0 into the store, deleted or not. */
async function fill(
  { store, registry, head }: ProtocolWorld,
  name: string,
  count: number,
  dead = false,
): Promise<void> {
  await registry.save("template", "value");
  const template: VersionRecord = { ...await head("names/template/versions/"), name };
  const inline = new TextEncoder().encode("value");
  const base: RecordBase = {
    ...template,
    format: FORMAT,
    generation: 2,
    previous: template.commit,
  };
  const { format, generation, commit, previous, startedAt, createdAt } = base;
  const tombstone = encodeRecord({
    format,
    generation,
    commit,
    previous,
    startedAt,
    createdAt,
    kind: "deleted",
  });
  for (let n = 1; n <= count; n++) {
    const version = parseVersion(`${n}`);
    const cell = versionCell(name, version, true);
    const record = { ...template, version: version.canonical };
    await store.put(recordKey(cell, 1), encodeRecord(record, [inline]));
    if (dead) await store.put(recordKey(cell, 2), tombstone);
  }
}

testProtocol("opening a registry takes two requests", async ({ store, system }) => {
  const backend = createScriptedBackend(store);
  await openRegistry(backend, { system, create: false });
  assertEquals(backend.calls.map(({ verb }) => verb), ["list", "get"]);
  backend.forget();
  await openRegistry(backend, { system });
  assertEquals(backend.calls.map(({ verb }) => verb), ["list", "get"]);
});

testProtocol("a missing version takes one request", async (world) => {
  const { registry } = world;
  await registry.save("a", "x");
  assertEquals(await calls(world, () => registry.has("a@9")), ["list"]);
  assertEquals(await calls(world, () => registry.get("a@9")), ["list"]);
  assertEquals(
    await calls(world, () => registry.get("none")),
    await calls(world, () => registry.has("none")),
  );
});

testProtocol("small values take few requests", { mutable: true }, async (world) => {
  const { registry } = world;
  assertEquals(await calls(world, () => registry.save("a", "x", { version: "1" })), ["put"]);
  assertEquals(await calls(world, () => registry.save("a", "x", { version: "3.0.0-rc.1" })), [
    "put",
  ]);
  assertEquals(await calls(world, () => registry.save("a", "x")), ["list", "put"]);
  assertEquals(await calls(world, () => registry.save("b", "x")), ["list", "put"]);
  const overwrite = { version: "1", onConflict: "overwrite" } as const;
  assertEquals(await calls(world, () => registry.save("a", "x", overwrite)), [
    "list",
    "get",
    "put",
  ]);
  assertEquals(await calls(world, () => registry.save("c", "x", { idempotencyKey: "k" })), [
    "list",
    "list",
    "put",
    "put",
  ]);
  assertEquals(await calls(world, () => registry.load("a@1")), ["list", "get"]);
  assertEquals(await calls(world, () => registry.load("a")), ["list", "get"]);
  assertEquals(await calls(world, () => registry.info("a@1")), ["list", "get"]);
  assertEquals(await calls(world, () => registry.has("a")), ["list", "get"]);
  assertEquals(await calls(world, () => registry.get("nobody")), ["list"]);
  await registry.setAlias("a", "live", "1");
  assertEquals(await calls(world, () => registry.load("a@live")), ["list", "get", "list", "get"]);
  assertLessOrEqual((await calls(world, () => registry.setAlias("a", "live", "2"))).length, 5);
  assertLessOrEqual((await calls(world, () => registry.delete("b@1"))).length, 6);
});

testProtocol("10,000 versions take no more requests", { mutable: true }, async (world) => {
  const { registry } = world;
  const asked: string[][][] = [];
  for (const count of [10, MANY]) {
    const name = `of-${count}`;
    await fill(world, name, count);
    asked.push([
      await calls(world, () => registry.load(name)),
      await calls(world, () => registry.load(`${name}@5`)),
      await calls(world, () => registry.save(name, "next")),
      await calls(world, () => registry.save(name, "named", { version: "0.1" })),
      await calls(
        world,
        () => registry.save(name, "over", { version: "2", onConflict: "overwrite" }),
      ),
      await calls(world, () => registry.save(name, filler(name))),
      await calls(world, () => registry.load(name)),
      await calls(world, () => registry.delete(`${name}@3`)),
      await calls(world, () => registry.setAlias(name, "live", "4")),
    ]);
    assertEquals((await registry.info(name)).version, `${count + 2}.0.0`);
  }
  assertEquals(asked[1], asked[0]);
  assertEquals(asked[0].slice(0, 4).map((verbs) => verbs.length), [2, 2, 2, 1]);
});

testProtocol("versions() takes one request per page", async (world) => {
  const { registry } = world;
  await fill(world, "few", 10);
  assertEquals(await calls(world, () => collect(registry.versions("few"))), ["list", "list"]);
  assertEquals(await calls(world, () => collect(registry.versions("few", { range: "<5" }))), [
    "list",
  ]); // no prereleases
  await fill(world, "many", MANY);
  const many = await calls(
    world,
    async () => assertEquals((await collect(registry.versions("many"))).length, MANY),
  );
  assertLessOrEqual(many.length, 2 + MANY / PAGE);
  await fill(world, "dead", MANY, true);
  const dead = await calls(
    world,
    async () => assertEquals((await collect(registry.versions("dead"))).length, 0),
  );
  assertLessOrEqual(dead.length, 2 + 2 * MANY / PAGE);
  for (const verb of [...many, ...dead]) assertEquals(verb, "list");
  const newest = await calls(world, () => collect(registry.versions("many", { limit: 3 })));
  assertEquals(newest, ["list", "list"]);
});

testProtocol("names() takes one request per page", async (world) => {
  const { registry } = world;
  await fill(world, "dead", MANY, true);
  const asked = await calls(
    world,
    async () => assertEquals(await collect(registry.names({ prefix: "d" })), []),
  );
  assertLessOrEqual(asked.length, 2 + 2 * MANY / PAGE);
});
