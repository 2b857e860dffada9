// Misplaced records, and foreign files among records.
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import { TOMBSTONE_BYTES } from "../../../registry/format/record_codec.ts";
import { recordKey } from "../../../registry/format/layout.ts";
import { keysOf, testInMemory, testOnEach } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";

async function copyRecord(backend: Backend, from: string, to: string): Promise<void> {
  await backend.put(to, await (await backend.get(from))!.bytes());
}

testInMemory("a record copied to another generation is Corrupt", async ({ registry, backend }) => {
  await registry.save("a", "one");
  const [first] = await keysOf(backend, "names/a/");
  const second = recordKey(first.slice(0, first.lastIndexOf("/") + 1), 2);
  await copyRecord(backend, first, second);
  for (const ref of ["a", "a@1"]) {
    assertEquals((await rejected("Corrupt", registry.load(ref))).key, second);
  }
});

testInMemory("an alias record in the place of a version is Corrupt", async (world) => {
  const { registry, backend } = world;
  await registry.save("a", "one");
  await registry.setAlias("a", "live", "1");
  const [alias] = await keysOf(backend, "names/a/aliases/");
  const [version] = await keysOf(backend, "names/a/versions/");
  await copyRecord(backend, alias, version);
  const error = await rejected("Corrupt", registry.load("a@1"));
  assertEquals(error.key, version);
  assertMatch(error.message, /kind is "alias", not "version"/);
});

testInMemory(
  "an alias record in the place of another alias names nothing",
  async ({ registry, backend }) => {
    await registry.save("a", "one");
    await registry.setAlias("a", "live", "1");
    const [live] = await keysOf(backend, "names/a/aliases/");
    const next = live.replace("/live/", "/next/");
    await copyRecord(backend, live, next);
    assertEquals((await rejected("Corrupt", registry.load("a@next"))).key, next);
    assertEquals(await registry.load("a@live"), "one");
  },
);

testOnEach("a foreign file listed before the records of a cell hides none", async (world) => {
  const { registry, backend } = world;
  await registry.save("a", "one");
  await registry.setAlias("a", "live", "1");
  for (const key of await keysOf(backend, "names/")) {
    await backend.put(key.replace(/[^/]*$/, "0-notes.txt"), new Uint8Array(TOMBSTONE_BYTES));
  }
  const versions = await Array.fromAsync(registry.versions("a"));
  assertEquals(versions.map(({ version }) => version), ["1.0.0"]);
  for (const ref of ["a", "a@1", "a@^1", "a@live"]) assertEquals(await registry.load(ref), "one");
  await rejected("AlreadyExists", registry.save("a", "two", { version: "1", onConflict: "fail" }));
  assert(await registry.delete("a@1", { force: true }));
  await rejected("NotFound", registry.load("a@1"));
});

testInMemory("foreign files listed before versions do not restart numbering", async (world) => {
  const { registry, backend } = world;
  await registry.save("a", "one", { version: "5" });
  for (const file of ["0-notes.txt", "1-notes.txt"]) {
    await backend.put(`names/a/versions/${file}`, new Uint8Array(1));
  }
  assertEquals((await registry.save("a", "two")).version, "6.0.0");
  assertEquals(await registry.load("a"), "two");
});

const BAD_VERSIONS = [
  "",
  "1_0",
  "٣",
  "+4",
  "06",
  " 2 ",
  "2 ",
  ..."1.2.3.4 1. .1 1..2 v1 -1 1e3 0x10 1.02 1.0.0- 1.0.0-01 1.0.0-a..b 1.0.0-é".split(" "),
  ..."1.0.0+ 9007199254740992 1.9007199254740992.0".split(" "),
  "9".repeat(400),
  "1.0.0-9007199254740992",
  `1.0.0-${"a".repeat(300)}`,
  "1.0.0\n",
  "1.0.0\0",
  ..."¹ １ ../1 1/2 latest production ^1 * 1.x".split(" "),
]; // deno-fmt-ignore

testInMemory("save refuses hostile versions and writes nothing", async ({ registry, backend }) => {
  await registry.save("a", 1);
  const before = await keysOf(backend);
  for (const version of BAD_VERSIONS) {
    const error = await rejected("Invalid", registry.save("a", 2, { version }));
    assertMatch(error.message, /as a version/, version);
    await rejected("Invalid", registry.save("a", new Uint8Array(400_000), { version }));
  }
  for (const version of [1, null, {}, ["1"]]) {
    await rejected("Invalid", registry.save("a", 2, { version: version as unknown as string }));
  }
  assertEquals(await keysOf(backend), before);
});

testInMemory("the longest name, version and alias work together", async ({ registry }) => {
  const name = "é".repeat(33), alias = "ü".repeat(33), key = "ö".repeat(33);
  const number = Number.MAX_SAFE_INTEGER - 1; // the largest one that may be named
  const version = `${number}.${number}.${number}-${"z".repeat(60)}`;
  await registry.save(name, new Uint8Array(400_000), { version, idempotencyKey: key });
  await registry.setAlias(name, alias, version);
  assertEquals((await registry.info(`${name}@${alias}`)).version, version);
  assertEquals((await verifyRegistry(registry)).ok, true);
});

testInMemory("hostile strings work as idempotency keys", async ({ registry }) => {
  for (const idempotencyKey of ["", "a\0", "a@b", "x".repeat(201)]) {
    await rejected("Invalid", registry.save("a", 1, { idempotencyKey }));
  }
  for (const [i, idempotencyKey] of ["..", "con", "a/b", "K", "k", "🦊"].entries()) {
    assertEquals((await registry.save("a", i, { idempotencyKey })).version, `${i + 1}.0.0`);
  }
});
