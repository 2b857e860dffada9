// Ranges of damaged files: right bytes or `Corrupt`, however they are read.
import { openFolder } from "../../create_registry.ts";
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHandler } from "../../../../apps/server.ts";
import { createLocalBackend } from "../../../../backends/local.ts";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import type { Artifact } from "../../../../core/artifact.ts";
import type { Backend } from "../../../../core/backend.ts";
import { concatBytes } from "../../../../core/bytes/bytes.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { isRegistryError } from "../../../../core/errors.ts";
import type { StoredRegistry } from "../../../../core/registry.ts";
import { openRegistry } from "../../../../mod.ts";
import { fileKey } from "../../../../registry/cache/entries.ts";
import { knownContext } from "../../../../registry/operations/context.ts";
import { createRandom } from "../../../simulate/random.ts";
import { kindsOfShare, seedRange } from "../../../support/seeds.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { noise } from "../../registries.ts";
import { type Flip, flip, saveRanged } from "./ranged_versions.ts";
import { MIB, storeOf } from "../shared_bytes.ts";

type Range = Flip["ranges"][number];
/** Returns the bytes of a range; undefined if they are refused as damaged. */
type Way = (range: Range) => Promise<Uint8Array | undefined>;

async function orDamaged(read: () => Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isRegistryError(error, "Corrupt")) return undefined;
    throw error;
  }
}

function byLibrary(
  open: (ref: string) => Promise<Artifact>,
  options: { windowBytes?: number } = {},
): Way {
  return ({ ref, path, offset, length }) =>
    orDamaged(async () => {
      const stream = (await open(ref)).file(path).stream({ offset, length }, options);
      return concatBytes(await Array.fromAsync(stream));
    });
}

function byService(handle: (request: Request) => Promise<Response>): Way {
  return async ({ ref, path, offset, length }) => {
    const [name, version] = ref.split("@");
    const url = `http://localhost/artifacts/${name}/versions/${version}/files/${path}`;
    const headers = { range: `bytes=${offset}-${offset + length - 1}` };
    const response = await handle(new Request(url, { headers }));
    if (response.status === 206) return await response.bytes().catch(() => undefined);
    assertEquals((await response.json()).code, "Corrupt");
  };
}

/** Opens versions before they are damaged, and keeps them open. */
function keeping(registry: StoredRegistry): (ref: string) => Promise<Artifact> {
  const open = new Map<string, Promise<Artifact>>();
  return (ref) => {
    const artifact = open.get(ref) ?? registry.open(ref);
    artifact.catch(() => open.delete(ref));
    open.set(ref, artifact);
    return artifact;
  };
}

async function play(registry: StoredRegistry): Promise<void> {
  const files = await saveRanged(registry);
  const handle = createHandler(registry);
  const cached = await openRegistry(registry.backend, {
    cache: { backend: createMemoryBackend() },
  });
  const ways: Record<string, Way> = {
    library: byLibrary((ref) => registry.open(ref)),
    "windows of 64 KiB": byLibrary((ref) => registry.open(ref), { windowBytes: 65_536 }),
    "open version": byLibrary(keeping(registry)),
    "open version, windows": byLibrary(keeping(registry), { windowBytes: 1_000_000 }),
    cache: byLibrary(keeping(cached)),
    service: byService((request) => handle(request)),
  };
  const { firstSeed, seeds } = seedRange(20);
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const { key, ranges, undo } = await flip(registry, files, createRandom(seed));
    for (const range of ranges) {
      const { ref, path, bytes, offset, length } = range;
      for (const [way, read] of Object.entries(ways)) {
        const given = await read(range);
        const right = bytes.subarray(offset, offset + length);
        const isRight = given === undefined || Buffer.compare(given, right) === 0;
        const what = `${path} of ${ref}, ${length} bytes at ${offset}`;
        assert(isRight, `seed ${seed}: ${way} gave wrong bytes of ${what}; ${key} is damaged`);
      }
    }
    await undo();
  }
  for (const file of files) {
    const range = { ...file, offset: 5, length: 70_000 };
    for (const [way, read] of Object.entries(ways)) {
      const given = await read(range);
      const isRight = given && Buffer.compare(given, file.bytes.subarray(5, 70_005)) === 0;
      assert(isRight, `${way} does not read ${file.path} of ${file.ref}, which is right again`);
    }
  }
  await handle.close();
  for (const opened of [cached, registry]) await opened[Symbol.asyncDispose]();
}

testInRoot("no range of a damaged file in a folder has wrong bytes", async (root) => {
  const registry = await openFolder(root.join("registry"), {
    cache: false,
    durability: "os",
  });
  await play(registry);
});

for (const kind of kindsOfShare("ranges", ["memory", "far"] as const)) {
  Deno.test(`no range of a damaged file has wrong bytes (${kind})`, async () => {
    await play(await openRegistry(storeOf(kind), { cache: false }));
  });
}

Deno.test("no range of a damaged file in the cache has wrong bytes", async () => {
  const cache = createMemoryBackend();
  const registry = await openRegistry(storeOf("far"), { cache: { backend: cache } });
  const files = (await saveRanged(registry)).filter(({ bytes }) => bytes.byteLength > 1_000);
  for (const { ref, path } of files) await (await registry.open(ref)).file(path).bytes();
  await knownContext(registry)!.cache!.close();
  for (const { ref, path, bytes } of files) {
    const key = fileKey(sha256(bytes));
    const right = (await (await cache.get(key))!.bytes()).slice();
    for (const at of [0, bytes.byteLength >> 1, bytes.byteLength - 1]) {
      const range = { ref, path, bytes, offset: Math.max(0, at - 30_000), length: 60_000 };
      const expected = bytes.slice(range.offset, range.offset + range.length);
      for (const windowBytes of [undefined, 65_536]) {
        const read = byLibrary(keeping(registry), { windowBytes });
        assertEquals(await read(range), expected);
        await cache.put(key, right.with(at, right[at]! ^ 1));
        const given = (await read(range))!;
        const isRight = Buffer.compare(given, expected) === 0;
        assert(isRight, `${path} of ${ref}, damaged at ${at}, in windows of ${windowBytes}`);
        await cache.put(key, right);
      }
    }
  }
  await registry[Symbol.asyncDispose]();
});

testInRoot("a range of 64 KiB of a large file in a folder reads few MiB", async (root) => {
  const inner = createLocalBackend({ path: root.join("registry"), durability: "os" });
  let read = 0;
  const backend: Backend = {
    ...inner,
    async get(key, options) {
      const object = await inner.get(key, options);
      if (key.startsWith("objects/")) read += options?.range?.length ?? object!.info.size;
      return object;
    },
  };
  const registry = await openRegistry(backend, { cache: false });
  const bytes = noise(40 * MIB);
  await registry.save("a", bytes);
  for (const windowBytes of [undefined, 65_536]) {
    const [file] = (await registry.open("a")).files();
    const range = file!.stream({ offset: 20 * MIB - 9, length: 65_536 }, { windowBytes });
    const given = concatBytes(await Array.fromAsync(range));
    assertEquals(given, bytes.slice(20 * MIB - 9, 20 * MIB + 65_527));
    assert(read < 3 * MIB, `it read ${read} bytes`);
    read = 0;
  }
  await registry[Symbol.asyncDispose]();
});
