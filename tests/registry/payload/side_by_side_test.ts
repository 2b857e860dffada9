import { assert, assertEquals, assertGreater, assertLessOrEqual, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import { bodyBytes } from "../../../core/bytes/bytes.ts";
import type { Backend } from "../../../core/backend.ts";
import type { FilesToSave, FileToSave } from "../../../core/materializer.ts";
import type { VersionRecord } from "../../../core/record.ts";
import {
  createMemoryBackend,
  defineMaterializer,
  openRegistry,
  RegistryError,
} from "../../../mod.ts";
import type { TransferProgress } from "../../../core/registry/operations/saving.ts";
import { HOUR, testProtocol } from "../protocol_world.ts";
import { keysOf, noise } from "../registries.ts";
import { slowTest } from "../../support/seeds.ts";

const KIB = 1024, MIB = 1024 * KIB;

const given = defineMaterializer<() => FilesToSave>({
  id: "test/given",
  accepts: (value) => typeof value === "function",
  save: (files) => files(),
  load: () => Promise.reject(new Error("not loaded")),
});

const source = (bytes: Uint8Array): FileToSave["content"] => ({
  size: bytes.byteLength,
  stream: () => new Blob([bytes as BlobPart]).stream() as ReadableStream<Uint8Array>,
});

function mixed(): FileToSave[] {
  return Array.from({ length: 24 }, (_, n) => {
    const bytes = noise(n % 3 === 0 ? 200 * KIB : 300 * KIB + n, n + 1);
    return { path: `${n}`, content: n % 3 === 1 ? source(bytes) : bytes };
  });
}

/** A memory store whose uploads wait for `turn`. */
function waitingStore(turn: (key: string, bytes: number, signal?: AbortSignal) => Promise<void>) {
  const inner = createMemoryBackend();
  const seen = { inFlight: 0, most: 0, mostBytes: 0, bytes: 0, failed: 0 };
  const backend: Backend = {
    kind: inner.kind,
    location: inner.location,
    head: (key, options) => inner.head(key, options),
    get: (key, options) => inner.get(key, options),
    delete: (key, options) => inner.delete(key, options),
    list: (prefix, options) => inner.list(prefix, options),
    async put(key, body, options) {
      if (!key.startsWith("objects/")) return await inner.put(key, body, options);
      const size = options?.size ?? 0;
      seen.most = Math.max(seen.most, ++seen.inFlight);
      seen.mostBytes = Math.max(seen.mostBytes, seen.bytes += size);
      try {
        const bytes = await bodyBytes(body, options?.signal);
        await turn(key, bytes.byteLength, options?.signal);
        return await inner.put(key, bytes, options);
      } catch (error) {
        seen.failed++;
        throw error;
      } finally {
        seen.inFlight--;
        seen.bytes -= size;
      }
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
  return { inner, backend, seen };
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

slowTest("results do not depend on the order in which uploads end", async () => {
  const results: unknown[] = [];
  for (const delay of [(_: number) => 0, (n: number) => (n * 7) % 11, (n: number) => 20 - n]) {
    const { backend, inner, seen } = waitingStore(async (key) =>
      await turns(delay(Number(key.split("/").at(-1))))
    );
    const registry = await openRegistry(backend);
    const told: number[] = [];
    const onProgress = ({ bytes }: TransferProgress) => void told.push(bytes);
    const how = { version: "1.0.0", as: given, onProgress };
    const saved = await registry.save("a", mixed, how);
    assertEquals(told, told.toSorted((a, b) => a - b));
    assertEquals(told.at(-1), saved.size);
    const artifact = await registry.open("a@1.0.0");
    for (const [n, file] of mixed().entries()) {
      assertEquals(
        await artifact.files()[n].bytes(),
        noise(n % 3 === 0 ? 200 * KIB : 300 * KIB + n, n + 1),
        file.path,
      );
    }
    const [key] = await keysOf(inner, "names/a/versions/");
    const line = new TextDecoder().decode(await (await inner.get(key))!.bytes()).split("\n")[0];
    results.push([saved.digest, (JSON.parse(line) as VersionRecord).files]);
    if (delay(0) === 20) assertGreater(seen.most, 4);
  }
  assertEquals(results[1], results[0]);
  assertEquals(results[2], results[0]);
});

slowTest("concurrent uploads are bounded by number and memory", async () => {
  const { backend, seen } = waitingStore(async () => await turns(3));
  const registry = await openRegistry(backend);
  const many = () =>
    Array.from({ length: 60 }, (_, n) => ({ path: `${n}`, content: source(noise(300 * KIB, n)) }));
  await registry.save("a", many, { as: given });
  assertEquals(seen.most, 16);
  const bytes = noise(12 * MIB);
  await registry.save(
    "b",
    () => Array.from({ length: 14 }, (_, n) => ({ path: `${n}`, content: source(bytes) })),
    {
      as: given,
    },
  );
  assertGreater(seen.mostBytes, 60 * MIB);
  assertLessOrEqual(seen.mostBytes, 96 * MIB);
});

Deno.test("buffers and streams of a generator are stored before its next file", async () => {
  const stored: number[] = [];
  const { backend } = waitingStore(async (_, bytes) => {
    await turns(3);
    stored.push(bytes);
  });
  const registry = await openRegistry(backend);
  const buffer = new Uint8Array(300 * KIB);
  const log: number[] = [];
  async function* files(): AsyncGenerator<FileToSave> {
    yield { path: "beside", content: source(noise(500 * KIB)) };
    for (let n = 1; n <= 3; n++) {
      yield { path: `bytes ${n}`, content: buffer.fill(n) };
      log.push(stored.filter((size) => size === buffer.byteLength).length);
    }
    yield { path: "stream", content: new Blob([noise(400 * KIB) as BlobPart]).stream() };
    assert(stored.includes(400 * KIB));
  }
  await registry.save("a", files, { as: given });
  assertEquals(log, [1, 2, 3]);
  const artifact = await registry.open("a");
  for (let n = 1; n <= 3; n++) {
    assertEquals(await artifact.file(`bytes ${n}`).bytes(), new Uint8Array(300 * KIB).fill(n));
  }
});

Deno.test("a failing file ends all uploads and leaves nothing", async () => {
  const denied = new RegistryError({ code: "Denied", message: "Cannot put: denied" });
  const { backend, inner, seen } = waitingStore(async (key, _, signal) => {
    if (key.endsWith("/5")) {
      await turns(2);
      throw denied;
    }
    signal!.throwIfAborted();
    await new Promise<never>((_, reject) =>
      signal!.addEventListener("abort", () => reject(signal?.reason))
    );
  });
  const registry = await openRegistry(backend);
  const before = await keysOf(inner);
  const error = await assertRejects(
    () => registry.save("a", mixed, { as: given }),
    RegistryError,
  );
  assertEquals(error, denied);
  assertEquals(seen.inFlight, 0);
  assertGreater(seen.failed, 5);
  assertEquals(await keysOf(inner), before);
});

Deno.test("an abort ends all uploads and leaves nothing", async () => {
  const stop = new AbortController();
  let waiting = 0;
  const { backend, inner, seen } = waitingStore(async (key, _, signal) => {
    if (key.endsWith("/0")) return;
    if (++waiting === 6) stop.abort(new Error("enough"));
    signal!.throwIfAborted();
    await new Promise<never>((_, reject) =>
      signal!.addEventListener("abort", () => reject(signal?.reason))
    );
  });
  const registry = await openRegistry(backend);
  const before = await keysOf(inner);
  await assertRejects(
    () => registry.save("a", mixed, { as: given, signal: stop.signal }),
    Error,
    "enough",
  );
  assertEquals(seen.inFlight, 0);
  assertEquals(await keysOf(inner), before);
});

Deno.test("the check of a file runs after all are stored, and can fail the save", async () => {
  const ended: string[] = [];
  const { backend, inner } = waitingStore(async (key) => {
    await turns(3);
    ended.push(key);
  });
  const registry = await openRegistry(backend);
  const before = await keysOf(inner);
  let seen = 0;
  const files = () => [
    ...mixed().slice(0, 1).map((file) => ({
      ...file,
      check() {
        seen = ended.length;
        throw new RegistryError({ code: "Conflict", message: "it changed" });
      },
    })),
    ...mixed().slice(1),
  ];
  await assertRejects(
    () => registry.save("a", files, { as: given }),
    RegistryError,
    "it changed",
  );
  assertGreater(seen, 15);
  assertEquals(await keysOf(inner), before);
});

testProtocol("slow uploads keep the payload alive", async (world) => {
  const { registry, clocks, backend } = world;
  const files = () =>
    Array.from({ length: 8 }, (_, n) => ({
      path: `${n}`,
      content: {
        size: 4 * 200 * KIB,
        stream: () =>
          ReadableStream.from((async function* () {
            for (let i = 0; i < 4; i++) {
              clocks.wall += HOUR / 4, clocks.monotonic += HOUR / 4, clocks.store += HOUR / 4;
              yield await Promise.resolve(noise(200 * KIB, n * 4 + i));
            }
          })()),
      },
    }));
  await registry.save("a", files, { version: "1.0.0", as: given });
  assertGreater(backend.asked({ verb: "put", key: /\.alive$/ }).length, 2);
  assertEquals((await registry.open("a")).files().length, 8);
});
