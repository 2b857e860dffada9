import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { openRegistry } from "@holdfast/holdfast";
import type { RegistryError } from "@holdfast/holdfast";
import { createBatch } from "@holdfast/holdfast/workers";
import { tempRoot } from "../support/temp_root.ts";

const BYTES = new Uint8Array(1 << 20).fill(7);

async function code(work: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => work) as RegistryError).code;
}

Deno.test("a batch saves, loads, writes and checks one value in a worker, as it does many", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(`${root.path}/registry`, { durability: "os" });
  await using batch = createBatch(registry, { workers: 1, offload: "always", idleMs: 60_000 });
  let moved = 0;
  const onProgress = ({ bytes }: { bytes: number }) => void (moved = bytes);
  const { version, digest } = await batch.save({ name: "a", value: BYTES, version: "1.2", onProgress });
  assertEquals([version, moved, batch.running], ["1.2.0", BYTES.byteLength, 1]);
  assertEquals(await batch.load("a"), BYTES);
  assertEquals(await batch.load("a", { version: "^1" }), BYTES);
  const { path } = await batch.download({ ref: "a@1.2", to: `${root.path}/a.bin` });
  assertEquals(await Deno.readFile(path), BYTES);
  assertEquals((await batch.verify({ ref: "a" })).digest, digest);
});

Deno.test("what one of them fails with is a RegistryError, and an abort throws its reason", async () => {
  await using registry = await openRegistry("memory:");
  const told: unknown[] = [];
  await using batch = createBatch(registry, { onProgress: (progress) => told.push(progress) });
  await batch.save({ name: "a", value: 1, version: "1" });
  assertEquals(await code(batch.save({ name: "a", value: 2, version: "1" })), "AlreadyExists");
  assertEquals(await code(batch.save({ name: "a@b", value: 2 })), "Invalid");
  for (const work of [batch.load("b"), batch.verify({ ref: "b" }), batch.download({ ref: "b", to: "nowhere" })]) {
    assertEquals(await code(work), "NotFound");
  }
  const as = { id: "json", formatVersion: 1, save: () => [], load: () => Promise.reject(new TypeError("bug")) };
  assertEquals(await code(batch.load("a", { as })), "TaskFailed");
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  for (const work of [batch.save({ name: "c", value: 1 }, { signal }), batch.load("a", { signal })]) {
    assertStrictEquals(await work.catch((error) => error), reason);
  }
  assert(!await registry.has("c"));
  assertEquals(told, []); // that is of many
});
