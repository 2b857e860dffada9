import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { realSystem } from "../../../core/system.ts";
import { openRegistry, readLog } from "../../../mod.ts";

/** A store whose reads end in another order than they began. */
function unordered(store: Backend): Backend & { seed: number } {
  const slow = Object.assign(Object.create(store) as Backend, { seed: 0 });
  let reads = 0;
  slow.get = async (key, options) => {
    const found = await store.get(key, options);
    for (let turns = (reads++ * 7 + slow.seed) % 11; turns > 0; turns--) await null;
    return found;
  };
  return slow;
}

Deno.test("a log lists changes of the same millisecond in the same order each time", async () => {
  const now = realSystem.now();
  const store = unordered(createMemoryBackend());
  const registry = await openRegistry(store, {
    cache: false,
    system: { ...realSystem, now: () => now },
  });
  for (let i = 0; i < 3; i++) await registry.save("a", i);
  const aliases = ["x", "b", "prod", "c", "a"];
  for (const alias of aliases) await registry.setAlias("a", alias, "1");
  await registry.setAlias("a", "b", "2");
  const seen = new Set<string>();
  for (store.seed = 0; store.seed < 11; store.seed++) {
    const log = await Array.fromAsync(readLog(registry, "a"));
    seen.add(log.map(({ event, alias = "", version }) => `${event} ${alias} ${version}`).join());
  }
  assertEquals(seen.size, 1, [...seen].join("\n"));
  const [log] = [...seen].map((text) => text.split(","));
  assertEquals([log[0], ...log.slice(-3)], [
    "aliased b 2.0.0",
    "saved  3.0.0",
    "saved  2.0.0",
    "saved  1.0.0",
  ]);
  await registry.close();
});
