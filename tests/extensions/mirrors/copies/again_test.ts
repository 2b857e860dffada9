// Mirrors into targets that are not empty.
import { assert, assertEquals } from "@std/assert";
import type { StoredRegistry } from "../../../../core/registry.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import { type CallCounts, withCounts } from "../../../bench/counted_backend.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { fileSet } from "../../../registry/protocol_world.ts";
import { noise } from "../../../registry/registries.ts";
import { rejected } from "../../../registry/rejected.ts";
import { withAge } from "../../../registry/with_age.ts";
import { type HookedCall, withHooks } from "../../../registry/with_hooks.ts";
import { assertMirrored, contents, fill, testMirror, testMirrorOnEach } from "../mirror_world.ts";
import type { MirrorWorld } from "../mirror_world.ts";
import { aliasesOf } from "../../../conformance/registry/registry_case.ts";

const MUTABLE = { mutable: true };

/** Opens both registries again, over counting stores. */
async function counted(
  { open }: MirrorWorld,
): Promise<{ from: StoredRegistry; to: StoredRegistry; calls: CallCounts[] }> {
  const calls: CallCounts[] = [];
  const again = (which: "from" | "to") =>
    open(which, {}, (backend) => {
      const counting = withCounts(backend);
      calls.push(counting.calls);
      return counting.backend;
    });
  const [from, to] = [await again("from"), await again("to")];
  for (const { take } of calls) take();
  return { from, to, calls };
}

testMirror(
  "an unchanged name costs lists and one small read, however many versions it has",
  async (world) => {
    const { from, to } = world;
    for (let n = 1; n <= 300; n++) await from.save("a", n, { idempotencyKey: `key-${n}` });
    await from.save("b", noise(300_000));
    await from.setAlias("a", "production", "7");
    await from.delete("a@3");
    await mirrorRegistry(from, to);
    const again = await counted(world);
    await mirrorRegistry(again.from, again.to);
    // of "a" beside its many keys
    assertEquals(again.calls.map(({ take }) => take()), ["list 4", "list 3, get 2"]);
    await from.save("a", 301);
    await mirrorRegistry(again.from, again.to);
    assertEquals(again.calls.map(({ take }) => take()), ["list 4, get 1", "list 3, get 2, put 2"]);
  },
);

testMirrorOnEach(
  "a version that was replaced is replaced in a mutable mirror, once",
  async ({ from, to }) => {
    await from.save("a", "one", { version: "1" });
    await mirrorRegistry(from, to);
    for (const value of ["two", noise(200_000), noise(200_000, 2)]) {
      await from.save("a", value, { version: "1", onConflict: "overwrite" });
      assertEquals((await mirrorRegistry(from, to)).copied, 1);
      assertEquals((await mirrorRegistry(from, to)).copied, 0);
      assertEquals(await to.load("a"), value);
    }
    assertEquals((await to.info("a")).generation, 4);
    await assertMirrored(from, to);
  },
  MUTABLE,
);

testMirror(
  "another value under the same version of an immutable mirror is a conflict, and stays",
  async ({ from, to }) => {
    for (const value of [1, 2, 3]) await from.save("a", value);
    await to.save("a", 100);
    await to.save("a", 2);
    await from.setAlias("a", "production", "1");
    for (let run = 1; run <= 2; run++) {
      const { failures, copied, skipped, aliases } = await mirrorRegistry(from, to);
      assertEquals(failures.map(({ name, version, error }) => [name, version, error.code]), [[
        "a",
        "1.0.0",
        "Conflict",
      ]]);
      assertEquals([copied, skipped, aliases], run === 1 ? [1, 1, 0] : [0, 2, 0]);
      await rejected("Conflict", Promise.reject(failures[0].error));
    }
    assertEquals([await to.load("a@1"), await to.load("a@2"), await to.load("a@3")], [100, 2, 3]);
    assertEquals(await aliasesOf(to, "a"), {}); // it would name the other value
  },
);

testMirror(
  "a version that was deleted in an immutable mirror alone is a conflict",
  async ({ from, to }) => {
    await from.save("a", 1);
    await mirrorRegistry(from, to);
    await to.delete("a@1");
    const { failures } = await mirrorRegistry(from, to);
    assertEquals(failures.map(({ error }) => error.code), ["Conflict"]);
    assert(failures[0].error.message.includes("has deleted the version"));
  },
);

