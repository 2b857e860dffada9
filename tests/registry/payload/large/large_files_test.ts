import { assert, assertEquals, assertGreater, assertLessOrEqual, assertRejects } from "@std/assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Backend, ByteRange } from "../../../../core/backend.ts";
import { concatBytes } from "../../../../core/bytes/bytes.ts";
import { ChunkList, ListMaker } from "../../../../core/bytes/content_chunks.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import type { VersionRecord } from "../../../../core/record.ts";
import { decodeRecord, encodeRecord } from "../../../../registry/format/record_codec.ts";
import type { Registry } from "../../../../core/registry.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../../apps/maintenance.ts";
import { withoutList } from "../ranges/ranged_versions.ts";
import { rejected } from "../../rejected.ts";
import { keysOf, noise, testInMemory } from "../../registries.ts";
import { withAge } from "../../with_age.ts";
import { answering, far, saveFar, stream, turns, VALUE } from "./large_files.ts";

const MIB = 1024 * 1024;
const WEEK_MS = 7 * 24 * 3_600_000;
const VALUE_SHA256 = sha256(VALUE);
const LIST = listOf(VALUE);
/** The pieces in which it is downloaded. */
const PIECES = [...LIST.cover({ from: 0, to: VALUE.byteLength }, 8 * MIB)];

function listOf(bytes: Uint8Array): ChunkList {
  const maker = new ListMaker(16 * 1024);
  maker.update(bytes);
  return maker.end();
}

async function recordOf(backend: Backend, prefix = "names/a/versions/"): Promise<VersionRecord> {
  const [key] = await keysOf(backend, prefix);
  return decodeRecord(await (await backend.get(key))!.bytes(), key).record as VersionRecord;
}

/** Reads a range. Adds what it reads to `given`, also before an error. */
async function rangeOf(
  registry: Registry,
  range: ByteRange,
  windowBytes?: number,
  given: Uint8Array[] = [],
): Promise<Uint8Array> {
  const [file] = (await registry.open("a")).files();
  return await collected(file!.stream(range, { windowBytes }), given);
}

async function collected(stream: ReadableStream<Uint8Array>, given: Uint8Array[] = []) {
  for await (const chunk of stream) given.push(chunk);
  return concatBytes(given);
}

testInMemory(
  "any range of a large file is verified by the chunks that it touches",
  async (world) => {
    const { backend } = world;
    const registry = await saveFar(world);
    const END = VALUE.byteLength;
    for (
      const [offset, length] of [
        [0, 10],
        [LIST.lengthOf(0) - 5, 10],
        [100, 9 * MIB],
        [END - 1, 1],
        [
          5,
          1e9,
        ],
        [END, 5],
        [77, 0],
      ]
    ) {
      const expected = VALUE.slice(offset, offset + length);
      assertEquals(await rangeOf(registry, { offset, length }), expected);
      assertEquals(await rangeOf(registry, { offset, length }, 100_000), expected);
    }
    const key = (await keysOf(backend, "objects/"))[0]!;
    const bad = [...LIST.cover({ from: 9 * MIB, to: 9 * MIB + 1 }, 0)][0]!;
    await backend.put(key, VALUE.with(9 * MIB, VALUE[9 * MIB]! ^ 1));
    for (const [from, to] of [[0, bad.from], [bad.from - 3, bad.from], [bad.to, END]]) {
      const range = { offset: from, length: to - from };
      assertEquals(await rangeOf(registry, range), VALUE.slice(from, to));
      assertEquals(await rangeOf(registry, range, 50_000), VALUE.slice(from, to));
    }
    for (const [from, to] of [[bad.from, bad.from + 1], [bad.to - 1, END], [0, bad.from + 1]]) {
      const range = { offset: from, length: to - from };
      for (const windowBytes of [undefined, 50_000]) {
        const given: Uint8Array[] = [];
        const error = await rejected("Corrupt", rangeOf(registry, range, windowBytes, given));
        assertEquals(error.key, key);
        const bytes = concatBytes(given);
        assertEquals(bytes, VALUE.slice(from, from + bytes.byteLength));
      }
    }
  },
);

