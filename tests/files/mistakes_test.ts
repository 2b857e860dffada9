import { assertEquals, assertThrows } from "@std/assert";
import { createMemoryBackend } from "../../backends/memory.ts";
import { RegistryError } from "../../core/errors.ts";
import { createBucketFiles } from "../../files/bucket.ts";
import { createLocalFiles } from "../../files/local.ts";
import { createMemoryFiles } from "../../files/memory.ts";
import { createFileManager, createFileStores, defineFileStore } from "../../files/mod.ts";
import { json } from "../../formats/json.ts";
import { zarrStore } from "../../formats/zarr.ts";
import { refused } from "../support/refused.ts";
import { testOnEach } from "./stores.ts";

// deno-lint-ignore no-explicit-any -- calls of programs without types
type Untyped = any;

testOnEach("a path that is not a string is Invalid", async (files: Untyped) => {
  for (const path of [5, undefined, null, new URL("file:///a")]) {
    await refused("Invalid", () => files.load(path), /as a path/);
    await refused("Invalid", () => files.save(path, 1), /as a path/);
    await refused("Invalid", () => files.listFiles(path), /as a path/);
    await refused("Invalid", () => files.copy("a", path), /as a path/);
  }
  await refused("Invalid", () => files.findFileRecursive("", "a/b"), /find files by name "a\/b"/);
  await refused("Invalid", () => files.findFileRecursive(""), /find files by name undefined/);
});

testOnEach("a broken link or a circle differs from a missing file", async (files) => {
  await files.createSymlink("work.json", "plate.json");
  await files.createSymlink("circle", "circle");
  await refused("NotFound", () => files.load("work.json"), /a link without a file behind it/);
  await refused("NotFound", () => files.listFiles("circle"), /a link without a folder behind/);
  await refused("NotFound", () => files.load("plate.json"), /load "plate\.json": no such file/);
});

testOnEach("an unknown mode or format is Invalid, and replaces nothing", async (files: Untyped) => {
  await files.save("a.json", 1);
  const save = (options: unknown) => () => files.save("a.json", 2, options);
  await refused("Invalid", save({ mode: "replace" }), /mode "replace"/);
  await refused("Invalid", () => files.load("a.json", { as: {} }), /decode or encode is missing/);
  await refused("Invalid", save({ as: null }), /null as a format/);
  await refused("Invalid", () => files.load("a.json", { as: json }), /a function as a.*as: json/);
  await refused("Invalid", save({ as: 5 }), /^Cannot use a number as a format/);
  assertEquals(await files.load("a.json"), 1);
});

testOnEach("an invalid pattern or extension is refused", async (files) => {
  await files.save("a.json", 1);
  await files.save("b.bin", Uint8Array.of(1));
  const list = (options: unknown) => () => files.listFiles("", options as never);
  assertEquals(await list({ extensions: ".json" })(), ["a.json"]);
  await refused("Invalid", list({ extensions: 5 }), /by extension 5/);
  for (const pattern of [5, ["*.json"], /json/, ""]) {
    await refused("Invalid", list({ pattern }), /as a pattern/);
  }
});

testOnEach("a batch that is not a list is Invalid, as is each wrong entry", async (files) => {
  for (const paths of ["abc", 5, undefined, { path: "a.json" }]) {
    await refused("Invalid", () => files.loadBatch(paths as never), /load a batch.*not a list/);
    await refused("Invalid", () => files.saveBatch(paths as never), /save a batch.*not a list/);
  }
  const good = { path: "b.json", value: 1 };
  const entries = [null, ["a.json", 1], { path: "a.json", data: 1 }, good];
  const { succeeded, errors } = await files.saveBatch(entries as never);
  assertEquals(succeeded, [3]);
  assertEquals([...errors.values()].map(({ code }) => code), ["Invalid", "Invalid", "Invalid"]);
  assertEquals(await files.listDir(""), ["b.json"]);
});

