import { assert, assertEquals, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import { createMemoryBackend } from "../../backends/memory.ts";
import type { Backend } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import { createBucketFiles } from "../../files/bucket.ts";
import { createFileManager } from "../../files/mod.ts";
import { read, text } from "../conformance/files/file_store_case.ts";
import { refused } from "../support/refused.ts";

/** A bucket in which another program has written these keys, each with its key or the content that is given. */
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

Deno.test("keys that are no paths are passed by: in folders, and among links", async () => {
  const { store, files } = await bucketOf(
    "a/ok",
    "a//b",
    "a/../c",
    "a/",
    "a/.holdfast-x",
    "a\\b",
    ["a/.holdfast-link/good", "ok"],
    "a/.holdfast-link/..",
    "a/.holdfast-link/",
    "a/.holdfast-link/x/y",
    "a/.holdfast-link/.holdfast-y",
  );
  const listed = await Array.fromAsync(store.list("a"), ({ path, kind }) => `${path}:${kind}`);
  assertEquals(listed, ["a/good:link", "a/ok:file"]);
  const root = await bucketOf("/absolute", "b", "..");
  assertEquals(await root.files.listFiles("", { recursive: true }), ["b"]);
  assertEquals(await files.listFiles("", { recursive: true }), ["a/good", "a/ok"]);
});

Deno.test("a link in whose place something else lies than a short relative path leads nowhere, and is not read", async () => {
  let most = 0;
  const { backend, store } = await bucketOf(
    ["a/.holdfast-link/1", "/etc/passwd"],
    ["a/.holdfast-link/2", "../../up"],
    ["a/.holdfast-link/3", "x\0y"],
    [
      "a/.holdfast-link/4",
      Uint8Array.of(0xff, 0x2f, 0x2e, 0x2e, 0x2f, 0x2e, 0x2e, 0x2f, 0x2e, 0x2e),
    ],
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

Deno.test("a folder that another program has marked by a key with / at its end is removed with its mark", async () => {
  const { backend, store, files } = await bucketOf("a/", "b/", "b/c/", "b/c/d");
  assertEquals(await store.remove("a"), true);
  assertEquals(await files.deleteAll("b"), true);
  assertEquals(await keysOf(backend), []);
});

Deno.test("a file and a folder of one name are both listed, the path is the file, and both are removed", async () => {
  const { backend, store, files } = await bucketOf("x/a", "x/a/b", "x/a!");
  const listed = await Array.fromAsync(store.list("x"), ({ path, kind }) => `${path}:${kind}`);
  assertEquals(listed, ["x/a:file", "x/a!:file", "x/a:folder"]);
  assertEquals((await store.stat("x/a"))?.kind, "file");
  assertEquals(await read(store, "x/a/b"), "x/a/b");
  assertEquals(await files.deleteAll("x"), true);
  assertEquals(await keysOf(backend), []);
});

Deno.test("a link that a file replaced, whose writer died, is not there: not listed, and not again without the file", async () => {
  const { backend, store } = await bucketOf(["a/.holdfast-link/b", "c"], "a/b");
  assertEquals(await Array.fromAsync(store.list("a"), ({ path, kind }) => `${path}:${kind}`), [
    "a/b:file",
  ]);
  assertEquals(await store.remove("a/b"), true);
  assertEquals(await store.stat("a/b"), undefined);
  assertEquals(await keysOf(backend), ["a/.holdfast-folder"]);
});
Deno.test("when a listing is left or fails, none of its requests goes on", async () => {
  const links = Array.from(
    { length: 40 },
    (_, i) => [`a/.holdfast-link/${i + 10}`, "x"] as [string, string],
  );
  const { backend } = await bucketOf(...links);
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
  await assertRejects(
    () => Array.fromAsync(createBucketFiles({ backend: slow("12") }).list("a")),
    Error,
    "no",
  );
  assertEquals(running, 0);
});

Deno.test("of two that move to one path one wins, also where the store copies by itself", async () => {
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

Deno.test("what is written anew while it is moved is not removed", async () => {
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
