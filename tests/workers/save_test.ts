import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { Backend } from "../../core/backend.ts";
import { realSystem, type System } from "../../core/system.ts";
import type { FilesToSave } from "../../core/materializer.ts";
import { collectGarbage } from "../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../apps/maintenance.ts";
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
import { MIB, testBatch } from "./test_batch.ts";

class Files {
  constructor(readonly make: () => FilesToSave) {}
}

/** Makes its files on the caller's thread. */
const files = defineMaterializer<Files>({
  id: "test/files",
  class: Files,
  save: ({ make }) => make(),
  load: () => Promise.reject(new Error("not loaded")),
});

/** A real system whose clocks a test can advance. */
function advancing(): { system: System; advance(ms: number): void } {
  let elapsed = 0;
  return {
    advance: (ms) => void (elapsed += ms),
    system: {
      ...realSystem,
      now: () => realSystem.now() + elapsed,
      monotonic: () => realSystem.monotonic() + elapsed,
    },
  };
}

async function storedBytes(backend: Backend): Promise<number> {
  let bytes = 0;
  for await (const entry of backend.list("objects/")) if ("key" in entry) bytes += entry.size;
  return bytes;
}

testBatch("unchanged files are stored once: on disk, in memory, compressed", async (test) => {
  const { root, registry, batch } = test;
  registry.materializers.register(files);
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
      const entry = { name: `${name}${compress}`, value: value(), compress };
      assertEquals((await batch.saveMany([entry])).failed, []);
    }
  }
  const before = await storedBytes(registry.backend);
  await Deno.writeFile(root.join("data/other.bin"), noise(MIB, 3));
  for (const [name, value] of sources) {
    const { results } = await batch.saveMany([{ name: `${name}undefined`, value: value() }]);
    assert(results[0].ok && results[0].value.version === "2.0.0");
  }
  const added = await storedBytes(registry.backend) - before;
  assert(added >= 2 * MIB && added < 2.1 * MIB, `${added} bytes were stored`);
  assertEquals((await verifyRegistry(registry)).problems, []);
  assertEquals(batch.running, 1);
});

const based = advancing();

testBatch("files of a base that was deleted during the save are stored", async (test) => {
  const { registry, batch } = test;
  const inner = registry.backend;
  registry.materializers.register(files);
  const value = (slow = false) =>
    new Files(async function* () {
      yield { path: "same.bin", content: noise(3 * MIB, 1) };
      if (slow) {
        await registry.delete("a@1.0.0", { force: true });
        based.advance(500_000); // more than half the maximum age of a view
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
}, { open: { system: based.system, graceMs: 3_600_000 } });

const renewed = advancing();
const alive: string[] = [];

testBatch("the caller renews a long upload, even if a worker only reads", async (test) => {
  const { registry, batch } = test;
  registry.materializers.register(files);
  const CHUNKS = 200, CHUNK = noise(600 * 1024, 5);
  const source = {
    size: CHUNKS * CHUNK.byteLength,
    stream() {
      let n = 0;
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          if (n++ === CHUNKS) return controller.close();
          renewed.advance(10_000); // 2,000 s in total; the limit without renewal is 900 s
          controller.enqueue(CHUNK);
        },
      }, { highWaterMark: 0 });
    },
  };
  const save = async () => {
    const value = new Files(() => [{ path: "x.bin", content: source }]);
    const { errors } = await batch.saveMany([{ name: "a", value }]);
    assertEquals([...errors.values()], []);
  };
  await save();
  assertGreater(alive.length, 5);
  alive.length = 0;
  await save(); // the same bytes: all are read, none stored
  assertGreater(alive.length, 1);
  assertEquals(new Set(alive.map((key) => key.split("/").slice(0, -1).join("/"))).size, 1);
}, {
  open: { system: renewed.system, graceMs: 3_600_000 },
  wrap: (inner) => ({
    ...withHooks(inner, {
      before({ verb, key }) {
        if (verb === "put" && key.endsWith(".alive")) alive.push(key);
      },
    }),
    reopen: inner.reopen,
  }),
});

const stalled = advancing();

testBatch("a save that stalled past its deadline fails", async ({ registry, batch }) => {
  registry.materializers.register(files);
  const value = new Files(async function* () {
    yield { path: "one.bin", content: noise(3 * MIB, 1) };
    stalled.advance(1_000_000); // the deadline is 900 s
    yield { path: "two.bin", content: noise(3 * MIB, 2) };
  });
  const { results } = await batch.saveMany([{ name: "a", value }]);
  assert(!results[0].ok && isRegistryError(results[0].error, "Unavailable"));
  assertEquals(await keysOf(registry.backend, "names/"), []);
}, { open: { system: stalled.system, graceMs: 3_600_000 } });

testBatch("crashed workers lose and duplicate no versions", async ({ root, registry, batch }) => {
  registry.materializers.register(crashing);
  const value = (k: number) => ({
    crashing: root.join(`crash-${k}`),
    times: k % 40 === 7 ? 1 : 0, // all of one name, so no two of them run at once
    data: new Float32Array(20_000).fill(k),
  });
  const entries = Array.from({ length: 200 }, (_, k) => ({ name: `n${k % 40}`, value: value(k) }));
  const { results, failed, errors } = await batch.saveMany(entries);
  assertEquals([failed, [...errors.values()]], [[], []]);
  assertEquals((await Array.fromAsync(Deno.readDir(root.path))).length - 1, 5, "crashes");
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
}, { batch: { workers: 2 } });

let silent = false;
const unavailable = (maybeWritten: boolean) =>
  new RegistryError({ code: "Unavailable", message: "Cannot reach it: no answer", maybeWritten });

testBatch("files of a save with an unknown outcome are kept", async ({ registry, batch }) => {
  const value = noise(2 * MIB);
  const { errors } = await batch.saveMany([{ name: "a", value, version: "1" }]);
  assertEquals(errors.get(0)?.code, "Unknown");
  silent = false;
  assertEquals(await registry.load("a@1"), value);
}, {
  open: { retryForMs: 100 },
  wrap: (inner) => ({
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
  }),
});

Deno.test("an abort at any moment leaves no partial commits and no workers", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.join("reg"), { durability: "os" });
  const random = seededRandom(11);
  for (let round = 0; round < 8; round++) {
    const controller = new AbortController();
    const { signal } = controller;
    await using batch = createBatch(registry, { workers: 2, offload: "always", signal });
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