testInMemory(
  "ranges of a large file read little, and ahead of a reader in order",
  async (world) => {
    const gets: number[] = [];
    await saveFar(world);
    const registry = await world.open({ cache: false }, (inner) => ({
      ...inner,
      kind: "far",
      async get(key, options) {
        const object = await inner.get(key, options);
        if (key.startsWith("objects/")) gets.push((await object!.bytes()).byteLength);
        return object;
      },
    }));
    let [file] = (await registry.open("a")).files();
    const read = async (offset: number, length: number, windowBytes?: number) => {
      const bytes = await collected(file.stream({ offset, length }, { windowBytes }));
      assertEquals(bytes, VALUE.slice(offset, offset + length));
      const [count, sum] = [gets.length, gets.reduce((sum, get) => sum + get, 0)];
      gets.length = 0;
      return [count, sum] as const;
    };
    const sixth = 64 * 1024;
    const [first, listed] = await read(20 * MIB, sixth);
    assertEquals(first, 2, "the list, and the range");
    assertLessOrEqual(listed, LIST.encode()!.byteLength + 3 * sixth);
    for (const at of [5 * MIB, 17 * MIB, MIB]) {
      const [count, sum] = await read(at, sixth);
      assertEquals(count, 1);
      assertLessOrEqual(sum, 3 * sixth);
    }
    let requests = 0, sum = 0;
    for (let at = 0; at < 24 * MIB; at += sixth) {
      const [count, bytes] = await read(at, sixth);
      requests += count;
      sum += bytes;
    }
    assertLessOrEqual(requests, 14);
    assertLessOrEqual(sum, 26 * MIB);
    [file] = (await registry.open("a")).files();
    assertEquals((await read(9 * MIB, sixth))[0], 1, "the list is kept");
    const [windows, bytes] = await read(3 * MIB, 6 * MIB, 256 * 1024);
    assertLessOrEqual(windows, 30);
    assertLessOrEqual(bytes, 6 * MIB + 3 * sixth);
  },
);

const DAMAGE: Record<string, (list: Uint8Array) => Uint8Array | undefined> = {
  missing: () => undefined,
  truncated: (list) => list.subarray(0, -1),
  empty: () => new Uint8Array(),
  "of another file": () => listOf(noise(24 * MIB + 1_234, 5)).encode(),
  "of a longer file": () => listOf(noise(25 * MIB)).encode(),
  "with a length of 4 GiB": (list) => {
    const bytes = list.slice();
    new DataView(bytes.buffer).setUint32(4, 2 ** 32 - 1, true);
    return bytes;
  },
  "of a million chunks": () => new Uint8Array(4 + 36_000_000),
};

for (const [state, harm] of Object.entries(DAMAGE)) {
  testInMemory(`a list of chunks that is ${state} yields no wrong bytes`, async (world) => {
    const { backend, root } = world;
    await saveFar(world);
    const key = (await keysOf(backend, "objects/"))[1]!;
    const list = harm(await (await backend.get(key))!.bytes());
    if (list === undefined) await backend.delete(key);
    else await backend.put(key, list);
    for (const digest of [undefined, list && sha256(list)]) {
      if (digest !== undefined) await describeList(backend, list!.byteLength, digest);
      const registry = await world.open({ cache: false }, (inner) => ({ ...inner, kind: "far" }));
      for (const windowBytes of [undefined, 100_000]) {
        const given: Uint8Array[] = [];
        const range = { offset: 5, length: 20 * MIB };
        assertEquals(
          (await rejected("Corrupt", rangeOf(registry, range, windowBytes, given))).key,
          state.endsWith("another file") && digest ? key.replace(/1$/, "0") : key,
        );
        assertEquals(given, []);
      }
      const { ok, problems } = await verifyRegistry(registry);
      const isLie = state === "of another file" && digest !== undefined;
      assertEquals([ok, problems.map(({ key }) => key)], isLie ? [true, []] : [false, [key]]);
      assertEquals(await registry.load("a"), VALUE);
      const unchecked = (await registry.open("a", { verify: "none" })).files()[0]!;
      assertEquals(await collected(unchecked.stream({ offset: 7, length: 9 })), VALUE.slice(7, 16));
      const to = root.join(`${digest}.bin`);
      const download = registry.download("a", { to });
      if (digest !== undefined && state === "of another file") await rejected("Corrupt", download);
      else assertEquals((await download, sha256(readFileSync(to))), VALUE_SHA256);
    }
  });
}

