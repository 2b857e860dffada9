import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { SaveOptions, StoredRegistry } from "../../../core/registry.ts";
import { openRegistry } from "../../../mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { createBatch } from "../../../workers/mod.ts";
import { fileSet } from "../protocol_world.ts";
import { noise } from "../registries.ts";
import { rowsOfRun, slowTest } from "../../support/seeds.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const AS: SaveOptions = { as: fileSet };

function changed(bytes: Uint8Array, seed = 7): Uint8Array {
  const copy = bytes.slice();
  copy.set(noise(1000, seed), copy.byteLength >> 1);
  return copy;
}

const FIRST = noise(MIB), OTHER = noise(MIB, 3);

interface Case {
  before: Record<string, Uint8Array>;
  after: Record<string, Uint8Array>;
  /** True if the changed file shares its bytes. */
  shares: boolean;
}

const CASES: Record<string, Case> = {
  "the only file has another name": {
    before: { "trips-05.csv": FIRST },
    after: { "trips-06.csv": changed(FIRST) },
    shares: true,
  },
  "the only file has another name, beside a new one": {
    before: { "trips-05.csv": FIRST },
    after: { "a.txt": noise(300 * KIB, 9), "trips-06.csv": changed(FIRST) },
    shares: true,
  },
  "a file is in another folder": {
    before: { "raw/trips.csv": FIRST, "raw/other.csv": OTHER },
    after: { "data/raw/other.csv": OTHER, "data/raw/trips.csv": changed(FIRST) },
    shares: true,
  },
  "a file leaves its folder": {
    before: { "raw/trips.csv": FIRST, "other.csv": OTHER },
    after: { "other.csv": OTHER, "trips.csv": changed(FIRST) },
    shares: true,
  },
  "two files may be the old one": {
    before: { "1/part.csv": OTHER, "2/part.csv": FIRST },
    after: { "3/part.csv": changed(FIRST) },
    shares: false,
  },
  "one of many has another name": {
    before: { "a.csv": FIRST, "b.csv": OTHER },
    after: { "b.csv": OTHER, "c.csv": changed(FIRST) },
    shares: false,
  },
};

type Save = (registry: StoredRegistry, files: Record<string, Uint8Array>) => Promise<unknown>;

const SAVES: Record<string, Save> = {
  save: (registry, files) => registry.save("a", files, AS),
  async batch(registry, files) {
    const batch = createBatch(registry);
    await batch.save({ name: "a", value: files, ...AS });
    await batch[Symbol.asyncDispose]();
  },
};

for (const [sentence, { before, after, shares }] of Object.entries(CASES)) {
  for (const [how, save] of Object.entries(SAVES)) {
    for (const kind of rowsOfRun(["far", "memory"])) {
      Deno.test(`${sentence}: ${shares ? "shared" : "whole"} (${how}, ${kind})`, async () => {
        const store = { ...createMemoryBackend(), kind };
        const registry = await openRegistry(store, { cache: false });
        await registry.save("a", before, AS);
        await save(registry, after);
        const { files } = (await registry.open("a")).info;
        assertEquals(files.map(({ path }) => path).sort(), Object.keys(after).sort());
        assertEquals(await registry.load("a", { as: fileSet }), after);
        const stored = await bytesOf(store);
        const all = [before, after].flatMap((files) => Object.values(files));
        const distinct = new Set(all).values().reduce((sum, file) => sum + file.byteLength, 0);
        assertEquals(stored < distinct - 900 * KIB, shares, `${stored} of ${distinct}`);
        assert((await verifyRegistry(registry)).ok);
      });
    }
  }
}

async function bytesOf(store: ReturnType<typeof createMemoryBackend>): Promise<number> {
  let bytes = 0;
  for await (const entry of store.list("objects/")) bytes += "size" in entry ? entry.size : 0;
  return bytes;
}

slowTest("new files beside the only old one read it once at most", async () => {
  const store = createMemoryBackend();
  let read = 0;
  const get: typeof store.get = async (key, options) => {
    const object = await store.get(key, options);
    if (object && key.startsWith("objects/")) read += options?.range?.length ?? object.info.size;
    return object;
  };
  const registry = await openRegistry({ ...store, get }, { cache: false });
  const files = (count: number, size: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, n) => [`new-${n}.bin`, noise(size, n + 2)]),
    );
  await registry.save("a", { "old.bin": noise(2 * MIB) }, AS);
  await registry.save("a", files(20, 300 * KIB), { ...AS, base: "a@1" });
  assertEquals(read, 0); // they are too small to be the old one
  await registry.save("a", files(20, 2 * MIB), { ...AS, base: "a@1" });
  assertEquals(read, 2 * MIB);
});
