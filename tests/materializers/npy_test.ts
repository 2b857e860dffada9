import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { countElements, ELEMENTS, isNDArray } from "../../formats/arrays/ndarray.ts";
import type { DType, NDArray, TypedArray } from "../../formats/arrays/ndarray.ts";
import { createMaterializers, ndarray, typedArray } from "../../materializers/mod.ts";
import { assertExactly } from "./exactly.ts";
import { fails, fakeArtifact, readFiles, roundTrip, savedBy } from "./fake_artifact.ts";
import { casesOfRun } from "../support/seeds.ts";

const DTYPES = Object.keys(ELEMENTS) as DType[];

/** An array of any dtype and shape, of any bits. */
const anyArray: fc.Arbitrary<NDArray> = fc
  .tuple(fc.constantFrom(...DTYPES), fc.array(fc.nat({ max: 4 }), { maxLength: 4 }))
  .chain(([dtype, shape]) => {
    const { bytes, lanes, array } = ELEMENTS[dtype];
    const length = countElements(shape);
    const bits = fc.uint8Array({
      minLength: length * bytes,
      maxLength: length * bytes,
      max: dtype === "bool" ? 1 : 255,
    });
    return bits.map((content) => ({
      data: new array(content.slice().buffer, 0, length * lanes),
      shape,
      dtype,
    }));
  });

function npy(header: string, data: Uint8Array = new Uint8Array(0), version = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = version === 1
    ? [text.length & 255, text.length >> 8]
    : [text.length & 255, text.length >> 8, 0, 0];
  return concatBytes([
    Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, ...length),
    text,
    data,
  ]);
}

async function load(content: Uint8Array): Promise<NDArray> {
  return await ndarray().load(fakeArtifact([{ path: "array.npy", content }]), {});
}

Deno.test("arrays of any dtype, shape and bits come back exactly", async () => {
  await fc.assert(
    fc.asyncProperty(anyArray, async (value) => {
      assert(isNDArray(value));
      assertExactly(await roundTrip(ndarray(), value), value);
    }),
    { numRuns: casesOfRun(500) },
  );
});

Deno.test("a single number, and arrays without elements, keep their shape", async () => {
  for (const shape of [[], [0], [3, 0], [0, 2 ** 50], [1, 1, 1]]) {
    const value: NDArray = {
      data: new Float64Array(countElements(shape)),
      shape,
      dtype: "float64",
    };
    assertExactly(await roundTrip(ndarray(), value), value);
  }
});

Deno.test("typed arrays come back as the class that they are", async () => {
  const set = createMaterializers();
  const buffer = new Uint8Array(64).map((_, i) => i * 37).buffer;
  const classes = [
    Int8Array,
    Int16Array,
    Int32Array,
    BigInt64Array,
    Uint8ClampedArray,
    Uint16Array,
    Uint32Array,
    BigUint64Array,
    Float32Array,
    Float64Array,
    globalThis.Float16Array ?? Float32Array,
  ];
  for (const known of classes) {
    for (
      const value of [new known(buffer), new known(buffer, 8, 3), new known(0)] as TypedArray[]
    ) {
      assertEquals(set.forValue(value).id, "typed-array");
      assertExactly(await roundTrip(typedArray(), value), value);
    }
  }
  assertEquals(set.forValue(new Uint8Array(1)).id, "bytes");
});

Deno.test("a subclass of a typed array is not taken", () => {
  assertFalse(typedArray().accepts!(new (class extends Float32Array {})(1)));
});

Deno.test("the file begins as NumPy writes it: version 1.0, elements at a multiple of 64", async () => {
  const value: NDArray = { data: Float32Array.of(1, 2, 3), shape: [3], dtype: "float32" };
  const [{ content, path }] = await readFiles(ndarray().save(value, {}));
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }".padEnd(117) + "\n";
  assertEquals(path, "array.npy");
  assertEquals(content, npy(header, new Uint8Array(value.data.buffer)));
});

