import { assertEquals, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import { createLocalBackend } from "../../../backends/local.ts";
import type { Backend } from "../../../core/backend.ts";
import { openRegistry, RegistryError } from "../../../mod.ts";
import { createBatch } from "../../../workers/mod.ts";
import { keysOf, noise } from "../../registry/registries.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { withoutHanging } from "../../support/without_hanging.ts";
import { createSilentStore } from "./silent_store.ts";
import { stamped } from "./stamped.ts";

const ALWAYS = { workers: 1, offload: "always", idleMs: 60_000 } as const;

Deno.test("an array that its owner gave away while a worker started fails its entry, and the worker ends", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.join("reg"));
  await using batch = createBatch(registry, { ...ALWAYS, idleMs: 1 });
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
});

Deno.test("files of a worker that are new each time are stored beside those that a damaged base has lost", async () => {
  await using root = await tempRoot();
  const backend = createLocalBackend({ path: root.join("reg"), durability: "os" });
  await using registry = await openRegistry(backend);
  registry.materializers.register(stamped);
  await using batch = createBatch(registry, ALWAYS);
  const value = { stamped: noise(400_000) };
  await batch.save({ name: "a", value });
  for (const key of await keysOf(backend, "objects/")) await backend.delete(key);
  await batch.save({ name: "a", value });
  assertEquals(await registry.load("a@2"), value);
});

Deno.test("nothing stays of a value whose files fail in a worker after some of them were stored", async () => {
  await using root = await tempRoot();
  const backend = createLocalBackend({ path: root.join("reg"), durability: "os" });
  await using registry = await openRegistry(backend);
  registry.materializers.register(stamped);
  await using batch = createBatch(registry, ALWAYS);
  const before = await keysOf(backend);
  await assertRejects(
    () => batch.save({ name: "a", value: { stamped: noise(400_000), fails: true } }),
    Error,
    "failed",
  );
  assertEquals(await keysOf(backend), before);
});

Deno.test("an abort is heard while a worker starts", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(
    createSilentStore({ path: root.join("reg") }) as Backend,
  );
  await using batch = createBatch(registry, ALWAYS);
  const aborting = new AbortController();
  const saving = batch.save({ name: "a", value: noise(400_000) }, { signal: aborting.signal });
  const failing = assertRejects(() => saving, Error, "enough");
  while (batch.running === 0) await new Promise((resolve) => setImmediate(resolve));
  aborting.abort(new Error("enough"));
  await withoutHanging("the end of the save", failing);
});
