// Damaged, lying and foreign documents and chunks are refused before memory is allocated, and nothing hangs.
import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { type ErrorCode, isRegistryError } from "../../../core/errors.ts";
import { createZarrArray, openZarrArray, openZarrGroup } from "../../../formats/zarr.ts";
import { noise } from "../../registry/registries.ts";
import { memory, refused } from "./hostile_store.ts";
import type { CreateZarrOptions, ZarrArray, ZarrStore } from "../../../formats/zarr.ts";
import { casesOfRun, slowTest } from "../../support/seeds.ts";

const text = (value: unknown) =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

const V3 = {
  zarr_format: 3,
  node_type: "array",
  shape: [4, 4],
  data_type: "uint16",
  chunk_grid: { name: "regular", configuration: { chunk_shape: [2, 2] } },
  chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
  fill_value: 0,
  codecs: [{ name: "bytes", configuration: { endian: "little" } }],
};
const V2 = {
  zarr_format: 2,
  shape: [4, 4],
  chunks: [2, 2],
  dtype: "<u2",
  compressor: null,
  fill_value: 0,
  order: "C",
  filters: null,
};
const grid = (chunk_shape: unknown) => ({ name: "regular", configuration: { chunk_shape } });
const sharded = (configuration: object) => [{
  name: "sharding_indexed",
  configuration: {
    chunk_shape: [1, 1],
    codecs: V3.codecs,
    index_codecs: V3.codecs,
    ...configuration,
  },
}];

const BAD: [code: ErrorCode, key: string, document: unknown][] = [
  ["Corrupt", "a/zarr.json", "{"],
  ["Corrupt", "a/zarr.json", "[]"],
  ["Unsupported", "a/zarr.json", `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`],
  ["Corrupt", "a/zarr.json", { ...V3, zarr_format: 4 }],
  ["Corrupt", "a/zarr.json", { ...V3, node_type: "table" }],
  ["Corrupt", "a/zarr.json", { ...V3, shape: [-1, 4] }],
  ["Corrupt", "a/zarr.json", { ...V3, shape: "4" }],
  ["Corrupt", "a/zarr.json", { ...V3, shape: [1.5, 4] }],
  ["Unsupported", "a/zarr.json", {
    ...V3,
    shape: Array(65).fill(1),
    chunk_grid: grid(Array(65).fill(1)),
  }],
  ["Corrupt", "a/zarr.json", { ...V3, chunk_grid: grid([2]) }],
  ["Corrupt", "a/zarr.json", { ...V3, chunk_grid: grid([0, 2]) }],
  ["Unsupported", "a/zarr.json", { ...V3, chunk_grid: { name: "rectangular" } }],
  ["Unsupported", "a/zarr.json", { ...V3, chunk_grid: grid([2 ** 26, 2 ** 26]) }],
  ["Unsupported", "a/zarr.json", { ...V3, data_type: "string" }],
  ["Unsupported", "a/zarr.json", { ...V3, data_type: "toString" }],
  ["Corrupt", "a/zarr.json", { ...V3, fill_value: -1 }],
  ["Corrupt", "a/zarr.json", { ...V3, fill_value: null }],
  ["Corrupt", "a/zarr.json", { ...V3, fill_value: "0x00000000" }],
  ["Corrupt", "a/zarr.json", { ...V3, codecs: [] }],
  ["Unsupported", "a/zarr.json", { ...V3, codecs: [{ name: "pickle" }] }],
  ["Unsupported", "a/zarr.json", { ...V3, codecs: [...V3.codecs, { name: "delta" }] }],
  ["Corrupt", "a/zarr.json", {
    ...V3,
    codecs: [...V3.codecs, { name: "gzip", configuration: { level: 77 } }],
  }],
  ["Corrupt", "a/zarr.json", {
    ...V3,
    codecs: [{ name: "transpose", configuration: { order: [0, 0] } }, ...V3.codecs],
  }],
  ["Corrupt", "a/zarr.json", { ...V3, codecs: sharded({ chunk_shape: [3, 1] }) }],
  ["Unsupported", "a/zarr.json", {
    ...V3,
    chunk_grid: grid([2 ** 30, 2 ** 30]),
    codecs: sharded({}),
  }],
  ["Unsupported", "a/zarr.json", { ...V3, codecs: sharded({ codecs: sharded({}) }) }],
  ["Unsupported", "a/zarr.json", {
    ...V3,
    codecs: sharded({ index_codecs: [...V3.codecs, { name: "gzip" }] }),
  }],
  ["Unsupported", "a/zarr.json", { ...V3, chunk_key_encoding: { name: "mine" } }],
  ["Corrupt", "a/zarr.json", { ...V3, dimension_names: ["y"] }],
  ["Corrupt", "a/zarr.json", { ...V3, attributes: [1] }],
  ["Unsupported", "a/zarr.json", { ...V3, storage_transformers: [{ name: "x" }] }],
  ["Unsupported", "a/zarr.json", { ...V3, mine: 1 }],
  ["Corrupt", "a/.zarray", { ...V2, zarr_format: 3 }],
  ["Unsupported", "a/.zarray", { ...V2, dtype: "|O" }],
  ["Unsupported", "a/.zarray", { ...V2, dtype: "<M8[ns]" }],
  ["Unsupported", "a/.zarray", { ...V2, dtype: [["x", "<u2"]] }],
  ["Unsupported", "a/.zarray", { ...V2, filters: [{ id: "delta" }] }],
  ["Unsupported", "a/.zarray", { ...V2, compressor: { id: "lzma" } }],
  ["Unsupported", "a/.zarray", { ...V2, compressor: { id: "blosc", cname: "snappy" } }],
  ["Unsupported", "a/.zarray", { ...V2, compressor: { id: "blosc", cname: "blosclz" } }],
  ["Corrupt", "a/.zarray", { ...V2, order: "K" }],
  ["Corrupt", "a/.zarray", { ...V2, dimension_separator: "-" }],
  ["Corrupt", "a/.zarray", { ...V2, chunks: [2, 2, 2] }],
];

