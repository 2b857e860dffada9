import { assertEquals } from "@std/assert";
import { createMemoryBackend, logOf, openRegistry, realSystem } from "../../mod.ts";
import { keysOf } from "./registries.ts";

Deno.test("what happened in one millisecond is told in its order", async () => {
  const now = realSystem.now();
  const registry = await openRegistry("memory:", { system: { ...realSystem, now: () => now } });
  await registry.save("a", 1);
  await registry.setAlias("a", "live", "1");
  const log = await logOf(registry, "a");
  assertEquals(log.map(({ event, at }) => [event, at.getTime()]), [["aliased", now], ["saved", now]]);
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
