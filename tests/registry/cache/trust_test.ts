// Only records that the cache has stored itself, for the current registry, are trusted.
import { assertEquals, assertNotEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { knownContext } from "../../../registry/operations/context.ts";
import { HOUR } from "../protocol_world.ts";
import { keysOf } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { type CachedWorld, testCached } from "./cached_world.ts";

const DAY = 24 * HOUR;

async function bytesOf(store: Backend, key: string): Promise<Uint8Array> {
  return (await (await store.get(key))!.bytes()).slice();
}

async function copy(from: Backend, to: Backend, prefix = ""): Promise<void> {
  for (const key of await keysOf(from, prefix)) await to.put(key, await bytesOf(from, key));
}

/** Saves and loads a@1, so that it is cached. */
async function cacheOne({ registry, settle }: CachedWorld, value: unknown = "true"): Promise<void> {
  await registry.save("a", value, { version: "1" });
  await registry.load("a@1");
  await settle();
}

/** Writes a record as an attacker would who knows everything but the secret. */
async function forge(
  world: CachedWorld,
  mark?: (content: Uint8Array, line: string) => string,
): Promise<void> {
  const { registry: other } = await world.elsewhere();
  const forged = await openRegistry(createMemoryBackend({ system: world.system }), {
    system: world.system,
  });
  await forged.save("a", "forged", { version: "1" });
  const [recordKey] = await keysOf(forged.backend, "names/");
  const { info } = (await forged.backend.get(recordKey))!;
  const record = await bytesOf(forged.backend, recordKey);
  const { size, modifiedAt } = info;
  const line = JSON.stringify({ generation: 1, size, modifiedAt, checkedAt: world.system.now() });
  const content = new TextEncoder().encode(`${line}\n${new TextDecoder().decode(record)}`);
  const text = mark === undefined ? `${line}\n` : `${line}\n${mark(content, line)}\n`;
  const entry = new Uint8Array([...new TextEncoder().encode(text), ...record]);
  for (const key of await world.cached("records/")) await world.cacheStore.put(key, entry);
  assertEquals(await other.load("a@1"), "true");
}

testCached(
  "a record that somebody has put into the cache is not believed, and replaced",
  async (world) => {
    const { registry, settle, asked, warnings } = world;
    await cacheOne(world);
    for (
      const mark of [
        undefined,
        (content: Uint8Array) => sha256(content),
        () => "0".repeat(64),
        () => "",
      ]
    ) {
      await forge(world, mark);
      for (const reader of [registry, (await world.open()).registry]) {
        assertEquals(await reader.load("a@1"), "true");
        await settle();
      }
      assertEquals(warnings.splice(0).length, 1);
      assertEquals(await asked(() => registry.load("a@1")), []);
    }
  },
);

testCached("a record of one cache is not believed in another", async (world) => {
  await cacheOne(world);
  const there = await world.elsewhere();
  await there.registry.delete("a@1");
  const cacheStore = createMemoryBackend({ system: world.system });
  await copy(world.cacheStore, cacheStore, "records/");
  const { registry } = await world.open({ cache: { backend: cacheStore } });
  await rejected("NotFound", registry.load("a@1"));
});

testCached("a cached record cannot be changed to claim another head", async (world) => {
  const { registry } = world;
  await cacheOne(world);
  const [key] = await world.cached("records/");
  const text = new TextDecoder().decode(await bytesOf(world.cacheStore, key));
  const { checkedAt } = JSON.parse(text.slice(0, text.indexOf("\n")));
  world.system.advance(8 * DAY);
  await world.cacheStore.put(
    key,
    new TextEncoder().encode(text.replace(`${checkedAt}`, `${world.system.now()}`)),
  );
  await (await world.elsewhere()).registry.delete("a@1");
  await rejected("NotFound", registry.load("a@1"));
});

testCached(
  "a registry that was restored does not load what was cached of its numbers before",
  async (world) => {
    const { registry, store, system, settle } = world;
    await registry.save("a", "one", { version: "1" });
    const backup = createMemoryBackend({ system });
    await copy(store, backup);
    await registry.save("a", "before", { version: "2" });
    await registry.load("a@2");
    await settle();
    system.advance(1000);
    for (const key of await keysOf(store)) await store.delete(key);
    await copy(backup, store);
    const { registry: restored } = await world.open();
    assertEquals(restored.id, registry.id);
    await rejected("NotFound", restored.load("a@2"));
    await restored.save("a", "after", { version: "2" });
    assertEquals(await restored.load("a@2"), "after");
    const [before] = await world.cached("records/");
    await knownContext(restored)!.cache!.close();
    for (const key of await world.cached("records/")) {
      // nor where it was moved
      if (key !== before) await world.cacheStore.put(key, await bytesOf(world.cacheStore, before));
    }
    assertEquals(await (await world.open()).registry.load("a@2"), "after");
  },
);

testCached("a version that was deleted elsewhere is served for a week at most", async (world) => {
  const { registry, system } = world;
  await cacheOne(world);
  const elsewhere = await world.elsewhere();
  await elsewhere.registry.delete("a@1");
  assertEquals(await registry.load("a@1"), "true");
  system.advance(7 * DAY + 1);
  await collectGarbage(elsewhere.registry);
  await rejected("NotFound", registry.load("a@1"));
  assertEquals(await world.cached("records/"), []);
});

testCached(
  "a secret that is lost or damaged is made anew, and all programs find it",
  async (world) => {
    const { registry, settle, cacheStore, asked } = world;
    await cacheOne(world);
    const secret = await bytesOf(cacheStore, "secret");
    for (
      const damage of [
        () => cacheStore.delete("secret"),
        () => cacheStore.put("secret", new Uint8Array(64)),
      ]
    ) {
      await damage();
      const fresh = await world.open();
      for (let turn = 0; turn < 3; turn++) {
        for (const machine of [fresh, world]) {
          assertEquals(await machine.registry.load("a@1"), "true");
          await machine.settle();
        }
      }
      assertNotEquals(await bytesOf(cacheStore, "secret"), secret);
      assertEquals(await asked(() => registry.load("a@1")), []);
      assertEquals(await fresh.asked(() => fresh.registry.load("a@1")), []);
    }
    await settle();
  },
);