Deno.test("a document that is damaged, lies or asks for what is not read is refused by its key", async () => {
  for (const [code, key, document] of BAD) {
    const store = memory();
    store.keys.set(key, text(document));
    await refused(code, key, () => openZarrArray(store, "a"));
  }
  for (const [key, document] of [["a/zarr.json", V3], ["a/.zarray", V2]] as const) {
    const store = memory();
    store.keys.set(key, text(document));
    assertEquals((await (await openZarrArray(store, "a")).read()).data, new Uint16Array(16));
  }
});

Deno.test("the error names the codec that is not known, not one that comes after it", async () => {
  const delta = { name: "numcodecs.delta", configuration: { dtype: "<u2" } };
  for (
    const codecs of [
      [delta, ...V3.codecs, { name: "zstd" }],
      sharded({ codecs: [delta, ...V3.codecs] }),
    ]
  ) {
    const store = memory();
    store.keys.set("a/zarr.json", text({ ...V3, codecs }));
    await refused(
      "Unsupported",
      'unknown codec "numcodecs.delta"',
      () => openZarrArray(store, "a"),
    );
  }
});

Deno.test("optional parts of a document are ignored", async () => {
  const store = memory();
  store.keys.set("a/zarr.json", text({ ...V3, mine: { must_understand: false } }));
  assertEquals((await openZarrArray(store, "a")).shape, [4, 4]);
});

Deno.test("a shape beyond the limit is reported, and read in parts; nothing is allocated for it", async () => {
  const store = memory();
  const huge = { ...V3, shape: [2 ** 40, 2 ** 40], chunk_grid: grid([2, 2]) };
  store.keys.set("a/zarr.json", text(huge));
  const array = await openZarrArray(store, "a");
  await refused("Unsupported", "a", () => array.read());
  await refused("Unsupported", "a", () => array.read([[0, 2 ** 28], 0])); // 2^27 chunks
  await refused("Unsupported", "a", () => array.resize([1, 1]));
  assertEquals((await array.read([[2 ** 39, 2 ** 39 + 2], 2 ** 39])).data, Uint16Array.of(0, 0));
  const small = await openZarrArray(store, "a", { maxBytes: 8 });
  await refused("Unsupported", "a", () => small.read([[0, 5], 0]));
  await refused("Unsupported", "a", () => openZarrArray(store, "a", { maxBytes: 7 }));
});

/** An array of each way of packing, with something in it. */
const WAYS: Partial<CreateZarrOptions>[] = [
  { codec: "none" },
  { codec: "gzip" },
  { codec: "zstd" },
  { codec: "blosc" },
  { codec: { name: "blosc", cname: "zstd" } },
  { codec: { name: "blosc", cname: "zlib" } },
  { codec: "zstd", shards: [16, 16] },
  { codec: "none", shards: [16, 16] },
  { codec: "blosc", version: 2 },
];
const ELEMENTS = {
  data: Uint16Array.from({ length: 256 }, (_, i) => i % 40),
  shape: [16, 16],
  dtype: "uint16" as const,
};

