// A store whose lists omit records loses nothing to the garbage collector.
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Backend } from "../../../../core/backend.ts";
import { openRegistry, type Registry } from "../../../../mod.ts";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { noise } from "../../../registry/registries.ts";
import { withAge } from "../../../registry/with_age.ts";

const HOUR_MS = 3_600_000;
const MONTH_MS = 30 * 24 * HOUR_MS;
const MAX_GENERATION = Number.MAX_SAFE_INTEGER;

/** Wraps a store, so that its lists omit keys that contain a text. */
function omitting(inner: Backend, text: string): Backend {
  return Object.assign(Object.create(inner), {
    async *list(...args: Parameters<Backend["list"]>) {
      for await (const entry of inner.list(...args)) {
        const key = "prefix" in entry ? entry.prefix : entry.key;
        if (!key.includes(text)) yield entry;
      }
    },
  });
}

for (const omitted of ["names/", "names/b/", "names/b/versions/final/p8p9p9/"]) {
  for (const dryRun of [true, false]) {
    const run = dryRun ? "a dry run" : "a run";
    Deno.test(`${run} keeps the payload of records that lists omit: ${omitted}`, async () => {
      const store = createMemoryBackend();
      const registry = await openRegistry(store);
      for (const name of ["a", "b"]) {
        await registry.save(name, noise(70_000));
        await registry.save(name, noise(70_000, 2));
        await registry.delete(`${name}@2`);
      }
      const old = await openRegistry(withAge(omitting(store, omitted), MONTH_MS));
      const { removed, failures } = await collectGarbage(old, { dryRun });
      const names = omitted === "names/" ? ["a", "b"] : ["b"];
      assertEquals(removed.payload.count, 2 - names.length);
      assertEquals(failures.map(({ key }) => key.split("/")[1]), names);
      assertStringIncludes(failures[0]!.message, "omits one that exists");
      for (const name of ["a", "b"]) assertEquals(await registry.load(`${name}@1`), noise(70_000));
    });
  }
}

// A run before has noted the records.
const LATER: [string, string, (registry: Registry) => Promise<Uint8Array>][] = [
  ["the version that shares the files of a deleted one", "final/p7p9p9/", async (registry) => {
    for (const n of [1, 2]) await registry.save("m", noise(70_000), { metadata: { n } });
    await registry.delete("m@1");
    return noise(70_000);
  }],
  ["the newest record of a version", `${MAX_GENERATION - 2}.rec`, async (registry) => {
    const options = { version: "2", onConflict: "overwrite" } as const;
    await registry.save("m", 1);
    await registry.save("m", noise(70_000), options);
    await registry.save("m", noise(70_000, 2), options);
    return noise(70_000, 2);
  }],
];

for (const [what, omitted, save] of LATER) {
  Deno.test(`a later run keeps the payload of records that lists omit: ${what}`, async () => {
    const store = createMemoryBackend();
    const registry = await openRegistry(store, { mutable: true });
    const value = await save(registry);
    await collectGarbage(await openRegistry(withAge(store, HOUR_MS)));
    const old = await openRegistry(withAge(omitting(store, omitted), MONTH_MS));
    const { failures } = await collectGarbage(old);
    assertEquals(await registry.load("m@2"), value);
    assertStringIncludes(failures[0]!.message, "omits one that exists");
    const { failures: none } = await collectGarbage(await openRegistry(withAge(store, MONTH_MS)));
    assertEquals(none, []);
    assertEquals(await registry.load("m@2"), value);
  });
}
