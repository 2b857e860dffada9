import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { isRegistryError } from "../../../core/errors.ts";
import { createMemoryFiles } from "../../../files/memory.ts";
import { createImagePyramid, type OmeVersion, openMultiscale } from "../../../files/ome.ts";
import { blocksOf, growBlock } from "../../../files/ome/levels.ts";
import { halve } from "../../../files/ome/halve.ts";
import { createZarrArray, createZarrGroup, openZarrArray } from "../../../formats/zarr.ts";
import { openZarrGroup, zarrStore } from "../../../formats/zarr.ts";
import { imageOf, refused, watchedStore } from "./stores.ts";
import { casesOfRun } from "../../support/seeds.ts";

const VERSIONS: OmeVersion[] = ["0.4", "0.5"];

Deno.test("an image is read as it was written, each level half of the one before", async () => {
  for (const version of VERSIONS) {
    for (const downsampling of ["mean", "nearest"] as const) {
      const store = zarrStore(createMemoryFiles());
      const image = imageOf([2, 3, 37, 50]);
      const micrometers = { name: "y", type: "space", unit: "micrometer" };
      const scale = [3, 1, 0.5, 0.25];
      const layout = {
        axes: ["t", "c", micrometers, "x"],
        scale,
        version,
        downsampling,
        levels: 3,
      };
      await createImagePyramid(store, "a/b.zarr", { image, ...layout });
      const opened = await openMultiscale(store, "a/b.zarr");
      assertEquals([opened.version, opened.name], [version, "b.zarr"]);
      assertEquals([opened.downsampling, opened.axes[2]], [downsampling, micrometers]);
      let expected = image;
      for (const { array } of opened.levels) {
        assertEquals(await array.read(), expected);
        expected = halve(expected, downsampling);
      }
      assertEquals(opened.levels.map(({ scale }) => scale), [scale, [3, 1, 1, 0.5], [3, 1, 2, 1]]);
      const shift = downsampling === "mean" ? [0, 0, 0.75, 0.375] : [0, 0, 0, 0];
      assertEquals(opened.levels[2].translation, shift);
      assertEquals((await openZarrGroup(store, "a/b.zarr")).version, version === "0.4" ? 2 : 3);
    }
  }
});

Deno.test("an image is written from an array in a store", async () => {
  const store = watchedStore();
  const image = imageOf([3, 40, 40]);
  const options = { shape: image.shape, dtype: "uint16", chunks: [1, 40, 40] } as const;
  const source = await createZarrArray(store, "raw", options);
  await source.write(image);
  await createImagePyramid(store, "a", { image: source, axes: "zyx", levels: 2 });
  const { levels } = await openMultiscale(store, "a");
  assertEquals(await levels[0].array.read(), image);
  assertEquals(await levels[1].array.read(), halve(image, "mean"));
});

Deno.test("by default no side of the last level is longer than 512", async () => {
  const store = zarrStore(createMemoryFiles());
  const shapes = async (side: number) => {
    const image = { data: new Uint8Array(side * 4), shape: [side, 4], dtype: "uint8" } as const;
    const { levels } = await createImagePyramid(store, `a${side}`, { image, axes: "yx" });
    return levels.map(({ array }) => array.shape);
  };
  assertEquals(await shapes(512), [[512, 4]]);
  assertEquals(await shapes(1026), [[1026, 4], [513, 2], [257, 1]]);
});

Deno.test("reading a plane reads only its chunk", async () => {
  for (const version of VERSIONS) {
    const store = watchedStore();
    const image = imageOf([3, 4, 32, 32]);
    await createImagePyramid(store, "a", { image, axes: "czyx", version, codec: "none" });
    const opened = await openMultiscale(store, "a");
    store.reads.length = store.bytesRead = 0;
    const plane = await opened.readPlane({ z: 2, c: 1 });
    const data = image.data.slice(6 * 1024, 7 * 1024);
    assertEquals(plane, { data, shape: [32, 32], dtype: "uint16" });
    const key = version === "0.4" ? "a/0/1/2/0/0" : "a/0/c/0/0/0/0";
    assertEquals(new Set(store.reads), new Set([key]));
    assert(store.bytesRead < 2048 + 12 * 16 + 8, `${store.bytesRead} bytes were read`);
  }
});