async function written(
  way: Partial<CreateZarrOptions>,
): Promise<{ store: ReturnType<typeof memory>; array: ZarrArray }> {
  const store = memory();
  const array = await createZarrArray(store, "a", {
    shape: [16, 16],
    chunks: [8, 16],
    dtype: "uint16",
    ...way,
  });
  await array.write(ELEMENTS);
  return { store, array };
}

slowTest(
  "chunks of other bytes, cut ones and flipped bits give an error of ours, or other elements, and never hang",
  async () => {
    const damage = fc.oneof(
      fc.record({ kind: fc.constant("bytes" as const), bytes: fc.uint8Array({ maxLength: 200 }) }),
      fc.record({ kind: fc.constant("cut" as const), at: fc.nat() }),
      fc.record({ kind: fc.constant("flip" as const), at: fc.nat(), bit: fc.nat(7) }),
    );
    for (const way of WAYS) {
      const { store, array } = await written(way);
      const key = [...store.keys.keys()].find((key) => !/\.z|zarr.json/.test(key))!;
      const good = store.keys.get(key)!;
      await fc.assert(
        fc.asyncProperty(damage, async (damage) => {
          const bytes = damage.kind === "bytes"
            ? damage.bytes
            : good.slice(0, damage.kind === "cut" ? damage.at % good.length : undefined);
          if (damage.kind === "flip") bytes[damage.at % bytes.length] ^= 1 << damage.bit;
          store.keys.set(key, bytes);
          for (const selection of [[], [0]]) {
            const error = await array.read(selection).then(() => undefined, (error) => error);
            assert(
              error === undefined || isRegistryError(error, "Corrupt", "Unsupported"),
              String(error),
            );
          }
        }),
        { numRuns: casesOfRun(200) },
      );
      store.keys.set(key, good);
      assertEquals(await array.read(), ELEMENTS);
    }
  },
);

Deno.test("a chunk of too many or too few bytes is reported by its key, with any codec", async () => {
  for (const way of WAYS) {
    const { store, array } = await written({ ...way, shards: undefined });
    const key = [...store.keys.keys()].find((key) => !/\.z|zarr.json/.test(key))!;
    for (const chunks of [[4, 16], [16, 16]]) {
      const other = memory();
      const its = await createZarrArray(other, "a", {
        shape: [16, 16],
        dtype: "uint16",
        ...way,
        shards: undefined,
        chunks,
      });
      await its.write(ELEMENTS);
      store.keys.set(key, other.keys.get(key)!);
      await refused("Corrupt", key, () => array.read());
    }
  }
});

slowTest(
  "compressed bytes of more than a chunk are refused before they are decompressed",
  async () => {
    for (const codec of ["blosc", "zstd", "gzip"] as const) {
      const { store, array } = await written({ codec });
      const large = memory();
      const its = await createZarrArray(large, "a", {
        shape: [2 ** 24],
        chunks: [2 ** 24],
        dtype: "uint16",
        codec,
      });
      await its.write({ data: new Uint16Array(2 ** 24), shape: [2 ** 24], dtype: "uint16" });
      store.keys.set("a/c/0/0", large.keys.get("a/c/0")!);
      const error = await assertRejects(() => array.read());
      assert(
        isRegistryError(error, "Corrupt") && !error.message.includes(`${2 ** 25}`),
        String(error),
      );
    }
  },
);

Deno.test("bytes after a compressed chunk are left out or refused, also after a large one", async () => {
  for (const codec of ["zstd", "gzip"] as const) {
    const store = memory();
    const key = "a/c/0", shape = [2 ** 20];
    const options = { shape, chunks: shape, dtype: "uint8", codec } as const;
    const array = await createZarrArray(store, "a", options);
    const data = noise(2 ** 20);
    await array.write({ data, shape, dtype: "uint8" });
    const chunk = store.keys.get(key)!;
    for (const more of [1, 8, 500]) {
      const followed = new Uint8Array(chunk.length + more);
      followed.set(chunk);
      store.keys.set(key, followed);
      const read = await array.read().catch((error) => error);
      if (isRegistryError(read, "Corrupt")) continue;
      assertEquals(read.data.length, data.length, `${codec}, ${more} bytes more`);
    }
  }
});

