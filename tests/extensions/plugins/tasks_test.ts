import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import {
  Behavior,
  createPlugins,
  type Plugins,
  type ScheduledJob,
  Storage,
  type TaskContext,
} from "../../../extensions/plugins/mod.ts";
import { holdJobs } from "./runner.ts";

function registerNoting(plugins: Plugins, notes: string[]): void {
  plugins.register(Behavior, "note", (config: { name: string }) => ({
    async execute(next, input) {
      notes.push(`> ${config.name}`);
      const result = await next(input);
      notes.push(`< ${config.name}`);
      return result;
    },
  }));
}

Deno.test("a file is written, and the rest runs later", async () => {
  const plugins = createPlugins();
  const runner = holdJobs(plugins);
  plugins.defineTask("finalize", ({ path }: { path: string }) => ({ stored_path: path }));
  const task = plugins.createTask("finalize")
    .addBehavior("storage_write", { backend: "memory" })
    .addBehavior("schedule_job", { job_type: "held" });
  const answer: ScheduledJob = await task.submit({
    path: "uploads/file.bin",
    data: new Uint8Array([1, 2, 3]),
  });
  assertEquals(answer, { scheduled: true, jobId: runner.jobs[0].id });
  const storage = await plugins.shared(Storage, "memory");
  assertEquals(await storage.readFile("uploads/file.bin"), new Uint8Array([1, 2, 3]));
  assertEquals(await runner.runAll(), [{ stored_path: "uploads/file.bin" }]);
});

Deno.test("a task keeps its configuration", async () => {
  const plugins = createPlugins();
  plugins.register(Behavior, "say", () => ({ execute: (_next, _input, { config }) => config }));
  const config = { words: ["a"] };
  const task = plugins.createTask(() => 0).addBehavior<{ words: string[] }>("say", config);
  config.words.push("b");
  const heard = await task.submit();
  assertThrows(() => heard.words.push("c"), TypeError); // what a behavior gets is frozen
  assertEquals(await task.submit(), { words: ["a"] });
});

Deno.test("a submission with unknown options is refused", async () => {
  await using plugins = createPlugins();
  const task = plugins.createTask(() => 1);
  for (const options of ["a second input", { idempotency_key: "order-7" }] as never[]) {
    const { code } = await assertRejects(() => task.submit("a", options), RegistryError);
    assertEquals(code, "Invalid");
  }
});

Deno.test("nothing starts after an abort", async () => {
  const plugins = createPlugins();
  const stop = new AbortController();
  const notes: string[] = [];
  plugins.register(Behavior, "stop", () => ({
    execute(next) {
      notes.push("stop");
      stop.abort(new Error("enough"));
      return next();
    },
  }));
  registerNoting(plugins, notes);
  const task = plugins.createTask(() => notes.push("fn")).addBehavior("note", { name: "a" })
    .addBehavior("stop").addBehavior("note", { name: "b" });
  await assertRejects(() => task.submit(1, { signal: stop.signal }), Error, "enough");
  await assertRejects(() => task.submit(1, { signal: stop.signal }), Error, "enough");
  assertEquals(notes, ["> a", "stop"]);
});

Deno.test("names of object members are unknown", async () => {
  const plugins = createPlugins();
  for (const name of ["constructor", "__proto__"]) {
    assertThrows(() => plugins.createTask(name), RegistryError, "it is not defined");
    const creating = () => plugins.create(Storage, name);
    await assertRejects(creating, RegistryError, "unknown plugin");
  }
});

const reason = new Error("enough");

Deno.test("an aborted submission ends at once", async () => {
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

Deno.test("aborting a submission does not abort its job", async () => {
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

Deno.test("an abort ends a sent call", async () => {
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
