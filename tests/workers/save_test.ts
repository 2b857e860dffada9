import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { createLocalBackend } from "../../backends/local.ts";
import { realSystem, type System } from "../../core/system.ts";
import type { FilesToSave } from "../../core/materializer.ts";
import { collectGarbage, verifyRegistry } from "../../registry/maintenance.ts";
import {
  defineMaterializer,
  isRegistryError,
  localPath,
  openRegistry,
  RegistryError,
} from "../../mod.ts";
import { createBatch } from "../../workers/mod.ts";
import { keysOf, noise } from "../registry/registries.ts";
import { withHooks } from "../registry/with_hooks.ts";
import { seededRandom } from "../support/scripted_system.ts";
import { tempRoot } from "../support/temp_root.ts";
import { crashing } from "./made/crashing.ts";

const MIB = 1024 * 1024;
const ALWAYS = { workers: 1, offload: "always", idleMs: 60_000 } as const;

class Files {
  constructor(readonly make: () => FilesToSave) {}
}

/** Its files are made here, whatever writes them. */
const files = defineMaterializer<Files>({
  id: "test/files",
  class: Files,
  save: ({ make }) => make(),
  load: () => Promise.reject(new Error("not loaded")),
});

async function storedBytes(backend: ReturnType<typeof createLocalBackend>): Promise<number> {
  let bytes = 0;
  for await (const entry of backend.list("objects/")) if ("key" in entry) bytes += entry.size;
  return bytes;
}

Deno.test("a file that did not change is not stored again by a worker, be it on disk, in memory or compressed", async () => {
  await using root = await tempRoot();
  const backend = createLocalBackend({ path: root.join("reg"), durability: "os" });
  await using registry = await openRegistry(backend);
  registry.materializers.register(files);
  await using batch = createBatch(registry, ALWAYS);
  await Deno.mkdir(root.join("data"));
  await Deno.writeFile(root.join("data/large.bin"), noise(5 * MIB, 1));
  await Deno.writeFile(root.join("data/other.bin"), noise(MIB, 2));
  const sources: [name: string, value: () => unknown][] = [
    ["folder", () => localPath(root.join("data"))],
    ["memory", () =>
      new Files(async function* () {
        yield { path: "large.bin", content: noise(5 * MIB, 1) };
        yield { path: "other.bin", content: await Deno.readFile(root.join("data/other.bin")) };
      })],
  ];
  for (const compress of [undefined, "zstd"] as const) {
    for (const [name, value] of sources) {
      assertEquals(
        (await batch.saveMany([{ name: `${name}${compress}`, value: value(), compress }])).failed,
        [],
      );
    }
  }
  const before = await storedBytes(backend);
  await Deno.writeFile(root.join("data/other.bin"), noise(MIB, 3));
  for (const [name, value] of sources) {
    const { results } = await batch.saveMany([{ name: `${name}undefined`, value: value() }]);
    assert(results[0].ok && results[0].value.version === "2.0.0");
  }
  const added = await storedBytes(backend) - before;
  assert(added >= 2 * MIB && added < 2.1 * MIB, `${added} bytes were stored`);
  assertEquals((await verifyRegistry(registry)).problems, []);
  assertEquals(batch.running, 1);
});

Deno.test("a base that went while a worker wrote is not relied on: its files are written after all", async () => {
  await using root = await tempRoot();
  const inner = createLocalBackend({ path: root.join("reg"), durability: "os" });
  let elapsed = 0;
  const system: System = {
    ...realSystem,
    now: () => realSystem.now() + elapsed,
    monotonic: () => realSystem.monotonic() + elapsed,
  };
  await using registry = await openRegistry(inner, { system, graceMs: 3_600_000 });
  registry.materializers.register(files);
  await using batch = createBatch(registry, ALWAYS);
  const value = (slow = false) =>
    new Files(async function* () {
      yield { path: "same.bin", content: noise(3 * MIB, 1) };
      if (slow) {
        await registry.delete("a@1.0.0", { force: true });
        elapsed += 500_000; // more than half of what a view may be old
      }
      yield { path: "new.bin", content: noise(MIB, slow ? 2 : 3) };
    });
  assertEquals((await batch.saveMany([{ name: "a", value: value() }])).failed, []);
  const old = await keysOf(inner, "objects/");
  const { results } = await batch.saveMany([{ name: "a", value: value(true) }]);
  assert(results[0].ok, String(!results[0].ok && results[0].error));
  for (const key of old) await inner.delete(key);
  const record = await registry.open("a@2.0.0");
  assertEquals(await record.file("same.bin").bytes(), noise(3 * MIB, 1));
});

