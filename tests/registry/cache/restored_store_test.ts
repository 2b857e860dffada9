// A store that is restored from a copy of its disk shows the times of before, so nothing tells that
// its numbers may have other values. A record that was resolved in the store is compared.
import { assert, assertEquals } from "@std/assert";
import { createHandler } from "../../../apps/server.ts";
import { openHttpRegistry } from "../../../apps/client.ts";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { realSystem } from "../../../core/system.ts";
import { openRegistry, type Registry, type StoredRegistry } from "../../../mod.ts";
import { knownContext } from "../../../registry/operations/context.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { copyOf, restore, withKeptTimes } from "../../simulate/stores/with_kept_times.ts";
import { filler } from "../protocol_world.ts";

const LOST = { small: "lost", large: filler("lost") };
const NEW = { small: "new", large: filler("new") };

interface RestoredWorld {
  /** A program on this machine that was open before. */
  before: Registry;
  /** Opens it in another program on this machine, with the same cache. */
  open(): Promise<StoredRegistry>;
  warnings: string[];
}

/**
 * Saves 1.0.0 of two names, takes a copy, saves 2.0.0 and reads it here. Then restores the copy,
 * and saves another 2.0.0 on another machine.
 */
async function createRestored(): Promise<RestoredWorld> {
  const system = createScriptedSystem();
  const memory = createMemoryBackend({ system });
  const cache = createMemoryBackend({ system });
  const kept = new Map();
  const store: Backend = withKeptTimes(memory, kept);
  const warnings: string[] = [];
  const logger = {
    debug() {},
    info() {},
    warn: (text: unknown) => void warnings.push(String(text)),
    error() {},
  };
  const open = () => openRegistry(store, { system, logger, cache: { backend: cache } });
  const before = await open();
  for (const name of ["small", "large"] as const) await before.save(name, "first");
  const copy = await copyOf(store);
  system.advance(60_000);
  for (const name of ["small", "large"] as const) {
    await before.save(name, LOST[name], { alias: "live" });
    assertEquals(await before.load(`${name}@2`), LOST[name]);
  }
  await knownContext(before)!.cache!.close();
  system.advance(60_000);
  await restore(memory, copy, kept);
  system.advance(60_000);
  const other = await openRegistry(store, { system, cache: false });
  for (const name of ["small", "large"] as const) {
    await other.save(name, NEW[name], { version: "2", alias: "live" });
  }
  return { before, open, warnings };
}

/** Ways to find a version in the store. The version is read by its number afterwards. */
const WAYS: Record<string, (registry: Registry, name: string) => Promise<unknown>> = {
  "info of latest": (registry, name) => registry.info(name),
  "info of a range": (registry, name) => registry.info(`${name}@^2`),
  "info of an alias": (registry, name) => registry.info(`${name}@live`),
  "info of the version": (registry, name) => registry.info(`${name}@2`),
  "has": (registry, name) => registry.has(`${name}@2`),
  "load of latest": (registry, name) => registry.load(name),
  "open of an alias": (registry, name) => registry.open(`${name}@live`),
  "list of versions": (registry, name) => Array.fromAsync(registry.versions(name)),
  "details of versions": (registry, name) =>
    Array.fromAsync(registry.versions(name, { details: true })),
  "load that asks the store": (registry, name) => registry.load(`${name}@2`, { verify: "full" }),
};

for (const [what, find] of Object.entries(WAYS)) {
  Deno.test(`after a restore, the value that a number has now is read: ${what}`, async () => {
    const { before, open } = await createRestored();
    for (const registry of [await open(), before]) {
      for (const name of ["small", "large"] as const) {
        await find(registry, name);
        assertEquals(await registry.load(`${name}@2`), NEW[name], name);
        assertEquals(await registry.load(`${name}@2.0.0`), NEW[name], name);
      }
    }
  });
}

Deno.test("one record that differs shows the restore: all that is cached is forgotten", async () => {
  const { open, warnings } = await createRestored();
  await (await open()).info("small");
  assertEquals(warnings.length, 1);
  assert(warnings[0]!.includes('another value for "small@2.0.0"'), warnings[0]);
  const another = await open(); // has seen nothing of it
  assertEquals(await another.load("large@2"), NEW.large);
  assertEquals(await another.load("small@2"), NEW.small);
});

Deno.test("a number whose cached files are gone is read from the store", async () => {
  const { open } = await createRestored();
  const registry = await open();
  const cache = knownContext(registry)!.cache!;
  for (const { sha256 } of (await registry.open("large@2")).info.files) {
    await cache.discard(`files/${sha256.slice(0, 2)}/${sha256}`, "removed");
  }
  assertEquals(await registry.load("large@2"), NEW.large);
});

Deno.test("a deletion that was found is remembered", async () => {
  const { open } = await createRestored();
  const registry = await open();
  await (await openRegistry(registry.backend, { cache: false })).delete("small@2", { force: true });
  assertEquals(await registry.has("small@2"), false);
  const loaded = await (await open()).load("small@2").catch(({ code }) => code);
  assertEquals(loaded, "NotFound");
});

Deno.test("a service has the files of a commit that it has not seen yet", async () => {
  const { open } = await createRestored();
  const registry = await open();
  const handler = createHandler(registry);
  const fetch = (input: RequestInfo | URL, init?: RequestInit) => handler(new Request(input, init));
  const elsewhere = await openRegistry(registry.backend, { cache: false });
  const { commit, files: [file] } = await elsewhere.info("large");
  const at = `http://localhost/artifacts/large/versions/2.0.0/files/${file!.path}`;
  const answer = await fetch(`${at}?commit=${commit}`);
  assertEquals(answer.status, 200);
  assertEquals(await answer.bytes(), NEW.large);
});

Deno.test("a client of a service reads the value that a number has now", async () => {
  const { open } = await createRestored();
  const handler = createHandler(await open());
  const fetch = (input: RequestInfo | URL, init?: RequestInit) => handler(new Request(input, init));
  const client = await openHttpRegistry("http://localhost", { fetch });
  for (const ref of ["large", "large@live", "large@2"]) {
    assertEquals(await client.load(ref), NEW.large, ref);
  }
});

Deno.test("a search finds what a restored store has, by its index of before", async () => {
  const system = createScriptedSystem();
  const memory = createMemoryBackend({ system });
  const kept = new Map();
  const registry = await openRegistry(withKeptTimes(memory, kept), { system });
  await registry.save("m", "first");
  const copy = await copyOf(registry.backend);
  system.advance(1000);
  await registry.save("m", "lost", { metadata: { is: "lost" } });
  const handler = createHandler(registry, { system });
  const found = async (is: string) => {
    const at = `http://localhost/search?q=${encodeURIComponent(`metadata.is=${is}`)}`;
    return (await (await handler(new Request(at))).json()).total;
  };
  assertEquals([await found("lost"), await found("new")], [1, 0]);
  system.advance(1000);
  await restore(memory, copy, kept);
  system.advance(1000);
  await registry.save("m", "new", { metadata: { is: "new" } });
  system.advance(100_000);
  for (let turn = 0; turn < 100 && await found("new") === 0; turn++) await realSystem.sleep(0);
  assertEquals([await found("lost"), await found("new")], [0, 1]);
  await handler[Symbol.asyncDispose]();
});
