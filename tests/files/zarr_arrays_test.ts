// Arrays by path in a store over zarr, on every kind of store below.
import { assert, assertEquals, assertRejects, equal } from "@std/assert";
import { createMemoryBackend } from "../../backends/memory.ts";
import type { Backend } from "../../core/backend.ts";
import type { NDArray } from "../../formats/arrays/ndarray.ts";
import { RegistryError } from "../../core/errors.ts";
import type { FileStore } from "../../core/file_store.ts";
import { realSystem } from "../../core/system.ts";
import { createBucketFiles } from "../../files/bucket.ts";
import { createMemoryFiles } from "../../files/memory.ts";
import { createFileManager, type Files } from "../../files/mod.ts";
import { createZarrFiles } from "../../files/zarr.ts";
import { npy } from "../../formats/npy.ts";
import { createZarrArray, openZarrArray, zarrStore } from "../../formats/zarr.ts";
import { tempRoot, testInRoot } from "../support/temp_root.ts";
import { KINDS, withMembers } from "./kinds.ts";
import { refused } from "../support/refused.ts";
import { slowTest } from "../support/seeds.ts";

/** Registers a test over each kind of store. */
function testOver(name: string, run: (files: Files, below: FileStore) => Promise<void>): void {
  for (const [kind, create] of Object.entries(KINDS)) {
    testInRoot(`zarr over ${kind}: ${name}`, async (root) => {
      const below = create(root.join("files"));
      const chunks = (shape: readonly number[]) => shape.map((length) => Math.min(length, 4) || 1);
      const zarr = createZarrFiles({ files: below, chunks });
      await run(await createFileManager({ zarr }).on("zarr"), below);
    });
  }
}

const changesOf = (below: FileStore) =>
  Array.fromAsync(below.list(".zarr-saving"), ({ path }) => path).catch(() => []);

const plane = (first: number, shape = [2, 3]): NDArray<"uint16"> => {
  const data = Uint16Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => first + i);
  return { data, shape, dtype: "uint16" };
};

testOver("arrays and images are loaded as they were saved, by any name", async (files) => {
  const data = Float32Array.of(1, NaN, -0, 4);
  const values = {
    "A/plane": plane(1),
    "B/plane": plane(50),
    "B/plane.tif": { data, width: 1, height: 2, channels: 2, dtype: "float32" },
    "a.json": { data: BigInt64Array.of(-1n), shape: [], dtype: "int64" },
    "large": plane(7, [9, 10]),
    "none": { data: new Float64Array(), shape: [3, 0], dtype: "float64" },
  };
  for (const [path, value] of Object.entries(values)) await files.save(path, value);
  for (const [path, value] of Object.entries(values)) {
    assertEquals(await files.load(path), value, path);
  }
  assertEquals((await files.listFiles("", { recursive: true })).sort(), Object.keys(values));
});

testOver("an array is one file", async (files) => {
  await files.save("a/b", plane(1));
  await files.save("a/b.json", { b: 1 });
  const { kind, size } = (await files.stat("a/b"))!;
  assertEquals(kind, "file");
  const file = await files.open("a/b");
  assertEquals([file.size, await npy().decode(file)], [size, plane(1)]);
  assertEquals(await files.load("a/b", { as: npy() }), plane(1));
  assertEquals(await files.stat("a/b/zarr.json"), undefined);
  assertEquals(await files.exists("a/b/c.0.0"), false);
  await refused("NotFound", () => files.listDir("a/b"));
  await refused("NotFound", () => files.load("a/b/zarr.json"));
  await refused("Conflict", () => files.save("a/b/c", plane(1)));
  await refused("Conflict", () => files.save("a/b/c", { c: 1 }, { as: "json" }));
  await refused("Conflict", () => files.ensureDirectory("a/b"));
  await refused("Conflict", () => files.save("a", plane(1)));
  await files.copy("a/b", "copied");
  await files.copy("a", "d");
  await files.move("a/b", "moved");
  await files.createSymlink("link", "moved");
  for (const path of ["copied", "d/b", "moved", "link"]) {
    assertEquals(await files.load(path), plane(1), path);
  }
  assertEquals([await files.load("d/b.json"), await files.listDir("a")], [{ b: 1 }, ["b.json"]]);
  assertEquals([await files.delete("moved"), await files.delete("moved")], [true, false]);
  assertEquals(await files.deleteAll("d"), true);
  assertEquals(await files.listDir(""), ["a", "copied", "link"]);
});

