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
  given("an empty store has a root, and nothing in it", async ({ files }) => {
    deepStrictEqual(await tree(files), []);
    deepStrictEqual(await files.stat(""), { path: "", kind: "folder", size: 0 });
    strictEqual(await files.stat("a"), undefined);
    for (const mode of ["create", "overwrite"] as const) {
      await refused(files, "Conflict", () => files.write("", text("x"), { mode }));
    }
  }),
  given(
    "write() keeps bytes, blobs, streams and sources as they are, and makes the folders above",
    async ({ files }) => {
      const bytes = text("content");
      const stream = () => new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
      const contents = [bytes, new Blob([bytes as Uint8Array<ArrayBuffer>]), stream(), {
        size: 7,
        stream,
      }];
      for (const [i, content] of contents.entries()) {
        const { path, kind, size } = await files.write(`a/b/${i}`, content);
        deepStrictEqual([path, kind, size], [`a/b/${i}`, "file", 7]);
        strictEqual(await read(files, `a/b/${i}`), "content");
      }
      deepStrictEqual(await tree(files), ["a/", "a/b/", "a/b/0", "a/b/1", "a/b/2", "a/b/3"]);
    },
  ),
  given("open() reads whole, as a stream and by ranges", async ({ files }) => {
    const bytes = large();
    await files.write("large", bytes);
    const file = await files.open("large");
    strictEqual(file.size, LARGE_BYTES);
    const readAll = async (stream: ReadableStream) =>
      new Uint8Array(await new Response(stream).arrayBuffer());
    ok(equal(await file.bytes(), bytes));
    ok(equal(await readAll(file.stream()), bytes));
    for (
      const [offset, length] of [[0, 10], [1_000_000, 5], [LARGE_BYTES - 3, 3], [LARGE_BYTES, 0]]
    ) {
      ok(
        equal(
          await readAll(file.stream({ offset, length })),
          bytes.subarray(offset, offset + length),
        ),
      );
    }
    ok(
      equal(
        await readAll(file.stream({ offset: LARGE_BYTES - 7 })),
        bytes.subarray(LARGE_BYTES - 7),
      ),
    );
  }),
  given(
    "what was given and what was read is the caller's: changing it changes nothing in the store",
    async ({ files }) => {
      const given = text("one");
      await files.write("a", given);
      given[0] = 0;
      (await (await files.open("a")).bytes())[0] = 0;
      strictEqual(await read(files, "a"), "one");
    },
  ),
  given("write() replaces a file, and with mode create it is AlreadyExists", async ({ files }) => {
    await files.write("a", text("one"));
    await files.write("a", text("more than one"));
    strictEqual(await read(files, "a"), "more than one");
    await refused(
      files,
      "AlreadyExists",
      () => files.write("a", text("two"), { mode: "create" }),
    );
    strictEqual(await read(files, "a"), "more than one");
    await files.write("b", text("two"), { mode: "create" });
    strictEqual(await read(files, "b"), "two");
  }),
  given("of many that create one file at the same time, one wins", async ({ files }) => {
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
  given("a write that fails leaves what was there, and nothing else", async ({ files }) => {
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
      await refused(
        files,
        "Invalid",
        () => files.write(path, { size: 9, stream: () => new Blob(["short"]).stream() }),
      );
      await refused(
        files,
        "Invalid",
        () => files.write(path, { size: 2, stream: () => new Blob(["long"]).stream() }),
      );
    }
    deepStrictEqual(await tree(files), ["a"]);
    strictEqual(await read(files, "a"), "one");
  }),
  given("an abort ends a write with its reason and leaves nothing", async ({ files }) => {
    const reason = new Error("enough");
    await rejects(
      () => files.write("a/b", text("x"), { signal: AbortSignal.abort(reason) }),
      reason,
    );
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
  given(
    "open() is NotFound where there is no file: nothing, a folder, a path below a file",
    async ({ files }) => {
      await files.write("a/b", text("x"));
      for (const path of ["c", "a", "", "a/b/c", "a/c"]) {
        await refused(files, "NotFound", () => files.open(path));
      }
      strictEqual(await files.stat("a/b/c"), undefined);
    },
  ),
  given("remove() says whether something was there, and keeps the folder", async ({ files }) => {
    await files.write("a/b", text("x"));
    strictEqual(await files.remove("a/b"), true);
    strictEqual(await files.remove("a/b"), false);
    strictEqual(await files.remove("c/d"), false);
    deepStrictEqual(await tree(files), ["a/"]);
    await refused(files, "NotFound", () => files.open("a/b"));
  }),
  given("stat() tells size and time of a file", async ({ files }) => {
    await files.write("a", text("four"));
    const { modifiedAt, ...rest } = (await files.stat("a"))!;
    deepStrictEqual(rest, { path: "a", kind: "file", size: 4 });
    ok(modifiedAt! > Date.UTC(2020, 0));
  }),
];

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, at) => byte === b[at]);
}
