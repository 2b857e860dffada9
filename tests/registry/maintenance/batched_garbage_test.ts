import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend, DeleteFailure } from "../../../core/backend.ts";
import { RegistryError } from "../../../core/errors.ts";
import { collectGarbage } from "../../../registry/maintenance.ts";
import { openRegistry } from "../../../mod.ts";
import { noise } from "../registries.ts";
import { withAge } from "../with_age.ts";

const WEEK_MS = 7 * 24 * 3_600_000;
const UUID = "01951e2f-6c00-7abc-8def-0123456789ab";
const FOLDER = `objects/crashed/p8p9p9/${UUID}/`;

/** A store in memory that removes many objects with one call, unless `refuse` says why not. */
function createBatchingStore(refuse: (key: string) => string | undefined = () => undefined) {
  const memory = createMemoryBackend();
  const batches: string[][] = [];
  const backend: Backend = Object.assign(memory, {
    async deleteMany(keys: readonly string[]) {
      batches.push([...keys]);
      const failures: DeleteFailure[] = [];
      for (const key of keys) {
        const reason = refuse(key);
        if (reason === undefined) await memory.delete(key);
        else {failures.push({
            key,
            error: new RegistryError({ code: "Denied", message: `Cannot delete it: ${reason}` }),
          });}
      }
      return failures;
    },
  });
  return { backend, batches };
}

async function fill(backend: Backend, count: number): Promise<string[]> {
  const keys = Array.from({ length: count }, (_, n) => `${FOLDER}${n}`);
  for (const key of keys) await backend.put(key, new Uint8Array(7));
  return keys;
}

Deno.test("the janitor removes by batches of a thousand, and what shows a folder's age last", async () => {
  const { backend, batches } = createBatchingStore();
  const registry = await openRegistry(backend, { mutable: true });
  for (let n = 1; n <= 3; n++) {
    await registry.save("a", noise(70_000, n), { version: "1", onConflict: "overwrite" });
  }
  const keys = await fill(backend, 2_500);
  await backend.put(`${FOLDER}.alive`, new Uint8Array());
  const report = await collectGarbage(await openRegistry(withAge(backend, WEEK_MS)));
  assertEquals(report.failures, []);
  const [second, payloads, ...crashed] = batches.filter(({ length }) => length > 0).sort(
    ofNameFirst,
  );
  assert(second.length === 1 && second[0].startsWith("names/a/"));
  assertEquals(payloads.length, 2);
  assertEquals(crashed.map(({ length }) => length), [1000, 1000, 500, 1]);
  assertEquals(crashed.slice(0, 3).flat().sort(), keys.sort());
  assertEquals(crashed[3], [`${FOLDER}.alive`]);
  assertEquals(report.removed.payload, { count: 2_503, bytes: 2_500 * 7 + 2 * 70_000 });
});

function ofNameFirst(a: string[], b: string[]): number {
  return Number(a[0].startsWith(FOLDER)) - Number(b[0].startsWith(FOLDER));
}

Deno.test("of a batch, what could not be removed is reported with its reason, and the rest counted", async () => {
  let stuck = true;
  const { backend } = createBatchingStore((key) =>
    stuck && key.endsWith("7") ? "it is held" : undefined
  );
  await openRegistry(backend);
  await fill(backend, 20);
  const later = await openRegistry(withAge(backend, WEEK_MS));
  const report = await collectGarbage(later);
  assertEquals(report.failures, [
    { key: `${FOLDER}17`, message: "Cannot delete it: it is held" },
    { key: `${FOLDER}7`, message: "Cannot delete it: it is held" },
  ]);
  assertEquals(report.removed.payload, { count: 18, bytes: 18 * 7 });
  stuck = false;
  assertEquals((await collectGarbage(later)).removed.payload.count, 2);
});

Deno.test("a batch that fails as a whole is reported key by key, and the others go", async () => {
  const { backend } = createBatchingStore();
  await openRegistry(backend);
  await fill(backend, 1_200);
  const { deleteMany } = backend;
  let calls = 0;
  backend.deleteMany = async (keys) => {
    if (keys.length > 0 && calls++ === 0) {
      throw new RegistryError({ code: "Unavailable", message: "Cannot delete: busy" });
    }
    return await deleteMany!(keys);
  };
  const later = await openRegistry(withAge(backend, WEEK_MS));
  const report = await collectGarbage(later);
  assertEquals([report.failures.length, report.removed.payload.count], [1_000, 200]);
  assertEquals((await collectGarbage(later)).removed.payload.count, 1_000);
});
