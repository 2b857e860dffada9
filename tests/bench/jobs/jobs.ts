// Ten thousand jobs through a queue on Redis and on PostgreSQL, beside BullMQ alone on the same
// servers.
import "../../../queues/bullmq/msgpackr_extract.ts"; // before BullMQ
import { createPostgresBackend, Queue, Worker } from "npm:bullmq@^6";
import { taskJob, workTasks } from "../../../plugins/jobs.ts";
import { createPlugins } from "../../../plugins/mod.ts";
import { openQueue } from "../../../queues/mod.ts";
import type { JobQueue, QueueWorker, WorkerEvent } from "../../../queues/mod.ts";
import { startProgram } from "../../support/servers/programs/program_tests.ts";
import { timed } from "../measure.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";

/** Jobs at once, of ours and of BullMQ alone. */
const CONCURRENCY = 50;
/** Added by one request of BullMQ alone, as ours are. */
const ADDED_AT_ONCE = 500;

type ServerKind = "redis" | "postgres";

/** Adds jobs that do nothing, and has a worker of this process do them. */
export async function createJobsGroup({ quick }: BenchSettings): Promise<Group> {
  const count = quick ? 200 : 10_000;
  await using opened = new AsyncDisposableStack();
  const measures: Measure[] = [];
  let made = 0;
  for (const kind of ["redis", "postgres"] as const) {
    const { url } = opened.use(await startProgram(kind));
    const place = () => `${url}?queue=bench-${made++}`;
    await (await openQueue(place()))[Symbol.asyncDispose](); // the tables of PostgreSQL are there
    const floor = `BullMQ on ${kind}: ${count} jobs that do nothing`;
    const indices = Array.from({ length: count }, (_, index) => index);
    measures.push(
      {
        name: floor,
        count,
        unit: "op",
        run: () => raw(kind, url, { name: `raw-${made++}`, indices }),
      },
      {
        ...{ name: `${count} jobs of a queue on ${kind}`, count, unit: "op", floor },
        run: () =>
          ours(place(), {
            jobs: indices.map((index) => ({
              id: `job-${index}`,
              group: "bench",
              kind: "nothing",
              data: { index },
            })),
            work: (queue, options) => queue.work(() => {}, options),
          }),
      },
      {
        ...{ name: `${count} tasks that workers on ${kind} run`, count, unit: "op", floor },
        async run() {
          await using plugins = createPlugins();
          plugins.defineTask("nothing", () => {});
          const job = (index: number) =>
            taskJob({ task: "nothing", behaviors: [], input: { index } });
          return await ours(place(), {
            jobs: indices.map((index) => ({ id: `job-${index}`, ...job(index) })),
            work: (queue, options) => workTasks(plugins, queue, options),
          });
        },
      },
    );
  }
  const kept = opened.move();
  return { measures, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() };
}

interface OurWork {
  jobs: Parameters<JobQueue["add"]>[0];
  work(
    queue: JobQueue,
    options: { concurrency: number; onEvent(event: WorkerEvent): void },
  ): Promise<QueueWorker>;
}

async function ours(place: string, { jobs, work }: OurWork): Promise<Timing> {
  await using queue = await openQueue(place);
  const done = Promise.withResolvers<void>();
  let left = [jobs].flat().length;
  const onEvent = ({ event }: WorkerEvent) => {
    if (event === "done" && --left === 0) done.resolve();
  };
  await using _worker = await work(queue, { concurrency: CONCURRENCY, onEvent });
  return await timed(async () => {
    await queue.add(jobs);
    await done.promise;
  });
}

/** BullMQ as it is. */
async function raw(
  kind: ServerKind,
  url: string,
  { name, indices }: { name: string; indices: readonly number[] },
): Promise<Timing> {
  const { hostname: host, port } = new URL(url);
  const connection = kind === "redis"
    ? { host, port: Number(port), maxRetriesPerRequest: null }
    : { connectionString: url, schema: "bullmq", max: 10 };
  const backend = (kind === "redis" ? undefined : createPostgresBackend) as never;
  const queue = new Queue(name, { connection } as never, backend);
  const done = Promise.withResolvers<void>();
  let left = indices.length;
  const options = { connection, concurrency: CONCURRENCY } as never;
  const worker = new Worker(name, () => Promise.resolve(), options, backend);
  worker.on("completed", () => --left === 0 && done.resolve());
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  const timing = await timed(async () => {
    for (let from = 0; from < indices.length; from += ADDED_AT_ONCE) {
      const some = indices.slice(from, from + ADDED_AT_ONCE);
      await queue.addBulk(some.map((index) => ({ name: "nothing", data: { index } })));
    }
    await done.promise;
  });
  await worker.close();
  await queue.close();
  return timing;
}
