import { loadMany, saveMany } from "@holdfast/holdfast";
import { assertEquals } from "@std/assert";
import { type Backend, createMemoryBackend, openRegistry } from "@holdfast/holdfast";
import { realSystem } from "../../../../core/system.ts";
import { rowsAtOnce } from "../../../../apps/cli/batch/run_rows.ts";

/** The most saves and loads that a registry in such a store begins at once by itself. */
async function atOnceIn(location: string, kind: string) {
  const inner = createMemoryBackend();
  let running = 0, most = 0;
  const counted =
    <A extends unknown[], T>(verb: (...args: A) => Promise<T>) => async (...args: A) => {
      most = Math.max(most, ++running);
      await realSystem.sleep(0); // all that may begin have begun
      return await verb(...args).finally(() => running--);
    };
  const own = { kind, location, ...(kind === "local" ? { layout: "folded" as const } : {}) };
  const backend: Backend = { ...inner, ...own, put: counted(inner.put), get: counted(inner.get) };
  await using registry = await openRegistry(backend, { cache: false });
  const names = Array.from({ length: 60 }, (_, i) => `n${i}`);
  await saveMany(registry, names.map((name) => ({ name, value: 1, version: "1" })));
  const saves = most;
  most = 0;
  await loadMany(registry, names.map((name) => `${name}@1`));
  return { saves, loads: most };
}

for (const [location, kind] of [["minio://models/team", "s3"], ["file:///data/reg", "local"]]) {
  Deno.test(`a batch of rows has as many at once in ${location} as saveMany and loadMany`, async () => {
    const { saves, loads } = await atOnceIn(location, kind);
    assertEquals([rowsAtOnce({ location }, "save"), rowsAtOnce({ location }, "read")], [
      saves,
      loads,
    ]);
  });
}
