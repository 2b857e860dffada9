// The optional members.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { SweptUpload } from "../../../core/backend.ts";
import { given } from "../given.ts";
import type { BackendCase } from "./backend_case.ts";
import {
  assertBytes,
  assertHolds,
  assertMissing,
  chunked,
  listed,
  putAll,
  sampleBytes,
  text,
} from "./samples.ts";

const FAR_FUTURE = Date.UTC(2100, 0);

export const optionalCases: readonly BackendCase[] = [
  given("deleteMany() deletes these objects only", async ({ backend }) => {
    const keys = Array.from({ length: 30 }, (_, i) => `a/${String(i).padStart(2, "0")}`);
    await putAll(backend, keys);
    deepStrictEqual(await backend.deleteMany!([...keys.slice(0, 20), "a/missing"]), []);
    deepStrictEqual(await listed(backend, ""), keys.slice(20));
    deepStrictEqual(await backend.deleteMany!([]), []);
  }, { needs: "deleteMany" }),
  given("copy() makes a second object with the same bytes", async ({ backend }) => {
    await backend.put("a/from", sampleBytes(5000));
    const info = await backend.copy!("a/from", "b/to");
    strictEqual(info.key, "b/to");
    strictEqual(info.size, 5000);
    await backend.delete("a/from");
    await assertHolds(backend, "b/to", sampleBytes(5000));
  }, { needs: "copy" }),
  given("copy() replaces an object and is independent of it", async ({ backend }) => {
    await backend.put("a", text("one"));
    await backend.put("b", text("two"));
    for (let i = 0; i < 2; i++) await backend.copy!("a", "b");
    await assertHolds(backend, "b", text("one"));
    await backend.put("a", text("three"));
    await assertHolds(backend, "b", text("one"));
    await backend.copy!("b", "c");
    await backend.delete("b");
    await assertHolds(backend, "c", text("one"));
    deepStrictEqual(await listed(backend, ""), ["a", "c"]);
  }, { needs: "copy" }),
  given("copy() of a missing object is NotFound", async ({ backend }) => {
    await rejects(backend.copy!("a/missing", "b/to"), {
      name: "RegistryError",
      code: "NotFound",
    });
    await assertMissing(backend, "b/to");
  }, { needs: "copy" }),
  given("presign() returns a URL that reads the object", async ({ backend }) => {
    await backend.put("a/b", sampleBytes(5000));
    const reply = await fetch(
      await backend.presign!("a/b", { expiresInMs: 60_000 }),
    );
    assertBytes(new Uint8Array(await reply.arrayBuffer()), sampleBytes(5000));
  }, { needs: "presign" }),
  given("sweepUploads() keeps finished objects", async ({ backend, largeBytes }) => {
    await backend.put("a/small", text("x"));
    await backend.put("a/large", chunked(sampleBytes(largeBytes), 65_536));
    deepStrictEqual(await swept(backend.sweepUploads!({ olderThan: FAR_FUTURE })), []);
    deepStrictEqual(await listed(backend, ""), ["a/large", "a/small"]);
    await assertHolds(backend, "a/large", sampleBytes(largeBytes));
  }, { needs: "sweepUploads" }),
  given(
    "sweepUploads() spares new uploads, and all with dryRun",
    async ({ backend, largeBytes }) => {
      const bytes = sampleBytes(largeBytes);
      const body = interrupted(bytes, async () => {
        deepStrictEqual(await swept(backend.sweepUploads!({ olderThan: Date.UTC(2020, 0) })), []);
        await swept(backend.sweepUploads!({ olderThan: FAR_FUTURE, dryRun: true }));
      });
      ok((await backend.put("a/b", body, { mode: "create" })).written);
      await assertHolds(backend, "a/b", bytes);
    },
    { needs: "sweepUploads" },
  ),
  given("a swept upload succeeds or leaves nothing", async ({ backend, largeBytes }) => {
    const bytes = sampleBytes(largeBytes);
    const body = interrupted(bytes, async () => {
      for (const upload of await swept(backend.sweepUploads!({ olderThan: FAR_FUTURE }))) {
        ok(upload.key !== "" && upload.startedAt > Date.UTC(2020, 0));
      }
    });
    const outcome = await backend.put("a/b", body, { mode: "create" }).catch((error) => error);
    if (outcome instanceof Error) await assertMissing(backend, "a/b");
    else await assertHolds(backend, "a/b", bytes);
    // In S3 a part under way can restore an aborted upload, so this removes the rest.
    await swept(backend.sweepUploads!({ olderThan: FAR_FUTURE }));
    deepStrictEqual(await swept(backend.sweepUploads!({ olderThan: FAR_FUTURE })), []);
  }, { needs: "sweepUploads" }),
  given("getFirst() equals a listing with limit 1", async ({ backend }) => {
    const keys = [
      ..."a/1 a/10 a/2 a-b/c/d a/b/c".split(" "),
      "names/x/versions/final/p8p9p9/9007199254740989.rec",
    ];
    for (const key of keys) await backend.put(key, text(key));
    for (
      const prefix of ["", ..."a a/ a/1 a/2 a/b/ a/z names/ names/x/versions/ none/ z".split(" ")]
    ) {
      const [first] = await listed(backend, prefix, { limit: 1 });
      const object = await backend.getFirst!(prefix);
      deepStrictEqual(object?.info.key, first);
      if (object === undefined) continue;
      deepStrictEqual(object.info, await backend.head(first));
      deepStrictEqual(await object.bytes(), text(first));
    }
  }, { needs: "getFirst" }),
  given("getFirst() returns large objects, and the next one", async ({ backend, largeBytes }) => {
    await backend.put("a/1/x", text("x"));
    await backend.put("a/2", sampleBytes(largeBytes));
    deepStrictEqual(await (await backend.getFirst!("a/"))?.bytes(), text("x"));
    await backend.delete("a/1/x");
    deepStrictEqual(await (await backend.getFirst!("a/"))?.bytes(), sampleBytes(largeBytes));
    await backend.delete("a/2");
    deepStrictEqual(await backend.getFirst!("a/"), undefined);
  }, { needs: "getFirst" }),
  given("reserve() is idempotent and changes no listing", async ({ backend }) => {
    await backend.put("a", text("a"));
    ok(await backend.reserve!());
    ok(await backend.reserve!());
    deepStrictEqual(await listed(backend, ""), ["a"]);
    ok((await backend.put("b", text("b"), { useReserve: true })).written);
  }, { needs: "reserve" }),
  given("sync() accepts any keys and changes nothing", async ({ backend, largeBytes }) => {
    await backend.put("a/b", text("x"));
    await backend.put("a/c/large", sampleBytes(largeBytes), { mode: "create" });
    await backend.sync!(["a/b", "a/missing", "nothing/here", "a/c/large", "a/b"]);
    await backend.sync!([]);
    deepStrictEqual(await listed(backend, ""), ["a/b", "a/c/large"]);
    await assertHolds(backend, "a/b", text("x"));
    await assertHolds(backend, "a/c/large", sampleBytes(largeBytes));
  }, { needs: "sync" }),
  given("sync() under an aborted signal throws its reason", async ({ backend }) => {
    await backend.put("a/b", text("x"));
    const reason = new Error("enough");
    await rejects(backend.sync!(["a/b"], { signal: AbortSignal.abort(reason) }), reason);
  }, { needs: "sync" }),
];

async function swept(uploads: AsyncIterable<SweptUpload>): Promise<SweptUpload[]> {
  const found: SweptUpload[] = [];
  for await (const upload of uploads) found.push(upload);
  return found;
}

/** A stream of these bytes that does something before its last. */
function interrupted(bytes: Uint8Array, action: () => Promise<void>): ReadableStream<Uint8Array> {
  let half = 0;
  return new ReadableStream({
    async pull(controller) {
      if (++half === 1) return controller.enqueue(bytes.slice(0, -1));
      await action();
      controller.enqueue(bytes.slice(-1));
      controller.close();
    },
  }, { highWaterMark: 0 });
}
