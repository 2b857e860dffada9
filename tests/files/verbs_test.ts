import { assert, assertEquals } from "@std/assert";
import type { FileStore } from "../../core/file_store.ts";
import { createMemoryFiles } from "../../files/memory.ts";
import { contentBytes, createFileManager } from "../../files/mod.ts";
import { readRegion } from "../../formats/tiff.ts";
import { withMembers } from "./kinds.ts";
import { ndarrayOf } from "./samples.ts";
import { testOnEach } from "./stores.ts";
import { refused } from "../support/refused.ts";
import { slowTest } from "../support/seeds.ts";

testOnEach("a value is saved by its extension, and loaded unchanged", async (files) => {
  const plane = ndarrayOf(2, 3);
  await files.save("a/b.npy", plane);
  await files.save("a/b.json", { depth: [1, 2, "three", null] });
  await files.save("a/b.bin", Uint8Array.of(1, 2));
  await files.save("a/b.unknown", new Blob(["xyz"]));
  assertEquals(await files.load("a/b.npy"), plane);
  assertEquals(await files.load("a/b.json"), { depth: [1, 2, "three", null] });
  assertEquals(await files.load("a/b.bin"), Uint8Array.of(1, 2));
  assertEquals(await files.loadText("a/b.unknown"), "xyz");
  const raw = new TextEncoder().encode('{"depth":[1,2,"three",null]}');
  assertEquals(await files.load("a/b.json", { as: "bytes" }), raw);
  const wrong = [["x.npy", "text"], ["x.npy", [1]], ["x.json", NaN], ["x.bin", "text"]] as const;
  for (const [path, value] of [...wrong, ["x.unknown", 1] as const]) {
    await refused("Unsupported", files.save(path, value));
  }
  const names = ["a/b.bin", "a/b.json", "a/b.npy", "a/b.unknown"];
  assertEquals(await files.listFiles("", { recursive: true }), names);
});

testOnEach("a file is opened, also by a link, and read by ranges", async (files) => {
  const region = { x: 1, y: 1, width: 2, height: 1 };
  const data = Uint16Array.from({ length: 12 }, (_, i) => i);
  await files.save("a/slide.tif", { data, width: 4, height: 3, channels: 1, dtype: "uint16" });
  await files.createSymlink("b/link.tif", "a/slide.tif");
  for (const path of ["a/slide.tif", "b/link.tif"]) {
    assertEquals([...(await readRegion(await files.open(path), region)).data], [5, 6]);
  }
  for (const path of ["a", "a/none.tif"]) await refused("NotFound", files.open(path));
});

testOnEach("an opened file can be saved elsewhere", async (files) => {
  const [bytes, other] = [new Uint8Array(3_000_000).map((_, i) => i * 7), createMemoryFiles()];
  await files.save("a.bin", bytes);
  await files.save("b.bin", await files.open("a.bin"));
  await (await createFileManager({ other }).on("other")).save("c", await files.open("b.bin"));
  assertEquals(await contentBytes((await other.open("c")).stream()), bytes);
  await refused("Unsupported", files.save("d", { size: 1 }));
});

