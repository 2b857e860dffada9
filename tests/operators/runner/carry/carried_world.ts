// A queue, an engine on it and a worker for tests of runs that engines carry.
import type { Engine } from "../../../../operators/contract/engine.ts";
import type { JobQueue, QueueWorker, WorkerEvent } from "../../../../extensions/queues/queue.ts";
import { createQueueEngine } from "../../../../operators/engines/queue.ts";
import { createRunHandler } from "../../../../operators/runner/mod.ts";
import type { Pipeline, RunEvent } from "../../../../operators/runner/mod.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { type TempRoot, testInRoot } from "../../../support/temp_root.ts";
import { type World, world } from "../world.ts";

/** A world whose steps are carried. */
export interface CarriedWorld extends World {
  queue: JobQueue;
  engine: Engine;
  /** The events of the watcher and the workers. */
  events: RunEvent[];
  /** The options of a run. */
  options: Pick<World, "registry" | "operators" | "root"> & {
    carry: { engine: Engine };
    onEvent(event: RunEvent): void;
  };
  /** Starts a worker that executes the steps of a pipeline. */
  work(
    pipeline: Pipeline,
    options?: { onEvent?: (event: WorkerEvent) => void },
  ): Promise<QueueWorker>;
}

/** A world with a queue in this process. */
export async function carriedWorld(root: TempRoot): Promise<CarriedWorld> {
  const inner = await world(root);
  const queue = createMemoryQueue();
  const engine = createQueueEngine(queue);
  const events: RunEvent[] = [];
  const { registry, operators } = inner;
  const given = { registry, operators, root: root.path, carry: { engine } };
  return {
    ...inner,
    ran: inner.ran,
    queue,
    engine,
    events,
    options: { ...given, onEvent: (event) => void events.push(event) },
    work: (pipeline, options) =>
      queue.work(createRunHandler([pipeline], given), { concurrency: 2, ...options }),
    async [Symbol.asyncDispose]() {
      await queue[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

/** Runs a test with a queue, an engine and workers. */
export function testCarried(name: string, test: (world: CarriedWorld) => Promise<void>): void {
  testInRoot(name, async (root) => {
    await using world = await carriedWorld(root);
    await test(world);
  });
}

/** An engine that loses the first deliveries: it took them, and knows nothing of them. */
export function losing(engine: Engine, times: number): Engine & { submitted: string[] } {
  const submitted: string[] = [];
  return {
    ...engine,
    submitted,
    submit(step, options) {
      if (!submitted.includes(step.name)) submitted.push(step.name);
      return submitted.indexOf(step.name) < times
        ? Promise.resolve(step.name)
        : engine.submit(step, options);
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}
