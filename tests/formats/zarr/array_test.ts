import { assert, assertEquals, assertRejects } from "@std/assert";
import type { NDArray } from "../../../formats/arrays/ndarray.ts";
import { createMemoryFiles } from "../../../files/memory.ts";
import {
  createZarrArray,
  createZarrGroup,
  openZarrArray,
  openZarrGroup,
  zarrStore,
} from "../../../formats/zarr.ts";
import { usualChunks } from "../../../formats/zarr/documents/metadata.ts";
import type { CreateZarrOptions, ZarrStore } from "../../../formats/zarr.ts";
import { refused } from "../../support/refused.ts";

/** A store that records its calls. */
function noting(inner: ZarrStore): { store: ZarrStore; take: () => string[] } {
  const notes: string[] = [];
  const store: ZarrStore = {
    ...inner,
    get(key, options = {}) {
      notes.push(`get ${key}${options.range ? " range" : options.suffix ? " suffix" : ""}`);
      return inner.get(key, options);
    },
    set: (key, bytes, options) => (notes.push(`set ${key}`), inner.set!(key, bytes, options)),
    remove: (key, options) => (notes.push(`remove ${key}`), inner.remove!(key, options)),
  };
  return { store, take: () => notes.splice(0).sort() };
}

const plain = (shape: number[]): NDArray => {
  const data = Uint16Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + 1);
  return { data, shape, dtype: "uint16" };
};

const memory = () => zarrStore(createMemoryFiles());

Deno.test("a read touches the chunks that it needs, of shards their indices and those chunks, and a write what it changes", async () => {
  const { store, take } = noting(memory());
  const base = { shape: [8, 8], chunks: [2, 2], dtype: "uint16" as const };
  const array = await createZarrArray(store, "a", base);
  const sharded = await createZarrArray(store, "s", { ...base, shards: [4, 4] });
  take();
  await array.write(plain([2, 4]), { at: [2, 0] });
  assertEquals(take(), ["set a/c/1/0", "set a/c/1/1"]);
  await array.write(plain([1, 1]), { at: [3, 1] });
  assertEquals(take(), ["get a/c/1/0", "set a/c/1/0"]);
  assertEquals((await array.read([3, [0, 4]])).data, Uint16Array.of(5, 1, 7, 8));
  assertEquals(take(), ["get a/c/1/0", "get a/c/1/1"]);
  assertEquals((await array.read([[0, 8, 5], 7])).data, Uint16Array.of(0, 0));
  assertEquals(take(), ["get a/c/0/3", "get a/c/2/3"]);
  await sharded.write(plain([8, 8]));
  assertEquals(take(), ["set s/c/0/0", "set s/c/0/1", "set s/c/1/0", "set s/c/1/1"]);
  assertEquals((await sharded.read([5, 5])).data, Uint16Array.of(46));
  assertEquals(take(), ["get s/c/1/1 range", "get s/c/1/1 suffix"]);
  assertEquals((await sharded.read([[4, 8], [4, 8]])).shape, [4, 4]);
  assertEquals(take(), ["get s/c/1/1"]);
});

Deno.test("an append that fails leaves the shape as it was, and the next one writes over what it left", async () => {
  const inner = memory();
  const failing: ZarrStore = {
    ...inner,
    set(key, bytes) {
      return key === "a/c/2" ? Promise.reject(new Error("full")) : inner.set!(key, bytes);
    },
  };
  await createZarrArray(inner, "a", { shape: [3], chunks: [2], dtype: "uint16" });
  const array = await openZarrArray(failing, "a");
  await array.write(plain([3]));
  await assertRejects(() => array.append(plain([3])), Error, "full");
  assertEquals([array.shape, (await openZarrArray(inner, "a")).shape], [[3], [3]]);
  const again = await openZarrArray(inner, "a");
  await again.append(plain([2]));
  assertEquals((await again.read()).data, Uint16Array.of(1, 2, 3, 1, 2));
});

Deno.test("appends and writes through one handle do not lose one another", async () => {
  const array = await createZarrArray(memory(), "a", {
    shape: [0, 2],
    chunks: [4, 2],
    dtype: "uint16",
  });
  await Promise.all(Array.from({ length: 6 }, () => array.append(plain([1, 2]))));
  assertEquals((await array.read()).data, Uint16Array.from({ length: 12 }, (_, i) => 1 + i % 2));
  const rows = [0, 1, 2, 3].map((row) => ({
    data: Uint16Array.of(row * 10, row),
    shape: [1, 2],
    dtype: "uint16" as const,
  }));
  await Promise.all(rows.map((values, row) => array.write(values, { at: [row, 0] })));
  assertEquals((await array.read([[0, 4]])).data, Uint16Array.of(0, 0, 10, 1, 20, 2, 30, 3));
});

Deno.test("a write while an append is under way keeps what is appended, in the chunk that they share", async () => {
  for (const shards of [undefined, [8]]) {
    const store = zarrStore(createMemoryFiles());
    const array = await createZarrArray(store, "", {
      shape: [3],
      chunks: [4],
      shards,
      dtype: "uint8",
    });
    const part = (...data: number[]) => ({
      data: Uint8Array.from(data),
      shape: [data.length],
      dtype: "uint8" as const,
    });
    await array.write(part(1, 2, 3));
    let meanwhile: Promise<void> | undefined;
    const slow: ZarrStore = {
      ...store,
      async set(key, bytes, options) {
        if (key === "zarr.json") await (meanwhile ??= opened.write(part(5, 6, 7)));
        await store.set!(key, bytes, options);
      },
    };
    const opened = await openZarrArray(slow, "");
    await opened.append(part(9));
    assertEquals((await opened.read()).data, Uint8Array.of(5, 6, 7, 9));
  }
});