Deno.test("an index out of range is Invalid; axes of length one are optional", async () => {
  const store = zarrStore(createMemoryFiles());
  const options = { image: imageOf([1, 2, 4, 4]), axes: "tcyx" };
  const image = await createImagePyramid(store, "a", options);
  assertEquals((await image.readPlane({ c: 1 })).shape, [4, 4]);
  const wrong = [{}, { t: 0 }, { c: 2 }, { c: -1 }, { c: 0.5 }, { c: 0, z: 0 }, { c: 0, y: 1 }];
  for (const at of [...wrong, { c: NaN }]) {
    await refused("Invalid", image.readPlane(at as Record<string, number>));
  }
  await refused("Invalid", image.readPlane({ c: 0 }, { level: 1 }));
});

Deno.test("metadata is written last", async () => {
  const store = watchedStore();
  await createImagePyramid(store, "a", { image: imageOf([4, 4]), axes: "yx", levels: 2 });
  assertEquals(store.writes.indexOf("a/zarr.json"), store.writes.length - 1);
});

Deno.test("an invalid image is refused before anything is written", async () => {
  const store = watchedStore();
  const image = imageOf([2, 4, 4]);
  const write = (options: Partial<Parameters<typeof createImagePyramid>[2]>) =>
    createImagePyramid(store, "a", { image, axes: "cyx", ...options });
  const complex = { data: new Float32Array(64), shape: [2, 4, 4], dtype: "complex64" } as const;
  const wrong: Parameters<typeof write>[0][] = [
    ...[{ axes: "tcyx" }, { axes: "yxc" }, { axes: "yx" }, { scale: [1, 1] }, { levels: 0 }],
    ...[{ translation: [0, NaN, 0] }, { channels: ["one"] }, { image: imageOf([2, 0, 4]) }],
  ];
  for (const options of wrong) await refused("Invalid", write(options));
  await refused("Unsupported", write({ image: complex, levels: 2 }));
  assertEquals(store.writes, []);
  await createZarrGroup(store, "a");
  await refused("AlreadyExists", write({}));
  assertEquals(store.writes, ["a/zarr.json"]);
  await store.remove!("a/zarr.json");
  await write({});
  await refused("AlreadyExists", write({}));
});

Deno.test("levels that do not fit together are Corrupt", async () => {
  const wrong = [[[2, 2, 2], "uint8"], [[2, 2], "uint16"], [[5, 2], "uint8"]] as const;
  for (const [shape, dtype] of wrong) {
    const store = zarrStore(createMemoryFiles());
    const image = { data: new Uint8Array(16), shape: [4, 4], dtype: "uint8" } as const;
    await createImagePyramid(store, "a", { image, axes: "yx", levels: 2 });
    await store.remove!("a/1/zarr.json");
    await createZarrArray(store, "a/1", { shape: [...shape], dtype, chunks: shape.map(() => 1) });
    await refused("Corrupt", openMultiscale(store, "a"));
  }
});

Deno.test("a plane of a forged size is refused before memory is allocated", async () => {
  const store = zarrStore(createMemoryFiles());
  await createImagePyramid(store, "a", { image: imageOf([2, 4, 4]), axes: "cyx", shards: null });
  const text = new TextDecoder().decode(await store.get("a/0/zarr.json"));
  const huge = text.replace(/"shape": \[[^\]]*\]/, '"shape": [2, 4000000000, 4000000000]');
  await store.set!("a/0/zarr.json", new TextEncoder().encode(huge));
  await refused("Unsupported", (await openMultiscale(store, "a")).readPlane({ c: 0 }));
});

