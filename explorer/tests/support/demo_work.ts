// Runs of a pipeline and jobs in every state, for screenshots and tests of the explorer.
import type { Registry } from "../../../mod.ts";
import { createOperators, type OperatorContext } from "../../../operators/mod.ts";
import { runPipeline } from "../../../operators/runner/mod.ts";
import { createMemoryQueue } from "../../../extensions/queues/memory.ts";
import type { JobQueue } from "../../../extensions/queues/mod.ts";
import { add, pipeline, step } from "../../../tests/operators/runner/pipelines.ts";
import { endless } from "../../../tests/operators/runner/world.ts";
import { tempRoot } from "../../../tests/support/temp_root.ts";

/** Saves runs that ended well, failed and were cancelled, and starts one that goes on. */
export async function fillRuns(registry: Registry): Promise<AsyncDisposable> {
  const root = await tempRoot();
  let train: (context: OperatorContext) => unknown = write;
  const operators = createOperators();
  add(operators, "write", write);
  add(operators, "train", (context) => train(context));
  const run = (epochs: number, signal?: AbortSignal) =>
    runPipeline(
      pipeline([
        step("clean", { operator: "write" }),
        step("train", {
          upstream: ["clean"],
          params: { epochs },
          retries: RETRIES,
          outputs: { ".": "registry:vision:unet/weights" },
          metrics: ["metrics.json"],
        }),
        step("report", { operator: "write", upstream: ["train"] }),
      ], { id: "segmentation" }),
      { registry, operators, root: root.path, signal },
    );
  await run(10);
  train = async (context) => {
    await write(context);
    context.logger.error("loss is NaN at epoch 7");
    throw new Error("loss is NaN at epoch 7");
  };
  await run(20);
  const going = async (epochs: number) => {
    const started = Promise.withResolvers<void>();
    const stop = new AbortController();
    train = endless(started.resolve);
    const ended = run(epochs, stop.signal).catch(() => undefined);
    await started.promise;
    return async () => (stop.abort(), await ended);
  };
  await (await going(30))();
  const end = await going(40);
  return {
    async [Symbol.asyncDispose]() {
      await end();
      await root.remove();
    },
  };
}

const RETRIES = { attempts: 2, backoffMs: 1, exitCodes: [1, 3] };

async function write({ operatorId, outputRoot, logger }: OperatorContext): Promise<void> {
  for (let i = 1; i <= 3; i++) logger.info(`${operatorId}: part ${i} of 3`);
  await Deno.writeTextFile(`${outputRoot}/result.txt`, operatorId);
  const metrics = { accuracy: 0.934, val: { loss: 0.21 } };
  await Deno.writeTextFile(`${outputRoot}/metrics.json`, JSON.stringify(metrics));
}

/** Returns a queue with jobs in every state. */
export async function demoQueue(): Promise<{ jobs: JobQueue } & AsyncDisposable> {
  const queue = createMemoryQueue();
  const job = (i: number, name: string) => ({
    id: `resize-${i}`,
    group: "resize",
    kind: "resize",
    data: { name },
  });
  await queue.add([
    job(1, "scans:plate-01/well-0"),
    job(2, "scans:plate-02/well-1"),
    { ...job(3, "data:cells/raw"), attempts: 2, backoffMs: 1 },
    { id: "report-1", group: "report", kind: "report", data: {}, delayMs: 3_600_000 },
  ]);
  await queue.cancel("resize-2", { reason: "the plate was scanned again" });
  const running = Promise.withResolvers<void>();
  const worker = await queue.work(async ({ id }, { signal, onProgress }) => {
    if (id === "resize-3") throw new Error("the image has no pixels");
    if (id === "resize-1") return { width: 512, height: 512 };
    onProgress({ done: 3, of: 8 });
    running.resolve();
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });
  for await (const _ of queue.watch("resize-3")); // until it has failed twice
  await queue.add([job(4, "scans:plate-04/well-3"), job(5, "scans:plate-05/well-4")]);
  await running.promise;
  return {
    jobs: queue,
    async [Symbol.asyncDispose]() {
      await worker.close({ handBack: true });
      await queue.close();
    },
  };
}
