import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { bytesStream, concatBytes } from "../../core/bytes/bytes.ts";
import { encodeNpyHeader } from "../../formats/arrays/npy_header.ts";
import { type ErrorCode, RegistryError } from "../../core/errors.ts";
import type { NDArray } from "../../formats/arrays/ndarray.ts";
import { npy, readSlice } from "../../formats/npy.ts";

/** A file that counts the bytes it was asked for. */
function fileOf(bytes: Uint8Array, size = bytes.byteLength) {
  const file = {
    path: "a.npy",
    size,
    asked: 0,
    bytes: () => Promise.resolve(bytes),
    stream({ offset = 0, length }: { offset?: number; length?: number } = {}) {
      const part = bytes.slice(offset, length === undefined ? undefined : offset + length);
      file.asked += part.byteLength;
      return bytesStream(part);
    },
  };
  return file;
}

async function encoded(array: NDArray): Promise<Uint8Array> {
  const content = await npy().encode(array);
  return content instanceof Uint8Array ? content : new Uint8Array(
    await new Response((content as { stream(): ReadableStream<Uint8Array> }).stream() as BodyInit)
      .arrayBuffer(),
  );
}

async function fails(code: ErrorCode, said: RegExp, promise: Promise<unknown>): Promise<void> {
  const error = await assertRejects(() => promise, RegistryError);
  assertEquals(error.code, code, error.message);
  assertMatch(error.message, said);
}

const array: NDArray = {
  data: Float64Array.from({ length: 60_000 }, (_, i) => i / 2),
  shape: [1000, 60],
  dtype: "float64",
};

Deno.test("a part of an array is read without the rest", async () => {
  const file = fileOf(await encoded(array));
  const part = await readSlice(file, { start: 998, stop: 1000 });
  assertEquals(part, {
    data: array.data.slice(998 * 60) as Float64Array,
    shape: [2, 60],
    dtype: "float64",
  });
  assertEquals(file.asked < 10_000, true, `${file.asked} bytes`);
  assertEquals((await readSlice(file, { start: 999 })).shape, [1, 60]);
  assertEquals((await readSlice(file, { stop: 1 })).data, array.data.slice(0, 60));
  assertEquals(await readSlice(file), array);
  assertEquals((await readSlice(file, { start: 5, stop: 5 })).shape, [0, 60]);
});

Deno.test("a part of an array of another byte order, and of one with a long header", async () => {
  const bytes = await encoded({ data: Uint16Array.of(1, 2, 3), shape: [3], dtype: "uint16" });
  const turned = bytes.slice();
  turned[new TextDecoder("latin1").decode(bytes).indexOf("<u2")] = ">".charCodeAt(0);
  assertEquals([...(await readSlice(fileOf(turned), { start: 1 })).data], [0x200, 0x300]);
  const shape = [2, ...Array.from({ length: 3000 }, () => 1)];
  const long = concatBytes([encodeNpyHeader("uint8", shape), Uint8Array.of(8, 9)]);
  assertEquals([...(await readSlice(fileOf(long), { start: 1 })).data], [9]);
});

Deno.test("what is no part, an array in Fortran order and a damaged file are refused", async () => {
  const file = fileOf(await encoded(array));
  for (
    const options of [{ start: -1 }, { start: 2, stop: 1 }, { stop: 1001 }, { start: 0.5 }, {
      stop: NaN,
    }]
  ) {
    await fails("Invalid", /first axis has 1000/, readSlice(file, options));
  }
  const single = fileOf(await encoded({ data: Uint8Array.of(1), shape: [], dtype: "uint8" }));
  await fails("Invalid", /single number/, readSlice(single));
  const whole = await encoded({ data: Uint8Array.of(1, 2, 3, 4), shape: [2, 2], dtype: "uint8" });
  const fortran = whole.slice();
  fortran.set(
    new TextEncoder().encode("True "),
    new TextDecoder("latin1").decode(whole).indexOf("False"),
  );
  await fails("Unsupported", /Fortran/, readSlice(fileOf(fortran), { stop: 1 }));
  await fails("Corrupt", /needs 4/, readSlice(fileOf(whole.slice(0, -1))));
  for (const cut of [0, 5, 11, 40]) {
    await fails("Corrupt", /./, readSlice(fileOf(whole.slice(0, cut))));
  }
  await fails("Conflict", /3 of 4/, readSlice(fileOf(whole.slice(0, -1), whole.byteLength)));
});