Deno.test("an index of a shard with a wrong bit is reported; one that asks for much memory is not followed", async () => {
  const { store, array } = await written({ shards: [16, 16], codec: "none" });
  const shard = store.keys.get("a/c/0/0")!;
  for (let bit = 0; bit < 36 * 8; bit++) {
    const bytes = shard.slice();
    bytes[bytes.length - 36 + (bit >> 3)] ^= 1 << (bit & 7);
    store.keys.set("a/c/0/0", bytes);
    await refused("Corrupt", "a/c/0/0", () => array.read([0]));
  }
  const lying = memory();
  const asked: number[] = [];
  const watched: ZarrStore = {
    ...lying,
    get: (key, options) => (asked.push(options?.range?.length ?? 0), lying.get(key, options)),
  };
  lying.keys.set("a/zarr.json", text({ ...V3, codecs: sharded({}) }));
  const index = new BigUint64Array(8).fill(-1n & (2n ** 64n - 1n));
  index.set([0n, 2n ** 40n]);
  lying.keys.set("a/c/0/0", new Uint8Array(index.buffer));
  await refused("Corrupt", "a/c/0/0", async () => (await openZarrArray(watched, "a")).read([0, 0]));
  assert(Math.max(...asked) < 2 ** 20);
});

Deno.test("a shape of no elements has no chunks, however long its other axes are", async () => {
  for (const shape of [[0, 2 ** 53 - 1], [2 ** 53 - 1, 0]]) {
    const store = memory();
    store.keys.set("a/zarr.json", text({ ...V3, shape, chunk_grid: grid([1, 1]) }));
    const array = await openZarrArray(store, "a");
    assertEquals(await array.read(), { data: new Uint16Array(), shape, dtype: "uint16" });
    await array.write({ data: new Uint16Array(), shape, dtype: "uint16" });
  }
});

Deno.test("an append whose shape no document can express is refused, and the array stays", async () => {
  const store = memory();
  store.keys.set("a/zarr.json", text({ ...V3, shape: [2 ** 53 - 1, 1], chunk_grid: grid([1, 1]) }));
  const array = await openZarrArray(store, "a");
  await refused(
    "Invalid",
    "a",
    () => array.append({ data: Uint16Array.of(1), shape: [1, 1], dtype: "uint16" }),
  );
  assertEquals((await openZarrArray(store, "a")).shape, [2 ** 53 - 1, 1]);
});

Deno.test("chunks of a shard that lie over each other are read once: they take no more memory than the shard", async () => {
  const store = memory();
  const count = 4096;
  const [chunk, body] = [1, 60_000];
  store.keys.set(
    "a/zarr.json",
    text({
      ...V3,
      shape: [count],
      data_type: "uint8",
      chunk_grid: grid([count]),
      codecs: sharded({
        chunk_shape: [chunk],
        codecs: [{ name: "bytes" }, { name: "gzip", configuration: { level: 1 } }],
        index_codecs: [{ name: "bytes", configuration: { endian: "little" } }],
      }),
    }),
  );
  const shard = new Uint8Array(body + count + 16 * count);
  const view = new DataView(shard.buffer);
  for (let at = 0; at < count; at++) {
    view.setBigUint64(body + count + 16 * at, BigInt(at), true);
    view.setBigUint64(body + count + 16 * at + 8, BigInt(body), true);
  }
  store.keys.set("a/c/0", shard);
  let read = 0;
  const counting: ZarrStore = {
    ...store,
    async get(key, options) {
      const bytes = await store.get(key, options);
      read += bytes?.length ?? 0;
      return bytes;
    },
  };
  const array = await openZarrArray(counting, "a");
  await refused("Corrupt", "a/c/0", () => array.read([[0, count / 2 - 1]]));
  const one = { data: Uint8Array.of(1), shape: [1], dtype: "uint8" } as const;
  await refused("Corrupt", "a/c/0", () => array.write(one)); // all chunks would be written one behind the other
  assert(read <= 2 * shard.length, `${read} bytes were read of ${shard.length}`);
});

const LOOKS = [
  async (store: ZarrStore) => void await (await openZarrArray(store, "a")).read(),
  async (store: ZarrStore) => void await (await openZarrGroup(store, "a")).children(),
];

Deno.test("documents of random values are opened or refused, and nothing else", async () => {
  const member = fc.constantFrom(...Object.keys(V3), ...Object.keys(V2));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("zarr.json", ".zarray"),
      member,
      fc.jsonValue(),
      async (name, member, value) => {
        const store = memory();
        store.keys.set(`a/${name}`, text({ ...(name === ".zarray" ? V2 : V3), [member]: value }));
        for (const look of LOOKS) {
          const error = await look(store).then(() => undefined, (error) => error);
          assert(error === undefined || isRegistryError(error), String(error));
        }
      },
    ),
    { numRuns: casesOfRun(500), examples: [[".zarray", "dtype", { toString: "" }]] },
  );
});
