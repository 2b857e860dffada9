import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import { createMemoryBackend, openRegistry, type Registry } from "../../../mod.ts";
import { createBatch } from "../../../workers/mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { presignDownload } from "../../../extensions/transfers/mod.ts";
import { runsOf } from "../../../registry/cell/part_runs.ts";
import { planReads } from "../../../registry/payload/read_ranges.ts";
import { rejected } from "../rejected.ts";
import { keysOf, noise, testOnEach } from "../registries.ts";
import { withHooks } from "../with_hooks.ts";
import { createPresigningStore } from "../../extensions/transfers/presigning_store.ts";
import { saveInRuns } from "./file_in_runs.ts";

const BASE = noise(3_000_000);

async function read(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Returns the keys of payload, without lists of chunks. */
async function objectsOf(backend: Backend): Promise<string[]> {
  return (await keysOf(backend, "objects/a/")).filter((key) => !key.endsWith("/9"));
}

/** A store that notes the gets of payload. */
function watched(change?: (bytes: Uint8Array, key: string) => Uint8Array) {
  const inner = createMemoryBackend();
  const gets: { key: string; size: number }[] = [];
  const backend: Backend = withHooks(inner, {});
  backend.get = async (key, options) => {
    options?.signal?.throwIfAborted();
    const object = await inner.get(key, options);
    if (object === undefined || !key.startsWith("objects/")) return object;
    const whole = await object.bytes();
    const bytes = change?.(whole, key) ?? whole;
    gets.push({ key, size: bytes.byteLength });
    const body = () => new Blob([bytes as BlobPart]).stream();
    return {
      info: object.info,
      get body() {
        return body();
      },
      bytes: () => Promise.resolve(bytes),
    };
  };
  return { backend, inner, gets };
}

/** Saves a chain of versions, each with changes in runs. Returns the last content. */
async function saveChain(
  world: { registry: Registry; backend: Backend },
  versions: number,
  runs = 20,
): Promise<Uint8Array> {
  await world.registry.save("a", BASE);
  let value: Uint8Array = BASE;
  for (let i = 1; i < versions; i++) value = await saveInRuns(world, "a", { runs, seed: 10 + i });
  return value;
}

testOnEach("a file in many runs reads like a whole one", async (world) => {
  const { registry, backend, root } = world;
  const value = await saveChain(world, 4);
  assertEquals(await registry.load("a"), value);
  const file = (await registry.open("a")).files()[0]!;
  assertEquals(await read(file.stream()), value);
  assertEquals(await read(file.stream({ offset: 1_234_567 })), value.slice(1_234_567));
  assertEquals(await read(file.stream(undefined, { windowBytes: 16_384 })), value);
  for (const [offset, length] of [[0, 1], [50_000, 60_000], [2_999_999, 9], [149_000, 300_000]]) {
    const wanted = value.slice(offset, offset! + length!);
    assertEquals(await read(file.stream({ offset: offset!, length })), wanted);
    const windows = file.stream({ offset: offset!, length }, { windowBytes: 10_000 });
    assertEquals(await read(windows), wanted);
  }
  await registry.download("a", { to: root.join("a.bin") });
  assertEquals(await Deno.readFile(root.join("a.bin")), value);
  assertEquals((await verifyRegistry(registry)).ok, true);
  await registry.delete("a@1");
  await collectGarbage(registry);
  assertEquals(await registry.load("a"), value);
  const chunk = (await file.stream().getReader().read()).value!;
  chunk.fill(0); // a reader owns what it receives
  assertEquals(await registry.load("a"), value);
  assertEquals((await objectsOf(backend)).length, 4);
});

Deno.test("batches read files in many runs, on this thread and on others", async () => {
  const root = await Deno.makeTempDir();
  try {
    const { createLocalBackend } = await import("../../../backends/local.ts");
    const backend = createLocalBackend({ path: `${root}/registry`, durability: "os" });
    const registry = await openRegistry(backend);
    const value = await saveChain({ registry, backend }, 3);
    for (const offload of ["auto", "always"] as const) {
      const batch = await createBatch(registry, { concurrency: 2, offload });
      const { results } = await batch.loadMany(["a", "a@1"]);
      await batch[Symbol.asyncDispose]();
      assertEquals(results.map((one) => one.ok && one.value), [value, BASE]);
    }
    await registry[Symbol.asyncDispose]();
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("runs of one object share requests, for whole files and for ranges", async () => {
  const { backend, inner, gets } = watched();
  const registry = await openRegistry(backend);
  const value = await saveChain({ registry, backend: inner }, 3, 50);
  const file = (await registry.open("a")).files()[0]!;
  gets.length = 0;
  assertEquals(await file.bytes(), value);
  assertEquals(gets.length, 3);
  gets.length = 0;
  assertEquals(
    await read(file.stream({ offset: 600_000, length: 900_000 })),
    value.slice(600_000, 1_500_000),
  );
  assertEquals(gets.length, 4, "the list of chunks, and three objects");
  assert(gets.reduce((sum, { size }) => sum + size, 0) < 1_200_000);
  gets.length = 0;
  assertEquals(await read(file.stream(undefined, { windowBytes: 30_000 })), value);
  assert(Math.max(...gets.map(({ size }) => size)) <= 30_000, "a window is read at once");
});

Deno.test("damage of a run is found, and the missing object is named", async () => {
  let damage = (bytes: Uint8Array, _: string) => bytes;
  const { backend, inner } = watched((bytes, key) => damage(bytes, key));
  const registry = await openRegistry(backend);
  await saveChain({ registry, backend: inner }, 3);
  const keys = await objectsOf(inner);
  const reads = () => {
    return [
      async () => await registry.load("a"),
      async () => await read((await registry.open("a")).files()[0]!.stream()),
    ];
  };
  for (const key of keys) {
    damage = (bytes, at) => at === key ? bytes.map((byte, i) => i === 50 ? byte ^ 1 : byte) : bytes;
    for (const again of reads()) await rejected("Corrupt", again());
    damage = (bytes, at) => at === key ? bytes.subarray(0, bytes.byteLength - 1) : bytes;
    for (const again of reads()) assertEquals((await rejected("Corrupt", again())).key, key);
  }
  damage = (bytes) => bytes;
  await inner.delete(keys[0]!);
  for (const again of reads()) assertEquals((await rejected("Corrupt", again())).key, keys[0]);
});

Deno.test("an aborted read of a file in runs ends, and so do its requests", async () => {
  const { backend, inner } = watched();
  const value = await saveChain({ registry: await openRegistry(inner), backend: inner }, 2);
  let pending = 0;
  const get = backend.get;
  const waits = Promise.withResolvers<void>();
  backend.get = async (key, options) => {
    if (!key.startsWith("objects/")) return await get(key, options);
    pending++;
    waits.resolve();
    await new Promise((_, reject) =>
      options!.signal!.addEventListener("abort", () => reject(options!.signal?.reason))
    ).finally(() => pending--);
  };
  const registry = await openRegistry(backend);
  const stop = new AbortController();
  const file = (await registry.open("a", { signal: stop.signal })).files()[0]!;
  const reading = file.bytes();
  await waits.promise;
  stop.abort(new Error("enough"));
  const error = await reading.catch((error) => error);
  assertEquals(error.message, "enough");
  assertEquals(pending, 0);
  assertEquals(value.byteLength, BASE.byteLength);
});

Deno.test("a file in several objects has no URL, and the error says how it gets one", async () => {
  const { backend } = createPresigningStore();
  const registry = await openRegistry(backend);
  await saveChain({ registry, backend }, 2);
  const error = await rejected("Unsupported", presignDownload(registry, "a"));
  assertStringIncludes(error.message, "stored in several objects");
  assertStringIncludes(error.hint!, 'share: "none"');
  assertEquals(error.reason?.kind, "several_objects");
  await registry.save("a", await registry.load("a"), { share: "none" });
  assertEquals((await presignDownload(registry, "a")).file.size, BASE.byteLength);
});

Deno.test("planned reads cover every range, each object in order and within its limit", () => {
  const parts = Array.from({ length: 400 }, (_, i) => ({
    object: i % 3,
    offset: Math.floor(i / 3) * 40_000 + (i % 3 === 2 ? 5_000_000 - i * 12_000 : 0),
    size: 10_000 + i,
  }));
  const runs = runsOf(parts);
  const total = parts.reduce((sum, { size }) => sum + size, 0);
  const ranges = [{ from: 5, to: 100_000 }, { from: 100_001, to: 100_002 }, {
    from: 900_000,
    to: total,
  }];
  const { reads, slices } = planReads(runs, ranges, { heldBytes: 300_000, mostBytes: 200_000 });
  const size = slices.reduce((sum, slice) => sum + slice.size, 0);
  assertEquals(size, ranges.reduce((sum, { from, to }) => sum + to - from, 0));
  assert(reads.every((one) => one.size <= 100_000));
  let places = ranges.flatMap(({ from, to }) => [{ at: from, to }]), first = -1;
  for (const slice of slices) {
    const [{ at, to }] = places as [{ at: number; to: number }];
    const run = runs.findLast(({ start }) => start <= at)!;
    const one = reads[slice.read]!;
    assertEquals(one.part.object, run.parts[0].object);
    assertEquals(one.offset + slice.offset, (run.offset ?? 0) + at - run.start);
    assert(slice.offset + slice.size <= one.size);
    assert(slice.read <= first + 1, "reads are in the order of their first use");
    first = Math.max(first, slice.read);
    places = at + slice.size === to
      ? places.slice(1)
      : [{ at: at + slice.size, to }, ...places.slice(1)];
  }
  assertEquals(slices.filter(({ last }) => last).length, reads.length);
});
