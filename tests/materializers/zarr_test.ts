import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { createMemoryBackend } from "../../backends/memory.ts";
import type { Backend } from "../../core/backend.ts";
import type { NDArray } from "../../formats/arrays/ndarray.ts";
import { createMemoryFiles } from "../../files/memory.ts";
import { createZarrArray, type ZarrArray, zarrStore } from "../../formats/zarr.ts";
import { zarr } from "../../materializers/zarr.ts";
import { defineArtifact, openRegistry } from "../../mod.ts";
import { fails } from "./fake_artifact.ts";

/** A backend that counts the bytes read from it. */
function counted(inner: Backend): { backend: Backend; read: () => number } {
  let bytes = 0;
  const get: Backend["get"] = async (key, options) => {
    const found = await inner.get(key, options);
    if (found === undefined) return undefined;
    const { info } = found;
    const { offset = 0, length = Infinity } = options?.range ?? {};
    bytes += Math.max(0, Math.min(length, info.size - offset));
    return found;
  };
  return { backend: { ...inner, get, getFirst: undefined }, read: () => bytes };
}

/** 20 incompressible planes of 512 KiB: too large to share an object or to be checked as a whole. */
function stack(): NDArray<"uint16"> {
  let state = 1;
  const next = () => (state = Math.imul(state, 48271) >>> 0) >> 8;
  const data = new Uint16Array(20 * 512 * 512);
  for (let i = 0; i < data.length; i++) data[i] = next();
  return { data, shape: [20, 512, 512], dtype: "uint16" };
}

for (const [name, options] of [["chunks", {}], ["shards", { shards: [20, 512, 512] }]] as const) {
  Deno.test(`of a version in zarr with ${name} one plane is read, and not the rest`, async () => {
    const { backend, read } = counted(createMemoryBackend());
    const registry = await openRegistry(backend, { cache: false });
    const array = stack();
    const plane = 512 * 512;
    const materializer = zarr({ chunks: [1, 512, 512], codec: "none", ...options });
    const artifact = defineArtifact("stack", materializer);
    await registry.save(artifact, array);
    const before = read();
    const handle = await registry.load(artifact);
    assertEquals(handle.shape, [20, 512, 512]);
    const found = await handle.read([15]);
    assertEquals([found.shape, found.dtype], [[512, 512], "uint16"]);
    const expected = array.data.slice(15 * plane, 16 * plane);
    assert(Buffer.from(found.data.buffer).equals(Buffer.from(expected.buffer)));
    // The plane, and what says where it lies. A part of a shard comes with the rest of its chunks.
    const most = 2 * plane + (name === "shards" ? 1024 : 32) * 1024;
    assert(read() - before < most, `${read() - before} bytes were read for ${2 * plane}`);
    await fails("Unsupported", () => handle.write(array));
  });
}

Deno.test("an array that is stored elsewhere is saved as it is stored, and a loaded one again", async () => {
  const registry = await openRegistry(createMemoryBackend());
  const stored = await createZarrArray(zarrStore(createMemoryFiles()), "a/b", {
    shape: [5, 3],
    chunks: [2, 2],
    dtype: "int8",
    version: 2,
    attributes: { unit: "µm" },
  });
  const data = Int8Array.from({ length: 15 }, (_, i) => i);
  const values = { data, shape: [5, 3], dtype: "int8" } as const;
  await stored.write(values);
  const first = await registry.load(await saved("first", stored as ZarrArray));
  const second = await registry.load(await saved("second", first));
  assertEquals([second.version, second.attributes], [2, { unit: "µm" }]);
  assertEquals(await second.read(), values);

  async function saved(name: string, value: ZarrArray) {
    const artifact = defineArtifact(name, zarr());
    await registry.save(artifact, value);
    return artifact;
  }
});

Deno.test("a single number, an empty array and one of many chunks come back from zarr as they were", async () => {
  const registry = await openRegistry(createMemoryBackend());
  const codec = { name: "gzip", level: 1 } as const;
  const artifact = defineArtifact("a", zarr({ chunks: undefined, codec }));
  const arrays: NDArray[] = [
    { data: Float64Array.of(NaN), shape: [], dtype: "float64" },
    { data: new Float64Array(), shape: [0, 4], dtype: "float64" },
    { data: Float64Array.from({ length: 35 }, (_, i) => i), shape: [5, 7], dtype: "float64" },
  ];
  for (const array of arrays) {
    await registry.save(artifact, array);
    assertEquals(await (await registry.load(artifact)).read(), array);
  }
});
