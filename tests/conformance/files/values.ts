// Cases about files: writing, reading, replacing, removing.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { isRegistryError } from "../../../core/errors.ts";
import { type FileStoreCase, read, refused, text, tree } from "./file_store_case.ts";
import { given } from "../given.ts";

const LARGE_BYTES = 3 << 20;

function large(): Uint8Array {
  const bytes = new Uint8Array(LARGE_BYTES);
  for (let at = 0; at < bytes.byteLength; at++) bytes[at] = at * 31 + (at >> 8);
  return bytes;
}

export const fileCases: readonly FileStoreCase[] = [
  given("an empty store has an empty root", async ({ files }) => {
    deepStrictEqual(await tree(files), []);
    deepStrictEqual(await files.stat(""), { path: "", kind: "folder", size: 0 });
    strictEqual(await files.stat("a"), undefined);
    for (const mode of ["create", "overwrite"] as const) {
      await refused(files, "Conflict", () => files.write("", text("x"), { mode }));
    }
  }),
  given(
    "write() accepts bytes, blobs, streams and sources, and creates parents",
    async ({ files }) => {
      const bytes = text("content") as Uint8Array<ArrayBuffer>;
      const stream = () => new Blob([bytes]).stream();
      const contents = [bytes, new Blob([bytes]), stream(), { size: 7, stream }];
      for (const [i, content] of contents.entries()) {
        const { path, kind, size } = await files.write(`a/b/${i}`, content);
        deepStrictEqual([path, kind, size], [`a/b/${i}`, "file", 7]);
        strictEqual(await read(files, `a/b/${i}`), "content");
      }
      deepStrictEqual(await tree(files), ["a/", "a/b/", "a/b/0", "a/b/1", "a/b/2", "a/b/3"]);
    },
  ),
  given("open() reads everything, streams and ranges", async ({ files }) => {
    const bytes = large();
    await files.write("large", bytes);
    const file = await files.open("large");
    strictEqual(file.size, LARGE_BYTES);
    const readAll = async (stream: ReadableStream) =>
      new Uint8Array(await new Response(stream).arrayBuffer());
    ok(equal(await file.bytes(), bytes));
    ok(equal(await readAll(file.stream()), bytes));
    const end = LARGE_BYTES;
    const ranges = [[0, 10], [1_000_000, 5], [end - 3, 3], [end, 0], [end - 7, undefined]] as const;
    for (const [offset, length] of ranges) {
      const expected = bytes.subarray(offset, offset + (length ?? end));
      ok(equal(await readAll(file.stream({ offset, length })), expected));
    }
  }),
  given("buffers are copied on writes and reads", async ({ files }) => {
    const given = text("one");
    await files.write("a", given);
    given[0] = 0;
    (await (await files.open("a")).bytes())[0] = 0;
    strictEqual(await read(files, "a"), "one");
  }),
  given("write() replaces a file, or is AlreadyExists with mode create", async ({ files }) => {
    await files.write("a", text("one"));
    await files.write("a", text("more than one"));
    strictEqual(await read(files, "a"), "more than one");
    const create = () => files.write("a", text("two"), { mode: "create" });
    await refused(files, "AlreadyExists", create);
    strictEqual(await read(files, "a"), "more than one");
    await files.write("b", text("two"), { mode: "create" });
    strictEqual(await read(files, "b"), "two");
  }),
  given("one of several concurrent creates of a file wins", async ({ files }) => {
    const writes = Array.from(
      { length: 8 },
      (_, i) => files.write("a/b", text(`${i}`), { mode: "create" }),
    );
    const results = await Promise.allSettled(writes);
    const won = results.flatMap(({ status }, i) => status === "fulfilled" ? [`${i}`] : []);
    deepStrictEqual(won, [await read(files, "a/b")]);
    for (const result of results) {
      if (result.status === "rejected") {
        ok(isRegistryError(result.reason, "AlreadyExists"), String(result.reason));
      }
    }
  }),
  given("a write that fails changes nothing", async ({ files }) => {
    await files.write("a", text("one"));
    const broken = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.enqueue(new Uint8Array(70_000));
          controller.error(new Error("the source broke"));
        },
      });
    for (const path of ["a", "b"]) {
      await rejects(() => files.write(path, broken()), /the source broke/);
      for (const [size, content] of [[9, "short"], [2, "long"]] as const) {
        const stream = () => new Blob([content]).stream();
        await refused(files, "Invalid", () => files.write(path, { size, stream }));
      }
    }
    deepStrictEqual(await tree(files), ["a"]);
    strictEqual(await read(files, "a"), "one");
  }),
  given("an aborted write rejects with its reason, and changes nothing", async ({ files }) => {
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await rejects(() => files.write("a/b", text("x"), { signal }), reason);
    const abort = new AbortController();
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(10));
        abort.abort(reason);
      },
    });
    await rejects(() => files.write("c", stream, { signal: abort.signal }), reason);
    deepStrictEqual(await tree(files), []);
  }),
  given("open() of anything but a file is NotFound", async ({ files }) => {
    await files.write("a/b", text("x"));
    for (const path of ["c", "a", "", "a/b/c", "a/c"]) {
      await refused(files, "NotFound", () => files.open(path));
    }
    strictEqual(await files.stat("a/b/c"), undefined);
  }),
  given("remove() returns whether something was there, and keeps the folder", async ({ files }) => {
    await files.write("a/b", text("x"));
    strictEqual(await files.remove("a/b"), true);
    strictEqual(await files.remove("a/b"), false);
    strictEqual(await files.remove("c/d"), false);
    deepStrictEqual(await tree(files), ["a/"]);
    await refused(files, "NotFound", () => files.open("a/b"));
  }),
  given("stat() returns size and time of a file", async ({ files }) => {
    await files.write("a", text("four"));
    const { modifiedAt, ...rest } = (await files.stat("a"))!;
    deepStrictEqual(rest, { path: "a", kind: "file", size: 4 });
    ok(modifiedAt! > Date.UTC(2020, 0));
  }),
];

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, at) => byte === b[at]);
}
