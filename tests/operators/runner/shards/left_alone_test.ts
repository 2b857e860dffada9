import { countOf } from "../world.ts";
import { assertEquals } from "@std/assert";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { openRegistry } from "../../../../mod.ts";
import { createOperators } from "../../../../operators/mod.ts";
import { planPipeline, runPipeline, runStep } from "../../../../operators/runner/mod.ts";
import { saveRun } from "../../../../operators/runner/records/run_record.ts";
import { denied } from "../../../registry/scripted_backend.ts";
import { HOUR, testProtocol } from "../../../registry/protocol_world.ts";
import { tempRoot, testInRoot } from "../../../support/temp_root.ts";
import { add, pipeline, step } from "../pipelines.ts";

const shared = pipeline([step("split", { shards: 3, outputs: { ".": "registry:data" } })]);

/** Operators whose shards each write a file, and then call `after`. */
function splitting(after: (index: number) => unknown = () => {}) {
  const operators = createOperators();
  const ran: number[] = [];
  add(operators, "split", async ({ shard, outputRoot }) => {
    const { index } = shard!;
    ran.push(index);
    await Deno.writeTextFile(`${outputRoot}/part-${index}.txt`, String(index));
    await after(index);
  });
  return { operators, ran };
}

testProtocol("abandoned shards are repeated, with and without gc", {}, async (world) => {
  await using root = await tempRoot();
  const { registry } = world;
  let broken = true;
  const { operators, ran } = splitting((index) => {
    if (broken && index === 2) throw new Error("the disk is full");
  });
  const options = { registry, operators, root: root.path, concurrency: 1 };
  assertEquals((await runPipeline(shared, options)).end, "failed");

  for (const days of [6, 12]) { // the second time, the rejected drafts are old too
    world.advance(days * 24 * HOUR);
    broken = days === 6;
    ran.length = 0;
    const { end } = await runPipeline(shared, options);
    assertEquals([end, ran], [broken ? "failed" : "ok", [0, 1, 2]], `after ${days} days`);
  }
  const paths = (await registry.open("data")).files().map(({ info }) => info.path);
  assertEquals(paths, ["part-0.txt", "part-1.txt", "part-2.txt"]);
  assertEquals(await countOf(registry, "data"), 1);
});

testProtocol("complete shards are not repeated by later runs", {}, async (world) => {
  await using root = await tempRoot();
  const { operators, ran } = splitting();
  const { registry } = world;
  const options = { registry, operators, root: root.path, concurrency: 1 };
  world.backend.answer({ verb: "put", key: /^names\/nightly[^/]*step/ }, denied);
  assertEquals((await runPipeline(shared, options)).end, "failed");
  world.advance(8 * 24 * HOUR);
  assertEquals((await collectGarbage(registry)).removed.draft.count > 0, true);
  const { end, steps } = await runPipeline(shared, options);
  assertEquals([end, ran, steps.split.outputs], ["ok", [0, 1, 2], { ".": "data@1.0.0" }]);
  assertEquals(await countOf(registry, "data"), 1);
});

const WRITES = [
  /^drafts\/nightly.*\.end$/,
  /^names\/nightly[^/]*shards[^/]*\/versions/,
  /^drafts\/data.*\.end$/,
  /^names\/data.*versions/,
];

for (const key of WRITES) {
  testProtocol(`the next run completes a step whose write to ${key} failed`, {}, async (world) => {
    await using root = await tempRoot();
    const { operators, ran } = splitting();
    const options = { registry: world.registry, operators, root: root.path, concurrency: 1 };
    let isDenied = false;
    world.backend.answer({ verb: "put", key }, (act, call) => {
      isDenied = true;
      return denied(act, call);
    });
    assertEquals([(await runPipeline(shared, options)).end, isDenied], ["failed", true]);
    const { end, steps } = await runPipeline(shared, options);
    assertEquals([end, ran, steps.split.outputs], ["ok", [0, 1, 2], { ".": "data@1.0.0" }]);
  });
}

for (const named of [true, false]) {
  testInRoot(
    `a shard ends well after another delivery of it was committed (${named ? "named" : "whole"})`,
    async (root) => {
      await using registry = await openRegistry("memory:");
      const late = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      let deliveries = 0;
      const { operators } = splitting((index) => {
        if (index !== 1 || ++deliveries > 1) return;
        begun.resolve();
        return late.promise;
      });
      const steps = pipeline([
        step("split", { shards: 2, outputs: named ? { ".": "registry:data" } : {} }),
      ]);
      const options = { registry, operators, root: root.path };
      const run = await saveRun(registry, await planPipeline(steps, options));
      const deliver = (index: number) =>
        runStep(steps, { ...options, run, step: "split", shard: { index, count: 2 } });
      const first = deliver(1);
      await begun.promise;
      const others = [await deliver(0), await deliver(1)];
      assertEquals(others.map(({ end }) => end), ["ran", "ran"]);
      late.resolve();
      const { end, record, reason } = await first;
      assertEquals([end, record, reason], ["ran", "nightly:step:split@1.0.0", undefined]);
      assertEquals(await countOf(registry, "nightly:failure:split"), 0);
      assertEquals(await countOf(registry, named ? "data" : "nightly:output:split"), 1);
    },
  );
}
