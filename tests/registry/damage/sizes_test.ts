import { assert, assertEquals, assertMatch } from "@std/assert";
import { gzipSync } from "node:zlib";
import type { Backend } from "../../../core/backend.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { defineMaterializer } from "../../../core/materializer.ts";
import {
  decodeRecord,
  encodeRecord,
  MAX_RECORD_BYTES,
} from "../../../registry/format/record_codec.ts";
import type { StoredFile, VersionRecord } from "../../../core/record.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { localPath } from "../../../mod.ts";
import type { StoredPath } from "../../../materializers/mod.ts";
import { collect, rejected } from "../rejected.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";
import { withAge } from "../with_age.ts";

const GIB = 1024 ** 3;

/** A store that counts the bytes that are read. */
function metered(
  inner: Backend,
  prefix = "objects/",
): { backend: Backend; read: { bytes: number; asked: string[] } } {
  const read = { bytes: 0, asked: [] as string[] };
  const backend: Backend = {
    ...inner,
    head: inner.head.bind(inner),
    put: inner.put.bind(inner),
    delete: inner.delete.bind(inner),
    list: inner.list.bind(inner),
    async get(key, options) {
      const object = await inner.get(key, options);
      if (object === undefined || !key.startsWith(prefix)) return object;
      read.asked.push(key);
      const count = (bytes: Uint8Array) => {
        read.bytes += bytes.byteLength;
        return bytes;
      };
      return {
        info: object.info,
        get body() {
          const counting = new TransformStream<Uint8Array, Uint8Array>({
            transform: (chunk, controller) => controller.enqueue(count(chunk)),
          });
          return object.body.pipeThrough(counting);
        },
        bytes: async () => count(await object.bytes()),
      };
    },
  };
  return { backend, read };
}

/** Changes the newest record of a name, with the right checksum. */
async function rewrite(
  backend: Backend,
  name: string,
  change: (record: VersionRecord, file: StoredFile) => object,
): Promise<string> {
  const [key] = await keysOf(backend, `names/${name}/versions/`);
  const { record, inline } = decodeRecord(await (await backend.get(key))!.bytes(), key);
  const version = record as VersionRecord;
  await backend.put(
    key,
    encodeRecord({ ...version, ...change(version, version.files[0]) } as VersionRecord, [inline]),
  );
  return key;
}

/** Records with right checksums and wrong sizes. */
const LIES: Record<string, (record: VersionRecord, file: StoredFile) => object> = {
  "parts that are larger than their file": (_, file) => ({
    files: [{ ...file, parts: [...file.parts!, { object: 0, size: 3 * GIB }] }],
  }),
  "one part again and again": (_, file) => ({
    files: [{ ...file, parts: Array.from({ length: 200 }, () => file.parts![0]) }],
  }),
  "a file that is larger than its parts": (_, file) => ({
    size: 9e15,
    files: [{ ...file, size: 9e15 }],
  }),
  "stored bytes that are far more than the plain ones": (_, file) => ({
    size: 5,
    files: [{ ...file, size: 5, encoding: "gzip", parts: [{ object: 0, size: 6 * GIB }] }],
  }),
  "a part that ends beyond all numbers": (_, file) => ({
    files: [{ ...file, parts: [{ object: 0, offset: Number.MAX_SAFE_INTEGER, size: file.size }] }],
  }),
  "files that have more bytes than the version": () => ({ size: 5 }),
  "inline bytes that are not there": (_, { parts: _parts, ...file }) => ({
    files: [{ ...file, inline: [0, file.size] }],
  }),
  "bytes both here and there": (_, file) => ({ files: [{ ...file, inline: [0, 0] }] }),
  "two files with one path": (record, file) => ({ size: 2 * record.size, files: [file, file] }),
  "a list of files that is too long": () => ({
    files: [],
    fileList: { object: 0, size: 3 * GIB, sha256: "0".repeat(64) },
  }),
};