testMirrorOnEach(
  "deleted versions stay used in the mirror, before and after they were mirrored",
  async ({ from, to }) => {
    for (let n = 1; n <= 3; n++) await from.save("a", noise(100_000, n));
    await from.delete("a@3");
    await mirrorRegistry(from, to);
    await rejected("AlreadyExists", to.save("a", 3, { version: "3" }));
    assert((await rejected("NotFound", to.load("a@3"))).message.includes("it was deleted"));
    await from.setAlias("a", "old", "1");
    await mirrorRegistry(from, to);
    await from.delete("a@1", { force: true });
    const { deleted, failures } = await mirrorRegistry(from, to);
    assertEquals([deleted, failures], [1, []]);
    await rejected("AlreadyExists", to.save("a", 1, { version: "1" }));
    assertEquals((await to.save("a", 4)).version, "4.0.0");
    assertEquals(await to.load("a@2"), noise(100_000, 2));
  },
);

testMirror(
  "a deletion is mirrored also when the collector has been in the source",
  async ({ from, to, open }) => {
    await from.save("a", noise(100_000));
    await from.save("b", noise(100_000));
    await mirrorRegistry(from, to);
    await from.delete("a", { allVersions: true });
    const old = await open("from", {}, (backend) => withAge(backend, 10 * from.settings.graceMs));
    assertEquals((await collectGarbage(old)).removed.scrubbed.count, 1);
    assertEquals((await mirrorRegistry(from, to)).deleted, 1);
    assertEquals(await Array.fromAsync(to.names()), ["b"]);
  },
);

testMirror(
  "the target's own version is not deleted because the source once had that number",
  async ({ from, to }) => {
    await from.save("a", "source");
    await from.delete("a", { allVersions: true });
    await to.save("a", "own");
    const { failures, deleted } = await mirrorRegistry(from, to);
    assertEquals([failures.map(({ error }) => error.code), deleted], [["Conflict"], 0]);
    await rejected("Conflict", Promise.reject(failures[0].error));
    assertEquals(await to.load("a"), "own");
    assertEquals((await mirrorRegistry(from, to, { deleted: false })).failures, []);
  },
);

testMirror("aliases follow the source; those of the target's own stay", async ({ from, to }) => {
  for (let n = 1; n <= 3; n++) await from.save("a", n);
  await from.setAlias("a", "production", "1");
  await from.setAlias("a", "canary", "2");
  await mirrorRegistry(from, to);
  await to.setAlias("a", "local", "3");
  await to.setAlias("a", "canary", "3");
  await from.setAlias("a", "production", "2");
  assertEquals((await mirrorRegistry(from, to)).aliases, 2);
  assertEquals(await aliasesOf(to, "a"), { canary: "2.0.0", local: "3.0.0", production: "2.0.0" });
  await from.deleteAlias("a", "canary");
  await from.setAlias("a", "local", "1");
  await from.deleteAlias("a", "local");
  assertEquals((await mirrorRegistry(from, to, { deleted: false })).aliases, 0);
  assertEquals((await mirrorRegistry(from, to)).aliases, 1);
  assertEquals(await aliasesOf(to, "a"), { local: "3.0.0", production: "2.0.0" });
  assertEquals((await mirrorRegistry(from, to)).aliases, 0);
});

testMirror(
  "a deletion takes no value that was put in the place of the mirrored one a moment ago",
  async (world) => {
    const { from, to, open } = world;
    await from.save("a", 1);
    await mirrorRegistry(from, to);
    await from.delete("a@1");
    let overwritten = false;
    // it has looked at the target, and reads the tombstone
    const after = async ({ verb, key }: HookedCall) => {
      if (verb !== "get" || overwritten || !key.includes("/versions/")) return;
      overwritten = true;
      await to.save("a", "theirs", { version: "1", onConflict: "overwrite" });
    };
    const source = await open("from", {}, (backend) => withHooks(backend, { after }));
    const { failures, deleted } = await mirrorRegistry(source, to);
    assertEquals([failures.map(({ error }) => error.code), deleted], [["Conflict"], 0]);
    assertEquals(await to.load("a"), "theirs");
  },
  MUTABLE,
);

