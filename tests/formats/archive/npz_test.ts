import { assert, assertEquals } from "@std/assert";
import { isRegistryError } from "../../../core/errors.ts";
import { type NamedArrays, npz, zip } from "../../../formats/archive.ts";
import { contentBytes } from "../format_files.ts";
import { fileOf } from "../image_files.ts";
import { bytesOf, fromBase64, outcomeOf, packed } from "./archive_files.ts";
import { slowTest } from "../../support/seeds.ts";

/** Written by `numpy.savez_compressed(arr, f=...)`: an array in C order, one in Fortran order. */
const COMPRESSED = fromBase64(`
  UEsDBC0AAAAIAAAAIQCbEJoO//////////8FABQAZi5ucHkBABAAoAAAAAAAAABUAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqGuo6Cell9U
  UpSYF59flJIKEg8pKk0FChdnJBakArkaRjoKRpo6CrUK5AMuBjD4YA+hORwgNAOUFnAAAFBLAwQtAAAACAAAACEAULRNhP//////////CQAUAGFycl8w
  Lm5weQEAEACYAAAAAAAAAFUAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNpoq6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKxpo6
  CrUKZAMuBiBgBGImIGYGYhYgZgViAFBLAQItAy0AAAAIAAAAIQCbEJoOVAAAAKAAAAAFAAAAAAAAAAAAAACAAQAAAABmLm5weVBLAQItAy0AAAAIAAAA
  IQBQtE2EVQAAAJgAAAAJAAAAAAAAAAAAAACAAYsAAABhcnJfMC5ucHlQSwUGAAAAAAIAAgBqAAAAGwEAAAAA`);
/** Written by `numpy.savez`: a big-endian array, and a complex number. */
const STORED = fromBase64(`
  UEsDBC0AAAAAAAAAIQD6JVu5//////////8GABQAYmUubnB5AQAQAIYAAAAAAAAAhgAAAAAAAACTTlVNUFkBAHYAeydkZXNjcic6ICc+dTInLCAnZm9y
  dHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMywpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg
  ICAgICAgICAgCgAAAAEAAlBLAwQtAAAAAAAAACEAhGAr5P//////////BQAUAHoubnB5AQAQAJAAAAAAAAAAkAAAAAAAAACTTlVNUFkBAHYAeydkZXNj
  cic6ICc8YzE2JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg
  ICAgICAgICAgICAgICAgICAgICAgICAgCgAAAAAAAPA/AAAAAAAAAMBQSwECLQMtAAAAAAAAACEA+iVbuYYAAACGAAAABgAAAAAAAAAAAAAAgAEAAAAA
  YmUubnB5UEsBAi0DLQAAAAAAAAAhAIRgK+SQAAAAkAAAAAUAAAAAAAAAAAAAAIABvgAAAHoubnB5UEsFBgAAAAACAAIAZwAAAIUBAAAAAA==`);

const ARRAYS: NamedArrays = {
  images: {
    data: Uint16Array.from({ length: 60_000 }, (_, i) => i),
    shape: [2, 300, 100],
    dtype: "uint16",
  },
  "plate/mask": { data: Uint8Array.of(0, 1), shape: [1, 2], dtype: "bool" },
  scalar: { data: Float64Array.of(NaN), shape: [], dtype: "float64" },
  none: { data: new BigInt64Array(), shape: [0, 3], dtype: "int64" },
};

Deno.test("npz: arrays come back by their names, stored or packed", async () => {
  for (const compress of [false, true]) {
    const bytes = await contentBytes(await npz({ compress }).encode(ARRAYS));
    assertEquals(await npz().decode(fileOf(bytes)), ARRAYS);
    assertEquals(bytes.byteLength > 120_000, !compress);
  }
  assertEquals(await npz().decode(fileOf(await contentBytes(await npz().encode({})))), {});
});

