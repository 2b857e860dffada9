// Reading a part of an object.
import { strictEqual } from "node:assert/strict";
import { readAll } from "../../../core/bytes/bytes.ts";
import { given } from "../given.ts";
import type { BackendCase } from "./backend_case.ts";
import { assertBytes, assertInvalid, sampleBytes } from "./samples.ts";

/** Cases about `range`. */
export const rangeCases: readonly BackendCase[] = [
  given("get() of a range is clipped, with the whole info", async ({ backend }) => {
    const bytes = sampleBytes(1000);
    await backend.put("a/b", bytes);
    for (const offset of [0, 1, 500, 999, 1000, 5000]) {
      for (const length of [undefined, 0, 1, 500, 1000, 5000]) {
        const object = await backend.get("a/b", { range: { offset, length } });
        strictEqual(object?.info.size, 1000);
        const expected = bytes.slice(offset, length === undefined ? undefined : offset + length);
        assertBytes(await object.bytes(), expected);
      }
    }
  }),
  given("get() of a range of an empty object returns no bytes", async ({ backend }) => {
    await backend.put("a/empty", new Uint8Array());
    for (const range of [{ offset: 0 }, { offset: 0, length: 10 }, { offset: 5, length: 1 }]) {
      strictEqual((await (await backend.get("a/empty", { range }))!.bytes()).byteLength, 0);
    }
  }),
  given("an impossible range is Invalid", async ({ backend }) => {
    await backend.put("a/b", sampleBytes(10));
    for (const offset of [-1, 0.5, NaN, Infinity]) {
      await assertInvalid(backend.get("a/b", { range: { offset, length: 1 } }), "a/b");
    }
    for (const length of [-1, 0.5, NaN]) {
      await assertInvalid(backend.get("a/b", { range: { offset: 0, length } }), "a/b");
    }
  }),
  given("get() of a range reaches into a large object", async ({ backend, largeBytes }) => {
    const bytes = sampleBytes(largeBytes);
    await backend.put("a/large", bytes);
    const middle = largeBytes >> 1;
    for (
      const [offset, length] of [[0, 10], [middle - 5, 10], [largeBytes - 10, 100], [
        10,
        largeBytes - 20,
      ]]
    ) {
      const object = await backend.get("a/large", { range: { offset, length } });
      assertBytes(await object!.bytes(), bytes.slice(offset, offset + length));
      const again = await backend.get("a/large", { range: { offset, length } });
      assertBytes(await readAll(again!.body), bytes.slice(offset, offset + length));
    }
  }),
];
