import { assert, assertEquals } from "@std/assert";
import type { FileStore } from "../../core/file_store.ts";
import { createMemoryFiles } from "../../files/memory.ts";
import { createFileManager } from "../../files/mod.ts";
import { withMembers } from "./kinds.ts";
import { ndarrayOf } from "./samples.ts";
import { testOnEach } from "./stores.ts";
import { refused } from "../support/refused.ts";

const filesOf = async (store: FileStore) => await createFileManager({ it: store }).on("it");
testOnEach("loadText() keeps the byte order mark, and rejects invalid UTF-8", async (files) => {
  await files.save("a", new TextEncoder().encode("\ufeffa"));
  await files.save("b", Uint8Array.of(0x61, 0xff));
  assertEquals(await files.loadText("a"), "\ufeffa");
  await refused("Corrupt", files.loadText("b"));
});

testOnEach("findFileRecursive() returns the shallowest, first in natural order", async (files) => {
  for (const folder of ["z", "a/b/c", "w10/x", "w2/x"]) {
    await files.save(`${folder}/f.bin`, Uint8Array.of(1));
  }
  assertEquals(await files.findFileRecursive("", "f.bin"), "z/f.bin");
  await files.delete("z/f.bin");
  assertEquals(await files.findFileRecursive("", "f.bin"), "w2/x/f.bin");
});

testOnEach("a mirror keeps existing links with replaceLinks: false", async (files) => {
  for (const path of ["from/a", "other"]) await files.save(path, Uint8Array.of(1));
  await files.createSymlink("to/a", "other");
  const kept = await files.mirrorDirectoryWithSymlinks("from", "to", { replaceLinks: false });
  assertEquals(kept, { links: 0, taken: ["to/a"] });
  assertEquals((await files.stat("to/a"))?.target, "other");
  assertEquals(await files.mirrorDirectoryWithSymlinks("from", "to"), { links: 1, taken: [] });
  assertEquals((await files.stat("to/a"))?.target, "from/a");
});

testOnEach("a load during saves returns one of the values", async (files) => {
  const saved = [1, 2].map((value) => ({
    ...ndarrayOf(64, 64),
    data: new Uint16Array(64 * 64).fill(value),
  }));
  await files.save("a.npy", saved[0]);
  let done = false;
  const writer = (async () => {
    for (let i = 0; i < 30; i++) await files.save("a.npy", saved[i % 2]);
    done = true;
  })();
  for (let loads = 0; !done || loads === 0; loads++) {
    const { data } = await files.load<{ data: Uint16Array }>("a.npy");
    assert(data.every((element) => element === data[0]), "a mixture of two values");
  }
  await writer;
});

Deno.test("a copy replaces nothing that appeared at its target", async () => {
  const store = createMemoryFiles();
  await store.write("a", Uint8Array.of(1));
  const files = await filesOf(withMembers(store, {
    async open(path, options) {
      await store.write("b", Uint8Array.of(2));
      return await store.open(path, options);
    },
  }));
  await refused("AlreadyExists", files.copy("a", "b"));
  assertEquals(await (await store.open("b")).bytes(), Uint8Array.of(2));
});

Deno.test("a listing ignores removed subfolders; a removed root is NotFound", async () => {
  const store = createMemoryFiles();
  await store.write("a/b/c", Uint8Array.of(1));
  await store.createFolder("a/gone");
  const files = await filesOf(withMembers(store, {
    async *list(folder, options) {
      for await (const entry of store.list(folder, options)) {
        if (entry.path === "a/gone") await store.remove("a/gone");
        yield entry;
      }
      if (folder === "away") await store.remove("away");
    },
    stat: async (path, options) =>
      path === "away" ? { path, kind: "folder", size: 0 } : await store.stat(path, options),
  }));
  assertEquals(await files.listFiles("a", { recursive: true }), ["a/b/c"]);
  await refused("NotFound", files.listFiles("away"));
});

Deno.test("the calls of a batch get its signal", async () => {
  const store = createMemoryFiles();
  await store.write("a.json", new TextEncoder().encode("1"));
  const signals: unknown[] = [];
  const files = await filesOf(withMembers(store, {
    open(path, options) {
      signals.push(options?.signal);
      return store.open(path, options);
    },
    write(path, content, options) {
      signals.push(options?.signal);
      return store.write(path, content, options);
    },
  }));
  const { signal } = new AbortController();
  await files.loadBatch(["a.json"], { signal });
  await files.saveBatch([{ path: "b.json", value: 1 }], { signal });
  assertEquals(signals, [signal, signal]);
});

Deno.test("a store may save and load values itself", async () => {
  const store = createMemoryFiles();
  const own = new Map<string, unknown>();
  const files = await filesOf(withMembers(store, {
    save: (path, value) => (own.set(path, value), Promise.resolve({ path, kind: "file", size: 0 })),
    load: (path) => Promise.resolve(own.get(path)),
  }));
  const value = new Map();
  await files.save("a.json", value);
  await files.save("b.json", 1, { as: "json" });
  assert(await files.load("a.json") === value);
  assertEquals(await files.load("b.json", { as: "json" }), 1);
  assertEquals([own.size, (await store.stat("b.json"))?.size], [1, 1]);
});

testOnEach("deleteAll() removes nested folders", async (files) => {
  for (const path of ["a/b/c/d/1", "a/b/c/2", "a/e/f/3"]) await files.save(path, Uint8Array.of(1));
  assertEquals(await files.deleteAll("a"), true);
  assertEquals(await files.listDir(""), []);
});

testOnEach("a batch creates files with mode: create", async (files) => {
  await files.save("a.json", 1);
  const saved = await files.saveBatch([{ path: "a.json", value: 2 }], { mode: "create" });
  assertEquals(saved.errors.get(0)?.code, "AlreadyExists");
  assertEquals(await files.load("a.json"), 1);
});

testOnEach("a mirror of the root into itself keeps existing links", async (files) => {
  await files.save("a/x.json", 1);
  await files.createSymlink("link.json", "a/x.json");
  assertEquals(await files.mirrorDirectoryWithSymlinks("", ""), { links: 0, taken: [] });
  assertEquals(await files.load("link.json"), 1);
});

Deno.test("a folder may have more entries than a call can have arguments", async () => {
  const files = await filesOf(withMembers(createMemoryFiles(), {
    async *list() {
      for (let i = 0; i < 300_000; i++) yield { path: `${i}`, kind: "file", size: 0 };
    },
  }));
  assertEquals((await files.listFiles("")).length, 300_000);
});
