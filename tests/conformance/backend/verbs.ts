// Head, get, put and delete, one caller at a time.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { given } from "../given.ts";
import type { BackendCase } from "./backend_case.ts";
import {
  assertBytes,
  assertHolds,
  assertMissing,
  listed,
  putAll,
  read,
  sampleBytes,
  text,
} from "./samples.ts";

export const verbCases: readonly BackendCase[] = [
  given("head() and get() of a new key are undefined", async ({ backend }) => {
    await assertMissing(backend, "a/missing");
  }),
  given("get() returns bytes and info of a put", async ({ backend }) => {
    const bytes = sampleBytes(1000);
    await backend.put("a/b", bytes);
    const object = await backend.get("a/b");
    strictEqual(object?.info.key, "a/b");
    strictEqual(object.info.size, 1000);
    assertBytes(await object.bytes(), bytes);
  }),
  given("head(), get() and list() agree", async ({ backend }) => {
    await backend.put("a/b", sampleBytes(10));
    const info = await backend.head("a/b");
    deepStrictEqual((await backend.get("a/b"))?.info, info);
    for await (const entry of backend.list("a/")) deepStrictEqual(entry, info);
  }),
  given("modifiedAt is in milliseconds and never goes back", async ({ backend }) => {
    await backend.put("a/b", text("1"));
    const first = (await backend.head("a/b"))!.modifiedAt;
    await backend.put("a/b", text("2"));
    const second = (await backend.head("a/b"))!.modifiedAt;
    ok(Number.isSafeInteger(first), `${first} is not a whole number`);
    ok(first > Date.UTC(2020, 0), `${first} is before 2020`);
    ok(second >= first);
  }),
  given("put() replaces with longer and shorter bytes", async ({ backend }) => {
    for (const size of [100, 5000, 3]) {
      await backend.put("a/b", sampleBytes(size, size));
      await assertHolds(backend, "a/b", sampleBytes(size, size));
    }
  }),
  given("put() stores the view and not the buffer below it", async ({ backend }) => {
    const whole = sampleBytes(300);
    await backend.put("a/view", whole.subarray(100, 200));
    await assertHolds(backend, "a/view", whole.slice(100, 200));
  }),
  given("put() stores a Blob", async ({ backend }) => {
    const bytes = sampleBytes(100_000);
    await backend.put("a/blob", new Blob([bytes]));
    await assertHolds(backend, "a/blob", bytes);
  }),
  given("put() takes a media type and metadata", async ({ backend }) => {
    const options = { contentType: "text/plain", metadata: { author: "me" } };
    ok((await backend.put("a/b", text("x"), options)).written);
    await assertHolds(backend, "a/b", text("x"));
  }),
  given("stored bytes are independent of the caller's buffer", async ({ backend }) => {
    const bytes = text("before");
    await backend.put("a/b", bytes);
    bytes.fill(0);
    const got = await read(backend, "a/b");
    got!.fill(0);
    await assertHolds(backend, "a/b", text("before"));
  }),
  given("delete() removes the object", async ({ backend }) => {
    await putAll(backend, ["a/b/c", "a/b/d"]);
    await backend.delete("a/b/c");
    await assertMissing(backend, "a/b/c");
    await assertHolds(backend, "a/b/d", text("a/b/d"));
  }),
  given("delete() of a missing key is a success", async ({ backend }) => {
    await backend.delete("a/missing");
    await putAll(backend, ["a/b"]);
    await backend.delete("a/b");
    await backend.delete("a/b");
    await backend.delete("a/b/c");
    await assertMissing(backend, "a/b");
  }),
  given("delete() removes only that key", async ({ backend }) => {
    const keys = ["a-b", "a/b", "a/c", "ab"];
    await putAll(backend, keys);
    await backend.delete("a");
    deepStrictEqual(await listed(backend, ""), keys);
    await backend.delete("a/b");
    deepStrictEqual(await listed(backend, ""), ["a-b", "a/c", "ab"]);
  }),
  given("a key can be written again after it was deleted", async ({ backend }) => {
    for (const value of ["one", "two"]) {
      await backend.put("a/b/c", text(value), { mode: "create" });
      await assertHolds(backend, "a/b/c", text(value));
      await backend.delete("a/b/c");
    }
    await putAll(backend, ["a"]); // nothing lies below it any more
    await assertHolds(backend, "a", text("a"));
  }),
];