Deno.test("an object that is not a store is Invalid, with a hint", () => {
  const stores: Untyped = createFileStores();
  const memory = createMemoryFiles();
  const root = new URL("file:///a") as never;
  const backend = Promise.resolve(createMemoryBackend()) as never;
  const wrong: [expected: RegExp, action: () => unknown][] = [
    [/class MemoryFiles.*\(name, \(\) => store\)/, () => stores.register("a", memory)],
    [/create is missing/, () => stores.register("a")],
    [/create is missing/, () => stores.register(memory)],
    [/invalid name/, () => stores.register()],
    [/create is missing/, () => defineFileStore({ name: "a" } as never)],
    [/not a set of stores/, () => createFileManager(undefined as never)],
    [/not a set of stores/, () => createFileManager(null as never)],
    [/not a set of stores/, () => createFileManager([createMemoryFiles()] as never)],
    [/not a set of stores/, () => createFileManager("disk" as never)],
    [/Promise is not a backend.*await openBackend/, () => createBucketFiles({ backend })],
    [/an object, not a string.*root: /, () => createFileStores("./data" as never)],
    [/an object, not a string.*root: /, () => createLocalFiles("./data" as never)],
    [/URL is not a path/, () => createLocalFiles({ root })],
  ];
  for (const [expected, action] of wrong) {
    const error = assertThrows(action, RegistryError);
    assertEquals([error.code, expected.test(`${error.message} # ${error.hint}`)], [
      "Invalid",
      true,
    ]);
  }
  assertEquals(stores.names(), ["memory", "disk", "zarr", "s3", "gcs"]);
});

Deno.test("arrays need a store that reads and writes", async () => {
  const manager = createFileManager(createFileStores());
  const store = zarrStore(await manager.stores.get("memory"));
  await store.set!("a", Uint8Array.of(1));
  assertEquals(await (await manager.on("memory")).load("a"), Uint8Array.of(1));
  const sink = {
    name: "sink",
    location: "sink:",
    save: () => Promise.reject(),
    async [Symbol.asyncDispose]() {},
  };
  for (const given of [await manager.on("memory"), sink, "./data", undefined]) {
    const expected = /not a readable file store.*manager\.stores\.get\("disk"\)/;
    await refused("Invalid", () => zarrStore(given as Untyped), expected);
  }
});

testOnEach("a refused value is named, with what the file can store", async (files) => {
  const array = { data: Uint8Array.of(1, 2), shape: [1, 2], dtype: "uint8" };
  const rows = [{ well: "A01" }];
  const image = { data: new Float32Array(2), width: 2, height: 1, channels: 1, dtype: "float32" };
  const cases: [path: string, value: unknown, expected: RegExp][] = [
    ["a.json", undefined, /save undefined as "a\.json": .* json .*# Use strings/],
    ["a.json", Promise.resolve(1), /Promise as "a\.json".*Add await/],
    ["a.json", { a: [1, NaN] }, /json cannot store it exactly: its \.a\[1\] is NaN/],
    ["a.npy", new Uint16Array(4), /Uint16Array as "a\.npy".*\{ data, shape, dtype \}/],
    ["a.npy", { ...array, shape: [2, 3] }, /length is the product of shape/],
    ["a.none", "text", /a string as "a\.none".*\.txt/],
    ["a.png", { data: array.data, width: 2, height: 1 }, /channels, dtype \}.* toImage\(/],
    ["a.png", image, /uint8 or uint16/],
    ["a.npz", [array], /Pass arrays by name/],
    ["a.zip", [{ path: "a.txt", content: "text" }], /has no content: pass bytes, a Blob/],
    ["a.csv", rows, /createTable\(columns, rows\)/],
    ["a.parquet", rows, /createTable\(columns, rows\)/],
    ["a.jsonl", { well: "A01" }, /an array of values/],
    ["a.mat", { well: "A01" }, /\.npy/],
  ];
  for (const [path, value, expected] of cases) {
    await refused("Unsupported", () => files.save(path, value), expected);
  }
  assertEquals(await files.listDir(""), []);
});
