// Against the real thing. `HOLDFAST_PYTHON` names a Python that has NumPy; else `python3` is tried.
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { countElements, type DType, ELEMENTS, type NDArray } from "../../formats/arrays/ndarray.ts";
import { ndarray } from "../../materializers/mod.ts";
import { findNumpy, runPython } from "../support/numpy.ts";
import { tempRoot } from "../support/temp_root.ts";
import { fails, fakeArtifact, readFiles } from "./fake_artifact.ts";

const python = await findNumpy();
const ignore = python === undefined;
const why = ignore ? " (ignored: neither HOLDFAST_PYTHON nor python3 has NumPy)" : "";
const DTYPES = Object.keys(ELEMENTS) as DType[];
const SHAPES = [[], [0], [1], [7], [3, 0, 2], [2, 3], [4, 3, 2], [1, 5, 1, 2]];

/** Prints dtype, shape and the elements' bytes in C order and little-endian of each file, and saves it again. */
const DESCRIBE = `
import json, os, sys, numpy
source, target = sys.argv[1:]
for name in sorted(os.listdir(source)):
    a = numpy.load(os.path.join(source, name), allow_pickle=False)
    plain = a.astype(a.dtype.newbyteorder("<"), order="C")
    print(json.dumps([name, a.dtype.name, list(a.shape), plain.tobytes().hex()]))
    numpy.save(os.path.join(target, name), a)
`;

/** Saves arrays of every type in both byte orders and both orders of indices, and in every version. */
const PRODUCE = `
import itertools, json, os, sys, numpy
from numpy.lib import format
target, dtypes, shapes = sys.argv[1], *map(json.loads, sys.argv[2:])
random = numpy.random.default_rng(7)
for n, (dtype, shape, endian, order, version) in enumerate(
        itertools.product(dtypes, shapes, "<>", "CF", [(1, 0), (2, 0), (3, 0)])):
    kind = numpy.dtype(dtype)
    size = int(numpy.prod(shape, dtype=int))
    raw = random.integers(0, 2 if dtype == "bool" else 256, size * kind.itemsize, dtype=numpy.uint8).tobytes()
    a = numpy.frombuffer(raw, kind).reshape(shape)
    name = f"{n:05}.npy"
    with open(os.path.join(target, name), "wb") as file:
        format.write_array(file, a.astype(kind.newbyteorder(endian), order=order), version=version)
    print(json.dumps([name, dtype, shape, a.tobytes().hex()]))
`;

function hexOf({ data }: NDArray): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function loadFile(path: string): Promise<NDArray> {
  return await ndarray().load(
    fakeArtifact([{ path: "array.npy", content: await readFile(path) }]),
    {},
  );
}

Deno.test({
  name: `NumPy reads what is saved, and writes the same file byte by byte${why}`,
  ignore,
  async fn() {
    const root = await tempRoot();
    try {
      const [ours, theirs] = [root.join("ours"), root.join("theirs")];
      await Promise.all([mkdir(ours), mkdir(theirs)]);
      const expected: unknown[] = [];
      for (const dtype of DTYPES) {
        for (const shape of SHAPES) {
          const { bytes, lanes, array } = ELEMENTS[dtype];
          const size = countElements(shape);
          const [content] = fc.sample(
            fc.uint8Array({
              minLength: size * bytes,
              maxLength: size * bytes,
              max: dtype === "bool" ? 1 : 255,
            }),
            { numRuns: 1, seed: expected.length },
          );
          const value: NDArray = {
            data: new array(content.slice().buffer, 0, size * lanes),
            shape,
            dtype,
          };
          const name = `${String(expected.length).padStart(5, "0")}.npy`;
          const [file] = await readFiles(ndarray().save(value, {}));
          await writeFile(join(ours, name), file.content);
          expected.push([name, dtype, shape, hexOf(value)]);
        }
      }
      const lines = (await runPython(python!, DESCRIBE, [ours, theirs])).trim().split("\n");
      assertEquals(lines.map((line) => JSON.parse(line)), expected);
      for (const name of await readdir(ours)) {
        assertEquals(await readFile(join(ours, name)), await readFile(join(theirs, name)), name);
      }
    } finally {
      await root.remove();
    }
  },
});

Deno.test({
  name:
    `what NumPy saves loads with the same bits, in all types, byte orders, index orders and versions${why}`,
  ignore,
  async fn() {
    const root = await tempRoot();
    try {
      const args = [root.path, JSON.stringify(DTYPES), JSON.stringify(SHAPES)];
      const lines = (await runPython(python!, PRODUCE, args)).trim().split("\n");
      assertEquals(lines.length, DTYPES.length * SHAPES.length * 2 * 2 * 3);
      for (const line of lines) {
        const [name, dtype, shape, hex] = JSON.parse(line);
        const loaded = await loadFile(root.join(name));
        assertEquals([loaded.dtype, loaded.shape, hexOf(loaded)], [dtype, shape, hex], name);
      }
    } finally {
      await root.remove();
    }
  },
});

Deno.test({
  name: `what NumPy saves of other types is Unsupported${why}`,
  ignore,
  async fn() {
    const root = await tempRoot();
    try {
      await runPython(
        python!,
        `
import os, sys, numpy
values = [
    numpy.array([{}, None], dtype=object), numpy.array(["a", "bc"]), numpy.array([b"a"]),
    numpy.array(["2024-01-01"], dtype="datetime64[25s]"), numpy.array([1], dtype="timedelta64[7ms]"),
    numpy.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")]), numpy.array([("ü",)], dtype=[("ü", "<U1")]),
    numpy.zeros(2, dtype=numpy.longdouble), numpy.zeros(2, dtype="V5"),
]
for n, value in enumerate(values):
    numpy.save(os.path.join(sys.argv[1], f"{n}.npy"), value)
`,
        [root.path],
      );
      const names = await readdir(root.path);
      assertEquals(names.length, 9);
      for (const name of names) await fails("Unsupported", () => loadFile(root.join(name)));
    } finally {
      await root.remove();
    }
  },
});
