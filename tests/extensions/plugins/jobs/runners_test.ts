import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../../../core/errors.ts";
import {
  createBackground,
  createQueueRunner,
  type QueueRunner,
} from "../../../../extensions/plugins/mod.ts";
import { withoutHanging } from "../../../support/without_hanging.ts";
import {
  createPlugins,
  JobRunner,
  type Plugins,
  type ScheduledJob,
} from "../../../../extensions/plugins/mod.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { serverUrl } from "../../../../extensions/plugins/sets/server.ts";

async function queueOf(plugins: Plugins, name: string) {
  return (await plugins.shared(JobRunner, name) as QueueRunner).queue;
}

async function ended(plugins: Plugins, name: string, id: string) {
  let last;
  for await (const { job } of (await queueOf(plugins, name)).watch(id)) last = job;
  return last!;
}

for (const name of ["memory", "in_memory", "background", "fastapi"]) {
  Deno.test(`${name} runs the rest of a task as a job`, async () => {
    await using plugins = createPlugins();
    const notes: string[] = [];
    const task = plugins.createTask(({ path }: { path: string }) => {
      notes.push("fn");
      return { stored: path };
    }).addBehavior("schedule_job", { job_type: name });
    const answer: ScheduledJob = await task.submit({ path: "a" });
    notes.push("answered");
    assertEquals(answer.scheduled, true);
    const { state, result, group } = await ended(plugins, name, answer.jobId);
    assertEquals([state, result, group], ["done", { stored: "a" }, "closure"]);
    assertEquals(notes, name === "memory" || name === "in_memory" ? notes : ["answered", "fn"]);
  });
}

Deno.test("a background starts and awaits its jobs on run()", async () => {
  await using plugins = createPlugins();
  const notes: string[] = [];
  const background = createBackground();
  const task = plugins.createTask(async (text: string) => {
    await Promise.resolve();
    notes.push(text);
  }).addBehavior("schedule_job", { background_tasks: background });
  const { jobId } = await task.submit("one");
  await task.submit("two");
  await new Promise((resolve) => setImmediate(resolve));
  assertEquals(notes, []);
  await background.run();
  assertEquals(notes, ["one", "two"]);
  assertEquals((await (await queueOf(plugins, "background")).get(jobId))?.state, "done");
  await background.run();
  assertEquals(notes, ["one", "two"]);
});

Deno.test("a runner refuses a function in place of a scheduled call", async () => {
  await using plugins = createPlugins();
  await using onQueue = createQueueRunner(createMemoryQueue());
  const runners = [
    onQueue,
    ...await Promise.all(
      ["background", "memory"].map((name) => plugins.shared(JobRunner, name)),
    ),
  ];
  const call = { task: "count", behaviors: [], input: null };
  for (const runner of runners) {
    for (
      const args of [[(x: number) => x + 1, 5], [], [call], [call, {}], [{ task: "count" }, {}]]
    ) {
      const error = await assertRejects(
        () => Reflect.apply(runner.schedule, runner, args),
        RegistryError,
        "Cannot schedule job: ",
      );
      assertEquals(error.code, "Invalid");
    }
  }
});

Deno.test("closing a set finishes running and waiting jobs", async () => {
  const plugins = createPlugins();
  const done: string[] = [];
  const may = Promise.withResolvers<void>();
  const work = async (text: string) => {
    await may.promise;
    done.push(text);
  };
  const never = createBackground();
  const oneAtOnce = { job_type: "memory", concurrency: 1 };
  const memory = plugins.createTask(work).addBehavior("schedule_job", oneAtOnce);
  for (const text of ["first", "second", "third"]) await memory.submit(text);
  await plugins.createTask(work).addBehavior("schedule_job").submit("background");
  await plugins.createTask(work).addBehavior("schedule_job", { background: never }).submit(
    "response",
  );
  await plugins.createTask(work).addBehavior("schedule_job", { ...oneAtOnce, delayMs: 600_000 })
    .submit("later");
  const runner = await plugins.shared(JobRunner, "memory", { concurrency: 1 });
  const closing = plugins[Symbol.asyncDispose]();
  await new Promise((resolve) => setImmediate(resolve));
  may.resolve();
  await closing;
  assertEquals(done.sort(), ["background", "first", "response", "second", "third"]);
  const call = { task: "t", behaviors: [], input: null };
  const late = await assertRejects(
    () => runner.schedule(call, { run: () => Promise.resolve() }),
    RegistryError,
  );
  assertEquals(late.code, "Invalid");
});

