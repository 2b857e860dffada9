// A thousand trivial steps that workers on Redis execute, beside BullMQ alone on the same server:
// jobs that do nothing, and jobs that execute a step and keep its record.
import "../../queues/bullmq/msgpackr_extract.ts"; // before BullMQ
import { join } from "node:path";
import { Queue, Worker } from "npm:bullmq@^6";
import { createQueueEngine } from "../../operators/engines/queue.ts";
import { createOperators } from "../../operators/mod.ts";
import { findCarriedRun } from "../../operators/runner/carry/carried_run.ts";
import { runStepOf } from "../../operators/runner/carry/run_step.ts";
import { carryPipeline, createRunHandler, planPipeline } from "../../operators/runner/mod.ts";
import { saveRun } from "../../operators/runner/records/run_record.ts";
import { openRegistry } from "../../mod.ts";
import { openQueue } from "../../queues/mod.ts";
import { pipeline, step } from "../operators/runner/pipelines.ts";
import { startProgram } from "../support/servers/programs/program_tests.ts";
import { timed } from "./measure.ts";
import type { BenchSettings, Group, Timing } from "./measure.ts";

/** Jobs at once, of ours and of the others. */
const CONCURRENCY = 10;

/** Hands steps to workers of this process, over a Redis that keeps what it acknowledged. */
export async function createEnginesGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const count = quick ? 20 : 1_000;
  await using opened = new AsyncDisposableStack();
  const redis = opened.use(await startProgram("redis"));
  const registry = opened.use(await openRegistry(join(folder, "engines"), { durability: "os" }));
  const operators = createOperators();
  operators.register("nothing", { run: () => 0, command: () => ["true"] });
  const options = { registry, operators, root: folder };
  let made = 0;
  const steps = (id: string) =>
    pipeline(
      Array.from({ length: count }, (_, index) => step(`s${index}`, { operator: "nothing" })),
      { id },
    );

  /** BullMQ as it is, with a processor. */
  async function raw(process: (index: number) => Promise<unknown>): Promise<Timing> {
    const { hostname: host, port } = new URL(redis.url);
    const connection = { host, port: Number(port), maxRetriesPerRequest: null };
    const name = `raw-${made++}`;
    const queue = new Queue(name, { connection });
    const done = Promise.withResolvers<void>();
    let left = count;
    const worker = new Worker(name, (job) => process(job.data.index), {
      connection,
      concurrency: CONCURRENCY,
    });
    worker.on("completed", () => --left === 0 && done.resolve());
    await worker.waitUntilReady();
    const timing = await timed(async () => {
      await queue.addBulk(
        Array.from({ length: count }, (_, index) => ({ name: "step", data: { index } })),
      );
      await done.promise;
    });
    await worker.close();
    await queue.close();
    return timing;
  }

  const kept = opened.move();
  return {
    measures: [
      {
        name: `BullMQ: ${count} jobs that do nothing`,
        count,
        unit: "op",
        run: () => raw(() => Promise.resolve()),
      },
      {
        name: `${count} steps that do nothing, handed to workers`,
        count,
        unit: "op",
        floor: `BullMQ: ${count} jobs that do nothing`,
        async run() {
          await using queue = await openQueue(`${redis.url}?queue=bare-${made++}`);
          const engine = createQueueEngine(queue);
          const done = Promise.withResolvers<void>();
          let left = count;
          const onEvent = ({ event }: { event: string }) =>
            event === "done" && --left === 0 && done.resolve();
          await using _worker = await queue.work(() => ({ exitCode: 0 }), {
            concurrency: CONCURRENCY,
            onEvent,
          });
          return await timed(async () => {
            await Promise.all(Array.from({ length: count }, (_, index) =>
              engine.submit({
                ...{
                  run: "bench@1",
                  step: `s${index}`,
                  name: `bench-${index}`,
                  command: ["true"],
                  cwd: "/",
                },
                ...{ env: {}, resources: {} },
              })));
            await done.promise;
          });
        },
      },
      {
        name: `BullMQ: ${count} jobs that execute a trivial step`,
        count,
        unit: "op",
        async run() {
          const bench = steps(`raw${made++}`);
          const run = await saveRun(registry, await planPipeline(bench, options));
          const carried = await findCarriedRun(bench, { ...options, run });
          return await raw((index) => runStepOf(carried, { step: `s${index}` }));
        },
      },
      {
        name: `${count} trivial steps of a run, planned, carried and watched`,
        count,
        unit: "op",
        floor: `BullMQ: ${count} jobs that execute a trivial step`,
        async run() {
          const bench = steps(`run${made++}`);
          await using queue = await openQueue(`${redis.url}?queue=${bench.id}`);
          const given = { ...options, carry: { engine: createQueueEngine(queue) } };
          await using _worker = await queue.work(createRunHandler([bench], given), {
            concurrency: CONCURRENCY,
          });
          return await timed(() => carryPipeline(bench, given));
        },
      },
    ],
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}
