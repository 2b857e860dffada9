// Versions with long lists of files are verified and repaired a group of pages at a time.
import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import type { Backend } from "../../../mod.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { mirrorRegistry, verifyRegistry } from "../../../apps/maintenance.ts";
import { contextOf } from "../../../registry/operations/context.ts";
import { withCounts } from "../../bench/counted_backend.ts";
import { keysOf, noise } from "../../registry/registries.ts";
import { listKeys, withoutWholeLists, withSmallPages } from "../../simulate/small_pages.ts";

const LIMITS = { listBytes: 1000, files: 4, pageBytes: 20_000, indexBytes: 20_000 };
const COUNT = 400;
const encoder = new TextEncoder();
const files = Array.from({ length: COUNT }, (_, n) => ({
  path: `n${String(n % 40).padStart(3, "0")}/é ${n}`,
  content: encoder.encode(`content ${n} `.repeat(30)),
}));

interface World {
  backend: Backend;
  registry: StoredRegistry;
  keys: string[];
}

async function world(pages = true): Promise<World> {
  const backend = createMemoryBackend();
  const registry = await openRegistry(backend);
  if (pages) withSmallPages(registry, LIMITS);
  const as = { id: "folder", formatVersion: 1, load: () => 0, save: () => files };
  await registry.save("set", 0, { as });
  const keys = pages ? await listKeys(registry, "set") : [];
  if (pages) withoutWholeLists(registry);
  return { backend, registry, keys };
}

/** Changes a byte of an object. */
async function damage(backend: Backend, key: string, at: number): Promise<void> {
  const bytes = (await (await backend.get(key))!.bytes()).slice();
  bytes[at]! ^= 1;
  await backend.put(key, bytes);
}

async function payloadKey({ backend, keys }: World): Promise<string> {
  for await (const entry of backend.list("objects/")) {
    if ("key" in entry && !keys.includes(entry.key)) return entry.key;
  }
  throw new Error("there is no payload");
}

const problemsOf = async ({ registry }: World, options = {}) => {
  const { problems, versions, files, bytes, unseen } = await verifyRegistry(registry, options);
  return {
    problems: problems.map(({ path, code }) => [path, code]),
    versions,
    files,
    bytes,
    unseen,
  };
};

Deno.test("a list in pages verifies as one that is stored whole", async () => {
  for (const options of [{}, { deep: false }]) {
    const paged = await problemsOf(await world(), options);
    assertEquals(paged, await problemsOf(await world(false), options));
    assertEquals(paged.versions, 1);
  }
});

Deno.test("damaged bytes of a list in pages are found at the same files", async () => {
  const problems = async (pages: boolean) => {
    const its = await world(pages);
    const key = await payloadKey(its);
    for (const at of [5, 60_000]) await damage(its.backend, key, at);
    return await problemsOf(its);
  };
  const paged = await problems(true);
  assertEquals(paged.problems.length, 2);
  assertEquals(paged, await problems(false));
});

Deno.test("a damaged or missing page is a problem of its version, which counts no file", async () => {
  for (const change of ["damaged", "missing"]) {
    const its = await world();
    const page = its.keys.at(-3)!;
    if (change === "missing") await its.backend.delete(page);
    else await damage(its.backend, page, 20);
    const { problems, files } = await problemsOf(its);
    assertEquals([problems, files], [[[undefined, "Corrupt"]], 0], change);
  }
});

Deno.test("files that were not saved in the order of their paths share reads", async () => {
  const { backend, calls } = withCounts(createMemoryBackend());
  const registry = withSmallPages(await openRegistry(backend), LIMITS);
  const COUNT = 100, KIB = 1024;
  const shuffled = Array.from({ length: COUNT }, (_, n) => ({
    path: `${n * 37 % COUNT}`,
    content: noise(250 * KIB, n),
  }));
  const as = { id: "folder", formatVersion: 1, load: () => 0, save: () => shuffled };
  await registry.save("set", 0, { as });
  const pages = (await listKeys(registry, "set")).length;
  const packs = (await keysOf(backend, "objects/")).length - pages;
  withoutWholeLists(registry);
  calls.take();
  const { ok, files } = await verifyRegistry(registry);
  assertEquals([ok, files, packs], [true, COUNT, 4]);
  const { get = 0 } = calls.counts;
  assert(get < 2 * pages + 4 * packs, `${get} gets, ${pages} pages`); // the list is read twice
});

Deno.test("bytes of a list in pages are repaired from a mirror, group by group", async () => {
  const its = await world();
  const copy = withSmallPages(await openRegistry(createMemoryBackend()), LIMITS);
  await mirrorRegistry(its.registry, copy);
  withoutWholeLists(copy);
  const key = await payloadKey(its);
  const before = (await (await its.backend.get(key))!.bytes()).slice();
  for (const at of [5, 60_000]) await damage(its.backend, key, at);
  const { repaired, problems } = await verifyRegistry(its.registry, { repairFrom: copy });
  assert(repaired !== undefined);
  assertEquals(problems.length, 0);
  assertEquals((await (await its.backend.get(key))!.bytes()).slice(), before);
  assertEquals(contextOf(its.registry, "compare").pageLimits, LIMITS);
});
