// Measuring all names from one list of their payload and one of their records.
import { assertEquals, assertLessOrEqual } from "@std/assert";
import { createMemoryBackend, openRegistry, saveMany } from "../../../mod.ts";
import { measureSpace } from "../../../registry/maintenance.ts";
import { withCounts } from "../../bench/counted_backend.ts";

Deno.test("measureSpace() lists all names at once, and reads each record", async () => {
  const store = createMemoryBackend();
  const COUNT = 300;
  const names = Array.from({ length: COUNT }, (_, n) => `runs:${n}`);
  const saved = names.map((name) => ({ name, value: new Uint8Array(40_000) }));
  await saveMany(await openRegistry(store), saved);
  const { backend, calls: { counts } } = withCounts(store);
  const report = await measureSpace(await openRegistry(backend));
  assertEquals([report.names.length, report.failures], [COUNT, []]);
  assertLessOrEqual(counts.list, 20);
  assertLessOrEqual(counts.get, COUNT + 5);
});