testOnEach("lists are in natural order, filtered by pattern and extension", async (files) => {
  const names = "w10.tif w2.tif w1.TIF w1.png rois.roi.zip all.zip w02.tif".split(" ");
  for (const name of [...names, "sub/deep/w3.tif"]) {
    await files.save(`plate/${name}`, Uint8Array.of(1), { as: "bytes" });
  }
  const sorted = "all.zip rois.roi.zip sub w1.TIF w1.png w02.tif w2.tif w10.tif".split(" ");
  assertEquals(await files.listDir("plate"), sorted);
  const deep = "plate/sub/deep/w3.tif";
  const cases: [options: Parameters<typeof files.listFiles>[1], found: string[]][] = [
    [{ extensions: [".roi.zip"] }, ["plate/rois.roi.zip"]],
    [{ extensions: [".tif"], pattern: "w?.*" }, ["plate/w1.TIF", "plate/w2.tif"]],
    [{ pattern: "*.tif" }, ["plate/w02.tif", "plate/w2.tif", "plate/w10.tif"]],
    [{ pattern: "w3.*", recursive: true }, [deep]],
    [{ pattern: "sub/**/*.tif", recursive: true }, [deep]],
  ];
  for (const [options, found] of cases) {
    assertEquals(await files.listFiles("plate", options), found);
  }
  assertEquals((await files.listImageFiles("plate")).length, 5);
  assertEquals(await files.findFileRecursive("", "w3.tif"), deep);
  assertEquals(await files.findFileRecursive("", "nowhere"), undefined);
  assertEquals((await Array.fromAsync(files.walkFiles("plate"), ({ path }) => path)).length, 7);
  const lists = [files.listFiles, files.listDir, files.listImageFiles, files.collectDirsAndFiles];
  for (const list of lists) await refused("NotFound", list("nowhere") as Promise<unknown>);
  await refused("Invalid", files.listFiles("plate", { extensions: ["tif"] }));
});

testOnEach("collectDirsAndFiles() lists folders and files by depth", async (files) => {
  for (const path of ["a/1", "a/b/2", "a/b/c/3", "d/4"]) await files.save(path, Uint8Array.of(1));
  const all = { folders: ["a", "d", "a/b", "a/b/c"], files: ["a/1", "d/4", "a/b/2", "a/b/c/3"] };
  assertEquals(await files.collectDirsAndFiles(""), all);
  const flat = await files.collectDirsAndFiles("a", { recursive: false });
  assertEquals(flat, { folders: ["a/b"], files: ["a/1"] });
});

testOnEach("links are followed; a circle leads nowhere", async (files) => {
  await files.save("a/x.json", 1);
  await files.createSymlink("to file.json", "a/x.json");
  await files.createSymlink("to link.json", "to file.json");
  await files.createSymlink("to folder", "a");
  await files.createSymlink("circle", "circle");
  assertEquals(await files.load("to link.json"), 1);
  assertEquals(await files.listFiles("to folder"), ["a/x.json"]);
  for (const path of ["to link.json", "to folder", "circle"]) assert(await files.isSymlink(path));
  assert(await files.isFile("to link.json") && await files.isDir("to folder"));
  assertEquals(await files.exists("circle"), false);
  await refused("NotFound", files.load("circle"));
  await refused("NotFound", files.load("to folder"));
  await refused("Invalid", files.isSymlink("../outside"));
  const found = ["a/x.json", "to file.json", "to link.json"];
  assertEquals(await files.listFiles("", { recursive: true }), found);
  await files.save("to file.json", 2);
  assertEquals(await files.load("to file.json"), 2, "the link was replaced");
  assertEquals(await files.load("a/x.json"), 1);
});

testOnEach(
  "delete() needs recursive for folders, and keeps the targets of links",
  async (files) => {
    await files.save("keep/x.json", 1);
    await files.save("a/b/y.json", 1);
    await files.createSymlink("a/link", "keep");
    await refused("Conflict", files.delete("a"));
    assertEquals(await files.delete("a", { recursive: true }), true);
    assertEquals(await files.deleteAll("a"), false);
    const left = { folders: ["keep"], files: ["keep/x.json"] };
    assertEquals(await files.collectDirsAndFiles(""), left);
    assertEquals(await files.deleteAll("keep/x.json"), true);
    assertEquals(await files.deleteAll(""), true);
    assertEquals(await files.listDir(""), []);
  },
);

testOnEach("copy() and move() include the content of folders, and never replace", async (files) => {
  await files.save("a/b/x.json", 1);
  await files.ensureDirectory("a/empty");
  await files.createSymlink("a/link", "a/b/x.json");
  await files.copy("a", "c/d");
  await files.copy("a/link", "copied.json");
  await files.move("a", "e");
  for (const at of ["c/d", "e"]) {
    assertEquals(await files.collectDirsAndFiles(at), {
      folders: [`${at}/b`, `${at}/empty`],
      files: [`${at}/link`, `${at}/b/x.json`],
    });
  }
  assertEquals(await files.load("copied.json", { as: "json" }), 1);
  assertEquals(await files.isSymlink("copied.json"), false);
  await refused("AlreadyExists", files.copy("e", "c"));
  await refused("AlreadyExists", files.move("e/b/x.json", "copied.json"));
  await refused("NotFound", files.copy("nothing", "x"));
});