testOver("a copy has the same chunks, attributes and axes", async (files, below) => {
  const options = { shape: [5, 3], dtype: "uint16", chunks: [2, 3], codec: "gzip" } as const;
  const attributes = { author: "somebody else", "holdfast-save": "1" };
  const theirs = await createZarrArray(zarrStore(below), "theirs", {
    ...options,
    attributes,
    dimensionNames: ["y", "x"],
  });
  await theirs.write(plane(1, [5, 3]));
  await files.copy("theirs", "a/copy");
  const listed = async (folder: string) => {
    const paths = await Array.fromAsync(below.list(folder), ({ path }) => path);
    const names = paths.map((path) => path.slice(folder.length));
    return names.filter((name) => !name.includes(".holdfast-")).sort();
  };
  assertEquals(await listed("a/copy"), await listed("theirs"));
  const document = async (path: string) =>
    new TextDecoder().decode(await (await below.open(`${path}/zarr.json`)).bytes());
  assertEquals(await document("a/copy"), await document("theirs"));
  assertEquals(await files.load("a/copy"), plane(1, [5, 3]));
  await refused("AlreadyExists", () => files.copy("theirs", "a/copy"));
  await refused("Conflict", () => files.copy("theirs", "a/copy/below"));
  assertEquals((await changesOf(below)).filter((path) => !path.includes(".holdfast-")), []);
});

Deno.test("an array that is replaced during a copy is copied again", async () => {
  const below = createMemoryFiles();
  const chunks = (shape: readonly number[]) => shape.map(() => 1);
  const open = (files: FileStore) =>
    createFileManager({ it: createZarrFiles({ files, chunks }) }).on("it");
  const writer = await open(below);
  await writer.save("a", plane(1, [3]));
  let opened = 0;
  const swapped = withMembers(below, {
    async open(path, options) {
      if (path.startsWith("a/c") && ++opened === 2) await writer.save("a", plane(10, [3]));
      return await below.open(path, options);
    },
  });
  const files = await open(swapped);
  await files.copy("a", "b");
  assertEquals(await files.load("b"), plane(10, [3]));
});

testOver("arrays of other programs are files, other documents folders", async (files, below) => {
  const store = zarrStore(below);
  const options = { shape: [2, 3], dtype: "uint16", chunks: [1, 1] } as const;
  const theirs = await createZarrArray(store, "theirs", options);
  await theirs.write(plane(1));
  await below.write("folder/zarr.json", new TextEncoder().encode("{"));
  assertEquals(await files.load("theirs"), plane(1));
  assertEquals([await files.isFile("theirs"), await files.isDir("folder")], [true, true]);
  assertEquals(await files.listFiles("folder"), ["folder/zarr.json"]);
  await files.save("ours", plane(2));
  assertEquals(await (await openZarrArray(store, "ours")).read(), plane(2));
});

testOver("a save that fails changes nothing", async (files, below) => {
  await files.save("a", plane(1));
  await files.save("b", { b: 1 }, { as: "json" });
  const wrong = { data: Uint8Array.of(2), shape: [1], dtype: "bool" };
  await refused("Unsupported", () => files.save("a", wrong));
  await refused("Unsupported", () => files.save("b", wrong));
  await refused("Unsupported", () => files.save("c", wrong));
  const aborted = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => files.save("c", plane(1), { signal: aborted }), Error, "enough");
  assertEquals(await files.load("a"), plane(1));
  assertEquals(await files.load("b", { as: "json" }), { b: 1 });
  const paths = await Array.fromAsync(below.list(""), ({ path }) => path);
  assertEquals(paths.filter((path) => path !== ".zarr-saving").sort(), ["a", "b"]);
  await refused("Invalid", () => files.save(".zarr-saving/a", plane(1)));
});

testOver("an interrupted save leaves nothing, and listings hide it", async (files, below) => {
  await files.save("a", plane(1, [9, 9]));
  const full = withMembers(below, {
    write: async (path, ...rest) => {
      if (path.endsWith("c.2.1")) throw new Error("full");
      return await below.write(path, ...rest);
    },
  });
  const zarr = createZarrFiles({ files: full, chunks: () => [4, 4] });
  await assertRejects(() => zarr.save!("a", plane(2, [9, 9])), Error, "full");
  assertEquals(await files.load("a"), plane(1, [9, 9]));
  assertEquals(await changesOf(below), []);
  const listed = (files.store as FileStore).list("");
  assertEquals(await Array.fromAsync(listed, ({ path }) => path), ["a"]);
});

testOver("concurrent changes of one array all succeed", async (files, below) => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const store = files.store as FileStore;
  for (const shape of [[2, 2], [9, 9]]) {
    await store.save!("a", plane(1, shape));
    await Promise.all([
      store.write("a", bytes("one")),
      store.write("a", bytes("two")),
      store.write("a", bytes("six")),
    ]);
    assert(["one", "two", "six"].includes(await files.loadText("a")));
    await store.save!("a", plane(1, shape));
    const removed = await Promise.all([store.remove("a"), store.remove("a"), store.remove("a")]);
    assertEquals([removed.filter((was) => was).length, await store.stat("a")], [1, undefined]);
    await store.save!("a", plane(1, shape));
    await Promise.all([store.write("a", bytes("one")), store.save!("a", plane(2, shape))]);
    await store.remove("a");
  }
  assertEquals(await changesOf(below), []);
});