/** Writes another digest of the list of chunks into the record. */
async function describeList(backend: Backend, size: number, sha256: string): Promise<void> {
  const record = await recordOf(backend);
  const [file] = record.files;
  const chunks = { ...file!.chunks!, size, sha256 };
  const [at] = await keysOf(backend, "names/a/versions/");
  await backend.put(at!, encodeRecord({ ...record, files: [{ ...file!, chunks }] }));
}

testInMemory("a range of up to 8 MiB is verified whatever the list says", async (world) => {
  const { backend } = world;
  const registry = await world.open({ cache: false }, (inner) => ({ ...inner, kind: "far" }));
  const value = VALUE.slice(0, 3 * MIB);
  await registry.save("a", value);
  const [key, listKey] = await keysOf(backend, "objects/");
  const list = await (await backend.get(listKey!))!.bytes();
  new DataView(list.buffer, list.byteOffset).setUint32(0, 16 * MIB, true); // too long to be held
  await backend.put(listKey!, list);
  await describeList(backend, list.byteLength, sha256(list));
  const range = { offset: MIB, length: 10 };
  assertEquals(await rangeOf(registry, range), value.slice(MIB, MIB + 10));
  await backend.put(key!, value.with(MIB, value[MIB]! ^ 1));
  for (const windowBytes of [undefined, 100_000]) {
    await rejected("Corrupt", rangeOf(registry, range, windowBytes));
  }
});

testInMemory("share: files lists chunks of a fixed length", async (world) => {
  const { backend, open } = world;
  const registry = await open({ cache: false }, (inner) => ({ ...inner, kind: "far" }));
  await registry.save("a", stream(), { share: "files" });
  const [, key] = await keysOf(backend, "objects/");
  const bytes = await (await backend.get(key!))!.bytes();
  const list = ChunkList.decode(bytes, VALUE.byteLength)!;
  assertEquals([list.average, list.count, list.lengthOf(0)], [MIB / 4, 25, MIB]);
  const range = { offset: 3 * MIB - 9, length: 20 };
  assertEquals(await rangeOf(registry, range), VALUE.slice(3 * MIB - 9, 3 * MIB + 11));
  await registry.save("b", VALUE.subarray(0, 8 * MIB), { share: "files" });
  assertEquals((await recordOf(backend, "names/b/")).files[0]!.chunks, undefined, "up to 8 MiB");
});

testInMemory("a large file is downloaded in concurrent pieces, in any order", async (world) => {
  const seen = { bytes: 0, most: 0, count: 0, asked: new Set<number>() };
  const registry = await far(world, async (range, bytes) => {
    const { byteLength } = bytes;
    seen.most = Math.max(seen.most, seen.bytes += byteLength);
    seen.asked.add(range?.offset ?? 0);
    await turns(20 - 5 * seen.count++);
    seen.bytes -= byteLength;
    return bytes;
  });
  const told: number[] = [];
  const to = world.root.join("a.bin");
  await registry.download("a", { to, onProgress: ({ bytes }) => void told.push(bytes) });
  assertEquals(sha256(readFileSync(to)), VALUE_SHA256);
  assertEquals([...seen.asked].sort((a, b) => a - b), PIECES.map(({ from }) => from));
  assertGreater(seen.most, 8 * MIB);
  assertLessOrEqual(seen.most, 24 * MIB);
  assertEquals(told, told.toSorted((a, b) => a - b));
  assertEquals(told.at(-1), VALUE.byteLength);
});

