import { assert, assertEquals, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import { createMemoryBackend } from "../../backends/memory.ts";
import type { Backend } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import { createBucketFiles } from "../../files/bucket.ts";
import type { FileStore } from "../../core/file_store.ts";
import { createFileManager } from "../../files/mod.ts";
import { read, text } from "../conformance/files/file_store_case.ts";
import { refused } from "../support/refused.ts";

/** A bucket with objects of other programs: keys, each containing its key or the given content. */
async function bucketOf(...keys: (string | [key: string, content: string | Uint8Array])[]) {
  const backend = createMemoryBackend();
  for (const item of keys) {
    const [key, content] = typeof item === "string" ? [item, item] : item;
    await backend.put(key, typeof content === "string" ? text(content) : content);
  }
  const store = createBucketFiles({ backend });
  return { backend, store, files: await createFileManager({ it: store }).on("it") };
}

const keysOf = async (backend: Backend) => {
  const entries = await Array.fromAsync(backend.list(""));
  return entries.flatMap((entry) => "key" in entry ? [entry.key] : []);
};

const kindsIn = (store: FileStore, folder: string) =>
  Array.fromAsync(store.list(folder), ({ path, kind }) => `${path}:${kind}`);

Deno.test("keys that are not paths are ignored in folders and among links", async () => {
  const strange = ["a//b", "a/../c", "a/", "a/.holdfast-x", "a\\b"];
  const links = ["..", "", "x/y", ".holdfast-y"].map((name) => `a/.holdfast-link/${name}`);
  const good: [string, string] = ["a/.holdfast-link/good", "ok"];
  const { store, files } = await bucketOf("a/ok", ...strange, ...links, good);
  assertEquals(await kindsIn(store, "a"), ["a/good:link", "a/ok:file"]);
  const root = await bucketOf("/absolute", "b", "..");
  assertEquals(await root.files.listFiles("", { recursive: true }), ["b"]);
  assertEquals(await files.listFiles("", { recursive: true }), ["a/good", "a/ok"]);
});

Deno.test("a link object without a short relative path is a broken link", async () => {
  let most = 0;
  const { backend, store } = await bucketOf(
    ["a/.holdfast-link/1", "/etc/passwd"],
    ["a/.holdfast-link/2", "../../up"],
    ["a/.holdfast-link/3", "x\0y"],
    ["a/.holdfast-link/4", Uint8Array.of(0xff, ...text("/../../.."))],
    ["a/.holdfast-link/5", "x/".repeat(3000)],
  );
  const seen = createBucketFiles({
    backend: {
      ...backend,
      async get(key, options) {
        const object = await backend.get(key, options);
        return object && {
          ...object,
          body: object.body,
          bytes: () => (most = Math.max(most, object.info.size), object.bytes()),
        };
      },
    },
  });
  for (const files of [store, seen]) {
    for (const name of "12345") {
      assertEquals(await files.stat(`a/${name}`), { path: `a/${name}`, kind: "link", size: 0 });
    }
  }
  assert(most < 100, `${most} bytes were read`);
});

Deno.test("a folder mark of another program, a key with / at its end, is removed too", async () => {
  const { backend, store, files } = await bucketOf("a/", "b/", "b/c/", "b/c/d");
  assertEquals(await store.remove("a"), true);
  assertEquals(await files.deleteAll("b"), true);
  assertEquals(await keysOf(backend), []);
});

Deno.test("a file and a folder of one name are listed, and removed together", async () => {
  const { backend, store, files } = await bucketOf("x/a", "x/a/b", "x/a!");
  assertEquals(await kindsIn(store, "x"), ["x/a:file", "x/a!:file", "x/a:folder"]);
  assertEquals((await store.stat("x/a"))?.kind, "file");
  assertEquals(await read(store, "x/a/b"), "x/a/b");
  assertEquals(await files.deleteAll("x"), true);
  assertEquals(await keysOf(backend), []);
});

Deno.test("a link that a file replaced does not exist, even if its writer died", async () => {
  const { backend, store } = await bucketOf(["a/.holdfast-link/b", "c"], "a/b");
  assertEquals(await kindsIn(store, "a"), ["a/b:file"]);
  assertEquals(await store.remove("a/b"), true);
  assertEquals(await store.stat("a/b"), undefined);
  assertEquals(await keysOf(backend), ["a/.holdfast-folder"]);
});
Deno.test("a listing that stops or fails leaves no requests running", async () => {
  const links = Array.from({ length: 40 }, (_, i) => [`a/.holdfast-link/${i + 10}`, "x"] as const);
  const { backend } = await bucketOf(
    ...links.map(([key, content]): [string, string] => [key, content]),
  );
  let running = 0;
  const slow = (failing: string): Backend => ({
    ...backend,
    async get(key, options) {
      running++;
      for (let turn = 0; turn < Number(key.slice(-2)); turn++) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      running--;
      if (key.endsWith(failing)) throw new Error("no");
      return await backend.get(key, options);
    },
  });
  for await (const _ of createBucketFiles({ backend: slow("none") }).list("a")) break;
  assertEquals(running, 0);
  const failing = createBucketFiles({ backend: slow("12") });
  await assertRejects(() => Array.fromAsync(failing.list("a")), Error, "no");
  assertEquals(running, 0);
});

Deno.test("one of two moves to the same path succeeds, also in a store that copies", async () => {
  const inner = createMemoryBackend();
  const copying: Backend = {
    ...inner,
    async copy(from, to, options) {
      const object = await inner.get(from, options);
      await inner.put(to, await object!.bytes());
      return (await inner.head(to))!;
    },
  };
  for (const backend of [createMemoryBackend(), copying]) {
    const store = createBucketFiles({ backend });
    await store.write("a", text("a"));
    await store.write("b", text("b"));
    const results = await Promise.allSettled([store.move("a", "c"), store.move("b", "c")]);
    const lost = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
    assertEquals(lost.map((error) => isRegistryError(error, "AlreadyExists")), [true]);
    const left = (await store.stat("a")) === undefined ? "b" : "a";
    assertEquals([await read(store, left), await read(store, "c")].sort(), ["a", "b"]);
  }
});

Deno.test("a file that is written during its move stays", async () => {
  const backend = createMemoryBackend();
  const store = createBucketFiles({
    backend: {
      ...backend,
      async put(key, body, options) {
        const result = await backend.put(key, body, options);
        if (key === "b") await backend.put("a", text("newer"));
        return result;
      },
    },
  });
  await backend.put("a", text("old"));
  await refused("Conflict", () => store.move("a", "b"));
  assertEquals(await read(store, "a"), "newer");
});

Deno.test("a file that replaces a link leaves nothing of it", async () => {
  const { backend, store } = await bucketOf();
  await store.createLink("a", "b");
  await store.write("a", text("x"));
  assertEquals(await keysOf(backend), ["a"]);
});
