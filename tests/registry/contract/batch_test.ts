import { assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { openRegistry } from "../../../mod.ts";
import { createBatch } from "../../../workers/mod.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { rejected } from "../rejected.ts";
import { noise } from "../registries.ts";
import { withoutStore } from "./without_store.ts";

testInRoot("a batch works without a store, on the caller's thread", async (root) => {
  const registry = withoutStore(await openRegistry("memory:"));
  const batch = createBatch(registry, { memoryBudgetBytes: 300_000, concurrency: 8 });
  const entries = Array.from(
    { length: 20 },
    (_, i) => ({ name: `n${i % 10}`, value: noise(100_000, i) }),
  );
  const saved = await batch.saveMany([...entries, { name: "bad@name", value: 1 }]);
  assertEquals([saved.succeeded.length, saved.errors.get(20)?.code], [20, "Invalid"]);
  assertEquals((await registry.info("n3")).version, "2.0.0");
  assertEquals(await registry.load("n3"), noise(100_000, 13));
  assertEquals((await batch.save({ name: "list", value: [1, 2] }, {})).version, "1.0.0");

  const loaded = await batch.loadMany(["n1", "nothing", "n1@1"]);
  assertEquals([loaded.succeeded, loaded.errors.get(1)?.code], [[0, 2], "NotFound"]);
  assertEquals(await batch.load("list"), [1, 2]);

  const { failed } = await batch.downloadMany([{ ref: "n1", to: root.join("one") }, {
    ref: "n2",
    to: root.join("two"),
  }]);
  assertEquals([failed, existsSync(root.join("two"))], [[], true]);
  const heard: number[] = [];
  const onProgress = ({ bytes }: { bytes: number }) => heard.push(bytes);
  assertEquals((await batch.verify({ ref: "n1@^1", onProgress })).version, "1.0.0");
  assertEquals([heard, batch.running], [[100_000], 0]);
  await batch[Symbol.asyncDispose]();
});

Deno.test("a batch without a store checks options and aborts", async () => {
  const registry = withoutStore(await openRegistry("memory:"));
  const optionss = [{ workers: -1 }, { memoryBudgetBytes: 0 }, { stuckAfterMs: 0 }, { idleMs: -1 }];
  for (const options of optionss) {
    await rejected("Invalid", Promise.resolve().then(() => createBatch(registry, options)));
  }
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  const batch = createBatch(registry, { signal });
  assertEquals(await batch.saveMany([{ name: "a", value: 1 }]).catch((error) => error), reason);
  assertEquals(await registry.has("a"), false);
});
