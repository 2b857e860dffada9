// Headers that lie are refused, with what and where; values that cannot be written are refused.
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import type { FileToDecode } from "../../../core/file_store.ts";
import { RegistryError } from "../../../core/errors.ts";
import {
  describeModel,
  openSafetensors,
  safetensors,
  type Tensor,
  type TensorFile,
  toFloat32,
} from "../../../formats/models/mod.ts";
import { contentBytes, fileOf } from "../format_files.ts";
import { field, FIXTURES, forged, gguf, onnxBytes, readBytes, tensorBytes } from "./files.ts";

const F32 = (shape: unknown, data_offsets: unknown, dtype: unknown = "F32") => ({
  ...{ dtype, shape, data_offsets },
});
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

const NONE = [0n, 0n] as const;
const TENSOR = [3, 1n, 0n] as const; // version, one tensor, no keys
const GGUF: [bytes: Uint8Array, state: RegExp][] = [
  [fileBytes("GGUX\x03\0\0\0"), /does not begin with GGUF/],
  [gguf(3), /truncated|longer than the file/],
  [gguf(3, 2n ** 63n, 0n), /number of tensors: 9223372036854776000 declared, 8 bytes are left/],
  [gguf(3, 0n, 2n ** 64n - 1n), /number of keys: 18446744073709552000 declared/],
  [gguf(3, 0n, 1n, 2n ** 62n, 0, 0), /key: 461168601842738\d+ declared/],
  [gguf(3, 0n, 1n, "key", 99, 0), /value of "key" has the unknown type 99/],
  [gguf(3, 0n, 1n, "key", 8, 2n ** 63n), /value of "key": 922337203685477\d+ declared/],
  [gguf(3, 0n, 1n, "key", 9, 4, 2n ** 61n), /value of "key": 230584300921369\d+ declared/],
  [gguf(3, 0n, 1n, "key", 9, 9, 1n, 9, 1n, 9, 1n, 9, 1n, 9, 1n, 4, 0n), /lists in lists/],
  [gguf(3, 0n, 2n, "key", 4, 1, "key", 4, 1), /the key "key" is there twice/],
  [gguf(3, 0n, 1n, "general.alignment", 4, 0), /invalid general.alignment/],
  [gguf(...TENSOR, "w", 2 ** 31, 0n, 0, 0n), /tensor "w" has 2147483648 dimensions/],
  [gguf(...TENSOR, "w", 2, 2n ** 40n, 2n ** 40n, 0, 0n), /tensor "w" has the shape/],
  [gguf(...TENSOR, "w", 1, 4n, 0, 0n, new Uint8Array(16)), /"w": 16 bytes at offset 0, there are/],
  [gguf(...TENSOR, "w", 1, 4n, 0, 2n ** 63n), /"w": 16 bytes at offset 922337203685477\d+/],
  [gguf(...TENSOR, "w", 1, 4n, 0, 7n), /"w": offset 7 is not a multiple of 32/],
  [gguf(...TENSOR, "w", 1, 33n, 8, 0n), /"w": rows of 33 are not whole Q8_0 blocks/],
  [
    gguf(3, 2n, 0n, "a", 1, 16n, 0, 0n, "b", 1, 16n, 0, 32n, new Uint8Array(200)),
    /"b": it overlaps "a", at offset 32/,
  ],
];

