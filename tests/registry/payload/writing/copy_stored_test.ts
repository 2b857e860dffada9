// Copies between registries in stores at one endpoint, on real servers: which bytes pass through the client, and what
// is copied if the store refuses.
import { assert, assertEquals, assertLess } from "@std/assert";
import { collectGarbage, copyVersion, verifyRegistry } from "../../../../apps/maintenance.ts";
import type { FileToSave } from "../../../../core/materializer.ts";
import type { Registry, StoredRegistry } from "../../../../core/registry.ts";
import { defineMaterializer } from "../../../../mod.ts";
import {
  type ServerWorld,
  type StoreOptions,
  testOnServers,
} from "../../../servers/server_world.ts";
import { REAL_SERVERS, S3_SERVERS } from "../../../support/servers/mod.ts";
import { createRegistry } from "../../create_registry.ts";
import { keysOf, noise } from "../../registries.ts";
import { rejected } from "../../rejected.ts";

const MIB = 2 ** 20;
/** Lists, records and replies. */
const LITTLE = MIB / 4;

async function open(
  world: ServerWorld,
  part: string,
  options: StoreOptions = {},
): Promise<StoredRegistry> {
  const backend = world.proxied({ prefix: `${world.prefix}-${part}`, ...options });
  return await createRegistry(backend, { cache: false });
}

/** Saves a folder of these files. */
async function save(registry: Registry, name: string, files: Record<string, Uint8Array>) {
  const produce = (): FileToSave[] =>
    Object.entries(files).map(([path, content]) => ({ path, content }));
  const as = defineMaterializer({ id: "test/files", save: produce, load: () => 0 });
  return await registry.save(name, undefined, { as });
}

async function filesOf(registry: Registry, ref: string): Promise<Record<string, Uint8Array>> {
  const files = (await registry.open(ref)).files();
  return Object.fromEntries(
    await Array.fromAsync(files, async (file) => [file.info.path, await file.bytes()]),
  );
}

async function moved(world: ServerWorld, action: () => Promise<unknown>): Promise<number> {
  const before = world.proxy.bytes;
  await action();
  return world.proxy.bytes - before;
}

function small(count: number, seed: number): Record<string, Uint8Array> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`small/${i}`, noise(50_000, seed + i)]),
  );
}

testOnServers("bytes of a copy do not pass through the client", REAL_SERVERS, async (world) => {
  const team = await open(world, "team"), own = await open(world, "own");
  const files = { "a.bin": noise(9 * MIB, 1), "b.bin": noise(MIB, 2), ...small(100, 3) };
  const saved = await save(team, "my:model", files);
  const progress: number[] = [];
  const bytes = await moved(world, async () => {
    const onProgress = ({ bytes }: { bytes: number }) => void progress.push(bytes);
    const copy = await copyVersion(team, "my:model", { to: own, as: "renamed", onProgress });
    assertEquals([copy.digest, copy.size], [saved.digest, saved.size]);
    assert(copy.addedBytes! >= saved.size);
  });
  assertLess(bytes, LITTLE);
  assertEquals(progress.at(-1), saved.size);
  assertEquals(await filesOf(own, "renamed"), files);
  assertEquals((await verifyRegistry(own, { deep: true })).ok, true);
  await team.delete("my:model", { allVersions: true, force: true });
  await collectGarbage(team, { now: true });
  await collectGarbage(own, { now: true });
  assertEquals(await filesOf(own, "renamed"), files);
});