Deno.test("nothing is cast, cut or guessed: other types, other shapes and what is not there are refused", async () => {
  const store = memory();
  const array = await createZarrArray(store, "a", { shape: [2, 2], dtype: "uint16" });
  await refused(
    "Unsupported",
    () => array.write({ data: new Int16Array(4), shape: [2, 2], dtype: "int16" }),
  );
  await refused(
    "Unsupported",
    () => array.append({ data: new Uint8Array(2), shape: [1, 2], dtype: "uint8" }),
  );
  await refused(
    "Unsupported",
    () => array.write({ data: new Uint16Array(3), shape: [2, 2], dtype: "uint16" }),
  );
  await refused("Invalid", () => array.write(plain([2])));
  await refused("Invalid", () => array.write(plain([1, 2]), { at: [2, 0] }));
  await refused("Invalid", () => array.append(plain([1, 3])));
  await refused("Invalid", () => array.append(plain([1, 2]), 2));
  await refused("Invalid", () => array.resize([2]));
  for (const selection of [[2], [-1], [[1, 0]], [[0, 3]], [[0, 2, 0]], [0, 0, 0], [0.5]]) {
    await refused("Invalid", () => array.read(selection as number[]));
  }
  await refused("AlreadyExists", () => createZarrArray(store, "a", { shape: [1], dtype: "uint8" }));
  await refused("AlreadyExists", () => createZarrGroup(store, "a"));
  await refused("NotFound", () => openZarrArray(store, "b"));
  await refused("NotFound", () => openZarrGroup(store, "a"));
  const wrong: Partial<CreateZarrOptions>[] = [
    { fillValue: -1 },
    { fillValue: 0.5 },
    { dtype: "float32", fillValue: 0.1 },
    { dtype: "bool", fillValue: 1 },
    { chunks: [0, 1] },
    { chunks: [1] },
    { chunks: [2, 2], shards: [3, 2] },
    { chunks: [2, 2], shards: [2, 2], version: 2 },
    { dimensionNames: ["y"] },
    { codec: "lzma" as "zstd" },
    { codec: { name: "zstd", level: 99 } },
    { attributes: { at: new Map() as unknown as string } },
  ];
  for (const options of wrong) {
    await refused(
      "Invalid",
      () => createZarrArray(store, "w", { shape: [2, 2], dtype: "uint16", ...options }),
    );
  }
  await refused("NotFound", () => openZarrArray(store, "w"));
});

Deno.test("attributes, names and what others noted in a document stay when an array grows", async () => {
  const store = memory();
  const array = await createZarrArray(store, "a", {
    shape: [1],
    dtype: "uint16",
    dimensionNames: ["t"],
    attributes: { unit: "s", big: 2n ** 60n },
  });
  const bytes = (await store.get("a/zarr.json"))!;
  const noted = new TextDecoder().decode(bytes).replace(
    "{",
    '{ "theirs": { "must_understand": false, "n": 1e3 },',
  );
  await store.set!("a/zarr.json", new TextEncoder().encode(noted));
  const opened = await openZarrArray(store, "a");
  await opened.append(plain([2]));
  await opened.setAttributes({ ...opened.attributes, zero: -0 });
  const { dimensionNames, attributes, shape } = await openZarrArray(store, "a");
  assertEquals([dimensionNames, attributes, shape], [
    ["t"],
    { unit: "s", big: 2n ** 60n, zero: -0 },
    [3],
  ]);
  assert(new TextDecoder().decode(await store.get("a/zarr.json")).includes('"theirs"'));
  assertEquals(array.shape, [1]); // a handle knows what it was opened with
});

Deno.test("a group lists its children of either version, and keeps its attributes", async () => {
  for (const version of [2, 3] as const) {
    const store = memory();
    const group = await createZarrGroup(store, "", { version, attributes: { a: 1 } });
    await createZarrGroup(store, "b", { version });
    await createZarrArray(store, "b/c", { shape: [2], dtype: "int8", version });
    await createZarrArray(store, "a", { shape: [2], dtype: "int8", version });
    await store.set!("notes/readme.md", new Uint8Array());
    await group.setAttributes({ a: 2 });
    const opened = await openZarrGroup(store, "");
    const children = (await opened.children()).map(({ path, kind }) => `${path} ${kind}`);
    assertEquals([opened.version, opened.attributes, children], [version, { a: 2 }, [
      "a array",
      "b group",
    ]]);
  }
});

Deno.test("by default, a chunk has all of an array, or as many whole planes as fit into 16 MiB", () => {
  assertEquals(usualChunks([100, 200], "uint16"), [100, 200]);
  assertEquals(usualChunks([1000, 1024, 1024], "uint16"), [8, 1024, 1024]);
  assertEquals(usualChunks([2, 100_000_000], "float64"), [1, 2_097_152]);
  assertEquals(usualChunks([], "int8"), []);
  assertEquals(usualChunks([0, 3], "int8"), [1, 3]);
});
