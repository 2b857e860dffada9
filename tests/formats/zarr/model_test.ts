// Whatever is written, appended and cut, an array says what a plain one in memory says.
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { countElements, type NDArray } from "../../../formats/arrays/ndarray.ts";
import { createMemoryFiles } from "../../../files/memory.ts";
import { createZarrArray, openZarrArray, zarrStore } from "../../../formats/zarr.ts";
import type { AxisSelection, ZarrArray, ZarrCodec } from "../../../formats/zarr.ts";
import { casesOfRun } from "../../support/seeds.ts";

/** A plain array: its elements by their indices. */
class Model {
  elements = new Map<string, number>();
  shape: number[];
  fill: number;

  constructor(shape: number[], fill: number) {
    this.shape = shape;
    this.fill = fill;
  }

  at(indices: number[]): number {
    return this.elements.get(indices.join()) ?? this.fill;
  }

  write(array: NDArray, at: number[]): void {
    for (const [place, indices] of indicesOf(array.shape).entries()) {
      this.elements.set(
        indices.map((index, axis) => index + at[axis]).join(),
        Number(array.data[place]),
      );
    }
  }

  resize(shape: number[]): void {
    this.shape = shape;
    for (const key of this.elements.keys()) {
      if (key !== "" && key.split(",").some((index, axis) => Number(index) >= shape[axis])) {
        this.elements.delete(key);
      }
    }
  }

  read(selection: AxisSelection[]): NDArray {
    const axes = this.shape.map((length, axis) => {
      const one = selection[axis] ?? null;
      const [start, stop, step = 1] = one === null
        ? [0, length]
        : typeof one === "number"
        ? [one, one + 1]
        : one;
      return Array.from({ length: Math.ceil((stop - start) / step) }, (_, i) => start + i * step);
    });
    const data = indicesOf(axes.map((each) => each.length)).map((at) =>
      this.at(at.map((i, axis) => axes[axis][i]))
    );
    const shape = axes.flatMap((each, axis) =>
      typeof selection[axis] === "number" ? [] : [each.length]
    );
    return { data: Int16Array.from(data), shape, dtype: "int16" };
  }
}

function indicesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, length) =>
      all.flatMap((before) => Array.from({ length }, (_, index) => [...before, index])),
    [[]],
  );
}

const codecs = fc.constantFrom<ZarrCodec>("none", "gzip", "zstd", {
  name: "zstd",
  level: 3,
  checksum: true,
}, "blosc");
const beginnings = fc.integer({ min: 0, max: 3 }).chain((dimensions) => {
  const lengths = (min: number, max: number) =>
    fc.array(fc.integer({ min, max }), { minLength: dimensions, maxLength: dimensions });
  return fc.record({
    shape: lengths(0, 7),
    chunks: lengths(1, 4),
    perShard: fc.option(lengths(1, 3), { nil: undefined }),
    codec: codecs,
    fillValue: fc.constantFrom(0, -7),
    version: fc.constantFrom<(2 | 3)[]>(2, 3),
  });
});
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom("write", "append", "resize", "read", "open"),
    seeds: fc.array(fc.nat(1000), { minLength: 12, maxLength: 12 }),
  }),
  { maxLength: 12 },
);

Deno.test("an array in zarr equals a plain one after any operations", async () => {
  await fc.assert(
    fc.asyncProperty(beginnings, steps, async ({ perShard, ...beginning }, steps) => {
      const { shape, chunks, fillValue } = beginning;
      const store = zarrStore(createMemoryFiles());
      const isSharded = perShard !== undefined && beginning.version === 3;
      const shards = isSharded
        ? { shards: chunks.map((length, axis) => length * perShard[axis]) }
        : {};
      const model = new Model(shape, fillValue);
      let array: ZarrArray = await createZarrArray(store, "a", {
        ...beginning,
        ...shards,
        dtype: "int16",
      });
      let next = 1;
      for (const { kind, seeds } of steps) {
        const shape = model.shape;
        const of = (shape: number[]): NDArray => {
          const data = Int16Array.from({ length: countElements(shape) }, () => next++);
          return { data, shape, dtype: "int16" };
        };
        const spans = shape.map((length, axis) => {
          const start = seeds[axis] % (length + 1);
          return [start, start + seeds[axis + 3] % (length - start + 1)] as const;
        });
        if (kind === "write") {
          const values = of(spans.map(([start, stop]) => stop - start));
          const at = spans.map(([start]) => start);
          await array.write(values, { at });
          model.write(values, at);
        } else if (kind === "append" && shape.length > 0) {
          const axis = seeds[0] % shape.length;
          const values = of(shape.with(axis, seeds[1] % 4));
          await array.append(values, axis);
          const at = shape.map((length, each) => each === axis ? length : 0);
          model.resize(shape.with(axis, shape[axis] + values.shape[axis]));
          model.write(values, at);
        } else if (kind === "resize") {
          const other = shape.map((_, axis) => seeds[axis] % 8);
          await array.resize(other);
          model.resize(other);
        } else if (kind === "read") {
          const selection = shape.map((length, axis): AxisSelection => {
            if (seeds[axis + 6] % 3 === 0) return null;
            if (seeds[axis + 6] % 3 === 1 && length > 0) return seeds[axis] % length;
            return [...spans[axis], 1 + seeds[axis + 9] % 4];
          });
          assertEquals(await array.read(selection), model.read(selection));
        } else array = await openZarrArray(store, "a");
        assertEquals(array.shape, model.shape);
        assertEquals(await array.read(), model.read([]));
      }
    }),
    { numRuns: casesOfRun(150) },
  );
});