Deno.test("an image with damaged documents is read or refused", async () => {
  const files = createMemoryFiles();
  const store = zarrStore(files);
  const image = imageOf([2, 4, 4]);
  await createImagePyramid(store, "a", { image, axes: "cyx", levels: 2, channels: ["a", "b"] });
  const whole = new Map<string, Uint8Array>();
  for (const key of ["a/zarr.json", "a/0/zarr.json", "a/1/zarr.json"]) {
    whole.set(key, (await store.get(key))!);
  }
  const damage = fc.record({
    key: fc.constantFrom(...whole.keys()),
    at: fc.nat(),
    byte: fc.integer({ min: 0, max: 255 }),
    cut: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(damage, async ({ key, at, byte, cut }) => {
      const bytes = whole.get(key)!.slice();
      bytes[at % bytes.length] = byte;
      await store.set!(key, cut ? bytes.subarray(0, at % bytes.length) : bytes);
      try {
        const image = await openMultiscale(store, "a");
        await image.readPlane({ c: 1 });
      } catch (error) {
        assert(isRegistryError(error), String(error));
      } finally {
        await store.set!(key, whole.get(key)!);
      }
    }),
    { numRuns: casesOfRun(400) },
  );
});

Deno.test("chunks are in shards of up to 16 MiB by default, except in 0.4", async () => {
  const store = zarrStore(createMemoryFiles());
  const image = imageOf([3, 2, 4, 4]);
  const cuts = async (name: string, options: Partial<Parameters<typeof createImagePyramid>[2]>) => {
    const all = { image, axes: "tcyx", ...options };
    const { chunks, shards } = (await createImagePyramid(store, name, all)).levels[0].array;
    return { chunks, shards };
  };
  const chunks = [1, 1, 4, 4];
  assertEquals(await cuts("a", {}), { chunks, shards: [3, 2, 4, 4] });
  assertEquals(await cuts("b", { shards: null }), { chunks, shards: undefined });
  assertEquals(await cuts("c", { version: "0.4" }), { chunks, shards: undefined });
  const own = { chunks: [1, 1, 2, 2], shards: [1, 2, 4, 2] };
  assertEquals(await cuts("d", own), own);
  const data = new Uint8Array(3 * 2 ** 23);
  const large = { data, shape: [3, 4096, 2048], dtype: "uint8" } as const;
  const big = await cuts("e", { image: large, axes: "zyx", levels: 1 });
  assertEquals(big, { chunks: [1, 1024, 2048], shards: [2, 4096, 2048] });
});

Deno.test("blocks are whole units, cover an array once, and respect the limit", () => {
  const axis = fc.record({
    length: fc.integer({ min: 1, max: 9 }),
    unit: fc.integer({ min: 1, max: 4 }),
  });
  const axes = fc.array(axis, { minLength: 1, maxLength: 3 });
  const size = (lengths: readonly number[]) => lengths.reduce((all, length) => all * length, 1);
  fc.assert(fc.property(axes, fc.integer({ min: 1, max: 200 }), (axes, most) => {
    const shape = axes.map(({ length }) => length);
    const unit = axes.map(({ unit }) => unit);
    const block = growBlock(shape, unit, most);
    assert(block.every((length, axis) => length % unit[axis] === 0));
    assert(size(block) <= Math.max(most, size(unit)));
    const seen = new Map<string, number>();
    for (const { from, to } of blocksOf(shape, block)) {
      assert(from.every((start, axis) => start % unit[axis] === 0 && to[axis] <= shape[axis]));
      seen.set(from.join(), size(to.map((end, axis) => end - from[axis])));
    }
    assertEquals([...seen.values()].reduce((sum, count) => sum + count, 0), size(shape));
  }));
});

Deno.test("a missing level is NotFound, and another group Corrupt", async () => {
  const store = zarrStore(createMemoryFiles());
  const image = { data: new BigUint64Array(32), shape: [2, 4, 4], dtype: "uint64" } as const;
  await createImagePyramid(store, "a", { image, axes: "cyx", levels: 2, channels: ["x", "y"] });
  assertEquals((await openZarrArray(store, "a/0")).dimensionNames, ["c", "y", "x"]);
  assertEquals((await openMultiscale(store, "a")).channels?.[0].window?.max, 2 ** 64);
  await store.remove!("a/1/zarr.json");
  for (const path of ["a", "b"]) await refused("NotFound", openMultiscale(store, path));
  await (await openZarrGroup(store, "a")).setAttributes({});
  await refused("Corrupt", openMultiscale(store, "a"));
});