Deno.test("a failed job can be retried by its queue", async () => {
  await using plugins = createPlugins();
  let tries = 0;
  const { jobId } = await plugins.createTask((input: string) => {
    if (++tries < 3) throw new Error(`try ${tries}`);
    return input;
  }).addBehavior("schedule_job", { job_type: "memory", attempts: 2, backoffMs: 1 }).submit("well");
  assertEquals((await ended(plugins, "memory", jobId)).reason, "try 2");
  const queue = await queueOf(plugins, "memory");
  assertEquals(await queue.retry(jobId), true);
  assertEquals((await ended(plugins, "memory", jobId)).result, "well");
});

Deno.test("a cancelled job is aborted and keeps its progress", async () => {
  await using plugins = createPlugins();
  const { jobId } = await plugins.createTask(async (_input, { signal, progress }) => {
    await progress({ done: 1, of: 2 });
    await new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
  }).addBehavior("schedule_job", { job_type: "memory" }).submit();
  const queue = await queueOf(plugins, "memory");
  for await (const { job } of queue.watch(jobId)) {
    if (job.progress === undefined) continue;
    assertEquals(job.progress, { done: 1, of: 2 });
    break;
  }
  await queue.cancel(jobId, { reason: "enough" });
  const { state, reason } = await ended(plugins, "memory", jobId);
  assertEquals([state, reason], ["cancelled", "enough"]);
});

Deno.test("a repeated submission under one key is one job", async () => {
  await using plugins = createPlugins();
  let runs = 0;
  const task = plugins.createTask(() => ++runs).addBehavior("schedule_job", { job_type: "memory" });
  const first = await task.submit(undefined, { idempotencyKey: "once" });
  assertEquals(await task.submit(undefined, { idempotencyKey: "once" }), first);
  await ended(plugins, "memory", "once");
  await task.submit(undefined, { idempotencyKey: "once" });
  assertEquals(runs, 1);
});

Deno.test("a job of two responses starts after the first", async () => {
  const plugins = createPlugins();
  const [first, second] = [createBackground(), createBackground()];
  let calls = 0;
  plugins.defineTask("once", () => ++calls);
  for (const background of [first, second]) {
    await plugins.createTask("once").addBehavior("schedule_job", { background })
      .submit(null, { idempotencyKey: "same" });
  }
  await withoutHanging("the second response", second.run());
  assertEquals(calls, 1);
  await withoutHanging("the end", Promise.resolve(plugins[Symbol.asyncDispose]()));
  await first.run();
  assertEquals(calls, 1);
});

const queueUrl = (
  kind: "redis" | "postgres",
  { queue, ...settings }: Parameters<typeof serverUrl>[1] & { queue?: string },
) => serverUrl(kind, settings, { queue });

Deno.test("parts of a server address become its URL", () => {
  assertEquals(queueUrl("redis", {}), "redis://127.0.0.1:6379/0");
  assertEquals(
    queueUrl("redis", { host: "r", port: "7", db: 2, queue: "mine" }),
    "redis://r:7/2?queue=mine",
  );
  assertEquals(queueUrl("redis", { password: "a/b@c" }), "redis://:a%2Fb%40c@127.0.0.1:6379/0");
  assertEquals(queueUrl("redis", { host: "::1" }), "redis://[::1]:6379/0");
  assertEquals(queueUrl("postgres", {}), "postgres://postgres@127.0.0.1:5432/postgres");
  assertEquals(
    queueUrl("postgres", { host: "db", user: "ada", password: "x", db: "jobs" }),
    "postgres://ada:x@db:5432/jobs",
  );
});

Deno.test("a URL takes precedence over its parts", () => {
  const url = "rediss://user:word@far:1/3?queue=theirs";
  assertEquals(queueUrl("redis", { url, host: "near", port: 2 }), url);
  assertEquals(queueUrl("redis", { url, queue: "mine" }), "rediss://user:word@far:1/3?queue=mine");
});