testInMemory(
  "a damaged or truncated piece fails the download and leaves nothing",
  async (world) => {
    for (
      const harm of [
        (bytes: Uint8Array) => bytes.with(7, bytes[7] ^ 1),
        (bytes: Uint8Array) => bytes.slice(0, -1),
      ]
    ) {
      const reached: number[] = [];
      const registry = await far(world, async (range, bytes, signal) => {
        reached.push(range?.offset ?? 0);
        if (range?.offset === PIECES[2]!.from) {
          return harm(bytes);
        }
        await turns(2);
        signal?.throwIfAborted();
        return bytes;
      });
      const to = world.root.join("damaged.bin");
      await rejected("Corrupt", registry.download("a", { to }));
      assert(reached.includes(PIECES[2]!.from));
      assertEquals([
        existsSync(to),
        readdirSync(world.root.path).filter((name) => name.startsWith(".")),
      ], [false, []]);
    }
  },
);

testInMemory(
  "a large file without a list is read in order and verified as a whole",
  async (world) => {
    const { backend, root, registry } = world;
    await registry.save("a", stream());
    await withoutList(backend, "a");
    const [key] = await keysOf(backend, "objects/");
    const asked: unknown[] = [];
    const remote = await world.open(
      { cache: false },
      (inner) =>
        answering(inner, (range, bytes) => {
          asked.push(range);
          return Promise.resolve(bytes);
        }),
    );
    await remote.download("a", { to: root.join("a.bin") });
    assertEquals(sha256(readFileSync(root.join("a.bin"))), VALUE_SHA256);
    assertEquals(asked, [{ offset: 0, length: VALUE.byteLength }]);
    await backend.put(key!, VALUE.with(9, VALUE[9]! ^ 1));
    await rejected("Corrupt", remote.download("a", { to: root.join("b.bin") }));
    assertEquals(existsSync(root.join("b.bin")), false);
  },
);

testInMemory("an abort in a large file ends all of its pieces", async (world) => {
  const stop = new AbortController();
  let waiting = 0, ended = 0;
  const registry = await far(world, async (_range, _bytes, signal) => {
    if (++waiting === 3) stop.abort(new Error("enough"));
    await new Promise<void>((resolve) => {
      if (signal!.aborted) resolve();
      signal!.addEventListener("abort", () => resolve());
    });
    ended++;
    throw signal?.reason;
  });
  const to = world.root.join("a.bin");
  await assertRejects(() => registry.download("a", { to, signal: stop.signal }), Error, "enough");
  assertEquals(ended, waiting);
  assertEquals(existsSync(to), false);
});

testInMemory(
  "a file of many parts is shared and collected as one object",
  async (world) => {
    const { registry, backend, open } = world;
    await registry.save("a", stream());
    let looks = 0;
    const looking = await open({}, (inner) => ({
      ...answering(inner, (_, bytes) => Promise.resolve(bytes)),
      head(key, options) {
        if (key.startsWith("objects/")) looks++;
        return inner.head(key, options);
      },
    }));
    await looking.save("a", stream(), { base: "a@1" });
    await looking.save("a", VALUE, { base: "a@1" });
    assertEquals(looks, 2, "the file, and its list of chunks");
    assertEquals(await registry.load("a@3"), VALUE);
    const objects = await keysOf(backend, "objects/");
    await registry.delete("a@1");
    await collectGarbage(await open({}, (store) => withAge(store, WEEK_MS)));
    assertEquals(await keysOf(backend, "objects/"), objects);
    await registry.delete("a@2");
    await registry.delete("a@3");
    await collectGarbage(await open({}, (store) => withAge(store, WEEK_MS)));
    assertEquals(await keysOf(backend, "objects/"), []);
  },
);
