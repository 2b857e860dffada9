// Tasks that TypeScript submits and Python executes: the judge is a worker of Celery.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "@std/path";
import { RegistryError } from "../../../../core/errors.ts";
import { openRedis } from "../../../../extensions/queues/redis.ts";
import type { QueuedJob } from "../../../../extensions/queues/queue.ts";
import { createPlugins, type Plugins } from "../../../../extensions/plugins/mod.ts";
import { type CeleryTest, celeryTest } from "./celery_worker.ts";

/** An upload that is stored, then scheduled; `job_type` alone decides where its function runs. */
function uploadTask(plugins: Plugins, job_type: string) {
  return plugins.createTask("finalize")
    .addBehavior("storage_write", { backend: "memory" })
    .addBehavior("schedule_job", { job_type });
}

async function submit(
  { plugins, runner }: CeleryTest,
  { task, input, options = {}, jobId }: {
    task: string;
    input?: unknown;
    options?: object;
    jobId?: string;
  },
) {
  const built = plugins.createTask(task).addBehavior("schedule_job", {
    job_type: "celery",
    ...options,
  });
  const submitted = await built.submit(input, { idempotencyKey: jobId });
  return { id: submitted.jobId, queue: (await runner()).queue };
}

async function outcome(test: CeleryTest, job: Parameters<typeof submit>[1]): Promise<QueuedJob> {
  const { id, queue } = await submit(test, job);
  return await untilEnded(queue, id);
}

async function untilEnded(
  queue: { watch(id: string): AsyncIterable<{ job: QueuedJob }> },
  id: string,
): Promise<QueuedJob> {
  let last: QueuedJob | undefined;
  for await (const { job } of queue.watch(id)) last = job;
  assert(last !== undefined);
  return last;
}

celeryTest("one word moves a job from this process to a worker of Celery", async (test) => {
  const { plugins } = test;
  await test.startWorker();
  const ran: unknown[] = [];
  plugins.defineTask("finalize", (input: { path: string }) => void ran.push(input));
  const file = () => ({ path: "uploads/file.bin", data: new Uint8Array(3) });

  assertEquals((await uploadTask(plugins, "fastapi").submit(file())).scheduled, true);
  const { scheduled, jobId } = await uploadTask(plugins, "celery").submit(file());

  assertEquals(scheduled, true);
  const job = await untilEnded((await test.runner()).queue, jobId);
  assertEquals([job.state, job.group, job.attemptsMade], ["done", "finalize", 1]);
  assertEquals(job.result, { stored_path: "uploads/file.bin", by: "python" });
  assert(job.endedAt! >= job.addedAt);
  assertEquals(ran, [{ path: "uploads/file.bin" }], "the function ran here once, as fastapi");
});

celeryTest("values reach Python and come back", async (test) => {
  await test.startWorker();
  const cases: [input: unknown, args: unknown[], kwargs: object][] = [
    [{ a: 1, "b c": "ü\n", n: null }, [], { a: 1, "b c": "ü\n", n: null }],
    [["x", 2.5, [true]], ["x", 2.5, [true]], {}],
    ["text", ["text"], {}],
    [undefined, [], {}],
  ];
  for (const [input, args, kwargs] of cases) {
    const { result } = await outcome(test, { task: "describe", input });
    assertEquals([Object(result).args, Object(result).kwargs], [args, kwargs]);
  }
  const bytes = Uint8Array.of(0, 255, 128, 7);
  const { result } = await outcome(test, { task: "describe", input: [bytes, 2 ** 53 - 1, 0.5] });
  assertEquals(Object(result).types, ["bytes", "int", "float"]);
  for (const value of [bytes, new TextEncoder().encode("text")]) {
    const { result } = await outcome(test, { task: "echo", input: { value } });
    assertEquals(result, { $bytes: btoa(String.fromCharCode(...value)) });
  }
});

celeryTest("errors, retries and progress of Python arrive", async (test) => {
  // In two processes, the end of a first attempt could be stored after that of its retry.
  await test.startWorker({ concurrency: 1 });
  const failed = await outcome(test, { task: "fail", input: { reason: "wrong size" } });
  assertEquals([failed.state, failed.reason], ["failed", "ValueError: wrong size"]);
  const wrong = await outcome(test, { task: "fail", input: { raeson: "x" } });
  assertMatch(`${wrong.state} ${wrong.reason}`, /^failed TypeError: .*raeson/);
  const unknown = await outcome(test, { task: "flaky" });
  assertEquals([unknown.state, unknown.result], ["done", 2]);

  const { id, queue } = await submit(test, { task: "slow" });
  for await (const { job } of queue.watch(id)) {
    if (job.progress === undefined) continue;
    assertEquals([job.state, job.progress], ["running", { done: 1, of: 2 }]);
    await queue.cancel(id, { terminate: true });
    break;
  }
  const ended = await untilEnded(queue, id);
  assertEquals([ended.state, ended.reason], ["cancelled", "TaskRevokedError: terminated"]);
});