testOver("one of several concurrent creates of an array wins", async (files) => {
  const tries = Array.from(
    { length: 8 },
    (_, i) => files.save("a", plane(i * 100, [8, 8]), { mode: "create" }),
  );
  const wins = (await Promise.allSettled(tries)).flatMap(({ status }, i) =>
    status === "fulfilled" ? [i] : []
  );
  assertEquals(wins.length, 1);
  assertEquals(await files.load("a"), plane(wins[0] * 100, [8, 8]));
});

for (const [kind, create] of Object.entries(KINDS)) {
  Deno.test(`zarr over ${kind}: an array that changes during a load is never mixed`, async () => {
    const of = (dtype: "uint16" | "int16", first: number, shape: number[]) => {
      const { data } = plane(first, shape);
      return { data: dtype === "int16" ? new Int16Array(data) : data, shape, dtype } as NDArray;
    };
    const [small, large] = [[2, 3], [9, 9]];
    const changes: [before: NDArray, after: NDArray | undefined][] = [
      [of("uint16", 1, small), of("int16", 7, small)],
      [of("uint16", 1, large), of("uint16", 500, large)],
      [of("uint16", 1, large), of("uint16", 500, small)],
      [of("uint16", 1, large), undefined],
    ];
    const cases = changes.flatMap((change) => ["c.0.0", "c.1.1"].map((at) => ({ change, at })));
    for (const { change: [before, after], at } of cases) {
      await using root = await tempRoot();
      const below = create(root.join("files"));
      const chunks = () => [4, 4];
      const other = createZarrFiles({ files: below, chunks });
      let change: Promise<unknown> | undefined;
      const slow = withMembers(below, {
        async open(path, options) {
          if (path === `a/${at}`) {
            await (change ??= after === undefined ? other.remove("a") : other.save!("a", after));
          }
          return await below.open(path, options);
        },
      });
      await other.save!("a", before);
      const loaded = await createZarrFiles({ files: slow, chunks }).load!("a");
      assertEquals(loaded, change === undefined ? before : after, `${before.shape} ${at}`);
    }
  });
}

Deno.test("a changed chunk is read again, up to a limit", async () => {
  const below = createMemoryFiles();
  let left = 2;
  const changing = withMembers(below, {
    async open(path, options) {
      if (path.endsWith("c.0.0") && left-- > 0) {
        throw new RegistryError({ code: "Conflict", message: `Cannot read "${path}": changed` });
      }
      return await below.open(path, options);
    },
  });
  const files = createZarrFiles({ files: changing });
  await files.save!("a", plane(1));
  assertEquals(await files.load!("a"), plane(1));
  left = Infinity;
  await refused("Conflict", () => files.load!("a"));
});

const anHourLater = { ...realSystem, now: () => realSystem.now() + 3_600_000 };

slowTest("zarr over a bucket: a program that dies leaves no part of an array", async () => {
  const [before, after] = [plane(1, [9, 9]), plane(500, [9, 9])];
  const tasks: ((files: FileStore) => Promise<unknown>)[] = [
    (files) => files.save!("a", after),
    (files) => files.save!("a", plane(500)),
    (files) => files.write("a", new Uint8Array()),
    (files) => files.move("a", "b"),
    (files) => files.remove("a"),
    (files) => files.removeFolder!("a"),
  ];
  for (const [number, task] of tasks.entries()) {
    for (let steps = 0, isDone = false; !isDone; steps++) {
      const backend = createMemoryBackend();
      const open = (backend: Backend, system = realSystem) =>
        createZarrFiles({ files: createBucketFiles({ backend }), chunks: () => [4, 4], system });
      await open(backend).save!("a", before);
      let left = steps;
      const alive = () => {
        if (left-- <= 0) throw new Error("dead");
      };
      const dying: Backend = {
        ...backend,
        put: async (...all) => (alive(), await backend.put(...all)),
        delete: async (...all) => (alive(), await backend.delete(...all)),
        deleteMany: undefined,
      };
      isDone = await task(open(dying)).then(() => true, () => false);
      const what = `task ${number} after ${steps} steps`;
      const found: unknown[] = [];
      for (const path of ["a", "b"]) {
        found.push(await open(backend, anHourLater).load!(path));
        const known = [undefined, before, after, plane(500)];
        assert(known.some((value) => equal(found.at(-1), value)), `${what}: part of ${path}`);
      }
      const isRemoved = [2, 4, 5].includes(number) && isDone || [4, 5].includes(number);
      if (!isRemoved && await open(backend).stat("a") === undefined) {
        assert(found.some((value) => value !== undefined), `${what}: the array is nowhere`);
      }
      await open(backend, anHourLater).save!("a", plane(3));
      assertEquals(await open(backend).load!("a"), plane(3), what);
    }
  }
});
