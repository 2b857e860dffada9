// Headers that lie are refused, with what and where; values that cannot be written are refused.
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import type { FileToDecode } from "../../../core/file_store.ts";
import { RegistryError } from "../../../core/errors.ts";
import {
  describeTensors,
  openSafetensors,
  safetensors,
  type Tensor,
  type TensorFile,
  toFloat32,
} from "../../../formats/safetensors.ts";
import { contentBytes, fileOf } from "../format_files.ts";
import { forged, tensorBytes } from "./files.ts";

const F32 = (shape: unknown, data_offsets: unknown, dtype: unknown = "F32") => ({
  dtype,
  shape,
  data_offsets,
});
const NAME = "a.safetensors";
const HUGE = 2 ** 63;

const SAFETENSORS: [bytes: Uint8Array, state: RegExp][] = [
  [new Uint8Array(9), /it has 9 bytes/],
  [forged({}, 0, 2n ** 63n), /header of 9223372036854775808 bytes, but the file has 10/],
  [forged({}, 0, 3n), /header of 3 bytes/],
  [forged("[1]", 0), /header is not an object/],
  [forged("{]", 8), /header is not JSON/],
  [forged({ a: 1 }), /tensor "a": it has no type/],
  [forged({ a: F32([1], [0, 4], 7) }, 4), /tensor "a": it has no type/],
  [forged({ a: F32([2], [0, 4]) }, 4), /"a": F32 of shape \[2\] needs 8 bytes, .* 0 and 4/],
  [forged({ a: F32([HUGE], [0, HUGE]) }), /"a": invalid shape/],
  [forged({ a: F32([2 ** 40, 2 ** 40], [0, 4]) }, 4), /"a": F32 of shape .* needs/],
  [forged({ a: F32([1], [0, HUGE]) }), /"a": invalid data_offsets/],
  [forged({ a: F32([-1], [0, 4]) }, 4), /"a": invalid shape/],
  [forged({ a: F32([1], [4, 0]) }, 4), /"a": F32 of shape/],
  [forged({ a: F32([1], [0, 4]) }, 3), /"a" ends at byte \d+, the file at \d+/],
  [forged({ a: F32([1], [0, 4]) }, 5), /its tensors end at byte \d+, the file at \d+/],
  [forged({ a: F32([2], [0, 8]), b: F32([1], [4, 8]) }, 8), /"b" overlaps the one before/],
  [forged({ a: F32([1], [0, 4]), b: F32([1], [8, 12]) }, 12), /"b" has a gap before it/],
  [forged({ a: F32([3], [0, 2], "F4") }, 2), /"a": F4 of shape \[3\] needs 1\.5 bytes/],
  [forged({ __metadata__: { a: 1 } }), /`__metadata__` does not have only strings/],
];

const refusedBy = async (file: FileToDecode) => {
  const error = await assertRejects(() => openSafetensors(file), RegistryError);
  assertEquals(error.code, "Corrupt", error.message);
  assertMatch(error.message, /^Cannot read model "a\.[a-z]+": /);
  assert(error.hint);
  return error.message;
};

Deno.test("headers that lie are refused, with what and where", async () => {
  for (const [bytes, state] of SAFETENSORS) {
    assertMatch(await refusedBy(fileOf(bytes, NAME)), state);
  }
});

Deno.test("a header whose metadata are null has none, as for the library", async () => {
  const file = fileOf(forged({ __metadata__: null, a: F32([1], [0, 4]) }, 4), NAME);
  const { metadata, tensors } = await openSafetensors(file);
  assertEquals([metadata, [...tensors.keys()]], [{}, ["a"]]);
});

Deno.test("files that end too early are refused wherever they end", async () => {
  const tensor = { data: Float32Array.of(1, 2), shape: [2], dtype: "float32" } as const;
  const bytes = await tensorBytes({ tensors: { a: tensor, b: tensor } });
  assertEquals((await openSafetensors(fileOf(bytes, NAME))).tensors.size, 2);
  for (let length = 0; length < bytes.byteLength; length++) {
    await refusedBy(fileOf(bytes.slice(0, length), NAME));
  }
});

Deno.test("unknown types are Unsupported", async () => {
  const file = fileOf(forged({ a: F32([1], [0, 4], "F33") }, 4), NAME);
  const error = await assertRejects(() => openSafetensors(file), RegistryError);
  assertEquals(error.code, "Unsupported");
});

Deno.test("one tensor is read by one range, and a header by no more than itself", async () => {
  const data = new Float32Array(100_000).fill(1.5);
  const tensor: Tensor = { data, shape: [100_000], dtype: "float32" };
  const small: Tensor = { data: Int8Array.of(1, 2), shape: [2], dtype: "int8" };
  const file = fileOf(await tensorBytes({ tensors: { large: tensor, small } }));
  const ranges: [number, number][] = [];
  const watched: FileToDecode = {
    ...file,
    bytes: () => Promise.reject(new Error("all of it was read")),
    stream(range) {
      ranges.push([range!.offset, range!.length!]);
      return file.stream(range);
    },
  };
  const opened = await openSafetensors(watched);
  const read = ranges.reduce((sum, [, length]) => sum + length, 0);
  assertEquals(read, file.size - 400_002);
  ranges.length = 0;
  assertEquals(await opened.read("small"), small);
  assertEquals(ranges, [[file.size - 2, 2]]);
  const error = await assertRejects(() => opened.read("none"), RegistryError);
  assertEquals(error.code, "NotFound");
  assertMatch(error.hint!, /"large", "small"/);
});

Deno.test("facts stay small, whatever a file has", async () => {
  const long = "x".repeat(2_000);
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`${i}${long}`, long]));
  const file = fileOf(forged({ __metadata__: many }), "a.safetensors");
  assert(JSON.stringify(describeTensors(await openSafetensors(file))).length < 64 * 410);
});

Deno.test("values that a file cannot hold are refused", async () => {
  const ok: Tensor = { data: Float32Array.of(1), shape: [1], dtype: "float32" };
  const values: [unknown, RegExp][] = [
    [undefined, /it is not \{ tensors/],
    [{ tensors: [] }, /it is not \{ tensors/],
    [{ tensors: { a: ok }, more: 1 }, /it is not \{ tensors/],
    [{ tensors: { a: { ...ok, shape: [2] } } }, /tensor "a": its shape needs 8 bytes/],
    [{ tensors: { a: { ...ok, dtype: "float64" } } }, /its data are not a Float64Array/],
    [{ tensors: { a: { ...ok, dtype: "datetime64[ns]" } } }, /unknown dtype/],
    [{ tensors: { a: { ...ok, shape: [-1] } } }, /invalid shape/],
    [{ tensors: { __metadata__: ok } }, /invalid name/],
    [{ tensors: { "\ud800": ok } }, /invalid name/],
    [{ tensors: {}, metadata: { a: 1 } }, /metadata are not strings/],
  ];
  for (const [value, state] of values) {
    assertEquals(safetensors().accepts(value), false);
    const error = assertThrows(() => safetensors().encode(value as TensorFile), RegistryError);
    assertEquals(error.code, "Unsupported");
    assertMatch(error.message, state);
  }
  const value: TensorFile = { tensors: { a: ok, ["__proto__"]: ok }, metadata: {} };
  const bytes = await contentBytes(await safetensors().encode(value));
  assertEquals(Object.keys((await safetensors().decode(fileOf(bytes))).tensors), [
    "__proto__",
    "a",
  ]);
  assertThrows(
    () => toFloat32({ data: Int32Array.of(1), shape: [1], dtype: "int32" }),
    RegistryError,
    "int32 is not a floating-point type",
  );
});
