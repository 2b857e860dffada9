// Runs are compared by the metadata of their results: parameters and metrics by step.
import { assertEquals } from "@std/assert";
import { createOperators, defineOperator } from "../../../../operators/mod.ts";
import { runPipeline } from "../../../../operators/runner/mod.ts";
import { resultMetadata } from "../../../../operators/runner/records/result_metadata.ts";
import { openRegistry } from "../../../../mod.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { pipeline, step } from "../pipelines.ts";

testInRoot("the result of a run has parameters and metrics of all its steps", async (root) => {
  await using registry = await openRegistry("memory:");
  const operators = createOperators();
  const write = defineOperator({
    run({ outputRoot, params }) {
      const { rate = 0 } = params as { rate?: number };
      if (rate > 1) throw new Error("it diverges");
      Deno.writeTextFileSync(`${outputRoot}/model.bin`, "weights");
      Deno.writeTextFileSync(`${outputRoot}/metrics.json`, JSON.stringify({ loss: 1 - rate }));
    },
    command: () => ["true"],
  });
  operators.register("train", write);
  operators.register("evaluate", write);
  const run = async (rate: number) => {
    const steps = [
      step("train", { params: { rate }, metrics: ["metrics.json"] }),
      step("evaluate", { upstream: ["train"], metrics: ["metrics.json"] }),
    ];
    const { run } = await runPipeline(pipeline(steps), { registry, operators, root: root.path });
    const [id = "", number] = run.split("@");
    return (await registry.info(`${id}:result@${number}.0.0`)).metadata;
  };
  const { run: _, pipeline: __, ...first } = await run(0.25);
  assertEquals(first, {
    end: "ok",
    params: { train: { rate: 0.25 } },
    metrics: { train: { loss: 0.75 }, evaluate: { loss: 1 } },
  });
  const again = await run(0.25); // a skipped step has the metrics of the version that it repeats
  assertEquals([again.params, again.metrics], [first.params, first.metrics]);
  const failed = await run(2);
  assertEquals([failed.end, failed.params, failed.metrics], [
    "failed",
    { train: { rate: 2 } },
    undefined,
  ]);
});

Deno.test("the metadata of a result are those of what ran, and fit", () => {
  const short = { pipeline: "p", run: "p@1", end: "ok" };
  const rerun = ["inputs", "params", "code"] as const;
  const of = (params: Record<string, never>, members: object = {}, end = "ran") =>
    resultMetadata(
      {
        run: "p@1",
        end: "ok",
        steps: { a: { end, durationMs: 1, metrics: { loss: 1 } } } as never,
      },
      [{ id: "a", params, rerun: [...rerun], ...members }, { id: "b", params, rerun: [...rerun] }],
    );
  const metrics = { a: { loss: 1 } };
  const rate = { rate: 1 } as never;
  assertEquals(of(rate), { ...short, metrics, params: { a: rate } }); // b did not run
  assertEquals(of(rate, { rerun: ["code"] }, "skipped"), { ...short, metrics });
  assertEquals(of({ text: "x".repeat(40_000) } as never), { ...short, metrics });
});