testMirror(
  "the mirror of a mirror is as good, and knows where all was saved first",
  async ({ from, to }) => {
    const { live } = await fill(from);
    await mirrorRegistry(from, to);
    const third = await openRegistry(createMemoryBackend());
    assertEquals((await mirrorRegistry(to, third)).copied, live);
    await assertMirrored(from, third);
    const { origin } = await third.info("inline@1");
    assertEquals(origin, { registry: from.id, commit: (await from.info("inline@1")).commit });
    const back = await mirrorRegistry(third, from); // all of it came from there
    assertEquals([back.copied, back.deleted, back.aliases, back.failures], [0, 0, 0, []]);
    const across = await mirrorRegistry(from, third);
    assertEquals([across.copied, across.deleted, across.aliases, across.failures], [0, 0, 0, []]);
    await from.delete("a/b c é", { allVersions: true });
    await mirrorRegistry(from, to);
    assertEquals((await mirrorRegistry(to, third)).deleted, 1);
    await assertMirrored(from, third);
  },
);

testMirror(
  "registries that are mirrored to each other do not overwrite back and forth",
  async ({ from, to }) => {
    await from.save("a", "one", { version: "1" });
    await mirrorRegistry(from, to);
    await to.save("a", "two", { version: "1", onConflict: "overwrite" });
    assertEquals((await mirrorRegistry(to, from)).copied, 1);
    for (let round = 0; round < 3; round++) {
      assertEquals((await mirrorRegistry(from, to)).copied, 0);
      assertEquals((await mirrorRegistry(to, from)).copied, 0);
    }
    assertEquals([await from.load("a"), await to.load("a")], ["two", "two"]);
    await to.delete("a", { allVersions: true });
    assertEquals((await mirrorRegistry(to, from)).deleted, 1);
    assertEquals(await contents(from), {});
  },
  MUTABLE,
);

Deno.test("a source that was restored and changed is seen to differ", async () => {
  const system = createScriptedSystem();
  const from = await openRegistry(createMemoryBackend({ system }), { system });
  const to = await openRegistry(createMemoryBackend({ system }), { system });
  await from.save("a", "first", { version: "1" });
  await mirrorRegistry(from, to);
  for await (const entry of from.backend.list("names/a/")) {
    if ("key" in entry) await from.backend.delete(entry.key);
  }
  system.advance(60_000);
  await from.save("a", "other", { version: "1" });
  assertEquals((await mirrorRegistry(from, to)).failures.map(({ error }) => error.code), [
    "Conflict",
  ]);
});

Deno.test("a record of the size of a tombstone deletes nothing in the target", async () => {
  const system = createScriptedSystem();
  const [from, to, empty] = await Promise.all(
    [1, 2, 3].map(() => openRegistry(createMemoryBackend({ system }), { system })),
  );
  await from.save("a", "x".repeat(1_000));
  await from.setAlias("a", "live", "1", {});
  await mirrorRegistry(from, to);
  system.advance(60_000);
  for await (const entry of from.backend.list("names/a/")) {
    if ("key" in entry) await from.backend.put(entry.key, noise(512));
  }
  for (const target of [to, empty]) {
    const { failures, deleted, aliases } = await mirrorRegistry(from, target);
    assertEquals([failures[0].error.code, deleted, aliases], ["Corrupt", 0, 0]);
  }
  assertEquals(await to.load("a@live"), "x".repeat(1_000));
  assertEquals(await Array.fromAsync(empty.backend.list("names/")), []);
});

testMirror("verify reads all back, and names what the target has lost", async ({ from, to }) => {
  await from.save("a", noise(100_000));
  await from.save("a", { x: noise(100_000, 2) }, { as: fileSet });
  await mirrorRegistry(from, to);
  for await (const entry of to.backend.list("objects/a/")) {
    if ("key" in entry) await to.backend.put(entry.key, noise(entry.size, 5));
  }
  assertEquals((await mirrorRegistry(from, to)).failures, []);
  const { failures, skipped } = await mirrorRegistry(from, to, { verify: true });
  assertEquals(failures.map(({ version, error }) => [version, error.code]), [["2.0.0", "Corrupt"], [
    "1.0.0",
    "Corrupt",
  ]]);
  assertEquals(skipped, 2);
});

