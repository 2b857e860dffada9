import { openFolder } from "../registry/create_registry.ts";
import { existsSync } from "node:fs";
import { assert, assertEquals } from "@std/assert";
import { createLocalBackend } from "../../backends/local.ts";
import type { Backend } from "../../core/backend.ts";
import { localPath, openRegistry, type StoredRegistry } from "../../mod.ts";
import { createBatch } from "../../workers/mod.ts";
import { damage, keysOf, noise } from "../registry/registries.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";
import { silentLogger } from "../../core/system.ts";
import { MIB } from "./test_batch.ts";
import { createCrashingStore } from "./made/crashing_store.ts";

const ALWAYS = { workers: 2, offload: "always", idleMs: 60_000 } as const;

/** Opens a registry with the folder `tree`, of large and small files, and the file `one`. */
async function stored(root: TempRoot, backend?: Backend): Promise<StoredRegistry> {
  await Deno.mkdir(root.join("in/sub"), { recursive: true });
  await Deno.writeFile(root.join("in/a.bin"), noise(2 * MIB, 1));
  await Deno.writeFile(root.join("in/sub/b.bin"), noise(3 * MIB, 2), { mode: 0o755 });
  for (let i = 0; i < 20; i++) await Deno.writeFile(root.join(`in/sub/${i}.txt`), noise(8192, i));
  const registry = await openRegistry(
    backend ?? createLocalBackend({ path: root.join("reg"), durability: "os" }),
  );
  await registry.save("tree", localPath(root.join("in")));
  await registry.save("one", noise(2 * MIB, 7), { compress: "zstd" });
  return registry;
}

function filesIn(path: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    if (isDirectory) {
      for (const [k, v] of Object.entries(filesIn(`${path}/${name}`))) found[`${name}/${k}`] = v;
      continue;
    }
    const { mode } = Deno.statSync(`${path}/${name}`);
    found[name] = `${mode! & 0o111} ${Deno.readFileSync(`${path}/${name}`).join()}`;
  }
  return found;
}

Deno.test("workers write files and folders to disk and report progress", async () => {
  await using root = await tempRoot();
  await using registry = await stored(root);
  await using batch = createBatch(registry, ALWAYS);
  const reported: number[] = [];
  const onProgress = ({ bytes, totalBytes }: { bytes: number; totalBytes?: number }) => {
    reported.push(bytes);
    assert(bytes <= totalBytes!);
  };
  const { results } = await batch.downloadMany([
    { ref: "tree", to: root.join("out"), onProgress },
    { ref: "one", to: root.join("one.bin") },
    { ref: "none", to: root.join("none") },
    { ref: "one@1.0.0", to: root.join("in/a.bin") },
  ]);
  const outcomes = results.map((result) => result.ok ? result.value.files : result.error.code);
  assertEquals(outcomes, [22, 1, "NotFound", "AlreadyExists"]);
  assertEquals(filesIn(root.join("out")), filesIn(root.join("in")));
  assertEquals(Deno.readFileSync(root.join("one.bin")), noise(2 * MIB, 7));
  assertEquals(reported, reported.toSorted((a, b) => a - b));
  assert(reported.some((bytes) => bytes > MIB));
  assert(batch.running > 0);
});

Deno.test("downloads and checks survive a lost worker", async () => {
  await using root = await tempRoot();
  const store = createCrashingStore({ path: root.join("reg"), mark: root.join("crashed") });
  await using registry = await stored(root, store);
  await using batch = createBatch(registry, ALWAYS);
  const downloaded = await batch.downloadMany([{ ref: "tree", to: root.join("out/tree") }]);
  assertEquals(downloaded.failed, []);
  assertEquals(filesIn(root.join("out/tree")), filesIn(root.join("in")));
  assert(existsSync(root.join("crashed")));
  assertEquals([...Deno.readDirSync(root.join("out"))].map(({ name }) => name), ["tree"]);
  await Deno.remove(root.join("crashed"));
  const verified = await batch.verifyMany([{ ref: "one" }]);
  const [result] = verified.results;
  assert(result.ok && result.value.size === 2 * MIB, String(verified.errors.get(0)));
  assert(existsSync(root.join("crashed")));
});

Deno.test("an aborted download leaves no partial folder under its name", async () => {
  await using root = await tempRoot();
  await using registry = await stored(root);
  await using batch = createBatch(registry, ALWAYS);
  const stop = new AbortController();
  const entries = Array.from({ length: 8 }, (_, i) => ({
    ref: "tree",
    to: root.join(`out/${i}`),
    onProgress: () => stop.abort(),
  }));
  await batch.downloadMany(entries, { signal: stop.signal, concurrency: 4 }).catch(() => {});
  for (const { name } of Deno.readDirSync(root.join("out"))) {
    if (!/^\d$/.test(name)) continue; // what arrived, for the next download
    assertEquals(filesIn(root.join("out", name)), filesIn(root.join("in")));
  }
});

Deno.test("workers read through the cache and fill it; verification reads the store", async () => {
  await using root = await tempRoot();
  await (await stored(root))[Symbol.asyncDispose]();
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const cache = { path: root.join("cache") };
  await using registry = await openFolder(root.join("reg"), { cache, logger });
  {
    await using batch = createBatch(registry, ALWAYS);
    assertEquals((await batch.loadMany(["one"])).failed, []);
    assertEquals((await batch.downloadMany([{ ref: "tree", to: root.join("out") }])).failed, []);
  } // the end of the batch writes the cache
  for (const key of await keysOf(registry.backend, "objects/")) await registry.backend.delete(key);
  await using batch = createBatch(registry, ALWAYS);
  const again = await batch.loadMany(["one"]);
  assertEquals(again.results, [{ ok: true, value: noise(2 * MIB, 7) }]);
  const out = await batch.downloadMany([{ ref: "tree", to: root.join("again") }]);
  assertEquals(filesIn(root.join("again")), filesIn(root.join("in")), String(out.errors.get(0)));
  assertEquals((await batch.verifyMany([{ ref: "one" }])).errors.get(0)?.code, "Corrupt");
  assertEquals(warnings, []);
  await damage(createLocalBackend({ path: root.join("cache"), durability: "os" }), "");
  assertEquals((await batch.loadMany(["one"])).errors.get(0)?.code, "Corrupt");
  assert(warnings.some((warning) => warning.includes("is damaged")), warnings.join("\n"));
});

Deno.test("damaged files fail their entries and leave no files", async () => {
  await using root = await tempRoot();
  await using registry = await stored(root);
  await damage(registry.backend);
  await using batch = createBatch(registry, ALWAYS);
  const entries = [
    { ref: "tree", to: root.join("out/tree") },
    { ref: "one", to: root.join("out/") },
  ];
  const { errors } = await batch.downloadMany(entries);
  assertEquals([...errors.values()].map(({ code }) => code), ["Corrupt", "Corrupt"]);
  assertEquals([...Deno.readDirSync(root.join("out"))], []);
  const verified = await batch.verifyMany([{ ref: "tree" }, { ref: "one" }, { ref: "none" }]);
  const codes = [...verified.errors.values()].map(({ code }) => code);
  assertEquals(codes, ["Corrupt", "Corrupt", "NotFound"]);
});