Deno.test("npz: what NumPy writes is read", async () => {
  assertEquals(await npz().decode(fileOf(COMPRESSED)), {
    f: { data: Float64Array.of(1, 2, 3, 4), shape: [2, 2], dtype: "float64" },
    arr_0: { data: Int32Array.of(0, 1, 2, 3, 4, 5), shape: [2, 3], dtype: "int32" },
  });
  assertEquals(await npz().decode(fileOf(STORED)), {
    be: { data: Uint16Array.of(0, 1, 2), shape: [3], dtype: "uint16" },
    z: { data: Float64Array.of(1, -2), shape: [], dtype: "complex128" },
  });
});

Deno.test("npz: names that JavaScript has for itself are names", async () => {
  const one = { data: Uint8Array.of(1), shape: [1], dtype: "uint8" } as const;
  const arrays = Object.fromEntries([["__proto__", one], ["constructor", one], ["2", one]]);
  assert(npz().accepts(arrays));
  const found = await npz().decode(fileOf(await contentBytes(await npz().encode(arrays))));
  assertEquals(Object.keys(found), ["2", "__proto__", "constructor"]);
  assertEquals(Object.getPrototypeOf(found), Object.prototype);
});

Deno.test("npz: an object without arrays is refused", () => {
  const array = { data: Uint8Array.of(1), shape: [2], dtype: "uint8" };
  for (const value of [{ array }, { a: 1 }, [], new Map(), null, "a", { [Symbol("a")]: array }]) {
    assertEquals(npz().accepts(value), false);
    let outcome: unknown;
    try {
      outcome = npz().encode(value as NamedArrays);
    } catch (error) {
      outcome = error;
    }
    assert(isRegistryError(outcome, "Unsupported"));
  }
});

Deno.test("npz: names that are no paths are refused, and nothing is written", async () => {
  const one = { data: Uint8Array.of(1), shape: [1], dtype: "uint8" } as const;
  for (const name of ["../a", "/a", "a\\b"]) {
    const outcome = await outcomeOf(async () =>
      await contentBytes(await npz().encode({ [name]: one }))
    );
    assert(isRegistryError(outcome, "Unsupported"), `${outcome}`);
  }
});

Deno.test("npz: an archive with something else in it is refused, and named with what is wrong in it", async () => {
  const other = await packed(zip(), [{ path: "readme.txt", content: bytesOf("text") }]);
  const outcome = await outcomeOf(() => npz().decode(fileOf(other)));
  assert(
    isRegistryError(outcome, "Unsupported") &&
      outcome.message.includes('entry "readme.txt" is not an array'),
    `${outcome}`,
  );
  const broken = await packed(zip(), [{ path: "a.npy", content: bytesOf("no array") }]);
  const failure = await outcomeOf(() => npz().decode(fileOf(broken)));
  assert(
    isRegistryError(failure, "Corrupt") && failure.message.includes('"folder/image.bin/a.npy"'),
    `${failure}`,
  );
});

slowTest(
  "npz: more than is allowed is refused before it is inflated, and zeros are not",
  async () => {
    const zeros = {
      zeros: { data: new Float64Array(9_000_000), shape: [9_000_000], dtype: "float64" },
    } as const;
    const bytes = await contentBytes(await npz({ compress: true }).encode(zeros));
    assert(
      isRegistryError(
        await outcomeOf(() => npz({ maxBytes: 1e6 }).decode(fileOf(bytes))),
        "Unsupported",
      ),
    );
    assertEquals((await npz().decode(fileOf(bytes))).zeros.shape, [9_000_000]);
  },
);

Deno.test("npz: members that are not named as their paths are refused", async () => {
  const one = { data: Uint8Array.of(1), shape: [1], dtype: "uint8" } as const;
  for (const odd of ["./a", "a//b", "a/./b", ".//a", "./a/b"]) {
    const plain = "x".repeat(odd.length); // a name of the same length
    const written = await contentBytes(await npz().encode({ [plain]: one }));
    const text = new TextDecoder("latin1").decode(written).replaceAll(plain, odd);
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const outcome = await outcomeOf(() => npz().decode(fileOf(bytes)));
    assert(isRegistryError(outcome, "Unsupported"), `${odd}: ${outcome}`);
    assert(outcome.message.includes(`"${odd}.npy"`), outcome.message);
  }
});