Deno.test("a long upload is kept alive from the caller's side, also while a worker only reads what is shared", async () => {
  await using root = await tempRoot();
  const inner = createLocalBackend({ path: root.join("reg"), durability: "os" });
  const alive: string[] = [];
  const backend = {
    ...withHooks(inner, {
      before({ verb, key }) {
        if (verb === "put" && key.endsWith(".alive")) alive.push(key);
      },
    }),
    reopen: inner.reopen,
  };
  let elapsed = 0;
  const system: System = {
    ...realSystem,
    now: () => realSystem.now() + elapsed,
    monotonic: () => realSystem.monotonic() + elapsed,
  };
  await using registry = await openRegistry(backend, { system, graceMs: 3_600_000 });
  registry.materializers.register(files);
  await using batch = createBatch(registry, ALWAYS);
  const CHUNKS = 200, CHUNK = noise(600 * 1024, 5);
  let slow = false;
  const source = {
    size: CHUNKS * CHUNK.byteLength,
    stream() {
      let n = 0;
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          if (n++ === CHUNKS) return controller.close();
          if (slow) elapsed += 10_000; // 2,000 s in all, and without renewal 900 s are the end
          controller.enqueue(CHUNK);
        },
      }, { highWaterMark: 0 });
    },
  };
  const save = async () => {
    const { errors } = await batch.saveMany([{
      name: "a",
      value: new Files(() => [{ path: "x.bin", content: source }]),
    }]);
    assertEquals([...errors.values()], []);
  };
  slow = true;
  await save();
  assertGreater(alive.length, 5);
  alive.length = 0;
  await save(); // the same bytes: all of them are read, none is stored
  assertGreater(alive.length, 1);
  assertEquals(new Set(alive.map((key) => key.split("/").slice(0, -1).join("/"))).size, 1);
  slow = false;
});

Deno.test("a save by a worker that stood still past its deadline fails, and says no more that it is alive", async () => {
  await using root = await tempRoot();
  const inner = createLocalBackend({ path: root.join("reg"), durability: "os" });
  let elapsed = 0;
  const system: System = {
    ...realSystem,
    now: () => realSystem.now() + elapsed,
    monotonic: () => realSystem.monotonic() + elapsed,
  };
  await using registry = await openRegistry(inner, { system, graceMs: 3_600_000 });
  registry.materializers.register(files);
  await using batch = createBatch(registry, ALWAYS);
  const value = new Files(async function* () {
    yield { path: "one.bin", content: noise(3 * MIB, 1) };
    elapsed += 1_000_000; // nothing may be sent after 900 s
    yield { path: "two.bin", content: noise(3 * MIB, 2) };
  });
  const { results } = await batch.saveMany([{ name: "a", value }]);
  assert(!results[0].ok && isRegistryError(results[0].error, "Unavailable"));
  assertEquals(await keysOf(inner, "names/"), []);
});

Deno.test("one in forty jobs brings its worker down, and every name has exactly its versions, with their values", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.join("reg"), { durability: "os" });
  registry.materializers.register(crashing);
  await using batch = createBatch(registry, { workers: 2, offload: "always", idleMs: 60_000 });
  const value = (k: number) => ({
    crashing: root.join(`crash-${k}`),
    times: k % 40 === 7 ? 1 : 0, // all of one name: so no two of them are under way at once, of which one is lost by the other
    data: new Float32Array(20_000).fill(k),
  });
  const entries = Array.from({ length: 200 }, (_, k) => ({ name: `n${k % 40}`, value: value(k) }));
  const { results, failed, errors } = await batch.saveMany(entries);
  assertEquals([failed, [...errors.values()]], [[], []]);
  assertEquals(
    (await Array.fromAsync(Deno.readDir(root.path))).length - 1,
    5,
    "as many crashed as were to",
  );
  for (let n = 0; n < 40; n++) {
    const versions = await Array.fromAsync(registry.versions(`n${n}`), ({ version }) => version);
    assertEquals(versions, ["5.0.0", "4.0.0", "3.0.0", "2.0.0", "1.0.0"]);
  }
  const loaded = await batch.loadMany(
    results.map((result, k) => `n${k % 40}@${result.ok && result.value.version}`),
  );
  for (const [k, result] of loaded.results.entries()) {
    assert(result.ok && (result.value as { data: Float32Array }).data[0] === k);
  }
  assertEquals((await verifyRegistry(registry)).problems, []);
});

