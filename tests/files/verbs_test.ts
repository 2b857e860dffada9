import { assert, assertEquals } from "@std/assert";
import { createMemoryFiles } from "../../files/memory.ts";
import { contentBytes, createFileManager } from "../../files/mod.ts";
import { readRegion } from "../../formats/tiff.ts";
import { ndarrayOf } from "./samples.ts";
import { testOnEach } from "./stores.ts";
import { refused } from "../support/refused.ts";

testOnEach(
  "a value is saved by its extension and comes back equal, one kind of error for what a file does not hold",
  async (files) => {
    const plane = ndarrayOf(2, 3);
    await files.save("a/b.npy", plane);
    await files.save("a/b.json", { depth: [1, 2, "three", null] });
    await files.save("a/b.bin", Uint8Array.of(1, 2));
    await files.save("a/b.unknown", new Blob(["xyz"]));
    assertEquals(await files.load("a/b.npy"), plane);
    assertEquals(await files.load("a/b.json"), { depth: [1, 2, "three", null] });
    assertEquals(await files.load("a/b.bin"), Uint8Array.of(1, 2));
    assertEquals(await files.loadText("a/b.unknown"), "xyz");
    assertEquals(
      await files.load("a/b.json", { as: "bytes" }),
      new TextEncoder().encode('{"depth":[1,2,"three",null]}'),
    );
    for (
      const [path, value] of [
        ["x.npy", "text"],
        ["x.npy", [1]],
        ["x.json", NaN],
        ["x.bin", "text"],
        ["x.unknown", 1],
      ] as const
    ) {
      await refused("Unsupported", files.save(path, value));
    }
    assertEquals(await files.listFiles("", { recursive: true }), [
      "a/b.bin",
      "a/b.json",
      "a/b.npy",
      "a/b.unknown",
    ]);
  },
);

testOnEach(
  "a file is opened, by a link too, and read by ranges; what is none is NotFound",
  async (files) => {
    const region = { x: 1, y: 1, width: 2, height: 1 };
    const data = Uint16Array.from({ length: 12 }, (_, i) => i);
    await files.save("a/slide.tif", { data, width: 4, height: 3, channels: 1, dtype: "uint16" });
    await files.createSymlink("b/link.tif", "a/slide.tif");
    for (const path of ["a/slide.tif", "b/link.tif"]) {
      assertEquals([...(await readRegion(await files.open(path), region)).data], [5, 6]);
    }
    for (const path of ["a", "a/none.tif"]) await refused("NotFound", files.open(path));
  },
);

testOnEach(
  "a file that was opened is saved in another store, or under another path",
  async (files) => {
    const [bytes, other] = [new Uint8Array(3_000_000).map((_, i) => i * 7), createMemoryFiles()];
    await files.save("a.bin", bytes);
    await files.save("b.bin", await files.open("a.bin"));
    await (await createFileManager({ other }).on("other")).save("c", await files.open("b.bin"));
    assertEquals(await contentBytes((await other.open("c")).stream()), bytes);
    await refused("Unsupported", files.save("d", { size: 1 }));
  },
);
testOnEach(
  "lists are in natural order, and pattern, extensions and recursive are honoured together",
  async (files) => {
    for (
      const name of ["w10.tif", "w2.tif", "w1.TIF", "w1.png", "rois.roi.zip", "all.zip", "w02.tif"]
    ) {
      await files.save(`plate/${name}`, Uint8Array.of(1), { as: "bytes" });
    }
    await files.save("plate/sub/deep/w3.tif", Uint8Array.of(1), { as: "bytes" });
    assertEquals(await files.listDir("plate"), [
      "all.zip",
      "rois.roi.zip",
      "sub",
      "w1.TIF",
      "w1.png",
      "w02.tif",
      "w2.tif",
      "w10.tif",
    ]);
    assertEquals(await files.listFiles("plate", { extensions: [".roi.zip"] }), [
      "plate/rois.roi.zip",
    ]);
    assertEquals(await files.listFiles("plate", { extensions: [".tif"], pattern: "w?.*" }), [
      "plate/w1.TIF",
      "plate/w2.tif",
    ]);
    assertEquals(await files.listFiles("plate", { pattern: "*.tif", recursive: true }), [
      "plate/sub/deep/w3.tif",
      "plate/w02.tif",
      "plate/w2.tif",
      "plate/w10.tif",
    ]);
    assertEquals(await files.listFiles("plate", { pattern: "sub/**/*.tif", recursive: true }), [
      "plate/sub/deep/w3.tif",
    ]);
    assertEquals((await files.listImageFiles("plate")).length, 5);
    assertEquals(await files.findFileRecursive("", "w3.tif"), "plate/sub/deep/w3.tif");
    assertEquals(await files.findFileRecursive("", "nowhere"), undefined);
    assertEquals((await Array.fromAsync(files.walkFiles("plate"), ({ path }) => path)).length, 7);
    await refused("NotFound", files.listFiles("nowhere"));
    await refused("Invalid", files.listFiles("plate", { extensions: ["tif"] }));
  },
);

testOnEach(
  "collectDirsAndFiles() names each folder and each file once, by depth",
  async (files) => {
    for (const path of ["a/1", "a/b/2", "a/b/c/3", "d/4"]) await files.save(path, Uint8Array.of(1));
    const all = { folders: ["a", "d", "a/b", "a/b/c"], files: ["a/1", "d/4", "a/b/2", "a/b/c/3"] };
    assertEquals(await files.collectDirsAndFiles(""), all);
    assertEquals(await files.collectDirsAndFiles("a", { recursive: false }), {
      folders: ["a/b"],
      files: ["a/1"],
    });
  },
);

