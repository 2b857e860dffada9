import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Behavior, createPlugins, type TaskContext } from "../../plugins/mod.ts";
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

Deno.test("nothing begins under a signal that is aborted", async () => {
  const plugins = createPlugins();
  let calls = 0;
  plugins.register(Behavior, "count", () => ({ execute: (next) => next(calls++) }));
  const task = plugins.createTask(() => calls++).addBehavior("count");
  assertStrictEquals(
    await task.submit(1, { signal: AbortSignal.abort(reason) }).catch((error) => error),
    reason,
  );
  assertEquals(calls, 0);
});

Deno.test("an abort in the middle of a chain begins nothing that comes after", async () => {
  const plugins = createPlugins();
  const notes: string[] = [];
  const stop = new AbortController();
  plugins.register(Behavior, "note", ({ name }: { name: string }) => ({
    async execute(next) {
      notes.push(name);
      if (name === "b") stop.abort(reason);
      return await next();
    },
  }));
  const task = plugins.createTask(() => notes.push("fn"));
  for (const name of ["a", "b", "c"]) task.addBehavior("note", { name });
  assertStrictEquals(await task.submit(1, { signal: stop.signal }).catch((error) => error), reason);
  assertEquals(notes, ["a", "b"]);
  assertStrictEquals(await task.submit(1, { signal: new AbortController().signal }), 6);
});

Deno.test("a behavior may end what comes after it, and that alone", async () => {
  const plugins = createPlugins();
  const signals: AbortSignal[] = [];
  plugins.register(Behavior, "stop", () => ({
    async execute(next, input) {
      const stop = new AbortController();
      const [first, second] = [next(input, { signal: stop.signal }), next(input)];
      stop.abort(reason);
      return [await first, await second];
    },
  }));
  const task = plugins.createTask((_input: unknown, { signal }: TaskContext) =>
    void signals.push(signal)
  )
    .addBehavior<unknown>("stop");
  await task.submit();
  assertEquals(signals.map(({ aborted }) => aborted), [true, false]);
});

Deno.test("what ends the whole ends what a behavior has given a signal of its own", async () => {
  const plugins = createPlugins();
  plugins.register(Behavior, "own_signal", () => ({
    execute: (next, input) => next(input, { signal: new AbortController().signal }),
  }));
  const begun = Promise.withResolvers<AbortSignal>();
  const stop = new AbortController();
  const task = plugins.createTask((_input: unknown, { signal }: TaskContext) => {
    begun.resolve(signal);
    return new Promise(() => {});
  }).addBehavior("own_signal");
  const ended = task.submit(1, { signal: stop.signal }).catch((error) => error);
  const signal = await begun.promise;
  stop.abort(reason);
  assertStrictEquals(await ended, reason);
  assertStrictEquals(signal.reason, reason);
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

Deno.test("tasks submit tasks, and are functions of tasks", async () => {
  const plugins = createPlugins();
  const runner = holdJobs(plugins);
  plugins.defineTask("inner", (input: number) => input + 1);
  plugins.defineTask("outer", async (input: number, { plugins, signal }: TaskContext) => {
    const inner = await plugins.createTask<number>("inner").submit(input, { signal });
    return inner * 10;
  });
  assertEquals(await plugins.createTask("outer").submit(1), 20);
  const outer = plugins.createTask<number>("outer");
  const around = plugins.createTask((input: number) => outer.submit(input + 1)).addBehavior(
    "schedule_job",
    { job_type: "held" },
  );
  await around.submit(1);
  assertEquals(await runner.runAll(), [30]);
});