const ONNX: [bytes: Uint8Array, state: RegExp][] = [
  [new Uint8Array(), /it has no graph/],
  [onnxBytes().slice(0, 20), /at byte \d+: length \d+, \d+ bytes are left/],
  [Uint8Array.from([...field(1, 10)]), /it has no graph/],
  [Uint8Array.from(field(7, [])), /it has no IR version/],
  [onnxBytes([], field(7, [])), /it has two graphs/],
  [onnxBytes([], [0xff, 0xff]), /at byte \d+: it is truncated/],
  [onnxBytes([], Array(12).fill(0xff)), /at byte \d+: a number has no end/],
  [onnxBytes([], [0]), /at byte \d+: invalid field number 0/],
  [onnxBytes([], [0x0b]), /at byte \d+: invalid wire type 3/],
  [onnxBytes([], [0x09, 1]), /at byte \d+: 8 bytes expected, 1 are left/],
  [
    onnxBytes([], [0x52, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    /at byte \d+: length 9223372036854776000, 0 bytes are left/,
  ],
  [onnxBytes([0x2a, 0x05, 0x08, 0x01]), /at byte \d+: length 5/],
];

function fileBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

const refusedBy = async (file: FileToDecode) => {
  const error = await assertRejects(() => describeModel(file), RegistryError);
  assertEquals(error.code, "Corrupt", error.message);
  assertMatch(error.message, /^Cannot read model "a\.[a-z]+": /);
  assert(error.hint);
  return error.message;
};

for (const [kind, cases] of Object.entries({ safetensors: SAFETENSORS, gguf: GGUF, onnx: ONNX })) {
  Deno.test(`headers of .${kind} files that lie are refused, with what and where`, async () => {
    for (const [bytes, state] of cases) {
      assertMatch(await refusedBy(fileOf(bytes, `a.${kind}`)), state);
    }
  });
}

Deno.test("files that end too early are refused wherever they end", async () => {
  const tensor = { data: Float32Array.of(1, 2), shape: [2], dtype: "float32" } as const;
  const whole = {
    "a.safetensors": await tensorBytes({ tensors: { a: tensor, b: tensor } }),
    "a.gguf": gguf(3, 1n, 1n, "k", 8, "v", "w", 1, 4n, 0, 0n, new Uint8Array(64)),
  };
  for (const [name, bytes] of Object.entries(whole)) {
    assert(await describeModel(fileOf(bytes, name)));
    const data = name === "a.gguf" ? 31 : 0; // bytes behind the only tensor
    for (let length = 0; length < bytes.byteLength - data - 17; length++) {
      await refusedBy(fileOf(bytes.slice(0, length), name));
    }
  }
  const state = await readBytes(`${FIXTURES}/state.pt`);
  for (let length = 0; length < state.byteLength; length += 37) {
    await assertRejects(() => describeModel(fileOf(state.slice(0, length), "a.pt")), RegistryError);
  }
});

Deno.test("unknown versions and types are Unsupported", async () => {
  const files = {
    "a.safetensors": forged({ a: F32([1], [0, 4], "F33") }, 4),
    "a.gguf": gguf(4, ...NONE),
    "b.gguf": gguf(0x03000000, ...NONE),
  };
  for (const [name, bytes] of Object.entries(files)) {
    const error = await assertRejects(() => describeModel(fileOf(bytes, name)), RegistryError);
    assertEquals(error.code, "Unsupported", name);
  }
});

Deno.test("a few bytes do not make large facts", async () => {
  const weight = field(5, field(1, Array(100).fill(1)));
  const parts = Array.from({ length: 1_000_001 }, () => [0x0a, 0]).flat();
  for (const graph of [weight, parts]) {
    const file = fileOf(onnxBytes(graph), "a.onnx");
    const error = await assertRejects(() => describeModel(file), RegistryError);
    assertEquals(error.code, "Unsupported");
  }
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

Deno.test("weights of ONNX files are skipped, not read", async () => {
  const weight = field(5, [...field(8, "big"), ...field(9, Array(300_000).fill(7))]);
  const file = fileOf(onnxBytes([...weight, ...weight]), "a.onnx");
  let read = 0;
  const watched: FileToDecode = {
    ...file,
    stream(range) {
      read += range!.length!;
      return file.stream(range);
    },
  };
  const facts = await describeModel(watched);
  assertEquals(facts?.kind === "onnx" && [facts.nodes, facts.parameters], [1, 14]);
  assert(read < 300_000, `${read} bytes were read`);
});

Deno.test("facts stay small, whatever a file has", async () => {
  const long = "x".repeat(2_000);
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`${i}${long}`, long]));
  const file = fileOf(forged({ __metadata__: many }), "a.safetensors");
  assert(JSON.stringify(await describeModel(file)).length < 64 * 410);
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
