// A queue on Redis, beside BullMQ without a wrapper on the same server.
import { Queue, Worker } from "npm:bullmq@^6";
import { openBullmqQueue } from "../../extensions/queues/bullmq.ts";
import { createWaitingClient } from "../../extensions/queues/redis.ts";
import { startRedis } from "../support/servers/programs/redis.ts";
import { type BenchSettings, type Group, type Measure, timed } from "./measure.ts";

const CONCURRENCY = 10;

/** Adds jobs one by one and in bulk, and works them, with BullMQ and with a queue. */
export async function createQueuesGroup({ operations }: BenchSettings): Promise<Group> {
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await startRedis());
  const queue = opened.use(await openBullmqQueue(`${server.url}?queue=ours`));
  const client = createWaitingClient(new URL(server.url));
  opened.defer(() => client.disconnect());
  // BullMQ uses types of its drivers that it does not export.
  const settings = { connection: client, prefix: "bull" } as never;
  const raw = new Queue("raw", settings);
  opened.defer(() => raw.close());
  const count = operations * 4; // 2,000 unless told otherwise
  let number = 0;
  const data = () => ({ group: "bench", data: { step: "train", number: number++ } });
  const idOf = () => `job-${number}`;
  const newJob = () => ({ id: idOf(), kind: "work", ...data() });
  const rawJob = () => ({ opts: { jobId: idOf() }, name: "work", data: data() });
  const some = <T>(make: () => T) => Array.from({ length: count }, make);

  const work = async (begin: (done: () => void) => Promise<{ close(): Promise<unknown> }>) => {
    let left = count;
    let resolve = () => {};
    const all = new Promise<void>((done) => resolve = done);
    const worker = await begin(() => {
      if (--left === 0) resolve();
    });
    await all;
    return worker;
  };
  const works = (begin: Parameters<typeof work>[0]) => async () => {
    let worker: { close(): Promise<unknown> } | undefined;
    const time = await timed(async () => worker = await work(begin));
    await worker!.close();
    return time;
  };
  const pair = (name: string, rawRun: Measure["run"], run: Measure["run"]): Measure[] => {
    const floor = `floor: ${name} with BullMQ alone`;
    return [
      { name: floor, count, unit: "op", run: rawRun },
      { name, count, unit: "op", run, floor },
    ];
  };
  const measures = [
    ...pair("add one by one", () =>
      timed(async () => {
        for (const { name, data, opts } of some(rawJob)) await raw.add(name, data, opts);
      }), () =>
      timed(async () => {
        for (const job of some(newJob)) await queue.add(job);
      })),
    ...pair(
      `work them, ${CONCURRENCY} at once`,
      works(async (done) => {
        const options = { connection: client, prefix: "bull", concurrency: CONCURRENCY } as never;
        const worker = new Worker("raw", () => Promise.resolve(0), options);
        worker.on("completed", done);
        await worker.waitUntilReady();
        return worker;
      }),
      works((done) =>
        queue.work(() => Promise.resolve(0), {
          concurrency: CONCURRENCY,
          onEvent: ({ event }) => void (event === "done" && done()),
        })
      ),
    ),
    ...pair(
      "add in bulk",
      () => timed(() => raw.addBulk(some(rawJob))),
      () => timed(() => queue.add(some(newJob))),
    ),
  ].map((measure): Measure => ({ ...measure }));
  // Each round works what it has added, so that all rounds begin with empty queues.
  for (const [at, drained] of [[4, raw.name], [5, "ours"]] as const) {
    const { run } = measures[at]!;
    const emptied = new Queue(drained, settings);
    opened.defer(() => emptied.close());
    measures[at]!.run = async () => {
      const time = await run();
      await emptied.drain();
      return time;
    };
  }
  const kept = opened.move();
  return { measures, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() };
}
