import { assert, assertEquals, assertGreater, assertLessOrEqual, assertRejects } from "@std/assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setImmediate } from "node:timers";
import type { Backend, ByteRange } from "../../../../core/backend.ts";
import { bytesStream, storedObject } from "../../../../core/bytes/bytes.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import type { VersionRecord } from "../../../../core/record.ts";
import { decodeRecord, encodeRecord } from "../../../../registry/format/record_codec.ts";
import type { Registry } from "../../../../core/registry.ts";
import { collectGarbage, mirrorRegistry } from "../../../../registry/maintenance.ts";
import { openRegistry } from "../../../../mod.ts";
import { rejected } from "../../rejected.ts";
import { keysOf, noise, type RegistryWorld, testInMemory } from "../../registries.ts";
import { withAge } from "../../with_age.ts";

const MIB = 1024 * 1024;
const PART = 8 * MIB;
const WEEK_MS = 7 * 24 * 3_600_000;
const VALUE = noise(3 * PART + 1_234);

/** A stream of unknown length: parts have digests from the second on. */
const stream = () =>
  ReadableStream.from((async function* () {
    for (let at = 0; at < VALUE.byteLength; at += 1_000_000) {
      yield await Promise.resolve(VALUE.slice(at, at + 1_000_000));
    }
  })());

async function recordOf(backend: Backend, prefix = "names/a/versions/"): Promise<VersionRecord> {
  const [key] = await keysOf(backend, prefix);
  return decodeRecord(await (await backend.get(key))!.bytes(), key).record as VersionRecord;
}

async function rangeOf(registry: Registry, { offset, length }: ByteRange): Promise<Uint8Array> {
  const [file] = (await registry.open("a")).files();
  return new Uint8Array(
    await new Response(file.stream({ offset, length }) as ReadableStream).arrayBuffer(),
  );
}

/** A store that answers reads of payload through `answer`. */
function answering(
  inner: Backend,
  answer: (
    range: ByteRange | undefined,
    bytes: Uint8Array,
    signal?: AbortSignal,
  ) => Promise<Uint8Array>,
): Backend {
  return {
    kind: "far",
    location: inner.location,
    head: (key, options) => inner.head(key, options),
    put: (key, body, options) => inner.put(key, body, options),
    delete: (key, options) => inner.delete(key, options),
    list: (prefix, options) => inner.list(prefix, options),
    async get(key, options) {
      const object = await inner.get(key, options);
      if (object === undefined || !key.startsWith("objects/")) return object;
      const bytes = await answer(options?.range, await object.bytes(), options?.signal);
      return storedObject(object.info, {
        body: () => bytesStream(bytes),
        bytes: () => Promise.resolve(bytes),
      });
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

async function far(
  world: RegistryWorld,
  answer: Parameters<typeof answering>[1],
): Promise<Registry> {
  await world.registry.save("a", stream());
  return await world.open({ cache: false }, (inner) => answering(inner, answer));
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

testInMemory(
  "any range of a large file is verified by the parts that it touches",
  async ({ registry, backend }) => {
    await registry.save("a", stream());
    for (
      const [offset, length] of [[0, 10], [PART - 5, 10], [PART, PART], [100, 2 * PART], [
        3 * PART,
        1_234,
      ], [5, 1e9]]
    ) {
      assertEquals(
        await rangeOf(registry, { offset, length }),
        VALUE.slice(offset, offset + length),
      );
    }
    const [key] = await keysOf(backend, "objects/");
    const damaged = VALUE.slice();
    damaged[PART + 77] ^= 1;
    await backend.put(key, damaged);
    for (
      const [offset, length] of [[0, PART], [3, 5], [2 * PART, PART + 1_234], [2 * PART + 1, 7]]
    ) {
      assertEquals(
        await rangeOf(registry, { offset, length }),
        VALUE.slice(offset, offset + length),
      );
    }
    for (
      const [offset, length] of [[PART, 1], [2 * PART - 1, 2], [0, PART + 1], [0, 3 * PART], [
        PART,
        PART,
      ]]
    ) {
      assertEquals((await rejected("Corrupt", rangeOf(registry, { offset, length }))).key, key);
    }
  },
);

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
  assertEquals(sha256(readFileSync(to)), sha256(VALUE));
  assertEquals([...seen.asked].sort((a, b) => a - b), [0, PART, 2 * PART, 3 * PART]);
  assertGreater(seen.most, PART);
  assertLessOrEqual(seen.most, 3 * PART);
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
        if (range?.offset === 2 * PART) {
          return harm(bytes);
        }
        await turns(2);
        signal?.throwIfAborted();
        return bytes;
      });
      const to = world.root.join("damaged.bin");
      await rejected("Corrupt", registry.download("a", { to }));
      assert(reached.includes(2 * PART));
      assertEquals([
        existsSync(to),
        readdirSync(world.root.path).filter((name) => name.startsWith(".")),
      ], [false, []]);
    }
  },
);

testInMemory(
  "a file without part digests is read in order and verified as a whole",
  async (world) => {
    const { backend, root, registry } = world;
    await registry.save("a", stream());
    const record = await recordOf(backend);
    const parts = record.files[0].parts!.map(({ sha256: _, ...part }) => part);
    const [at] = await keysOf(backend, "names/a/versions/");
    await backend.put(at, encodeRecord({ ...record, files: [{ ...record.files[0], parts }] }));
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
    assertEquals(sha256(readFileSync(root.join("a.bin"))), sha256(VALUE));
    assertEquals(asked, [{ offset: 0, length: VALUE.byteLength }]);
    await backend.put(key, VALUE.with(9, VALUE[9] ^ 1));
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
    throw signal!.reason;
  });
  const to = world.root.join("a.bin");
  await assertRejects(() => registry.download("a", { to, signal: stop.signal }), Error, "enough");
  assertEquals(ended, waiting);
  assertEquals(existsSync(to), false);
});

testInMemory(
  "a file of many parts is shared, mirrored and collected as one object",
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
    assertEquals(looks, 1);
    assertEquals(await registry.load("a@3"), VALUE);
    const there = await openRegistry("memory:");
    assertEquals((await mirrorRegistry(registry, there)).failures, []);
    assertEquals(await there.load("a@3"), VALUE);
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