for (const [lie, change] of Object.entries(LIES)) {
  testInMemory(
    `a record that claims ${lie} is Corrupt before its payload is read`,
    async (world) => {
      const { registry, backend, open } = world;
      await registry.save("a", noise(300_000));
      await registry.save("b", "whole");
      const key = await rewrite(backend, "a", change);
      const { backend: counted, read } = metered(backend);
      const reader = await open({ cache: false }, () => counted);
      for (
        const attempt of [() => reader.load("a"), () => reader.open("a"), () => reader.info("a@1")]
      ) {
        assertEquals((await rejected("Corrupt", attempt())).key, key);
      }
      const { versions, problems } = await verifyRegistry(reader);
      assertEquals([versions, problems.map(({ code, key }) => [code, key])], [2, [[
        "Corrupt",
        key,
      ]]]);
      assertEquals(read.asked, []);
      const older = await open({}, (store) => withAge(store, 7 * 24 * 3_600_000));
      assertEquals((await collectGarbage(older)).failures.map((failure) => failure.key), [key]);
      assertEquals((await keysOf(backend, "objects/a/")).length, 1);
      assertEquals((await registry.save("a", "next")).version, "2.0.0");
    },
  );
}

testOnEach(
  "sizes in a record are compared with the store before reading",
  async ({ registry, backend, open }) => {
    await registry.save("a", noise(300_000));
    const huge = 3 * GIB;
    const [object] = await keysOf(backend, "objects/a/");
    const { backend: counted, read } = metered(backend);
    const reader = await open({ cache: false, maxLoadBytes: 4 * GIB }, () => counted);
    for (const part of [{ object: 0, size: huge }, { object: 0, offset: 100_000, size: huge }]) {
      await rewrite(
        backend,
        "a",
        (_, file) => ({ size: huge, files: [{ ...file, size: huge, parts: [part] }] }),
      );
      const [file] = (await reader.open("a")).files();
      const range = () => collect(file.stream({ offset: 10, length: 20 }));
      for (
        const attempt of [
          () => file.bytes(),
          () => collect(file.stream()),
          range,
          () => reader.load("a"),
        ]
      ) {
        assertEquals((await rejected("Corrupt", attempt())).key, object);
      }
      assertEquals((await verifyRegistry(reader)).problems.map(({ code }) => code), ["Corrupt"]);
    }
    assertEquals(read.bytes, 0);
  },
);

testInMemory(
  "a part of a larger object is read alone, even without an offset",
  async ({ registry, backend, open }) => {
    const bytes = noise(300_000);
    await registry.save("a", bytes);
    const [object] = await keysOf(backend, "objects/a/");
    await backend.put(object, concatBytes([bytes, noise(5_000_000, 2)]));
    const { backend: counted, read } = metered(backend);
    assertEquals(await (await open({ cache: false }, () => counted)).load("a"), bytes);
    assertEquals(read.bytes, bytes.byteLength);
  },
);

testInMemory(
  "gzip that expands beyond the file size is Corrupt, early",
  async ({ registry, backend }) => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(40_000_000)));
    await registry.save("a", noise(bomb.byteLength + 300_000));
    const [object] = await keysOf(backend, "objects/a/");
    await backend.put(object, bomb);
    for (const size of [5, 17_000_000]) {
      await rewrite(backend, "a", (_, file) => ({
        size,
        files: [{
          ...file,
          size,
          encoding: "gzip",
          parts: [{ object: 0, size: bomb.byteLength, sha256: sha256(bomb) }],
        }],
      }));
      assertEquals((await rejected("Corrupt", registry.load("a"))).key, object);
      const [file] = (await registry.open("a")).files();
      assertEquals((await rejected("Corrupt", collect(file.stream()))).key, object);
    }
  },
);

testInMemory("a large gzip file is expanded into memory once", async ({ registry }) => {
  const bytes = new Uint8Array(17_000_000).fill(7);
  await registry.save("a", bytes, { compress: "gzip" });
  await registry.save("b", bytes, { compress: "zstd" });
  assertEquals(sha256(await registry.load("a") as Uint8Array), sha256(bytes));
  assertEquals(sha256(await registry.load("b") as Uint8Array), sha256(bytes));
});

testInMemory("an invalid list of files is Corrupt and affects only its version", async (world) => {
  const { registry, backend } = world;
  await registry.save("b", "whole");
  await registry.save("a", noise(300_000));
  const [object] = await keysOf(backend, "objects/a/");
  for (
    const text of [
      "{",
      "null",
      "[1]",
      `[{"path":"x","size":1,"sha256":"${"0".repeat(64)}"}]`,
      "\ufeff[]",
      "[]",
    ]
  ) {
    const list = new TextEncoder().encode(text);
    await backend.put(object, list);
    const change = () => ({
      files: [],
      fileList: { object: 0, size: list.byteLength, sha256: sha256(list) },
    });
    await rewrite(backend, "a", change);
    assertEquals((await rejected("Corrupt", registry.load("a"))).key, object, text);
    const { versions, problems } = await verifyRegistry(registry);
    assertEquals([versions, problems.length], [2, 1]);
    assertEquals((await collectGarbage(registry)).failures.map(({ key }) => key), [object]);
    assertEquals(await registry.load("b"), "whole");
  }
});

