import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { createPlugins, type TaskContext } from "../../plugins/mod.ts";
import { holdJobs } from "./runner.ts";

const reason = new Error("enough");

Deno.test("an aborted submission ends at once with its reason, also where the task does not hear", async () => {
  const plugins = createPlugins();
  const begun = Promise.withResolvers<AbortSignal>();
  const stop = new AbortController();
  const task = plugins.createTask((_input: unknown, { signal }: TaskContext) => {
    begun.resolve(signal);
    return new Promise(() => {});
  });
  const ended = task.submit(1, { signal: stop.signal }).catch((error) => error);
  const signal = await begun.promise;
  stop.abort(reason);
  assertStrictEquals(await ended, reason);
  assert(signal.aborted);
});

Deno.test("what ends a submission does not end the job that it scheduled, and what ends the job does", async () => {
  const plugins = createPlugins();
  const runner = holdJobs(plugins);
  const stop = new AbortController();
  const task = plugins.createTask((
    _input: unknown,
    { signal, jobId }: TaskContext,
  ) => [signal.aborted, jobId])
    .addBehavior("schedule_job", { job_type: "held" });
  const { jobId } = await task.submit(1, { signal: stop.signal });
  stop.abort(reason);
  const [{ options }] = runner.jobs;
  assertEquals(await options.run(), [false, jobId]);
  assertEquals(await options.run({ jobId: "mine" }), [false, "mine"]);
  await assertRejects(() => options.run({ signal: AbortSignal.abort(reason) }), Error, "enough");
});

Deno.test("an abort of a call that was sent ends it", async () => {
  const plugins = createPlugins();
  const begun = Promise.withResolvers<void>();
  plugins.defineTask("hang", () => {
    begun.resolve();
    return new Promise(() => {});
  });
  const stop = new AbortController();
  const call = { task: "hang", behaviors: [], input: null };
  const ended = plugins.runCall(call, { signal: stop.signal }).catch((error) => error);
  await begun.promise;
  stop.abort(reason);
  assertStrictEquals(await ended, reason);
});