celeryTest("a revoked job never starts, and a repeated submission runs once", async (test) => {
  const input = { name: "once", folder: test.root };
  for (let i = 0; i < 3; i++) await submit(test, { task: "note", input, jobId: "upload-1" });
  const { queue } = await test.runner();
  assertEquals((await queue.get("upload-1"))?.state, "waiting");
  assertEquals(await queue.get("other"), undefined);
  const early = await assertRejects(() => queue.cancel("upload-1"), RegistryError);
  assertEquals(early.code, "Unavailable", "a worker that starts later would run it");
  assertEquals((await assertRejects(() => queue.cancel("x"), RegistryError)).code, "NotFound");

  await test.startWorker();
  assertEquals((await untilEnded(queue, "upload-1")).state, "done");
  await submit(test, { task: "note", input, jobId: "upload-1" });
  const late = { ...input, name: "late" };
  const { id } = await submit(test, { task: "note", input: late, options: { delay_ms: 3_000 } });
  assertEquals((await queue.get(id))?.state, "delayed");
  await queue.cancel(id);
  const after = { ...input, name: "after" };
  const options = { delay_ms: 4_000, priority: 7 };
  assertEquals((await outcome(test, { task: "note", input: after, options })).state, "done");
  assertEquals((await untilEnded(queue, id)).state, "cancelled");
  await queue.cancel(id);

  assertEquals(await readFile(join(test.root, "once"), "utf8"), "x");
  assertEquals(await readFile(join(test.root, "after"), "utf8"), "x");
  await assertRejects(() => readFile(join(test.root, "late")));
});

celeryTest("jobs of lower priority values start first", async (test) => {
  const jobs = [];
  for (const priority of [9, 4, 0, 2_000_000]) {
    const input = { name: "order", folder: test.root, text: `${priority} ` };
    jobs.push((await submit(test, { task: "note", input, options: { priority } })).id);
  }
  await test.startWorker({ concurrency: 1 });
  const { queue } = await test.runner();
  for (const id of jobs) assertEquals((await untilEnded(queue, id)).state, "done");
  assertEquals(await readFile(join(test.root, "order"), "utf8"), "0 4 9 2000000 ");
});

celeryTest("unreadable values in Redis do not break a job", async (test) => {
  const { queue } = await test.runner();
  const open = (url: string) => openRedis(url, { what: "Redis of a test" });
  const [broker, results] = await Promise.all([open(test.broker), open(test.results)]);
  try {
    await broker.send(["SET", "holdfast:celery:a", "not JSON"]);
    assertEquals((await queue.get("a"))?.state, "waiting");
    for (
      const wrong of [{ task: 1, addedAt: 1 }, { task: "t", addedAt: "x" }, {
        task: "t",
        addedAt: 1e300,
      }]
    ) {
      await broker.send(["SET", "holdfast:celery:a", JSON.stringify(wrong)]);
      const { group, addedAt } = (await queue.get("a"))!;
      assertEquals([group, Number.isNaN(addedAt.getTime())], ["unknown", false]);
    }
    const stored = { status: "SUCCESS", result: 1, date_done: "never", retries: "x", name: 3 };
    await results.send(["SET", "celery-task-meta-a", JSON.stringify(stored)]);
    const { addedAt: _, ...job } = (await queue.get("a"))!;
    assertEquals(job, {
      id: "a",
      group: "unknown",
      kind: "task",
      data: { task: "unknown", behaviors: [] },
      attempts: 1,
      attemptsMade: 1,
      state: "done",
      result: 1,
    });
    await results.send(["SET", "celery-task-meta-a", "[]"]);
    assertEquals((await queue.get("a"))?.state, "failed");
  } finally {
    for (const connection of [broker, results]) connection.close();
  }
});

celeryTest("options that Celery lacks are refused before anything is sent", async (test) => {
  const { plugins } = test;
  const build = (settings: object) =>
    plugins.createTask("note").addBehavior("schedule_job", { job_type: "celery", ...settings });
  const cases: [() => Promise<unknown>, string][] = [
    [() => build({ attempts: 3 }).submit({}), "attempts is decided in Python"],
    [() => build({ backoff_ms: 5 }).submit({}), "backoffMs is decided in Python"],
    [() => build({}).addBehavior("retry", { attempts: 2 }).submit({}), "follows schedule_job"],
    [() => build({}).submit({ a: { __type__: "x" } }), "has a reserved name"],
    [() => build({ url: "amqp://localhost" }).submit({}), '"amqp:" is not supported'],
    [() => build({ result_backend: "db+sqlite:///x" }).submit({}), "is not supported"],
  ];
  for (const [call, state] of cases) {
    const error = await assertRejects(call, RegistryError, state);
    assertEquals(error.code, "Invalid");
  }
});

Deno.test("a closure cannot be sent to Celery", async () => {
  await using plugins = createPlugins();
  const task = plugins.createTask(() => 0);
  let error: unknown;
  try {
    task.addBehavior("schedule_job", { job_type: "celery" });
  } catch (thrown) {
    error = thrown;
  }
  assertEquals((error as RegistryError).code, "Invalid");
});
