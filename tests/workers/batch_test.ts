import { assert, assertEquals, assertRejects } from "@std/assert";
import { defineMaterializer, isRegistryError, localPath, openRegistry } from "@holdfast/holdfast";
import { createBatch } from "@holdfast/holdfast/workers";
import { realSystem, type System } from "../../core/system.ts";
import { tempRoot } from "../support/temp_root.ts";
import { crashing } from "./made/crashing.ts";
import { until } from "./held_sleep.ts";
import { keeping } from "./made/keeping.ts";

const MIB = 1024 * 1024;
const STUCK_AFTER_MS = 300_004;

function numbers(seed: number, bytes = 2 * MIB): Float32Array {
  return Float32Array.from({ length: bytes / 4 }, (_, i) => Math.sin(i * seed));
}

Deno.test("a batch saves in workers what a registry loads without them, and loads what it saved", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.path, { durability: "os" });
  await using batch = createBatch(registry, { workers: 2, offload: "always", idleMs: 60_000 });
  await Deno.mkdir(`${root.path}-data/sub`, { recursive: true });
  await Deno.writeFile(`${root.path}-data/sub/one.bin`, new Uint8Array(3 * MIB).fill(7));
  await Deno.writeTextFile(`${root.path}-data/two.txt`, "two");
  const values: Record<string, unknown> = {
    array: { data: numbers(1), shape: [MIB / 2], dtype: "float32" },
    typed: numbers(2),
    bytes: new Uint8Array(5 * MIB).fill(3),
    text: "word ".repeat(MIB),
    json: { list: Array.from({ length: 200_000 }, (_, i) => i), side: numbers(3) },
    small: { a: 1 },
    file: localPath(`${root.path}-data/sub/one.bin`),
    folder: localPath(`${root.path}-data`),
    blob: new Blob([new Uint8Array(2 * MIB).fill(9)]),
  };
  for (const compress of [undefined, "zstd", "gzip"] as const) {
    const names = Object.keys(values);
    const saved = await batch.saveMany(
      names.map((name) => ({ name, value: values[name], compress })),
    );
    assertEquals([...saved.errors.values()], []);
    const loaded = await batch.loadMany(names);
    for (const [i, name] of names.entries()) {
      const result = loaded.results[i];
      assert(result.ok);
      if (name === "file" || name === "folder") continue;
      const plain = async (value: unknown) => value instanceof Blob ? await value.bytes() : value;
      assertEquals(await plain(result.value), await plain(await registry.load(name)));
      assertEquals(await plain(result.value), await plain(values[name]));
    }
    const folder = await registry.open("folder");
    assertEquals(folder.files().map(({ info }) => info.path).sort(), ["sub/one.bin", "two.txt"]);
  }
  assert(batch.running > 0, "no worker was started");
  await Deno.remove(`${root.path}-data`, { recursive: true });
});

Deno.test("a worker that crashes is replaced, and its entry is done once more", async () => {
  await using root = await tempRoot();
  const materializers = [crashing];
  await using registry = await openRegistry(root.path, { durability: "os" });
  for (const each of materializers) registry.materializers.register(each);
  await using batch = createBatch(registry, { workers: 2, offload: "always", idleMs: 60_000 });
  const crashOnce = (k: number) => ({
    crashing: `${root.path}/crashed-${k}`,
    times: k % 3 === 0 ? 1 : 0,
    data: numbers(k),
  });
  const values = Array.from({ length: 9 }, (_, k) => crashOnce(k));
  const saved = await batch.saveMany(values.map((value, k) => ({ name: `c${k % 4}`, value })));
  assertEquals([...saved.errors.values()], []);
  const versions = await Array.fromAsync(
    registry.names(),
    async (name) => (await Array.fromAsync(registry.versions(name))).length,
  );
  assertEquals(versions, [3, 2, 2, 2]);

  const again = { crashing: `${root.path}/crashed-again`, times: 2, data: numbers(1) };
  const fatal = await batch.saveMany([{ name: "d", value: again }, {
    name: "e",
    value: crashOnce(1),
  }]);
  assertEquals(fatal.failed, [0]);
  assertEquals(fatal.errors.get(0)?.code, "TaskFailed");
  assert(!await registry.has("d"));
});

Deno.test("a worker that hangs is ended, and its entry is done again once", async () => {
  await using root = await tempRoot();
  const hung = () =>
    Array.from(Deno.readDirSync(root.path)).filter(({ name }) => name.startsWith("hung")).length;
  const before = new WeakMap<AbortSignal, number>();
  // Who watches a worker waits until one hangs that did not when he began, and looks at once then.
  const system: System = {
    ...realSystem,
    async sleep(ms, signal) {
      if (ms !== STUCK_AFTER_MS / 4) return await realSystem.sleep(ms, signal);
      if (!before.has(signal!)) before.set(signal!, hung());
      await until(() => hung() > before.get(signal!)! || signal!.aborted);
      await realSystem.sleep(0, signal);
    },
  };
  await using registry = await openRegistry(root.join("reg"), { durability: "os", system });
  registry.materializers.register(crashing);
  await using batch = createBatch(registry, {
    workers: 1,
    offload: "always",
    stuckAfterMs: STUCK_AFTER_MS,
  });
  const value = (times: number) => ({
    crashing: root.join(`hung-${times}`),
    times,
    hang: true,
    data: numbers(1),
  });
  // One after the other: who watches one would take what the other hangs at for its own.
  const once = await batch.saveMany([{ name: "h", value: value(1) }]);
  assertEquals(once.failed, []);
  assertEquals(await Array.fromAsync(registry.versions("h"), ({ version }) => version), ["1.0.0"]);
  const twice = await batch.saveMany([{ name: "twice", value: value(2) }]);
  assertEquals([...twice.errors].map(([index, { code }]) => [index, code]), [[0, "TaskFailed"]]);
});