Deno.test("verify ignores notes, and damaged notes are always ignored", async () => {
  // its clock stands still: what is written again has the same time
  const system = createScriptedSystem();
  const options = { system, mutable: true };
  const from = await openRegistry(createMemoryBackend({ system }), options);
  const to = await openRegistry(createMemoryBackend({ system }), options);
  await from.save("a", "one", { version: "1" });
  await mirrorRegistry(from, to);
  for await (const entry of to.backend.list("names/a/")) {
    if ("key" in entry) await to.backend.delete(entry.key);
  }
  await to.save("a", "restored", { version: "1" });
  assertEquals((await mirrorRegistry(from, to)).copied, 0);
  assertEquals((await mirrorRegistry(from, to, { verify: true })).copied, 1);
  assertEquals(await to.load("a"), "one");
  await from.save("a", "two", { version: "1", onConflict: "overwrite" });
  const [notes] = await Array.fromAsync(to.backend.list("mirrors/"));
  assert("key" in notes);
  const text = new TextDecoder().decode(await (await to.backend.get(notes.key))!.bytes());
  assert(text.includes("[1,"));
  // would say that all is equal
  await to.backend.put(notes.key, new TextEncoder().encode(text.replace("[1,", "[2,")));
  assertEquals((await mirrorRegistry(from, to)).copied, 1);
  assertEquals(await to.load("a"), "two");
});

testMirror(
  "a mutable mirror follows its source, whatever was saved or deleted there meanwhile",
  async ({ from, to }) => {
    const save = (version: number) =>
      from.save("a", noise(200_000), {
        version: "1",
        metadata: { version },
        onConflict: "overwrite",
      });
    await save(1);
    await mirrorRegistry(from, to);
    const changes = [
      () => save(2),
      () => to.save("a", "target", { version: "1", onConflict: "overwrite" }),
      () => to.delete("a", { allVersions: true }),
    ];
    for (const [i, change] of changes.entries()) {
      await change();
      const { copied, bytes } = await mirrorRegistry(from, to);
      assertEquals([copied, bytes], [1, i === 0 ? 0 : 200_000]); // only metadata changed
      assertEquals((await to.info("a")).metadata, { version: 2 });
    }
  },
  MUTABLE,
);

Deno.test("a target that was restored and changed is seen to differ", async () => {
  const system = createScriptedSystem();
  const options = { system, mutable: true };
  const from = await openRegistry(createMemoryBackend({ system }), options);
  const to = await openRegistry(createMemoryBackend({ system }), options);
  for (const version of ["1", "2"]) await from.save("a", `a${version}`, { version });
  await mirrorRegistry(from, to);
  system.advance(60_000);
  for await (const entry of to.backend.list("names/a/")) {
    if ("key" in entry) await to.backend.delete(entry.key);
  }
  for (const version of ["1", "2"]) await to.save("a", "restored", { version });
  system.advance(60_000);
  assertEquals((await mirrorRegistry(from, to, { range: "^1" })).copied, 1); // and writes new notes
  assertEquals((await mirrorRegistry(from, to)).copied, 1);
  assertEquals([await to.load("a@1"), await to.load("a@2")], ["a1", "a2"]);
});

testMirror(
  "a mirror removes neither mirrored versions of another name nor an alias that another mirror lost",
  async ({ from, to }) => {
    for (const name of ["old", "new"]) {
      await from.save(name, name, { version: "1" });
      await from.setAlias(name, "live", "1");
    }
    await from.deleteAlias("new", "live");
    await from.delete("new@1");
    const rename = () => "current";
    await mirrorRegistry(from, to, { names: ["old"], rename });
    const { failures, deleted, aliases } = await mirrorRegistry(from, to, {
      names: ["new"],
      rename,
    });
    assertEquals([failures.map(({ error }) => error.code), deleted, aliases], [["Conflict"], 0, 0]);
    assertEquals(await to.load("current@live"), "old");
    await to.deleteAlias("current", "live");
    await mirrorRegistry(to, from, { rename: () => "old" });
    assertEquals(await aliasesOf(from, "old"), { live: "1.0.0" });
  },
);

testMirror(
  "a deletion passes through a mirror whose collector was there before",
  async ({ from, to, open }) => {
    await from.save("a", noise(100_000));
    await mirrorRegistry(from, to);
    const third = await openRegistry(createMemoryBackend());
    await mirrorRegistry(to, third);
    await from.delete("a", { allVersions: true });
    await mirrorRegistry(from, to);
    const old = await open("to", {}, (backend) => withAge(backend, 10 * to.settings.graceMs));
    assertEquals((await collectGarbage(old)).removed.scrubbed.count, 1);
    assertEquals((await mirrorRegistry(to, third)).deleted, 1);
  },
);
