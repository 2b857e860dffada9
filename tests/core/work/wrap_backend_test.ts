import { assert, assertEquals, assertRejects } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { type BackendCall, wrapBackend, wrapCalls } from "../../../core/work/wrap_backend.ts";
import { testBackend } from "../../conformance/mod.ts";

const passOn = (inner: Backend) => wrapCalls(inner, ({ signal }, act) => act(signal));

testBackend(Deno.test, () => Promise.resolve(passOn(createMemoryBackend())), {
  name: "wrapped calls of memory",
  largeBytes: 100_000,
});

/** A backend whose methods return their names, with every member. */
function whole(asked: unknown[]): Backend {
  const ask = (method: string) => (...args: unknown[]) => {
    asked.push([method, args.at(-1)]);
    return Promise.resolve(method);
  };
  const listing = (method: string) =>
    async function* (...args: unknown[]) {
      asked.push([method, args.at(-1)]);
      for (let i = 0; i < 5; i++) yield method;
    };
  const backend = {
    kind: "mine",
    location: "mine:",
    reopen: { module: "m", name: "n", options: {} },
    disk: { locking: "link", layout: "folded" },
    list: listing("list"),
    sweepUploads: listing("sweepUploads"),
    [Symbol.asyncDispose]: async () => {},
  };
  const methods = "head get put delete getFirst deleteMany presign presignPut copy sync reserve"
    .split(" ");
  return Object.assign(
    backend,
    Object.fromEntries(methods.map((method) => [method, ask(method)])),
  ) as unknown as Backend;
}

Deno.test("every call passes through a wrapper once, with its key and signal", async () => {
  const asked: unknown[] = [];
  const calls: BackendCall[] = [];
  const { signal } = new AbortController();
  const backend = wrapCalls(whole(asked), (call, act) => {
    calls.push(call);
    return act(call.signal);
  }, { pageEntries: 3 });
  const options = { signal, olderThan: 1, expiresInMs: 1, size: 1 };
  const made: Record<BackendCall["method"], () => unknown> = {
    head: () => backend.head("key", options),
    get: () => backend.get("key", options),
    put: () => backend.put("key", new Uint8Array(), { ...options, mode: "create" }),
    delete: () => backend.delete("key", options),
    list: () => Array.fromAsync(backend.list("key", options)),
    getFirst: () => backend.getFirst?.("key", options),
    deleteMany: () => backend.deleteMany?.(["key", "other"], options),
    presign: () => backend.presign?.("key", options),
    presignPut: () => backend.presignPut?.("key", { ...options, sha256: "" }),
    copy: () => backend.copy?.("from", "key", options),
    sweepUploads: () => Array.fromAsync(backend.sweepUploads?.(options) ?? []),
    sync: () => backend.sync?.(["key"], options),
    reserve: () => backend.reserve?.(options),
  };
  for (const [method, make] of Object.entries(made)) {
    calls.length = asked.length = 0;
    const result = await make();
    const isListing = method === "list" || method === "sweepUploads";
    assertEquals(result, isListing ? Array(5).fill(method) : method);
    const key = method === "sweepUploads" || method === "reserve" ? "" : "key";
    const call = { method, key, signal, ...(method === "put" && { mode: "create" }) };
    assertEquals(calls, Array(isListing ? 2 : 1).fill(call)); // pages of three
    const more: Record<string, object> = { put: { mode: "create" }, presignPut: { sha256: "" } };
    const given = { ...options, ...more[method] };
    assertEquals(asked, [[method, given]]);
  }
  assertEquals([backend.kind, backend.location], ["mine", "mine:"]);
  assertEquals([backend.reopen, backend.disk?.layout], [undefined, "folded"]);
});

Deno.test("a wrapper may send a call late, twice, or not at all", async () => {
  const inner = createMemoryBackend();
  let times = 2;
  const backend = wrapCalls(inner, async (_call, act) => {
    if (times === 0) throw new Error("no");
    let result = await act(undefined);
    for (let i = 1; i < times; i++) result = await act(undefined);
    return result;
  });
  await backend.put("a", new Uint8Array(1));
  assertEquals((await inner.head("a"))?.etag, "2");
  assertEquals((await Array.fromAsync(backend.list(""))).length, 1);
  times = 0;
  await assertRejects(() => backend.delete("a"), Error, "no");
  assert(await inner.head("a") !== undefined);
});

Deno.test("members are those of the wrapper, then those inside", () => {
  const inner = createLocalBackend({ path: "nowhere" });
  const backend = wrapBackend(inner, { kind: "far", sync: undefined });
  assertEquals([backend.kind, backend.location, backend.disk], ["far", inner.location, inner.disk]);
  assertEquals([typeof backend.sync, typeof backend.sweepUploads], ["undefined", "function"]);
});