testOnEach(
  "what is asked of a link is told of what it leads to; a circle leads to nothing",
  async (files) => {
    await files.save("a/x.json", 1);
    await files.createSymlink("to file.json", "a/x.json");
    await files.createSymlink("to link.json", "to file.json");
    await files.createSymlink("to folder", "a");
    await files.createSymlink("circle", "circle");
    assertEquals(await files.load("to link.json"), 1);
    assertEquals(await files.listFiles("to folder"), ["a/x.json"]);
    assertEquals(
      await Promise.all(
        ["to link.json", "to folder", "circle"].map((path) => files.isSymlink(path)),
      ),
      [true, true, true],
    );
    assertEquals([
      await files.isFile("to link.json"),
      await files.isDir("to folder"),
      await files.exists("circle"),
    ], [true, true, false]);
    await refused("NotFound", files.load("circle"));
    await refused("NotFound", files.load("to folder"));
    assertEquals(await files.listFiles("", { recursive: true }), [
      "a/x.json",
      "to file.json",
      "to link.json",
    ]);
    await files.save("to file.json", 2);
    assertEquals(
      [await files.load("to file.json"), await files.load("a/x.json")],
      [2, 1],
      "the link was replaced",
    );
  },
);

testOnEach(
  "delete() takes a folder with what is in it only where asked, and leaves what links lead to",
  async (files) => {
    await files.save("keep/x.json", 1);
    await files.save("a/b/y.json", 1);
    await files.createSymlink("a/link", "keep");
    await refused("Conflict", files.delete("a"));
    assertEquals(await files.delete("a", { recursive: true }), true);
    assertEquals(await files.deleteAll("a"), false);
    assertEquals(await files.collectDirsAndFiles(""), {
      folders: ["keep"],
      files: ["keep/x.json"],
    });
    assertEquals(await files.deleteAll("keep/x.json"), true);
    assertEquals(await files.deleteAll(""), true);
    assertEquals(await files.listDir(""), []);
  },
);

testOnEach(
  "copy() and move() take folders with all that is in them, and never replace",
  async (files) => {
    await files.save("a/b/x.json", 1);
    await files.ensureDirectory("a/empty");
    await files.createSymlink("a/link", "a/b/x.json");
    await files.copy("a", "c/d");
    await files.copy("a/link", "copied.json");
    await files.move("a", "e");
    const below = (at: string) => ({
      folders: [`${at}/b`, `${at}/empty`],
      files: [`${at}/link`, `${at}/b/x.json`],
    });
    assertEquals(await files.collectDirsAndFiles("c/d"), below("c/d"));
    assertEquals(await files.collectDirsAndFiles("e"), below("e"));
    assertEquals([
      await files.load("copied.json", { as: "json" }),
      await files.isSymlink("copied.json"),
    ], [1, false]);
    await refused("AlreadyExists", files.copy("e", "c"));
    await refused("AlreadyExists", files.move("e/b/x.json", "copied.json"));
    await refused("NotFound", files.copy("nothing", "x"));
  },
);

testOnEach(
  "a mirror has a link for each file, by folder or only the first, and again it changes nothing",
  async (files) => {
    for (const path of ["plate/1.json", "plate/sub/2.json"]) await files.save(path, path);
    assertEquals(await files.mirrorDirectoryWithSymlinks("plate", "work"), { links: 2, taken: [] });
    assertEquals(await files.load("work/sub/2.json"), "plate/sub/2.json");
    await files.save("work/1.json", "own");
    assertEquals(await files.load("plate/1.json"), "plate/1.json");
    assertEquals(await files.mirrorDirectoryWithSymlinks("plate", "work"), {
      links: 0,
      taken: ["work/1.json"],
    });
    assertEquals(await files.mirrorDirectoryWithSymlinks("plate", "flat", { recursive: false }), {
      links: 1,
      taken: [],
    });
    assertEquals(await files.listDir("flat"), ["1.json"]);
  },
);

testOnEach("a mirror into the folder itself does not mirror what it makes", async (files) => {
  await files.save("plate/1.json", 1);
  for (let n = 0; n < 2; n++) await files.mirrorDirectoryWithSymlinks("plate", "plate/mirror");
  assertEquals(await files.collectDirsAndFiles("plate"), {
    folders: ["plate/mirror"],
    files: ["plate/1.json", "plate/mirror/1.json"],
  });
});
testOnEach(
  "a batch says what failed and what was written, in the order of what was given",
  async (files) => {
    await files.ensureDirectory("folder.json");
    const values = ["a.json", "folder.json", "b.json", "../c.json", "d.npy"].map((path) => ({
      path,
      value: path,
    }));
    const saved = await files.saveBatch(values, { concurrency: 2 });
    assertEquals([saved.succeeded, saved.failed], [[0, 2], [1, 3, 4]]);
    assertEquals([...saved.errors.values()].map(({ code }) => code), [
      "Conflict",
      "Invalid",
      "Unsupported",
    ]);
    const loaded = await files.loadBatch(["b.json", "nothing.json", "a.json"]);
    assertEquals(loaded.succeeded, [0, 2]);
    assertEquals(loaded.results.map((result) => result.ok && result.value), [
      "b.json",
      false,
      "a.json",
    ]);
    assertEquals(loaded.errors.get(1)?.code, "NotFound");
  },
);

testOnEach(
  "a format that fails is TaskFailed, and one of one's own is used where it is named",
  async (files) => {
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
      await refused(
        "TaskFailed",
        files.save("b.up", "abc", {
          as: {
            ...upper,
            encode: () => content as never,
          },
        }),
      );
    }
    assertEquals(await files.exists("b.up"), false);
    await refused("NotFound", files.load("a.up", { as: "nothing" }));
  },
);
