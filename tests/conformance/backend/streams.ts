// Bodies that are streams, and large ones.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { readAll } from "../../../core/bytes/bytes.ts";
import { given } from "../given.ts";
import type { BackendCase } from "./backend_case.ts";
import {
  assertBytes,
  assertHolds,
  assertInvalid,
  assertMissing,
  assertThrows,
  chunked,
  listed,
  passed,
  sampleBytes,
  text,
} from "./samples.ts";

export const streamCases: readonly BackendCase[] = [
  given("put() reads a stream of any chunks and size", async ({ backend }) => {
    const bytes = sampleBytes(10_000);
    for (const chunkBytes of [1, 7, 999, 10_000, 20_000]) {
      for (const size of [undefined, 10_000]) {
        await backend.put("a/stream", chunked(bytes, chunkBytes), { size });
        await assertHolds(backend, "a/stream", bytes);
      }
    }
  }),
  given("put() accepts streams with empty chunks", async ({ backend }) => {
    await backend.put("a/none", chunked(new Uint8Array(), 1));
    await assertHolds(backend, "a/none", new Uint8Array());
    const chunks = [new Uint8Array(), text("x"), new Uint8Array(), text("y"), new Uint8Array()];
    await backend.put("a/some", ReadableStream.from(chunks));
    await assertHolds(backend, "a/some", text("xy"));
  }),
  given("chunks of a body belong to its reader", async ({ backend, largeBytes }) => {
    const bytes = sampleBytes(largeBytes);
    await backend.put("a/kept", bytes);
    for await (const chunk of (await backend.get("a/kept"))!.body) chunk.fill(0);
    await assertHolds(backend, "a/kept", bytes);
  }),
  given("a body of another size is Invalid", async ({ backend }) => {
    const bytes = sampleBytes(1000);
    for (const size of [0, 999, 1001]) {
      for (const body of [() => bytes, () => new Blob([text("x")]), () => chunked(bytes, 300)]) {
        await assertInvalid(backend.put("a/b", body(), { size }), "a/b");
        await assertInvalid(backend.put("a/b", body(), { size, mode: "create" }), "a/b");
      }
    }
    await assertMissing(backend, "a/b");
    deepStrictEqual(await listed(backend, ""), []);
  }),
  given("a failing stream fails the put and leaves nothing", async ({ backend, largeBytes }) => {
    await backend.put("a/old", text("before"));
    for (const size of [0, 1000, largeBytes]) {
      for (const mode of ["create", "overwrite"] as const) {
        const failure = new Error("the source failed");
        await assertThrows(
          backend.put("a/new", chunked(sampleBytes(size), 65_536, failure), { mode }),
          failure,
        );
      }
      const failure = Object.assign(new Error("the source failed"), { code: "ENOENT" });
      await assertThrows(
        backend.put("a/old", chunked(sampleBytes(size), 65_536, failure)),
        failure,
      );
    }
    await assertMissing(backend, "a/new");
    await assertHolds(backend, "a/old", text("before"));
    deepStrictEqual(await listed(backend, ""), ["a/old"]);
  }),
  given("a cancelled or unread body is harmless", async ({ backend, largeBytes }) => {
    for (const size of [1000, largeBytes]) {
      const bytes = sampleBytes(size);
      await backend.put("a/b", bytes);
      await backend.get("a/b");
      await (await backend.get("a/b"))!.body.cancel();
      const reader = (await backend.get("a/b"))!.body.getReader();
      ok(!(await reader.read()).done);
      await reader.cancel();
      await assertHolds(backend, "a/b", bytes);
      await backend.delete("a/b");
      await assertMissing(backend, "a/b");
    }
  }),
  given(
    "passTo() passes all bytes in order, and ends with its reader",
    async ({ backend, largeBytes }) => {
      for (const size of [1, 1000, largeBytes]) {
        const bytes = sampleBytes(size);
        await backend.put("a/b", bytes);
        for (const passing of [false, true]) {
          const object = await backend.get("a/b", { passing });
          if (object!.passTo === undefined) return await object!.body.cancel();
          assertBytes(await passed(object!), bytes);
          const range = { offset: 0, length: Math.ceil(size / 2) };
          const half = await backend.get("a/b", { passing, range });
          assertBytes(await passed(half!), bytes.subarray(0, range.length));
          await (await backend.get("a/b", { passing }))!.body.cancel();
          const failure = new Error("the reader failed");
          const failing = (await backend.get("a/b", { passing }))!.passTo!(() => {
            throw failure;
          });
          await assertThrows(failing, failure);
        }
      }
    },
  ),
  given("large objects are whole for all kinds of bodies", async ({ backend, largeBytes }) => {
    const bytes = sampleBytes(largeBytes);
    const blob = new Blob([bytes]);
    const bodies = [
      bytes,
      blob,
      chunked(bytes, 100_000),
      blob.stream() as ReadableStream<Uint8Array>,
    ];
    for (const [i, body] of bodies.entries()) {
      await backend.put(`large/${i}`, body, {
        mode: "create",
        size: i % 2 === 0 ? largeBytes : undefined,
      });
      await assertHolds(backend, `large/${i}`, bytes);
      assertBytes(await readAll((await backend.get(`large/${i}`))!.body), bytes);
    }
  }),
  given("a large object replaced during a read is never mixed", async ({ backend, largeBytes }) => {
    const versions = [sampleBytes(largeBytes, 1), sampleBytes(largeBytes + 5, 2)];
    await backend.put("a/b", versions[0]);
    const object = await backend.get("a/b");
    await backend.put("a/b", versions[1]);
    try {
      const found = await object!.bytes();
      assertBytes(found, versions[found.byteLength === largeBytes ? 0 : 1]);
    } catch (error) {
      strictEqual((error as Error).name, "RegistryError");
    }
  }),
];
