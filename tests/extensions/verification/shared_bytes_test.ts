import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { VersionRecord } from "../../../core/record.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { openRegistry } from "../../../mod.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { createRandom } from "../../simulate/random.ts";
import { fileSet } from "../../registry/protocol_world.ts";
import { keysOf, noise } from "../../registry/registries.ts";
import { kindsOfShare, partOfRun } from "../../support/seeds.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const AS = { as: fileSet };
const VERSIONS = 10;

interface World {
  registry: StoredRegistry;
  backend: Backend;
  /** Verifies everything. Returns the refs with problems, and the bytes of payload that it read. */
  verify(): Promise<{ problems: string[]; read: number }>;
}

/** Runs a test on a store that is read like a disk, and on one that is read like a bucket: in CI on each every other day. */
function testStores(sentence: string, play: (world: World) => Promise<void>): void {
  for (const kind of kindsOfShare(sentence, ["memory", "far"])) {
    Deno.test(`${sentence} (${kind})`, async () => {
      const inner = createMemoryBackend();
      let read = 0;
      const get: Backend["get"] = async (key, options) => {
        const object = await inner.get(key, options);
        if (object && key.startsWith("objects/")) {
          const { offset = 0, length = Infinity } = options?.range ?? {};
          read += Math.min(length, object.info.size - offset);
        }
        return object;
      };
      const backend = { ...inner, kind, get };
      const registry = await openRegistry(backend, { cache: false });
      const verify = async () => {
        read = 0;
        const { problems } = await verifyRegistry(registry);
        return { problems: problems.map(({ ref }) => ref).sort(), read };
      };
      await play({ registry, backend, verify });
    });
  }
}

/** Saves versions that each replace 2 % of a file. */
async function saveChain(registry: StoredRegistry, size = 4 * MIB): Promise<void> {
  const value = noise(size);
  const changed = Math.round(size * 0.02);
  for (let version = 0; version < VERSIONS; version++) {
    if (version > 0) value.set(noise(changed, version), version * Math.round(size / VERSIONS));
    await registry.save("a", value);
  }
}

testStores("verifyRegistry() reads what versions share once", async (world) => {
  const { registry, backend, verify } = world;
  await saveChain(registry);
  const { problems, read } = await verify();
  assertEquals(problems, []);
  let stored = 0;
  for await (const entry of backend.list("objects/")) if ("size" in entry) stored += entry.size;
  // On a disk, the first version has no list of chunks: it is read whole, too.
  const whole = backend.kind === "memory" ? 4 * MIB : 0;
  // A read passes over what a version replaced, and an older version reads that again.
  assert(read < stored + whole + 1.25 * MIB, `${read} bytes of ${stored}`);
});

testStores("verifyRegistry() reads unchanged files once", async ({ registry, verify }) => {
  const files = { "small.bin": noise(20 * KIB, 1), "b.bin": noise(50 * KIB, 2), l: noise(MIB, 3) };
  for (let version = 1; version <= VERSIONS; version++) {
    await registry.save("a", { ...files, "new.bin": noise(80 * KIB, version) }, AS);
  }
  const { problems, read } = await verify();
  assertEquals(problems, []);
  assert(read < 2.5 * MIB, `${read} bytes`);
});

testStores("verifyRegistry() finds damage in bytes of any version", async (world) => {
  const { registry, backend, verify } = world;
  await saveChain(registry, 400 * KIB);
  const objects = await keysOf(backend, "objects/");
  const found = new Set<string>();
  for (const key of objects) {
    const right = await (await backend.get(key))!.bytes();
    for (const at of partOfRun([0, 0.3, 0.55, 0.8, 1], 2)) {
      const wrong = right.slice();
      wrong[Math.floor((right.byteLength - 1) * at)]! ^= 1;
      await backend.put(key, wrong);
      const { problems } = await verify();
      assertEquals(problems, await damagedVersions(world, key), `${key} at ${at}`);
      problems.forEach((ref) => found.add(ref));
    }
    await backend.put(key, right);
  }
  assertEquals(found.size, VERSIONS);
  assertEquals((await verify()).problems, []);
});

testStores("verifyRegistry() names each version without its object", async (world) => {
  const { registry, backend, verify } = world;
  await saveChain(registry, 400 * KIB);
  for (const key of await keysOf(backend, "objects/")) {
    const right = await (await backend.get(key))!.bytes();
    await backend.delete(key);
    assertEquals((await verify()).problems, await damagedVersions(world, key), key);
    await backend.put(key, right);
  }
});

/** Returns the versions that cannot be loaded, or whose list of chunks is in an object. */
async function damagedVersions({ registry, backend }: World, object: string): Promise<string[]> {
  const refs: string[] = [];
  for (const key of await keysOf(backend, "names/a/versions/")) {
    const { record } = decodeRecord(await (await backend.get(key))!.bytes(), key);
    const { version, commit, files: [file] } = record as VersionRecord;
    const list = `objects/a/${key.split("/")[4]}/${commit}/${file!.chunks?.object}`;
    const isRead = await registry.load(`a@${version}`).then(() => true, () => false);
    if (!isRead || list === object) refs.push(`a@${version}`);
  }
  return refs.sort();
}

testStores(
  "verifyRegistry() finds a list of other chunks",
  async ({ registry, backend, verify }) => {
    await saveChain(registry, 400 * KIB);
    const [, key] = await keysOf(backend, "names/a/versions/"); // the first one is the newest
    const { record } = decodeRecord(await (await backend.get(key!))!.bytes(), key!);
    const { commit, files: [file] } = record as VersionRecord;
    const chunks = file!.chunks!;
    const list = `objects/a/${key!.split("/")[4]}/${commit}/${chunks.object}`;
    const right = await (await backend.get(list))!.bytes();
    for (const entry of [0, (chunks.size - 4) / 36 - 1]) {
      const wrong = right.slice();
      wrong[4 + entry * 36 + 20]! ^= 1; // of its digest
      await backend.put(list, wrong);
      chunks.sha256 = sha256(wrong);
      await backend.put(key!, encodeRecord(record));
      assertEquals((await verify()).problems, [`a@${(record as VersionRecord).version}`]);
    }
  },
);

testStores("verifyRegistry() finds parts that are in another place", async (world) => {
  const { registry, backend, verify } = world;
  await saveChain(registry, 400 * KIB);
  const random = createRandom(42);
  const keys = await keysOf(backend, "names/a/versions/");
  let found = 0;
  for (let n = 0; n < 60; n++) {
    const key = random.pick(keys);
    const right = await (await backend.get(key))!.bytes();
    const { record } = decodeRecord(right, key);
    const { files: [file] } = record as VersionRecord;
    const { parts = [] } = file!;
    const one = random.pick(parts), other = random.pick(parts);
    const by = random.pick([-1, 1, 16, 4 * KIB]);
    if (random.chance(0.3)) one.offset = Math.max((one.offset ?? 0) + by, 0);
    else if (random.chance(0.5)) [one.object, other.object] = [other.object, one.object];
    else parts.reverse();
    await backend.put(key, encodeRecord(record));
    const { problems } = await verify();
    assertEquals(problems, await damagedVersions(world, ""), `${n}: ${key}`);
    found += problems.length;
    await backend.put(key, right);
  }
  assert(found > 10, `${found} were damaged`);
});
