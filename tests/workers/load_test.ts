import { assert, assertEquals } from "@std/assert";
import { createLocalBackend } from "../../backends/local.ts";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import type { VersionRecord } from "../../core/record.ts";
import { decodeRecord, encodeRecord } from "../../registry/format/record_codec.ts";
import type { StandardSchema } from "../../core/standard_schema.ts";
import { ndarray } from "../../materializers/mod.ts";
import { collectGarbage } from "../../extensions/maintenance/mod.ts";
import { isRegistryError, openRegistry } from "../../mod.ts";
import { createBatch } from "../../workers/mod.ts";
import { damage, keysOf, noise } from "../registry/registries.ts";
import { withHooks } from "../registry/with_hooks.ts";
import { tempRoot } from "../support/temp_root.ts";
import { ALWAYS, MIB, testBatch } from "./test_batch.ts";

testBatch("a worker verifies loaded bytes unless `verify` is none", async (test) => {
  const { root, registry, batch } = test;
  await registry.save("a", noise(2 * MIB));
  await damage(registry.backend);
  const checked = await batch.loadMany(["a"]);
  assertEquals(checked.errors.get(0)?.code, "Corrupt");
  const unchecked = await batch.loadMany(["a"], { verify: "none" });
  assert(unchecked.results[0].ok && (unchecked.results[0].value as Uint8Array).length === 2 * MIB);
  await using careless = await openRegistry(root.join("reg"), { verify: "none" });
  await using other = createBatch(careless, ALWAYS);
  assertEquals((await other.loadMany(["a"])).failed, []);
  assert(batch.running > 0 && other.running > 0);
});

testBatch("a missing object is Corrupt with its key", async ({ registry, batch }) => {
  await registry.save("a", noise(2 * MIB));
  const [key] = await keysOf(registry.backend, "objects/");
  await registry.backend.delete(key);
  const { errors } = await batch.loadMany(["a"]);
  assert(isRegistryError(errors.get(0), "Corrupt"));
  assertEquals(errors.get(0)!.key, key);
});

Deno.test("a version overwritten during a load is loaded again within the budget", async () => {
  await using root = await tempRoot();
  let meanwhile: (() => Promise<void>) | undefined;
  const inner = createLocalBackend({ path: root.path, durability: "os" });
  const hooked = withHooks(inner, {
    async after({ verb, key }) {
      const act = meanwhile;
      if (verb !== "get" || !key.startsWith("names/") || act === undefined) return;
      meanwhile = undefined;
      await act(); // after the read of the record
    },
  });
  const backend = { ...hooked, reopen: inner.reopen };
  await using registry = await openRegistry(backend, { mutable: true });
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

testBatch("a worker reads parts of other versions, up to maxLoadBytes", async (test) => {
  const { registry, batch } = test;
  const { backend } = registry;
  const one = noise(MIB), two = noise(MIB, 2), both = concatBytes([one, two]);
  for (const value of [one, two, both]) await registry.save("a", value, { share: "none" });
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

  const { results } = await batch.loadMany(["a", "a@1"]);
  assert(results[0].ok && results[1].ok, JSON.stringify(results));
  assertEquals(sha256(results[0].value as Uint8Array), sha256(both));
  assertEquals(sha256(results[1].value as Uint8Array), sha256(one));
  assertEquals((await batch.verifyMany([{ ref: "a" }, { ref: "large" }])).failed, []);
  assertEquals((await batch.loadMany(["large"])).errors.get(0)?.code, "Invalid");
  assert(batch.running > 0);
}, { open: { maxLoadBytes: 3 * MIB } });

testBatch("workers load values by `as` and `schema`", async ({ registry, batch }) => {
  const data = new Float32Array(MIB);
  await registry.save("t", data);
  await registry.save("n", { data, shape: [1024, 1024], dtype: "float32" });
  const typed = await batch.loadMany(["n", "t"], { as: ndarray() });
  assertEquals(typed.results.map(({ ok }) => ok), [true, false]);
  assertEquals(typed.errors.get(1)?.code, "Invalid");
  const validate = (value: unknown) =>
    value instanceof Float32Array ? { value: value.length } : { issues: [{ message: "no" }] };
  const schema: StandardSchema<number> = { "~standard": { version: 1, vendor: "test", validate } };
  const measured = await batch.loadMany(["t", "n"], { schema });
  assertEquals(measured.results[0], { ok: true, value: MIB });
  assertEquals(measured.errors.get(1)?.code, "Invalid");
  assert(batch.running > 0);
});
