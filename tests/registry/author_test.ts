// Authors of changes: stored with each change, and kept by mirrors and collections.
import { assertEquals, assertRejects } from "@std/assert";
import { createMemoryBackend } from "../../backends/memory.ts";
import { authorName, authorOf } from "../../core/naming/author.ts";
import { openRegistry, readLog, type Registry, RegistryError } from "../../mod.ts";
import { changeRules, collectGarbage } from "../../extensions/maintenance/mod.ts";
import { readRules } from "../../registry/tools/settings.ts";
import { verifyRegistry } from "../../apps/maintenance.ts";
import { annotate } from "../../registry/tools/annotate.ts";
import { createScriptedSystem } from "../support/scripted_system.ts";
import { GRACE_MS, testProtocol } from "./protocol_world.ts";

async function logged(registry: Registry, name: string): Promise<(string | undefined)[][]> {
  const entries = await Array.fromAsync(readLog(registry, name));
  return entries
    .filter(({ event, by }) => event !== "saved" || by !== undefined) // not of deleted versions
    .map(({ event, by }) => [event, by?.name])
    .toReversed();
}

Deno.test("each change has the author of its program, and none without one", async () => {
  const clock = createScriptedSystem();
  const system = { ...clock, now: () => (clock.advance(1), clock.now()) }; // no two at one time
  const store = createMemoryBackend({ system });
  const alice = await openRegistry(store, { system, by: "alice@example.org" });
  const bob = await openRegistry(store, { system, by: "bob" });
  const nobody = await openRegistry(store, { system });
  await alice.save("m", 1);
  await bob.setAlias("m", "production", "1");
  await nobody.save("m", 2);
  assertEquals((await bob.info("m@2")).by, undefined);
  await alice.setAlias("m", "production", "2");
  await bob.deleteAlias("m", "production");
  await bob.delete("m@2");
  const { by: noted } = await annotate(alice, "m@1", { notes: "checked" });
  assertEquals(
    await logged(alice, "m"),
    [
      ["saved", "alice@example.org"],
      ["aliased", "bob"],
      ["saved", undefined],
      ["aliased", "alice@example.org"],
      ["unaliased", "bob"],
      ["deleted", "bob"],
      ["annotated", "alice@example.org"],
    ].filter(([event, by]) => event !== "saved" || by !== undefined),
  ); // of 2, which is deleted
  assertEquals((await bob.info("m@1")).by, { name: "alice@example.org" });
  assertEquals(noted, { name: "alice@example.org" });
  const changes = await Array.fromAsync(alice.history("m", "production"));
  assertEquals(changes.map(({ by }) => by?.name), ["bob", "alice@example.org", "bob"]);
  await changeRules(bob, { set: { pattern: "m", keepLast: 3 } });
  assertEquals((await readRules(alice)).by, { name: "bob" });
  await changeRules(nobody, { remove: "m" });
  assertEquals((await readRules(alice)).by, undefined);
});

Deno.test("HOLDFAST_BY names the author, unless the program does", async () => {
  const { realSystem } = await import("../../core/system.ts");
  const system = { ...realSystem, env: (name: string) => name === "HOLDFAST_BY" ? "ci" : "" };
  const store = createMemoryBackend();
  const byDefault = await openRegistry(store, { system });
  const named = await openRegistry(store, { system, by: "alice" });
  await byDefault.save("m", 1);
  await named.save("m", 2);
  assertEquals((await named.info("m@1")).by, { name: "ci" });
  assertEquals((await named.info("m@2")).by, { name: "alice" });
});

Deno.test("names of authors that cannot be stored or shown are refused", async () => {
  for (
    const by of [
      "",
      "  ",
      "a\nb",
      "\u001b[31mred",
      "a\u202eb",
      "alice\u200b",
      "\ud800",
      "é".repeat(51),
      '"'.repeat(51),
    ]
  ) {
    const error = await assertRejects(() => openRegistry("memory:", { by }), RegistryError);
    assertEquals(error.code, "Invalid", JSON.stringify(by));
  }
  await (await openRegistry("memory:", { by: "é".repeat(50) })).save("m", 1);
});

Deno.test("a stored author has no characters that a terminal obeys", () => {
  const name = "alice";
  assertEquals(authorOf({ by: { name, token: "0a1b" } }), { name, token: "0a1b" });
  for (const token of ["\u001b[2J", "x".repeat(201), 7, null]) {
    assertEquals(authorOf({ by: { name, token } }), { name });
  }
  for (const by of [null, 7, "alice", [], { name: "\u001b[2J" }, { name: 7 }]) {
    assertEquals(authorOf({ by }), undefined);
  }
  const claims = { sha: "3f2c", run_id: "99", sub: "ci", job_id: "a b", pipeline_id: {} };
  const kept = { name, token: "0a1b", claims: { sha: "3f2c", run_id: "99" } };
  assertEquals(authorOf({ by: { name, token: "0a1b", claims } }), kept);
  assertEquals(authorOf({ by: { name, claims } }), { name }); // checked by nobody
  for (const claims of [null, 7, "sha", [], { sha: "\u001b[2J" }, { sha: "x".repeat(65) }]) {
    assertEquals(authorOf({ by: { name, token: "0a1b", claims } }), { name, token: "0a1b" });
  }
  assertEquals(authorName("\u202ealice\nof ops\u0007 "), "alice of ops");
  assertEquals(authorName("\u202e\n"), "");
  assertEquals(authorName("alice\u200b\ufeff"), "alice");
});

for (const mutable of [true, false]) {
  const kind = mutable ? "a mutable" : "an immutable";
  testProtocol(`collections keep who deleted in ${kind} registry`, { mutable }, async (world) => {
    const longest = "x".repeat(100);
    const { registry } = await world.open({ by: longest });
    await registry.save("m", 1);
    await registry.delete("m@1");
    for (let run = 0; run < 3; run++) {
      world.advance(30 * GRACE_MS);
      await collectGarbage(registry);
    }
    const events = await Array.fromAsync(readLog(registry, "m"));
    assertEquals(events.map(({ event, by }) => [event, by?.name])[0], ["deleted", longest]);
    assertEquals((await verifyRegistry(registry)).problems, []);
  });
}

Deno.test("the log names who deleted a version and who restored it", async () => {
  const store = createMemoryBackend();
  await (await openRegistry(store, { by: "alice" })).save("m", 1);
  await (await openRegistry(store, { by: "bob" })).delete("m@1");
  const carol = await openRegistry(store, { by: "carol" });
  const [listed] = await Array.fromAsync(carol.versions("m", { deleted: true }));
  assertEquals(listed?.deleted?.by, { name: "bob" });
  await carol.undelete("m@1");
  assertEquals(await logged(carol, "m"), [
    ["saved", "alice"],
    ["deleted", "bob"],
    ["restored", "carol"],
  ]);
  assertEquals((await carol.info("m@1")).by, { name: "alice" });
});
