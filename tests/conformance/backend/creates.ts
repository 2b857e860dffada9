// Create-only puts: of any number for one key, exactly one wins.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { PutResult } from "../../../core/backend.ts";
import { given } from "../given.ts";
import type { BackendCase } from "./backend_case.ts";
import { assertHolds, chunked, createObject, read, sampleBytes, text } from "./samples.ts";

const EXISTS: PutResult = { written: false, reason: "exists" };
const create = { mode: "create" } as const;

/** Cases about `mode: "create"`. */
export const createCases: readonly BackendCase[] = [
  given("create writes a free key and keeps an existing object", async ({ backend }) => {
    ok((await backend.put("a/b", text("first"), create)).written);
    deepStrictEqual(await backend.put("a/b", text("second"), create), EXISTS);
    await assertHolds(backend, "a/b", text("first"));
  }),
  given("create loses against an overwrite, even an empty one", async ({ backend }) => {
    await backend.put("a/b", new Uint8Array());
    deepStrictEqual(await backend.put("a/b", text("x"), create), EXISTS);
    await assertHolds(backend, "a/b", new Uint8Array());
  }),
  given("create of a stream or a Blob may lose", async ({ backend }) => {
    await backend.put("a/b", text("first"), create);
    deepStrictEqual(await backend.put("a/b", chunked(sampleBytes(5000), 1000), create), EXISTS);
    deepStrictEqual(await backend.put("a/b", new Blob(["second"]), create), EXISTS);
    await assertHolds(backend, "a/b", text("first"));
  }),
  given("exactly one of 20 concurrent creates wins", async ({ backend }) => {
    for (let round = 0; round < 8; round++) await race(backend, `race/${round}`, 20);
  }),
  given("a create in a folder that others empty succeeds", async ({ backend }) => {
    for (let round = 0; round < 30; round++) {
      await backend.put("a/b/old", text("old"));
      const [created] = await Promise.all([
        createObject(backend, "a/b/new", () => text("new")),
        backend.delete("a/b/old"),
      ]);
      ok(created.written);
      await assertHolds(backend, "a/b/new", text("new"));
      await backend.delete("a/b/new");
    }
  }),
  given("concurrent creates and overwrites leave one body whole", async ({ backend }) => {
    for (let round = 0; round < 8; round++) {
      const key = `mixed/${round}`;
      const bodies = Array.from({ length: 12 }, (_, i) => sampleBytes(3000, i + 1));
      const results = await Promise.all(
        bodies.map((body, i) =>
          i % 2 === 0 ? createObject(backend, key, () => body) : backend.put(key, body)
        ),
      );
      ok(results.filter((result, i) => i % 2 === 0 && result.written).length <= 1);
      ok(results.every((result, i) => i % 2 === 0 || result.written));
      const found = await read(backend, key);
      ok(
        bodies.some((body) => body.every((byte, i) => byte === found![i])),
        "a mixture of several",
      );
    }
  }),
];

async function race(
  backend: Parameters<BackendCase["run"]>[0]["backend"],
  key: string,
  count: number,
): Promise<void> {
  const results = await Promise.all(
    Array.from({ length: count }, (_, i) => {
      const body = text(`writer ${i}`);
      return createObject(backend, key, () => i % 3 === 0 ? chunked(body, 4) : body);
    }),
  );
  const winners = results.flatMap((result, i) => result.written ? [i] : []);
  strictEqual(winners.length, 1, `${winners.length} winners`);
  for (const result of results) if (!result.written) strictEqual(result.reason, "exists");
  await assertHolds(backend, key, text(`writer ${winners[0]}`));
}
