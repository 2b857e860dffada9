import { assert, assertEquals, assertRejects } from "@std/assert";
import { defineMaterializer, isRegistryError, localPath, openRegistry } from "../../mod.ts";
import { createBatch } from "../../workers/mod.ts";
import { realSystem, type System } from "../../core/system.ts";
import { tempRoot } from "../support/temp_root.ts";
import { crashing } from "./made/crashing.ts";
import { until } from "./held_sleep.ts";
import { ALWAYS, MIB, testBatch } from "./test_batch.ts";
import { keeping } from "./made/keeping.ts";

const TWO = { batch: { workers: 2 } };
const STUCK_AFTER_MS = 300_004;

function numbers(seed: number, bytes = 2 * MIB): Float32Array {
  return Float32Array.from({ length: bytes / 4 }, (_, i) => Math.sin(i * seed));
}

testBatch("values saved by workers load with and without them", async (test) => {
  const { root, registry, batch } = test;
  await Deno.mkdir(root.join("data/sub"), { recursive: true });
  await Deno.writeFile(root.join("data/sub/one.bin"), new Uint8Array(3 * MIB).fill(7));
  await Deno.writeTextFile(root.join("data/two.txt"), "two");
  const values: Record<string, unknown> = {
    array: { data: numbers(1), shape: [MIB / 2], dtype: "float32" },
    typed: numbers(2),
    bytes: new Uint8Array(5 * MIB).fill(3),
    text: "word ".repeat(MIB),
    json: { list: Array.from({ length: 200_000 }, (_, i) => i), side: numbers(3) },
    small: { a: 1 },
    file: localPath(root.join("data/sub/one.bin")),
    folder: localPath(root.join("data")),
    blob: new Blob([new Uint8Array(2 * MIB).fill(9)]),
  };
  for (const compress of [undefined, "zstd", "gzip"] as const) {
    const names = Object.keys(values);
    const entries = names.map((name) => ({ name, value: values[name], compress }));
    const saved = await batch.saveMany(entries);
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
}, TWO);

testBatch("an entry that crashes two workers fails alone", async ({ root, registry, batch }) => {
  registry.materializers.register(crashing);
  const value = (k: number, times: number) => ({
    crashing: root.join(`crashed-${k}`),
    times,
    data: numbers(k),
  });
  const entries = [{ name: "d", value: value(1, 2) }, { name: "e", value: value(2, 0) }];
  const fatal = await batch.saveMany(entries);
  assertEquals(fatal.failed, [0]);
  assertEquals(fatal.errors.get(0)?.code, "TaskFailed");
  assert(!await registry.has("d"));
}, TWO);

Deno.test("a hung worker is ended and its entry repeated once", async () => {
  await using root = await tempRoot();
  const hung = () =>
    Array.from(Deno.readDirSync(root.path)).filter(({ name }) => name.startsWith("hung")).length;
  const before = new WeakMap<AbortSignal, number>();
  // Sleeps of a watch end as soon as another worker hangs than at its start.
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
  await using batch = createBatch(registry, { ...ALWAYS, stuckAfterMs: STUCK_AFTER_MS });
  const value = (times: number) => ({
    crashing: root.join(`hung-${times}`),
    times,
    hang: true,
    data: numbers(1),
  });
  // One after the other: a watch cannot tell two hung workers apart.
  const once = await batch.saveMany([{ name: "h", value: value(1) }]);
  assertEquals(once.failed, []);
  assertEquals(await Array.fromAsync(registry.versions("h"), ({ version }) => version), ["1.0.0"]);
  const twice = await batch.saveMany([{ name: "twice", value: value(2) }]);
  assertEquals([...twice.errors].map(([index, { code }]) => [index, code]), [[0, "TaskFailed"]]);
});

testBatch(
  "a materializer without reopen stays on the caller's thread",
  async ({ registry, batch }) => {
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
    const value = new Wrapped(new Uint8Array(8 * MIB).fill(1));
    const names = ["w0", "w1", "w2", "w3"];
    const entries = names.map((name) => ({ name, value, compress: "zstd" as const }));
    assertEquals((await batch.saveMany(entries)).failed, []);
    const loaded = await batch.loadMany(names);
    for (const result of loaded.results) {
      assert(result.ok && result.value instanceof Wrapped && result.value.data.length === 8 * MIB);
    }
  },
  TWO,
);

testBatch("a reopen without a materializer is Invalid", async ({ batch }) => {
  const { module } = keeping.reopen!;
  const missing = new URL("./none.ts", module).href;
  for (const reopen of [{ module, name: "keping" }, { module: missing, name: "keeping" }]) {
    const entry = { name: "a", value: new Uint8Array(MIB), as: { ...keeping, reopen } };
    const error = await assertRejects(() => batch.save(entry));
    assert(isRegistryError(error, "Invalid"), String(error));
    assert(error.message.includes(reopen.module) && error.hint?.includes("reopen"), error.hint);
  }
});

testBatch("memory that a materializer keeps is not moved", async ({ registry, batch }) => {
  registry.materializers.register(keeping);
  await registry.save("a", new Uint8Array(MIB), { as: keeping });
  for (let time = 0; time < 3; time++) {
    const { results: [result] } = await batch.loadMany(["a"]);
    assert(result.ok, String(!result.ok && result.error));
    assertEquals((result.value as { table: Uint8Array }).table, new Uint8Array(1000).fill(7));
  }
  assert(batch.running > 0);
});