testOnEach("a mirror has a link for each file, and is idempotent", async (files) => {
  for (const path of ["plate/1.json", "plate/sub/2.json"]) await files.save(path, path);
  const mirror = files.mirrorDirectoryWithSymlinks;
  assertEquals(await mirror("plate", "work"), { links: 2, taken: [] });
  assertEquals(await files.load("work/sub/2.json"), "plate/sub/2.json");
  await files.save("work/1.json", "own");
  assertEquals(await files.load("plate/1.json"), "plate/1.json");
  assertEquals(await mirror("plate", "work"), { links: 0, taken: ["work/1.json"] });
  assertEquals(await mirror("plate", "flat", { recursive: false }), { links: 1, taken: [] });
  assertEquals(await files.listDir("flat"), ["1.json"]);
});

testOnEach("a mirror inside its source does not mirror itself", async (files) => {
  await files.save("plate/1.json", 1);
  for (let n = 0; n < 2; n++) await files.mirrorDirectoryWithSymlinks("plate", "plate/mirror");
  assertEquals(await files.collectDirsAndFiles("plate"), {
    folders: ["plate/mirror"],
    files: ["plate/1.json", "plate/mirror/1.json"],
  });
});

testOnEach("a batch returns the outcome of each item in order", async (files) => {
  await files.ensureDirectory("folder.json");
  const paths = ["a.json", "folder.json", "b.json", "../c.json", "d.npy"];
  const values = paths.map((path) => ({ path, value: path }));
  const saved = await files.saveBatch(values, { concurrency: 2 });
  assertEquals([saved.succeeded, saved.failed], [[0, 2], [1, 3, 4]]);
  const codes = [...saved.errors.values()].map(({ code }) => code);
  assertEquals(codes, ["Conflict", "Invalid", "Unsupported"]);
  const loaded = await files.loadBatch(["b.json", "nothing.json", "a.json"]);
  assertEquals(loaded.succeeded, [0, 2]);
  const results = loaded.results.map((result) => result.ok && result.value);
  assertEquals(results, ["b.json", false, "a.json"]);
  assertEquals(loaded.errors.get(1)?.code, "NotFound");
});

testOnEach("a format that fails is TaskFailed", async (files) => {
  const upper = {
    id: "upper",
    extensions: [".up"],
    mediaType: "text/plain",
    accepts: (value: unknown) => typeof value === "string",
    encode: (value: string) => new TextEncoder().encode(value.toUpperCase()),
    decode() {
      throw new Error("not today");
    },
  };
  await files.save("a.up", "abc", { as: upper });
  assertEquals(await files.loadText("a.up"), "ABC");
  await refused("TaskFailed", files.load("a.up", { as: upper }));
  const unsure = { ...upper, accepts: () => assert(false, "not today") as never };
  await refused("TaskFailed", files.save("b.up", "abc", { as: unsure }));
  for (const content of ["text", null, {}, { size: 1 }, { size: -0.5, stream() {} }]) {
    const as = { ...upper, encode: () => content as never };
    await refused("TaskFailed", files.save("b.up", "abc", { as }));
  }
  assertEquals(await files.exists("b.up"), false);
  await refused("NotFound", files.load("a.up", { as: "nothing" }));
});

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

slowTest("a folder may have more entries than a call can have arguments", async () => {
  const files = await filesOf(withMembers(createMemoryFiles(), {
    async *list() {
      for (let i = 0; i < 300_000; i++) yield { path: `${i}`, kind: "file", size: 0 };
    },
  }));
  assertEquals((await files.listFiles("")).length, 300_000);
});