Deno.test("a header too long for version 1.0 is written in version 2.0", async () => {
  const value: NDArray = { data: Uint8Array.of(7), shape: Array(20_000).fill(1), dtype: "uint8" };
  const [{ content }] = await readFiles(ndarray().save(value, {}));
  assertEquals(content[6], 1);
  assertExactly(await roundTrip(ndarray(), value), value);
  const longer: NDArray = { ...value, shape: Array(21_840).fill(1) };
  const [{ content: second }] = await readFiles(ndarray().save(longer, {}));
  assertEquals([second[6], second.byteLength % 64], [2, 1]);
});

Deno.test("large arrays are handed on without a copy of the whole, and used in place when loaded", async () => {
  const value: NDArray = {
    data: new Float64Array(100_000).map((_, i) => i),
    shape: [100, 1000],
    dtype: "float64",
  };
  const [{ content }] = ndarray().save(value, {}) as { content: unknown }[];
  assertFalse(content instanceof Uint8Array);
  const bytes = await (await savedBy(ndarray(), value)).files()[0].bytes();
  const artifact = fakeArtifact([{ path: "array.npy", content: "" }]);
  artifact.files()[0].bytes = () => Promise.resolve(bytes);
  const loaded = await ndarray().load(artifact, {});
  assertStrictEquals(loaded.data.buffer, bytes.buffer);
  assertExactly(loaded, value);
  const shifted = new Uint8Array(bytes.byteLength + 3);
  shifted.set(bytes, 3);
  artifact.files()[0].bytes = () => Promise.resolve(shifted.subarray(3));
  assertExactly(await ndarray().load(artifact, {}), value);
});

Deno.test("big-endian and Fortran order are converted", async () => {
  const data = Uint8Array.of(0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6);
  const big = await load(
    npy("{'descr': '>i2', 'fortran_order': False, 'shape': (2, 3), }\n", data),
  );
  assertExactly(big, { data: Int16Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3], dtype: "int16" });
  const both = await load(
    npy("{'descr': '>u2', 'fortran_order': True, 'shape': (2, 3), }\n", data),
  );
  assertExactly(both, { data: Uint16Array.of(1, 3, 5, 2, 4, 6), shape: [2, 3], dtype: "uint16" });
  const bytes = await load(
    npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2), }", data),
  );
  assertEquals([...bytes.data as Uint8Array], [0, 0, 0, 0, 0, 0, 1, 4, 2, 5, 3, 6]);
});

Deno.test("all three versions, other quotes, orders, spaces and Python 2's long integers are read", async () => {
  const data = Uint8Array.of(1, 2);
  const headers = [
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }",
    `{"shape":(2,),"fortran_order":False,"descr":"|u1"}   \n`,
    " {  'shape' : ( 2L , ) ,'descr':'<u1', 'fortran_order':True }",
  ];
  for (const header of headers) {
    for (const version of [1, 2, 3]) {
      const loaded = await load(npy(header, data, version));
      assertExactly(loaded, { data, shape: [2], dtype: "uint8" });
    }
  }
});

Deno.test("structured, object and text types, and times of several units, are Unsupported", async () => {
  const types = "'|O' '<U5' '|S3' '<M8[25s]' '<m8[x]' '|V4' '<f16' '<c32' 'f4' '=f4' '|f4'".split(
    " ",
  );
  for (const descr of [...types, "[('a', '<f4')]", "('<f4', (2,))", "'<f4; import os'"]) {
    const header = `{'descr': ${descr}, 'fortran_order': False, 'shape': (1,), }`;
    const error = await fails("Unsupported", () => load(npy(header, new Uint8Array(4))));
    assert(error.hint);
  }
  for (const version of [0, 4, 255]) {
    await fails("Unsupported", () => load(npy("{}", undefined, version)));
  }
});

