// Several callers at once.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { isPrefix } from "../../../core/backend.ts";
import { compareUtf8 } from "../../../core/bytes/bytes.ts";
import { given } from "../given.ts";
import type { BackendCase } from "./backend_case.ts";
import { createObject, listed, putAll, read, sampleBytes, text } from "./samples.ts";

export const concurrencyCases: readonly BackendCase[] = [
  given("a reader sees a whole object during overwrites", async ({ backend }) => {
    const body = (value: number) => new Uint8Array(50_000 + value).fill(value);
    await backend.put("a/b", body(0));
    let writing = true;
    const writer = (async () => {
      for (let value = 1; value <= 40; value++) await backend.put("a/b", body(value));
      writing = false;
    })();
    const reader = async () => {
      for (let last = 0; writing;) {
        const found = await read(backend, "a/b");
        ok(found !== undefined, "no object");
        strictEqual(found.byteLength, 50_000 + found[0]);
        ok(found.every((byte) => byte === found[0]), "a mixture");
        ok(found[0] >= last, "an older one");
        last = found[0];
      }
    };
    await Promise.all([writer, reader(), reader(), reader()]);
  }),
  given("a listing during writes has every object that stays", async ({ backend }) => {
    const staying = Array.from({ length: 60 }, (_, i) => `a/${String(i).padStart(3, "0")}/stays`);
    await putAll(backend, staying);
    for (let round = 0; round < 3; round++) {
      const found: string[] = [];
      let i = 0;
      for await (const entry of backend.list("a/")) {
        ok(!isPrefix(entry));
        found.push(entry.key);
        const folder = String(i++ % 60).padStart(3, "0");
        await backend.put(`a/${folder}/comes`, text("x"));
        await backend.delete(`a/${String((i + 7) % 60).padStart(3, "0")}/comes`);
      }
      deepStrictEqual(found, [...new Set(found)].sort(compareUtf8));
      deepStrictEqual(found.filter((key) => key.endsWith("/stays")), staying);
    }
  }),
  given("concurrent deletes and creates of a key are consistent", async ({ backend }) => {
    for (let round = 0; round < 20; round++) {
      const calls = Array.from(
        { length: 10 },
        (_, i) =>
          i % 2 === 0
            ? createObject(backend, "a/b/c", () => sampleBytes(100, i))
            : backend.delete("a/b/c"),
      );
      await Promise.all(calls);
      const found = await read(backend, "a/b/c");
      deepStrictEqual(await listed(backend, "a/"), found === undefined ? [] : ["a/b/c"]);
      ok(found === undefined || found.byteLength === 100);
    }
  }),
];
