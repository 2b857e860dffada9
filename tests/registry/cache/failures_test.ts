import { assertEquals, assertLessOrEqual, assertStrictEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { createLocalBackend, openRegistry } from "../../../mod.ts";
import { knownContext } from "../../../registry/operations/context.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { keysOf, noise } from "../registries.ts";
import { type Answer, busy, denied } from "../scripted_backend.ts";
import { testCached } from "./cached_world.ts";

const MIB = 1024 * 1024;
const SIZES = [10, 70_000, 2 * MIB, 5 * MIB];

/** Like a bug in a backend. */
const broken: Answer = () => {
  throw new TypeError("a bug");
};

for (const verb of ["get", "put", "list", "delete"] as const) {
  testCached(
    `a cache whose ${verb} fails never fails a load, and is reported once`,
    async (world) => {
      const { registry, cache, settle, warnings } = world;
      for (const [n, size] of SIZES.entries()) {
        await registry.save(`a${n}`, noise(size), { version: "1" });
      }
      for (const failing of [busy, denied, broken]) {
        cache.heal();
        cache.answerAll({ verb }, failing);
        for (let time = 0; time < 2; time++) {
          for (const [n, size] of SIZES.entries()) {
            assertEquals(await registry.load(`a${n}@1`), noise(size));
            const stream = (await registry.open(`a${n}`)).files()[0].stream();
            assertEquals(new Uint8Array(await new Response(stream).arrayBuffer()), noise(size));
          }
          await settle();
        }
      }
      await registry.delete("a0@1");
      assertLessOrEqual(warnings.length, 1, warnings.join("\n"));
      if (verb !== "delete") assertEquals(warnings.length, 1);
    },
  );
}

testCached("a cache that failed is left alone for a minute, then used again", async (world) => {
  const { registry, cache, settle, system } = world;
  for (const name of ["a", "b", "c"]) await registry.save(name, noise(70_000), { version: "1" });
  cache.answer({ verb: "put" }, denied);
  await registry.load("a@1");
  await settle();
  cache.forget();
  await registry.load("b@1");
  await settle();
  assertEquals(cache.asked({ verb: "put" }), []);
  system.advance(61_000);
  await registry.load("c@1");
  await settle();
  assertEquals((await world.cached("records/")).length, 1);
});

Deno.test("a hanging cache delays a large file by two seconds, and no small one", async () => {
  const system = createScriptedSystem();
  const never = new Promise<never>(() => {});
  const hanging: Backend = { ...createMemoryBackend(), put: () => never };
  const warnings: unknown[] = [];
  const logger = {
    debug() {},
    info() {},
    warn: (text: unknown) => void warnings.push(text),
    error() {},
  };
  const registry = await openRegistry(createMemoryBackend(), {
    system,
    logger,
    cache: { backend: hanging },
  });
  for (const size of [70_000, 40 * MIB]) {
    await registry.save("a", noise(size));
    assertEquals(await registry.load("a"), noise(size));
  }
  assertEquals(system.slept, [2_000]);
  assertEquals(warnings.length, 1);
});

Deno.test("a slow cache gets all of a large file", async () => {
  const inner = createMemoryBackend();
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const slow: Backend = {
    ...inner,
    async put(key, body, options) {
      if (key.startsWith("files/")) await started;
      return await inner.put(key, body, options);
    },
  };
  const registry = await openRegistry(createMemoryBackend(), { cache: { backend: slow } });
  await registry.save("a", noise(40 * MIB), { version: "1" });
  let seen = 0;
  for await (const chunk of (await registry.open("a@1")).files()[0].stream()) {
    seen += chunk.byteLength;
    start();
  }
  assertEquals(seen, 40 * MIB);
  await knownContext(registry)!.cache!.close();
  const sizes = await Array.fromAsync(
    inner.list("files/"),
    (entry) => "key" in entry ? entry.size : 0,
  );
  assertEquals(sizes, [40 * MIB]);
});

Deno.test("an aborted load ends with its reason and caches nothing", async () => {
  const root = await tempRoot();
  try {
    const cache = createMemoryBackend();
    const store = createLocalBackend({ path: root.join("store"), durability: "os" });
    const registry = await openRegistry(store, { cache: { backend: cache } });
    await registry.save("a", noise(9 * MIB), { version: "1" });
    const abort = new AbortController();
    const reason = new Error("enough");
    const onProgress = () => abort.abort(reason);
    const loading = registry.load("a@1", { signal: abort.signal, onProgress });
    assertStrictEquals(await loading.catch((error) => error), reason);
    await knownContext(registry)!.cache!.close();
    assertEquals(await Array.fromAsync(cache.list("files/")), []);
    await registry.load("a@1");
    const stopped = AbortSignal.abort(reason);
    assertStrictEquals(
      await registry.load("a@1", { signal: stopped }).catch((error) => error),
      reason,
    );
    await registry[Symbol.asyncDispose]();
  } finally {
    await root.remove();
  }
});

/** A file on the disk, of so many MiB, that counts what is read of it. */
function countedFile(size: number) {
  const file = {
    size: size * MIB,
    read: 0,
    onChunk() {},
    async *chunks() {
      for (; file.read < size; file.read++) {
        file.onChunk();
        yield await Promise.resolve(noise(MIB, file.read));
      }
    },
  };
  return file;
}

for (const state of ["fails", "is smaller", "is aborted", "takes it"] as const) {
  Deno.test(`a file that threads wrote is given to a cache that ${state}`, async () => {
    const store = createMemoryBackend(), inner = createMemoryBackend();
    const put: Backend["put"] = () => Promise.reject(new Error("full"));
    const backend: Backend = state === "fails" ? { ...inner, put } : inner;
    const maxBytes = state === "is smaller" ? 30 * MIB : undefined;
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const registry = await openRegistry(store, { logger, cache: { backend, maxBytes } });
    await registry.save("a", noise(40 * MIB));
    const controller = new AbortController();
    const written = countedFile(40);
    written.onChunk = () => state === "is aborted" && written.read === 20 && controller.abort();
    await (await registry.open("a")).file().keep!(written, controller.signal);
    await knownContext(registry)!.cache!.close();
    const most = { "fails": 39, "is smaller": 0, "is aborted": 20, "takes it": 40 }[state];
    assertLessOrEqual(written.read, most);
    assertEquals((await keysOf(inner, "files/")).length, Number(state === "takes it"));
  });
}
