// Maintenance of many names: as fast as a store answers several of them at once.
import { assertEquals, assertRejects } from "@std/assert";
import { wrapCalls } from "../../../../core/work/wrap_backend.ts";
import { createMemoryBackend, openRegistry, saveMany } from "../../../../mod.ts";
import type { Registry } from "../../../../core/registry.ts";
import { NAMES, OBJECTS } from "../../../../registry/format/layout.ts";
import { prune } from "../../../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage, measureSpace } from "../../../../extensions/maintenance/mod.ts";
import { turns } from "../../../registry/payload/large/large_files.ts";

const NAME_COUNT = 20, AT_ONCE = 16;

type Task = [
  what: string,
  methods: readonly string[],
  run: (registry: Registry) => Promise<unknown>,
];

const READS = ["list", "get"];
const TASKS: Task[] = [
  ["collectGarbage() reads", READS, (registry) => collectGarbage(registry)],
  ["measureSpace() reads", READS, (registry) => measureSpace(registry)],
  ["prune() reads", READS, (registry) => prune(registry, { keepLast: 0, dryRun: true })],
  ["prune() deletes versions of", ["put"], (registry) => prune(registry, { keepLast: 0 })],
];

for (const [what, methods, run] of TASKS) {
  Deno.test(`${what} ${AT_ONCE} names at once`, async () => {
    const busy = new Map<symbol, string>();
    let most = 0;
    const backend = wrapCalls(createMemoryBackend(), async ({ method, key }, act) => {
      const isCounted = methods.includes(method);
      const top = [NAMES, OBJECTS].find((top) => isCounted && key.startsWith(top));
      const [name = ""] = key.slice(top?.length).split("/");
      if (top === undefined || name === "") return await act(undefined);
      const call = Symbol();
      busy.set(call, name);
      most = Math.max(most, new Set(busy.values()).size);
      await turns(1); // until all that may begin did
      try {
        return await act(undefined);
      } finally {
        busy.delete(call);
      }
    });
    const registry = await openRegistry(backend);
    const names = Array.from({ length: NAME_COUNT }, (_, i) => `runs:${i}`);
    await saveMany(registry, names.map((name) => ({ name, value: new Uint8Array(40_000) })));
    most = 0;
    await run(registry);
    await registry.close();
    assertEquals(most, AT_ONCE);
  });
}

Deno.test("prune() that fails has ended: it calls the store no more", async () => {
  let isOver = false, isSlow = false;
  const late: string[] = [];
  const backend = wrapCalls(createMemoryBackend(), async ({ method, key }, act) => {
    if (isOver) late.push(`${method} ${key}`);
    if (isSlow && key.startsWith(`${NAMES}runs=3a0/`)) throw new Error("the first name");
    if (isSlow) await turns(3);
    return await act(undefined);
  });
  const registry = await openRegistry(backend);
  const names = Array.from({ length: NAME_COUNT }, (_, i) => `runs:${i}`);
  await saveMany(registry, names.map((name) => ({ name, value: 1 })));
  isSlow = true;
  await assertRejects(
    () => prune(registry, { keepLast: 0, dryRun: true }),
    Error,
    "the first name",
  );
  isOver = true;
  await turns(100);
  assertEquals(late, []);
});
