import { assertEquals, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import type { Backend } from "../../../core/backend.ts";
import { RegistryError } from "../../../mod.ts";
import { keysOf, noise } from "../../registry/registries.ts";
import type { TempRoot } from "../../support/temp_root.ts";
import { withoutHanging } from "../../support/without_hanging.ts";
import { testBatch } from "../test_batch.ts";
import { createSilentStore } from "./silent_store.ts";
import { stamped } from "./stamped.ts";

testBatch(
  "an array detached while a worker starts fails its entry, and the worker ends",
  async ({ batch }) => {
    const value = noise(3_000_000);
    const saving = batch.save({ name: "a", value });
    const failing = assertRejects(() => saving, RegistryError, "detached");
    while (batch.running === 0) await new Promise((resolve) => setImmediate(resolve));
    structuredClone(value.buffer, { transfer: [value.buffer as ArrayBuffer] });
    await failing;
    const ended = async () => {
      while (batch.running > 0) await new Promise((resolve) => setImmediate(resolve));
    };
    await withoutHanging("the end of the worker", ended());
  },
  { batch: { idleMs: 1 } },
);

testBatch(
  "a worker stores files again that a damaged base has lost",
  async ({ registry, batch }) => {
    registry.materializers.register(stamped);
    const value = { stamped: noise(400_000) };
    await batch.save({ name: "a", value });
    const { backend } = registry;
    for (const key of await keysOf(backend, "objects/")) await backend.delete(key);
    await batch.save({ name: "a", value });
    assertEquals(await registry.load("a@2"), value);
  },
);

testBatch("a value that fails in a worker leaves no stored files", async ({ registry, batch }) => {
  registry.materializers.register(stamped);
  const before = await keysOf(registry.backend);
  const value = { stamped: noise(400_000), fails: true };
  await assertRejects(() => batch.save({ name: "a", value }), Error, "failed");
  assertEquals(await keysOf(registry.backend), before);
});

const silent = (_: Backend, root: TempRoot) =>
  createSilentStore({ path: root.join("reg") }) as Backend;

testBatch("an abort does not wait for a worker that starts", async ({ batch }) => {
  const aborting = new AbortController();
  const saving = batch.save({ name: "a", value: noise(400_000) }, { signal: aborting.signal });
  const failing = assertRejects(() => saving, Error, "enough");
  while (batch.running === 0) await new Promise((resolve) => setImmediate(resolve));
  aborting.abort(new Error("enough"));
  await withoutHanging("the end of the save", failing);
}, { wrap: silent });
