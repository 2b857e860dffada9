import { assertEquals, assertMatch, assertThrows } from "@std/assert";
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

/** What programs without types can call. */
// deno-lint-ignore no-explicit-any -- mistakes that types would tell
type Untyped = any;

testOnEach("what is no text is no path, and the error says what it is", async (files: Untyped) => {
  for (const path of [5, undefined, null, new URL("file:///a")]) {
    await refused("Invalid", () => files.load(path), /as a path: it is not a text but/);
    await refused("Invalid", () => files.save(path, 1), /as a path/);
    await refused("Invalid", () => files.listFiles(path), /as a path/);
    await refused("Invalid", () => files.copy("a", path), /as a path/);
  }
  await refused("Invalid", () => files.findFileRecursive("", "a/b"), /find files by name "a\/b"/);
  await refused("Invalid", () => files.findFileRecursive(""), /find files by name undefined/);
});

testOnEach(
  "a link that leads to nothing, or in a circle, is told from a path where nothing is",
  async (files) => {
    await files.createSymlink("work.json", "plate.json");
    await files.createSymlink("circle", "circle");
    await refused(
      "NotFound",
      () => files.load("work.json"),
      /load "work\.json": it is a link that leads to no file/,
    );
    await refused(
      "NotFound",
      () => files.listFiles("circle"),
      /list "circle": it is a link that leads to no folder/,
    );
    await refused(
      "NotFound",
      () => files.load("plate.json"),
      /load "plate\.json": there is no file/,
    );
  },
);
testOnEach(
  "a mode that is not known replaces nothing, and what is no format is not used",
  async (files: Untyped) => {
    await files.save("a.json", 1);
    await refused("Invalid", () => files.save("a.json", 2, { mode: "replace" }), /mode "replace"/);
    await refused("Invalid", () => files.load("a.json", { as: {} }), /lacks decode or encode/);
    await refused("Invalid", () => files.save("a.json", 2, { as: null }), /null as a format/);
    await refused(
      "Invalid",
      () => files.load("a.json", { as: json }),
      /^Cannot use a function as a format.*as: json\(\)/,
    );
    await refused(
      "Invalid",
      () => files.save("a.json", 2, { as: 5 }),
      /^Cannot use a number as a format/,
    );
    assertEquals(await files.load("a.json"), 1);
  },
);

testOnEach(
  "one extension may stand alone; what is neither pattern nor extension is refused",
  async (files) => {
    await files.save("a.json", 1);
    await files.save("b.bin", Uint8Array.of(1));
    assertEquals(await files.listFiles("", { extensions: ".json" }), ["a.json"]);
    await refused(
      "Invalid",
      () => files.listFiles("", { extensions: 5 as never }),
      /by extension 5/,
    );
    for (const pattern of [5, ["*.json"], /json/]) {
      await refused(
        "Invalid",
        () => files.listFiles("", { pattern: pattern as never }),
        /as a pattern: it is not a text/,
      );
    }
  },
);

testOnEach(
  "a batch of what is no list is refused, and an entry without path or value fails alone",
  async (files) => {
    for (const paths of ["abc", 5, undefined, { path: "a.json" }]) {
      await refused("Invalid", () => files.loadBatch(paths as never), /load a batch: it is given/);
      await refused("Invalid", () => files.saveBatch(paths as never), /save a batch: it is given/);
    }
    const entries = [null, ["a.json", 1], { path: "a.json", data: 1 }, {
      path: "b.json",
      value: 1,
    }];
    const { succeeded, errors } = await files.saveBatch(entries as never);
    assertEquals([succeeded, [...errors.values()].map(({ code }) => code)], [[3], [
      "Invalid",
      "Invalid",
      "Invalid",
    ]]);
    assertMatch(errors.get(0)!.message, /null of a batch: it is no \{ path, value \}/);
    assertEquals(await files.listDir(""), ["b.json"]);
  },
);

Deno.test("what makes no store is refused when it is registered, and the error says what to give", () => {
  const stores: Untyped = createFileStores();
  const invalid = (said: RegExp, action: () => unknown) => {
    const error = assertThrows(action, RegistryError);
    assertEquals(error.code, "Invalid");
    assertMatch(`${error.message} # ${error.hint}`, said);
  };
  invalid(
    /given a value of class MemoryFiles.*\(name, \(\) => store\)/,
    () => stores.register("a", createMemoryFiles()),
  );
  invalid(/nothing makes it/, () => stores.register("a"));
  invalid(/nothing makes it/, () => stores.register(createMemoryFiles()));
  invalid(/no name of a store/, () => stores.register());
  invalid(/nothing makes it/, () => defineFileStore({ name: "a" } as never));
  assertEquals(stores.names(), ["memory", "disk", "zarr", "s3", "gcs"]);
  for (const given of [undefined, null, "disk"]) {
    invalid(/no set of stores/, () => createFileManager(given as never));
  }
  invalid(
    /Promise is no backend.*await openBackend/,
    () => createBucketFiles({ backend: Promise.resolve(createMemoryBackend()) as never }),
  );
  invalid(/options are a string.*root: /, () => createFileStores("./data" as never));
  invalid(/options are a string.*root: /, () => createLocalFiles("./data" as never));
  invalid(
    /URL is no path of a folder/,
    () => createLocalFiles({ root: new URL("file:///a") as never }),
  );
});

Deno.test("arrays lie in a store of a manager too; what cannot be read is no place for them", async () => {
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
    await refused(
      "Invalid",
      () => zarrStore(given as Untyped),
      /make a store of arrays.*manager\.stores\.get\("disk"\)/,
    );
  }
});

testOnEach("a refused value is named, with what the file can hold", async (files) => {
  const array = { data: Uint8Array.of(1, 2), shape: [1, 2], dtype: "uint8" };
  const rows = [{ well: "A01" }];
  const image = { data: new Float32Array(2), width: 2, height: 1, channels: 1, dtype: "float32" };
  const asked: [path: string, value: unknown, said: RegExp][] = [
    ["a.json", undefined, /save undefined as "a\.json": .* json .*# JSON has/],
    ["a.json", Promise.resolve(1), /Promise as "a\.json".*add await/],
    ["a.json", { a: [1, NaN] }, /json does not hold it exactly: its \.a\[1\] is NaN/],
    ["a.npy", new Uint16Array(4), /Uint16Array as "a\.npy".*\{ data, shape, dtype \}/],
    ["a.npy", { ...array, shape: [2, 3] }, /as long as the shape says/],
    ["a.none", "text", /a string as "a\.none".*\.txt/],
    ["a.png", { data: array.data, width: 2, height: 1 }, /channels, dtype \}: toImage\(/],
    ["a.png", image, /uint8 or uint16/],
    ["a.npz", [array], /an object of arrays by name/],
    ["a.zip", [{ path: "a.txt", content: "text" }], /content is bytes, a Blob or a stream/],
    ["a.csv", rows, /createTable\(columns, rows\)/],
    ["a.parquet", rows, /createTable\(columns, rows\)/],
    ["a.arrow", rows, /createTable\(columns, rows\)/],
    ["a.jsonl", { well: "A01" }, /an array of values/],
    ["a.mat", { well: "A01" }, /\.npy/],
  ];
  for (const [path, value, said] of asked) {
    await refused("Unsupported", () => files.save(path, value), said);
  }
  assertEquals(await files.listDir(""), []);
});