testInMemory(
  "a record with very many inputs, names or parts is ordinary",
  async ({ registry, backend }) => {
    await registry.save("a", "x");
    const inputs = Array.from({ length: 200_000 }, (_, i) => `data@${i}`);
    await rewrite(backend, "a", () => ({ inputs }));
    assertEquals((await registry.info("a")).inputs.length, 200_000);
    assertEquals(await registry.load("a"), "x");
  },
);

testInMemory("an object too long for a record is not read", async (world) => {
  const { registry, backend, open } = world;
  await registry.save("a", "x");
  const [key] = await keysOf(backend, "names/a/");
  await backend.put(key, new Uint8Array(MAX_RECORD_BYTES + 1));
  const { backend: counted, read } = metered(backend, key);
  const reader = await open({ cache: false }, () => counted);
  const error = await rejected("Corrupt", reader.load("a"));
  assertEquals([error.key, read.bytes], [key, 0]);
  assertMatch(error.message, /size is 16777217 bytes/);
});

testInMemory(
  "maxLoadBytes bounds the memory of one load",
  async ({ registry, backend, open, root }) => {
    const value = { one: noise(1_000_000), two: noise(1_000_000, 2) };
    await registry.save("a", value);
    const reader = await open({ maxLoadBytes: 1_500_000 });
    const error = await rejected("Invalid", reader.load("a"));
    assertMatch(error.message, /2000141 .* maxLoadBytes \(1500000\)/);
    assertMatch(error.hint!, /download|stream/i);
    const loaded = await (await open({ maxLoadBytes: 2_500_000 })).load("a") as typeof value;
    assertEquals(sha256(loaded.two), sha256(value.two));
    const artifact = await reader.open("a");
    for (const file of artifact.files()) {
      assertEquals((await file.bytes()).byteLength, file.info.size); // one by one
    }

    await registry.save("b", noise(3_000_000));
    assertMatch((await rejected("Invalid", reader.load("b"))).message, /it has 3000000 bytes/);
    const [file] = (await reader.open("b")).files();
    assertMatch((await rejected("Invalid", file.bytes())).message, /maxLoadBytes/);
    assertEquals(
      (await collect(file.stream())).reduce((sum, { byteLength }) => sum + byteLength, 0),
      3_000_000,
    );
    await reader.download("b", { to: root.join("b.bin") });
    await registry.save("c", localPath(root.join("b.bin")));
    await (await reader.load("c") as StoredPath).writeTo(root.join("c.bin"));
    assertEquals((await reader.copy("b", "d")).size, 3_000_000);
    assertEquals((await verifyRegistry(reader)).ok, true);
    assert((await keysOf(backend, "objects/d/")).length > 0);
  },
);

testInMemory("an invalid maxLoadBytes is Invalid", async ({ open }) => {
  for (
    const maxLoadBytes of [0, -1, 1_000_000, 2_000_000.5, NaN, Infinity, "1" as unknown as number]
  ) {
    assertMatch((await rejected("Invalid", open({ maxLoadBytes }))).message, /maxLoadBytes/);
  }
});

testInMemory("maxLoadBytes bounds all files that a materializer reads", async ({ open }) => {
  const pieces = defineMaterializer<number>({
    id: "test/pieces",
    save: (count) =>
      Array.from({ length: count }, (_, i) => ({ path: String(i), content: noise(600_000, i) })),
    async load(artifact) {
      for (const file of artifact.files()) await file.bytes();
      return artifact.files().length;
    },
  });
  const registry = await open({ maxLoadBytes: 2_000_000 });
  await registry.save("a", 3, { as: pieces });
  await registry.save("b", 4, { as: pieces });
  assertEquals(await registry.load("a", { as: pieces }), 3);
  assertMatch(
    (await rejected("Invalid", registry.load("b", { as: pieces }))).message,
    /2400000/,
  );
});
