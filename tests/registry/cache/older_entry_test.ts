import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { OpenOptions, Registry } from "../../../core/registry.ts";
import { openRegistry } from "../../../mod.ts";
import { knownContext } from "../../../registry/operations/context.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { keysOf, noise } from "../registries.ts";
import { withHooks } from "../with_hooks.ts";
import { damage } from "./cached_world.ts";

const FIRST = noise(6_000_000);
const SECOND = concatBytes([
  FIRST.subarray(0, 2_000_000),
  noise(50_000, 2),
  FIRST.subarray(2_000_000),
]);
const SMALL = 500_000;

interface World {
  store: Backend;
  cache: Backend;
  /** Loads the second version by a ref. Returns the bytes that were fetched. */
  load(ref: string): Promise<number>;
  /** Downloads the second version into a new folder. Returns the bytes that were fetched. */
  download(): Promise<number>;
}

/** Runs a test with two versions of a file, and the first of them in a cache. */
function testOlder(
  sentence: string,
  play: (world: World) => Promise<void>,
  options: OpenOptions = {},
): void {
  Deno.test(sentence, async () => {
    const store = createMemoryBackend();
    const cache = createMemoryBackend();
    const first = await openRegistry(store, { ...options, cache: { backend: cache } });
    await first.save("a", FIRST);
    await first.load("a");
    await knownContext(first)!.cache!.close();
    await first.save("a", SECOND);
    const counting = async (use: (registry: Registry) => Promise<Uint8Array>) => {
      let read = 0;
      const backend = withHooks(store, {});
      backend.get = async (key, options) => {
        const object = await store.get(key, options);
        const { offset = 0, length = Infinity } = options?.range ?? {};
        if (object && key.startsWith("objects/")) {
          read += Math.min(length, object.info.size - offset);
        }
        return object;
      };
      const registry = await openRegistry(backend, { ...options, cache: { backend: cache } });
      assertEquals(sha256(await use(registry)), sha256(SECOND));
      await knownContext(registry)!.cache!.close();
      return read;
    };
    await play({
      store,
      cache,
      load: (ref) => counting(async (registry) => await registry.load(ref) as Uint8Array),
      async download() {
        const root = await tempRoot();
        try {
          return await counting(async (registry) => {
            await registry.download("a", { to: root.join("to") });
            return await Deno.readFile(root.join("to"));
          });
        } finally {
          await root.remove();
        }
      },
    });
  });
}

testOlder("a load takes equal bytes from an older version in the cache", async (world) => {
  assert(await world.load("a") < SMALL);
  assertEquals(await world.load("a@2"), 0); // it is cached now
});

testOlder("a download takes equal bytes from an older version in the cache", async (world) => {
  assert(await world.download() < SMALL);
  assertEquals(await world.load("a"), 0);
});

testOlder("a damaged older entry costs what it lacks", async (world) => {
  const [key] = await keysOf(world.cache, "files/");
  await damage(world.cache, key!);
  assert(await world.load("a") < SMALL);
});

testOlder("an older entry that is truncated, or gone, is not used", async ({ cache, ...world }) => {
  const [key] = await keysOf(cache, "files/");
  await damage(cache, key!, "cut");
  assert(await world.load("a") > SECOND.byteLength - SMALL);
  for (const key of await keysOf(cache, "files/")) await cache.delete(key);
  assert(await world.download() > SECOND.byteLength - SMALL);
});

for (const how of ["load", "download"] as const) {
  testOlder(`a ${how} ends if the older entry vanishes or changes meanwhile`, async (world) => {
    const { cache } = world;
    const [key] = await keysOf(cache, "files/");
    const right = await (await cache.get(key!))!.bytes();
    for (const change of [() => cache.delete(key!), () => damage(cache, key!)]) {
      await cache.put(key!, right);
      const get = cache.get;
      cache.get = async (asked, options) => {
        const object = await get(asked, options);
        const isSecondRead = asked === key && (options?.range?.length ?? Infinity) < right.length;
        if (isSecondRead) await change();
        return object;
      };
      await world[how]("a");
      cache.get = get;
      for (const key of await keysOf(cache, "files/")) await cache.delete(key);
    }
  });
}

testOlder("a deleted older version is not needed", async ({ store, load }) => {
  const registry = await openRegistry(store);
  await registry.delete("a@1");
  assert(await load("a") < SMALL);
});

testOlder("an older version that was overwritten is not looked for", async ({ store, load }) => {
  const registry = await openRegistry(store);
  await registry.save("a", "other", { version: "1", onConflict: "overwrite" });
  assert(await load("a") < SMALL);
}, { mutable: true });