testOnServers(
  "a copy takes versions that share bytes, and compressed files",
  REAL_SERVERS,
  async (world) => {
    const team = await open(world, "team"), own = await open(world, "own");
    const first = noise(12 * MIB, 1), second = first.slice();
    second.set(noise(1_000, 9), 5 * MIB);
    await save(team, "data", { "a.bin": first });
    await save(team, "data", { "a.bin": second });
    const text = "a line of a text\n".repeat(200_000);
    await team.save("text", text, { compress: "gzip" });
    const bytes = await moved(world, async () => {
      await copyVersion(team, "data@2", { to: own });
      await copyVersion(team, "text", { to: own });
    });
    assertLess(bytes, LITTLE);
    assertEquals(await filesOf(own, "data"), { "a.bin": second });
    assertEquals(await own.load("text"), text);
    assertEquals((await verifyRegistry(own, { deep: true })).ok, true);
    // The next version finds the equal bytes of the copy.
    await copyVersion(team, "data@1", { to: own });
    const third = second.slice();
    third.set(noise(1_000, 10), 2 * MIB);
    assertLess((await save(own, "data", { "a.bin": third })).addedBytes!, 2 * MIB);
    assertEquals(await filesOf(own, "data"), { "a.bin": third });
  },
);

testOnServers("a copy goes to another bucket", REAL_SERVERS, async (world) => {
  const there = { bucket: "another-bucket", createBucket: true };
  const team = await open(world, "team"), own = await open(world, "own", { s3: there, gcs: there });
  const files = { "a.bin": noise(9 * MIB, 1) };
  await save(team, "data", files);
  assertLess(await moved(world, () => copyVersion(team, "data", { to: own })), LITTLE);
  assertEquals(await filesOf(own, "data"), files);
});

testOnServers("files that the store does not copy are sent", REAL_SERVERS, async (world) => {
  const team = await open(world, "team"), own = await open(world, "own");
  const files = { "a.bin": noise(9 * MIB, 1), "b.bin": noise(MIB, 2), ...small(20, 3) };
  const { size } = await save(team, "data", files);
  world.proxy.plan(({ url, headers }) =>
    headers["x-amz-copy-source"] !== undefined || url.includes("/rewriteTo/")
      ? { fault: "answer", status: 403, headers: { "content-type": "application/xml" } }
      : undefined
  );
  const bytes = await moved(world, () => copyVersion(team, "data", { to: own }));
  assert(bytes > 2 * size, `${bytes}`);
  assertEquals(await filesOf(own, "data"), files);
});

testOnServers(
  "a small part of a pack is sent, and equal files are shared",
  REAL_SERVERS,
  async (world) => {
    const team = await open(world, "team"), own = await open(world, "own");
    const files = small(60, 1);
    await save(team, "data", files);
    await copyVersion(team, "data", { to: own });
    const changed = { ...files, "small/7": noise(50_000, 99) };
    await save(team, "data", changed);
    const copy = await copyVersion(team, "data", { to: own });
    assertLess(copy.addedBytes!, 200_000);
    assertEquals(await filesOf(own, "data"), changed);
  },
);

testOnServers(
  "a damaged object is not copied where the store has its digest",
  S3_SERVERS,
  async (world) => {
    const team = await open(world, "team"), own = await open(world, "own");
    await save(team, "data", { "a.bin": noise(9 * MIB, 1) });
    const [key] = (await keysOf(team.backend, "objects/")).filter((key) => key.endsWith("/0"));
    await team.backend.put(key, noise(9 * MIB, 2));
    await rejected("Corrupt", copyVersion(team, "data", { to: own }));
    assertEquals(await own.has("data"), false);
  },
);

testOnServers("a copy that is killed leaves what gc removes", REAL_SERVERS, async (world) => {
  const once = { retryForMs: 1 };
  const team = await open(world, "team", once), own = await open(world, "own", once);
  await save(team, "data", { "a.bin": noise(9 * MIB, 1) });
  let copied = false;
  world.proxy.plan(({ url, headers }) => {
    const copies = headers["x-amz-copy-source"] !== undefined || url.includes("/rewriteTo/");
    if (copied) return { fault: "refuse" }; // as from a client that is gone
    copied ||= copies;
  });
  await rejected("Unavailable", copyVersion(team, "data", { to: own }));
  world.proxy.plan();
  assertEquals((await keysOf(own.backend, "objects/")).length, 1);
  do await collectGarbage(own, { now: true }); // times of a store may be whole seconds
   while ((await keysOf(own.backend, "objects/")).length > 0);
  await copyVersion(team, "data", { to: own });
  assertEquals((await verifyRegistry(own, { deep: true })).ok, true);
});