Deno.test("what was read of a stream cannot be read again, so its entry fails when its worker is lost", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.join("reg"), { durability: "os" });
  registry.materializers.register(crashing);
  registry.materializers.register(files);
  await using batch = createBatch(registry, ALWAYS);
  for (const inside of [false, true]) {
    const begun = Promise.withResolvers<void>(), cancelled = Promise.withResolvers<void>();
    let pulls = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (++pulls === 3) begun.resolve(); // what comes before is only looked at, on this thread
        controller.enqueue(noise(MIB));
      },
      cancel: () => cancelled.resolve(),
    }, { highWaterMark: 0 });
    const entries = async function* () {
      yield {
        name: "s",
        value: inside ? new Files(() => [{ path: "a", content: stream }]) : stream,
      };
      await begun.promise;
      yield {
        name: "c",
        value: { crashing: root.join(`crash-${inside}`), times: 1, data: new Float32Array(MIB) },
      };
    };
    const { errors } = await batch.saveMany(entries());
    assertEquals([...errors].map(([index, { code }]) => [index, code]), [[0, "TaskFailed"]]);
    await cancelled.promise;
  }
  assert(!await registry.has("s"));
  assertEquals((await Array.fromAsync(registry.versions("c"))).length, 2);
});

Deno.test("a stream of which nothing was read yet is saved when its worker is lost", async () => {
  await using root = await tempRoot();
  const store = createLocalBackend({ path: root.join("reg"), durability: "os" });
  const reopen = { ...store.reopen!, module: new URL("./none.ts", import.meta.url).href }; // no worker can open it
  await using registry = await openRegistry({ ...store, reopen });
  await using batch = createBatch(registry, ALWAYS);
  const { errors } = await batch.saveMany([{
    name: "s",
    value: new Blob([noise(2 * MIB) as BlobPart]).stream(),
  }]);
  assertEquals([...errors.values()], []);
  assertEquals((await registry.info("s")).size, 2 * MIB);
});

Deno.test("what a worker wrote stays where nobody knows whether its record landed", async () => {
  await using root = await tempRoot();
  const inner = createLocalBackend({ path: root.join("reg"), durability: "os" });
  let silent = false;
  const unavailable = (maybeWritten: boolean) =>
    new RegistryError({
      code: "Unavailable",
      message: "Cannot reach it",
      hint: "Wait.",
      retry: "later",
      maybeWritten,
    });
  const backend = {
    ...withHooks(inner, {
      before({ key }) {
        if (silent && key.startsWith("names/")) throw unavailable(false);
      },
      after({ verb, key, create }) {
        if (verb !== "put" || !create || !key.startsWith("names/")) return;
        silent = true;
        throw unavailable(true);
      },
    }),
    reopen: inner.reopen,
  };
  await using registry = await openRegistry(backend, { retryForMs: 100 });
  await using batch = createBatch(registry, ALWAYS);
  const value = noise(2 * MIB);
  const { errors } = await batch.saveMany([{ name: "a", value, version: "1" }]);
  assertEquals(errors.get(0)?.code, "Unknown");
  silent = false;
  assertEquals(await registry.load("a@1"), value);
});

Deno.test("an abort at any moment leaves nothing half committed, and no worker", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.join("reg"), { durability: "os" });
  const random = seededRandom(11);
  for (let round = 0; round < 8; round++) {
    const controller = new AbortController();
    await using batch = createBatch(registry, {
      workers: 2,
      offload: "always",
      signal: controller.signal,
    });
    const entries = Array.from({ length: 12 }, (_, k) => ({
      name: `r${round}-${k % 5}`,
      value: noise(MIB, k + 1),
      compress: "zstd" as const,
    }));
    realSystem.sleep(random() * 250).then(() =>
      controller.abort(new DOMException("enough", "AbortError"))
    );
    const ended = await batch.saveMany(entries).catch((error) => error);
    if (ended instanceof Error && !isRegistryError(ended)) assertEquals(ended.message, "enough");
    await batch[Symbol.asyncDispose]();
    assertEquals(batch.running, 0);
  }
  const { problems, versions } = await verifyRegistry(registry);
  assertEquals(problems, []);
  assertLess(versions, 8 * 12 + 1);
  await collectGarbage(registry);
});
