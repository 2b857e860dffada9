import { assertEquals, assertLessOrEqual } from "@std/assert";
import { createMemoryBackend, logOf, openRegistry, realSystem } from "../../mod.ts";
import { withCounts } from "../bench/counted_backend.ts";
import { keysOf } from "./registries.ts";

Deno.test("what happened in one millisecond is told in its order", async () => {
  const now = realSystem.now();
  const registry = await openRegistry("memory:", { system: { ...realSystem, now: () => now } });
  await registry.save("a", 1);
  await registry.setAlias("a", "live", "1");
  const log = await logOf(registry, "a");
  assertEquals(log.map(({ event, at }) => [event, at.getTime()]), [["aliased", now], [
    "saved",
    now,
  ]]);
});

Deno.test("a version whose record is damaged is in the log as the store knows it, and hides nothing", async () => {
  const backend = createMemoryBackend();
  const registry = await openRegistry(backend);
  for (const value of [1, 2]) await registry.save("a", value);
  const [key] = await keysOf(backend, "names/a/versions/");
  await backend.put(key, new TextEncoder().encode("damage"));
  const log = await logOf(await openRegistry(backend), "a");
  assertEquals(log.map(({ event }) => event), ["saved", "saved"]);
  assertEquals(log.map(({ version }) => version).sort(), ["1.0.0", "2.0.0"]);
  assertEquals(log.map(({ commit }) => commit === undefined).sort(), [false, true]);
});

Deno.test("a log with a limit reads about as many records as it returns, however much happened", async () => {
  let now = realSystem.now();
  const system = { ...realSystem, now: () => now };
  const { backend, calls } = withCounts(createMemoryBackend({ system }));
  const registry = await openRegistry(backend, { system });
  const next = () => now += 5_000;
  for (let n = 1; n <= 100; n++, next()) {
    await registry.save("a", n);
    await registry.setAlias("a", "live", String(n));
    if (n % 3 === 0) await registry.delete(`a@${n}`, { force: true });
  }
  const all = await logOf(registry, "a");
  assertEquals(all.length, 233);
  for (const limit of [1, 10, 50]) {
    calls.take();
    assertEquals(await logOf(registry, "a", { limit }), all.slice(0, limit));
    assertLessOrEqual(calls.counts.get, 3 * Math.max(16, limit));
    assertLessOrEqual(calls.counts.list, 4);
  }
});

Deno.test("changes of one millisecond are listed in their order", async () => {
  const now = realSystem.now();
  const registry = await openRegistry("memory:", { system: { ...realSystem, now: () => now } });
  for (const value of [1, 2]) await registry.save("a", value);
  for (const version of ["1", "2", "1"]) await registry.setAlias("a", "live", version);
  await registry.deleteAlias("a", "live");
  await registry.delete("a@2");
  const log = await logOf(registry, "a");
  assertEquals(log.map(({ event, version = "" }) => `${event} ${version}`.trimEnd()), [
    ...[
      "deleted 2.0.0",
      "unaliased",
      "aliased 1.0.0",
      "aliased 2.0.0",
      "aliased 1.0.0",
      "saved 2.0.0",
      "saved 1.0.0",
    ],
  ]);
});
