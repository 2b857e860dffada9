import { assertEquals } from "@std/assert";
import type { Engine } from "../../../../core/pipelines/engine.ts";
import {
  cancelRun,
  createRunHandler,
  readResult,
  submitRun,
} from "../../../../operators/runner/mod.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { pipeline, step } from "../pipelines.ts";
import { ends } from "../world.ts";
import { carriedWorld } from "./carried_world.ts";

/** An engine whose first looks are all answered at one moment. */
function lookingAtOnce(engine: Engine, count: number): Engine {
  const all = Promise.withResolvers<void>();
  let looks = 0;
  return {
    ...engine,
    async list(run, options) {
      const jobs = await engine.list(run, options);
      if (++looks === count) all.resolve();
      await all.promise;
      return jobs;
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

testInRoot(
  "a run that was cancelled has an end, also where its last steps end at one moment",
  async (root) => {
    await using world = await carriedWorld(root);
    const { registry, options, queue, ran } = world;
    const steps = pipeline([step("clean"), step("train"), step("report")]);
    const carry = { engine: lookingAtOnce(world.engine, 3) };
    const run = await submitRun(steps, { ...options, carry });
    await cancelRun(registry, run);
    const over = Promise.withResolvers<void>();
    let left = 3;
    await using _worker = await queue.work(createRunHandler([steps], { ...options, carry }), {
      concurrency: 3,
      onEvent: ({ event }) => void (event === "done" && --left === 0 && over.resolve()),
    });
    await over.promise;
    const result = await readResult(registry, run);
    assertEquals([result?.end, ends(result?.steps ?? {}), ran], [
      "cancelled",
      { clean: "cancelled", train: "cancelled", report: "cancelled" },
      [],
    ]);
  },
);