Deno.test("headers that are no such dictionary are Corrupt, and nothing in them is run", async () => {
  const headers = [
    "",
    "{}",
    "{'descr': '|u1', 'fortran_order': False}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (0,), 'more': 1}",
    "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (0,)}",
    "{'descr': '|u1', 'fortran_order': 0, 'shape': (0,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (0)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': [0]}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (0x1,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1.0,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (0,)} + [1]",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (0,)",
    "{'descr': '|u1' 'fortran_order': False, 'shape': (0,)}",
    "{'descr': '|u1',, 'fortran_order': False, 'shape': (0,)}",
    "{'__proto__': '|u1', 'fortran_order': False, 'shape': (0,)}",
    "__import__('os').system('true')",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}",
  ];
  for (const header of headers) await fails("Corrupt", () => load(npy(header)));
  await fails("Corrupt", () => load(new Uint8Array(0)));
  await fails("Corrupt", () => load(new TextEncoder().encode("PK not numpy")));
});

Deno.test("an endless header is refused before it is read", async () => {
  const file = npy("{}", undefined, 2);
  new DataView(file.buffer).setUint32(8, 0xffffffff, true);
  await fails("Unsupported", () => load(file));
});

Deno.test("a size that does not match the shape is Corrupt, before anything is allocated", async () => {
  const header = (shape: string) => `{'descr': '<f8', 'fortran_order': True, 'shape': ${shape}, }`;
  for (
    const shape of [
      "(3,)",
      "(1000000000, 1000000000)",
      `(${"9007199254740991, ".repeat(9)})`,
      "()",
      "(0,)",
    ]
  ) {
    await fails("Corrupt", () => load(npy(header(shape), new Uint8Array(16))));
  }
});

Deno.test("every cut of a file is Corrupt", async () => {
  const value: NDArray = { data: Int32Array.of(1, 2, 3), shape: [3], dtype: "int32" };
  const [{ content }] = await readFiles(ndarray().save(value, {}));
  for (let length = 0; length < content.byteLength; length++) {
    await fails("Corrupt", () => load(content.subarray(0, length)));
  }
});

Deno.test("a bool array holds 0 and 1 only", async () => {
  const value: NDArray = { data: Uint8Array.of(0, 1, 2), shape: [3], dtype: "bool" };
  const error = await fails("Unsupported", () => ndarray().save(value, {}));
  assertEquals(error.message, "Cannot save bool array: element 2 is 2");
});

Deno.test("an object that only resembles an n-dimensional array is saved as plain data", () => {
  const set = createMaterializers();
  const data = Float32Array.of(1, 2);
  assertEquals(set.forValue({ data, shape: [2], dtype: "float32" }).id, "ndarray");
  const others = [
    { data, shape: [3], dtype: "float32" },
    { data, shape: [2], dtype: "float64" },
    { data, shape: [2], dtype: "toString" },
    { data, shape: [-0, 2], dtype: "float32" },
    { data, shape: [1.5], dtype: "float32" },
    { data: [1, 2], shape: [2], dtype: "float32" },
    { data, shape: [2], dtype: "float32", unit: "m" },
    { data, shape: { length: 0 }, dtype: "float32" },
    Object.assign(Object.create(null), { data, shape: [2], dtype: "float32" }),
  ];
  for (const value of others) assertEquals(set.forValue(value).id, "json");
});

Deno.test("a typed array's file whose elements do not match its name is Corrupt", async () => {
  const file = (descr: string) =>
    npy(`{'descr': '${descr}', 'fortran_order': False, 'shape': (1,), }`, new Uint8Array(4));
  const loadAs = (path: string, descr: string) =>
    typedArray().load(fakeArtifact([{ path, content: file(descr) }]), {});
  await fails("Corrupt", () => loadAs("Float32Array.npy", "<i4"));
  await fails("Unsupported", () => loadAs("Function.npy", "<i4"));
  await fails("Unsupported", () => loadAs("__proto__.npy", "<i4"));
});
