import { countOf } from "../world.ts";
import { assertEquals } from "@std/assert";
import { collectGarbage } from "../../../../registry/maintenance.ts";
import { openRegistry } from "../../../../mod.ts";
import { createOperators } from "../../../../operators/mod.ts";
import { planPipeline, runPipeline, runStep } from "../../../../operators/runner/mod.ts";
import { saveRun } from "../../../../operators/runner/records/run_record.ts";
import { denied } from "../../../registry/scripted_backend.ts";
import { HOUR, testProtocol } from "../../../registry/protocol_world.ts";
import { tempRoot, testInRoot } from "../../../support/temp_root.ts";
import { add, pipeline, step } from "../pipelines.ts";

const shared = pipeline([step("split", { shards: 3, outputs: { ".": "registry:data" } })]);

testProtocol("abandoned shards are repeated, with and without gc", {}, async (world) => {
  await using root = await tempRoot();
  const ran: number[] = [];
  let broken = true;
  const operators = createOperators();
  add(operators, "split", async ({ shard, outputRoot }) => {
    ran.push(shard!.index);
    await Deno.writeTextFile(`${outputRoot}/part-${shard!.index}.txt`, String(ran.length));
    if (broken && shard!.index === 2) throw new Error("the disk is full");
  });
  const options = { registry: world.registry, operators, root: root.path, concurrency: 1 };
  assertEquals((await runPipeline(shared, options)).end, "failed");

  for (const days of [6, 12]) { // the second time what was given up is old too
    world.advance(days * 24 * HOUR);
    broken = days === 6;
    ran.length = 0;
    const { end } = await runPipeline(shared, options);
    assertEquals([end, ran], [broken ? "failed" : "ok", [0, 1, 2]], `after ${days} days`);
  }
  const data = await world.registry.open("data");
  assertEquals(data.files().map(({ info }) => info.path), [
    "part-0.txt",
    "part-1.txt",
    "part-2.txt",
  ]);
  assertEquals(await countOf(world.registry, "data"), 1);
});

testProtocol("complete shards are not repeated by later runs", {}, async (world) => {
  await using root = await tempRoot();
  const ran: number[] = [];
  const operators = createOperators();
  add(operators, "split", async ({ shard, outputRoot }) => {
    ran.push(shard!.index);
    await Deno.writeTextFile(`${outputRoot}/part-${shard!.index}.txt`, String(ran.length));
  });
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

for (
  const key of [
    /^drafts\/nightly.*\.end$/,
    /^names\/nightly[^/]*shards[^/]*\/versions/,
    /^drafts\/data.*\.end$/,
    /^names\/data.*versions/,
  ]
) {
  testProtocol(
    `a step whose last write to ${key} fails is completed by the next run`,
    {},
    async (world) => {
      const root = await tempRoot();
      const ran: number[] = [];
      const operators = createOperators();
      add(operators, "split", async ({ shard, outputRoot }) => {
        ran.push(shard!.index);
        await Deno.writeTextFile(`${outputRoot}/part-${shard!.index}.txt`, String(shard!.index));
      });
      const { registry } = world;
      const options = { registry, operators, root: root.path, concurrency: 1 };
      let isDenied = false;
      world.backend.answer({ verb: "put", key }, (act, call) => {
        isDenied = true;
        return denied(act, call);
      });
      const { end } = await runPipeline(shared, options);
      assertEquals([isDenied, end], [true, "failed"]);
      const again = await runPipeline(shared, options);
      assertEquals([again.end, ran, again.steps.split.outputs], ["ok", [0, 1, 2], {
        ".": "data@1.0.0",
      }]);
      await root.remove();
    },
  );
}

for (const named of [true, false]) {
  testInRoot(
    `a shard that ends when another delivery of it was committed ends well (${named})`,
    async (root) => {
      await using registry = await openRegistry("memory:");
      const late = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      let deliveries = 0;
      const operators = createOperators();
      add(operators, "split", async ({ shard, outputRoot }) => {
        await Deno.writeTextFile(`${outputRoot}/part-${shard!.index}.txt`, String(shard!.index));
        if (shard!.index === 1 && ++deliveries === 1) {
          begun.resolve();
          await late.promise;
        }
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
      assertEquals(
        await countOf(registry, named ? "data" : "nightly:output:split"),
        1,
      );
    },
  );
}
