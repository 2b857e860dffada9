import { assert, assertEquals } from "@std/assert";
import { createLocalBackend } from "../../backends/local.ts";
import type { Backend } from "../../core/backend.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import type { VersionRecord } from "../../core/record.ts";
import { decodeRecord, encodeRecord } from "../../registry/format/record_codec.ts";
import type { StandardSchema } from "../../core/standard_schema.ts";
import { ndarray } from "../../materializers/mod.ts";
import { collectGarbage } from "../../registry/maintenance.ts";
import { isRegistryError, openRegistry, type Registry } from "../../mod.ts";
import { createBatch } from "../../workers/mod.ts";
import { damage, keysOf, noise } from "../registry/registries.ts";
import { type Hooks, withHooks } from "../registry/with_hooks.ts";
import { tempRoot } from "../support/temp_root.ts";

const MIB = 1024 * 1024;
const ALWAYS = { workers: 1, offload: "always", idleMs: 60_000 } as const;

/** A registry over a store that tells of the caller's own calls; workers open the store itself. */
async function hooked(path: string, hooks: Hooks): Promise<{ registry: Registry; inner: Backend }> {
  const inner = createLocalBackend({ path, durability: "os" });
  const backend = { ...withHooks(inner, hooks), reopen: inner.reopen };
  return { registry: await openRegistry(backend, { mutable: true }), inner };
}

Deno.test("a worker checks what it loads, or not, as it is told", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.path, { durability: "os" });
  await registry.save("a", noise(2 * MIB));
  await damage(registry.backend);
  await using batch = createBatch(registry, ALWAYS);
  const checked = await batch.loadMany(["a"]);
  assertEquals(checked.errors.get(0)?.code, "Corrupt");
  const unchecked = await batch.loadMany(["a"], { verify: "none" });
  assert(unchecked.results[0].ok && (unchecked.results[0].value as Uint8Array).length === 2 * MIB);
  await using careless = await openRegistry(root.path, { verify: "none" });
  await using other = createBatch(careless, ALWAYS);
  assertEquals((await other.loadMany(["a"])).failed, []);
  assert(batch.running > 0 && other.running > 0);
});

Deno.test("an object that is lost while a worker reads is Corrupt, and names the object", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.path, { durability: "os" });
  await registry.save("a", noise(2 * MIB));
  const [key] = await keysOf(registry.backend, "objects/");
  await registry.backend.delete(key);
  await using batch = createBatch(registry, ALWAYS);
  const { errors } = await batch.loadMany(["a"]);
  assert(isRegistryError(errors.get(0), "Corrupt"));
  assertEquals(errors.get(0)!.key, key);
});

Deno.test("a version that is overwritten and collected while a worker reads is loaded anew, within its budget", async () => {
  await using root = await tempRoot();
  let meanwhile: (() => Promise<void>) | undefined;
  const { registry, inner } = await hooked(root.path, {
    async after({ verb, key }) {
      const act = meanwhile;
      if (verb !== "get" || !key.startsWith("names/") || act === undefined) return;
      meanwhile = undefined;
      await act(); // the record was read: now it is replaced, and its payload goes
    },
  });
  const before = noise(2 * MIB, 1), after = noise(2 * MIB, 2);
  await registry.save("a", before, { version: "1" });
  const old = await keysOf(inner, "objects/");
  meanwhile = async () => {
    await registry.save("a", after, { version: "1", onConflict: "overwrite" });
    for (const key of old) await inner.delete(key);
  };
  await using batch = createBatch(registry, { ...ALWAYS, memoryBudgetBytes: 3 * MIB });
  const { results } = await batch.loadMany(["a"]);
  assertEquals(results, [{ ok: true, value: after }]);
  assert(batch.running > 0);
  await collectGarbage(registry);
});

Deno.test("a worker reads parts wherever they lie, and takes no more into memory than the registry allows", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.path, { durability: "os", maxLoadBytes: 3 * MIB });
  const { backend } = registry;
  const one = noise(MIB), two = noise(MIB, 2), both = new Uint8Array([...one, ...two]);
  for (const value of [one, two, both]) await registry.save("a", value, { base: null });
  const objects = await keysOf(backend, "objects/a/"); // newest first
  const parts = [objects[2], objects[1]].map((key) => ({
    object: 0,
    size: MIB,
    from: key.split("/").slice(2, 4).join("/"),
  }));
  const [key] = await keysOf(backend, "names/a/versions/");
  const record = decodeRecord(await (await backend.get(key))!.bytes(), key).record as VersionRecord;
  await backend.put(key, encodeRecord({ ...record, files: [{ ...record.files[0], parts }] }));
  await backend.delete(objects[0]);
  await registry.save("large", noise(4 * MIB));

  await using batch = createBatch(registry, ALWAYS);
  const { results } = await batch.loadMany(["a", "a@1"]);
  assert(results[0].ok && results[1].ok, JSON.stringify(results));
  assertEquals(sha256(results[0].value as Uint8Array), sha256(both));
  assertEquals(sha256(results[1].value as Uint8Array), sha256(one));
  assertEquals((await batch.verifyMany([{ ref: "a" }, { ref: "large" }])).failed, []);
  assertEquals((await batch.loadMany(["large"])).errors.get(0)?.code, "Invalid");
  assert(batch.running > 0);
});

Deno.test("values that workers load are of the type that is asked for, and meet the schema or fail", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.path, { durability: "os" });
  const data = new Float32Array(MIB);
  await registry.save("t", data);
  await registry.save("n", { data, shape: [1024, 1024], dtype: "float32" });
  await using batch = createBatch(registry, ALWAYS);
  const typed = await batch.loadMany(["n", "t"], { as: ndarray() });
  assertEquals(typed.results.map(({ ok }) => ok), [true, false]);
  assertEquals(typed.errors.get(1)?.code, "Invalid");
  const validate = (value: unknown) =>
    value instanceof Float32Array ? { value: value.length } : { issues: [{ message: "no" }] };
  const schema: StandardSchema<number> = {
    "~standard": { version: 1, vendor: "test", validate },
  };
  const measured = await batch.loadMany(["t", "n"], { schema });
  assertEquals(measured.results[0], { ok: true, value: MIB });
  assertEquals(measured.errors.get(1)?.code, "Invalid");
  assert(batch.running > 0);
});
