// Signals: a call that is aborted throws the signal's reason and leaves nothing half done.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { readAll } from "../../../core/bytes/bytes.ts";
import { given } from "../given.ts";
import type { BackendCase } from "./backend_case.ts";
import {
  assertBytes,
  assertHolds,
  assertMissing,
  assertThrows,
  listed,
  putAll,
  sampleBytes,
  text,
} from "./samples.ts";

/** Cases about `signal`. */
export const abortCases: readonly BackendCase[] = [
  given("an aborted signal fails every method with its reason", async ({ backend }) => {
    await putAll(backend, ["a/b"]);
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await assertThrows(backend.head("a/b", { signal }), reason);
    await assertThrows(backend.get("a/b", { signal }), reason);
    await assertThrows(backend.put("a/c", text("x"), { signal }), reason);
    await assertThrows(backend.put("a/c", new Blob(["x"]), { signal, mode: "create" }), reason);
    await assertThrows(backend.put("a/b", text("x"), { signal }), reason);
    await assertThrows(backend.delete("a/b", { signal }), reason);
    await assertThrows(listed(backend, "", { signal }), reason);
    deepStrictEqual(await listed(backend, ""), ["a/b"]);
    await assertHolds(backend, "a/b", text("a/b"));
  }),
  given("an abort fails a streaming put and leaves nothing", async ({ backend, largeBytes }) => {
    await putAll(backend, ["a/old"]);
    for (const bytesBefore of [0, 1000, largeBytes]) {
      for (const [key, mode] of [["a/new", "create"], ["a/old", "overwrite"]] as const) {
        const reason = new Error("enough");
        const abort = new AbortController();
        await assertThrows(
          backend.put(key, endless(bytesBefore, () => abort.abort(reason)), {
            signal: abort.signal,
            mode,
          }),
          reason,
        );
      }
    }
    await assertMissing(backend, "a/new");
    await assertHolds(backend, "a/old", text("a/old"));
  }),
  given("an abort ends a put and cancels its silent body", async ({ backend }) => {
    const reason = new Error("enough");
    const abort = new AbortController();
    let cancelled: unknown;
    const stalled = new ReadableStream<Uint8Array>({
      pull: () => {
        queueMicrotask(() => abort.abort(reason));
        return new Promise(() => {});
      },
      cancel: (why) => void (cancelled = why),
    }, { highWaterMark: 0 });
    await assertThrows(backend.put("a/b", stalled, { signal: abort.signal }), reason);
    strictEqual(cancelled, reason);
    await assertMissing(backend, "a/b");
  }),
  given("an abort ends a listing with its reason", async ({ backend }) => {
    await putAll(backend, ["a/1", "a/2", "a/3"]);
    const reason = new Error("enough");
    const abort = new AbortController();
    const entries = backend.list("a/", { signal: abort.signal })[Symbol.asyncIterator]();
    ok(!(await entries.next()).done);
    abort.abort(reason);
    await assertThrows(entries.next(), reason);
  }),
  given("an abort fails a read, or its bytes are whole", async ({ backend, largeBytes }) => {
    const bytes = sampleBytes(largeBytes);
    await backend.put("a/large", bytes);
    const reason = new Error("enough");
    for (const use of ["bytes", "body"] as const) {
      const abort = new AbortController();
      const object = await backend.get("a/large", { signal: abort.signal });
      const reading = use === "bytes" ? object!.bytes() : readAll(object!.body);
      abort.abort(reason);
      const outcome = await reading.catch((error) => error);
      if (outcome instanceof Uint8Array) assertBytes(outcome, bytes);
      else strictEqual(outcome, reason);
    }
  }),
];

/** A stream that calls `then` after `size` bytes and continues far longer than an abort takes. */
function endless(size: number, then: () => void): ReadableStream<Uint8Array> {
  let given = 0;
  let unheard = 0;
  return new ReadableStream({
    pull(controller) {
      if (given >= size && unheard++ === 0) queueMicrotask(then);
      if (unheard > 1000) return controller.error(new Error("the abort was not heard"));
      const chunk = sampleBytes(Math.max(1, Math.min(65_536, size - given)));
      given += chunk.byteLength;
      controller.enqueue(chunk);
    },
  }, { highWaterMark: 0 });
}