Deno.test("an abort ends a batch, and leaves no worker behind", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.path, { durability: "os" });
  const batch = createBatch(registry, { workers: 2, offload: "always" });
  const controller = new AbortController();
  const entries = function* () {
    for (let k = 0;; k++) {
      if (k === 6) controller.abort(new DOMException("enough", "AbortError"));
      yield { name: `a${k}`, value: numbers(k), compress: "zstd" as const };
    }
  };
  await assertRejects(
    () => batch.saveMany(entries(), { signal: controller.signal }),
    DOMException,
    "enough",
  );
  await batch[Symbol.asyncDispose]();
  assertEquals(batch.running, 0);
});

Deno.test("a materializer without reopen never leaves the caller's thread", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.path, { durability: "os" });
  class Wrapped {
    constructor(readonly data: Uint8Array) {}
  }
  registry.materializers.register(defineMaterializer({
    id: "test/wrapped",
    class: Wrapped,
    save({ data }: Wrapped) {
      assert(!("WorkerGlobalScope" in globalThis));
      return [{ path: "data.bin", content: data }];
    },
    async load(artifact) {
      assert(!("WorkerGlobalScope" in globalThis));
      return new Wrapped(await artifact.file("data.bin").bytes());
    },
  }));
  await using batch = createBatch(registry, { workers: 2, offload: "always", idleMs: 60_000 });
  const value = new Wrapped(new Uint8Array(8 * MIB).fill(1));
  assertEquals(
    (await batch.saveMany([0, 1, 2, 3].map((k) => ({ name: `w${k}`, value, compress: "zstd" }))))
      .failed,
    [],
  );
  const loaded = await batch.loadMany(["w0", "w1", "w2", "w3"]);
  for (const result of loaded.results) {
    assert(result.ok && result.value instanceof Wrapped && result.value.data.length === 8 * MIB);
  }
});

Deno.test("a reopen that leads to no materializer is Invalid and says what it is to name", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.path, { durability: "os" });
  await using batch = createBatch(registry, { workers: 1, offload: "always", idleMs: 60_000 });
  const { module } = keeping.reopen!;
  const missing = new URL("./none.ts", module).href;
  for (const reopen of [{ module, name: "keping" }, { module: missing, name: "keeping" }]) {
    const error = await assertRejects(() =>
      batch.save({ name: "a", value: new Uint8Array(MIB), materializer: { ...keeping, reopen } })
    );
    assert(isRegistryError(error, "Invalid"), String(error));
    assert(
      error.message.includes(reopen.module) && error.hint?.includes("reopen"),
      `${error.message} ${error.hint}`,
    );
  }
});

Deno.test("memory that a materializer keeps stays its own when a worker loads by it", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.path, { durability: "os" });
  registry.materializers.register(keeping);
  await using batch = createBatch(registry, { workers: 1, offload: "always", idleMs: 60_000 });
  await registry.save("a", new Uint8Array(MIB), { materializer: keeping });
  for (let time = 0; time < 3; time++) {
    const { results: [result] } = await batch.loadMany(["a"]);
    assert(result.ok, String(!result.ok && result.error));
    assertEquals((result.value as { table: Uint8Array }).table, new Uint8Array(1000).fill(7));
  }
  assert(batch.running > 0);
});

Deno.test("a name twice in one batch has two versions in input order, and a version twice fails at its own index", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.path, { durability: "os" });
  await using batch = createBatch(registry, { workers: 2, offload: "always", idleMs: 60_000 });
  const values = [numbers(1), 3, numbers(4)];
  const saved = await batch.saveMany(values.map((value) => ({ name: "a", value })));
  const versions = saved.results.map((result) => result.ok && result.value.version);
  assertEquals(versions, ["1.0.0", "2.0.0", "3.0.0"]);
  for (const [i, value] of values.entries()) assertEquals(await registry.load(`a@${i + 1}`), value);
  const twice = await batch.saveMany(
    [1, 2, 3].map((k) => ({ name: "b", version: k < 3 ? "1" : "2", value: numbers(k) })),
  );
  assertEquals([...twice.errors].map(([index, { code }]) => [index, code]), [[1, "AlreadyExists"]]);
  assertEquals(await registry.load("b@1"), numbers(1));
});
