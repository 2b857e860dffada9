import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RegistryError } from "../../core/errors.ts";
import { Behavior, createPlugins, Storage } from "../../plugins/mod.ts";
import type { Plugins, ScheduledJob } from "../../plugins/mod.ts";
import { holdJobs } from "./runner.ts";

export function registerNoting(plugins: Plugins, notes: string[]): void {
  plugins.register(Behavior, "note", (config: { name: string }) => ({
    async execute(next, input) {
      notes.push(`> ${config.name}`);
      const result = await next(input);
      notes.push(`< ${config.name}`);
      return result;
    },
  }));
}

Deno.test("behaviors run from top to bottom around the function, and results come back up", async () => {
  const plugins = createPlugins();
  const notes: string[] = [];
  registerNoting(plugins, notes);
  const task = plugins.createTask((input: number) => {
    notes.push(`fn ${input}`);
    return input + 1;
  }).addBehavior("note", { name: "a" }).addBehavior("note", { name: "b" });
  assertEquals(await task.submit(1), 2);
  assertEquals(notes, ["> a", "> b", "fn 1", "< b", "< a"]);
});

Deno.test("changed input flows on, and a changed result comes back", async () => {
  const plugins = createPlugins();
  plugins.register(Behavior, "double", () => ({
    execute: async (next, input) => `${await next(Number(input) * 2)}!`,
  }));
  const task = plugins.createTask((input: number) => input).addBehavior<string>("double")
    .addBehavior("double");
  assertEquals(await task.submit(3), "12!!");
});

Deno.test("next without an input hands on the behavior's own", async () => {
  const plugins = createPlugins();
  plugins.register(Behavior, "pass", () => ({ execute: (next) => next() }));
  assertEquals(await plugins.createTask((input) => input).addBehavior("pass").submit({ a: 1 }), {
    a: 1,
  });
});

Deno.test("the upload of the seed: a file is written, and the remainder runs later", async () => {
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

Deno.test("a task is submitted a thousand times, and its configuration stays as it was given", async () => {
  const plugins = createPlugins();
  const runner = holdJobs(plugins);
  const write = { backend: "memory" };
  const schedule = { job_type: "held", attempts: 2 };
  const task = plugins.createTask(({ path }: { path: string }) => path)
    .addBehavior("storage_write", write)
    .addBehavior("schedule_job", schedule);
  for (let index = 0; index < 1_000; index++) await task.submit({ path: `f/${index}`, data: "x" });
  assertEquals(new Set(runner.jobs.map(({ id }) => id)).size, 1_000);
  assertEquals(runner.jobs[999].options.attempts, 2);
  assertEquals(await runner.runAll(), Array.from({ length: 1_000 }, (_, index) => `f/${index}`));
  assertEquals([write, schedule], [{ backend: "memory" }, { job_type: "held", attempts: 2 }]);
});

Deno.test("what is changed in a configuration after it was given changes no task", async () => {
  const plugins = createPlugins();
  plugins.register(Behavior, "say", () => ({ execute: (_next, _input, { config }) => config }));
  const config = { words: ["a"] };
  const task = plugins.createTask(() => 0).addBehavior<{ words: string[] }>("say", config);
  config.words.push("b");
  const heard = await task.submit();
  assertEquals(heard, { words: ["a"] });
  assertThrows(() => heard.words.push("c"), TypeError); // what a behavior gets is frozen
  assertEquals(await task.submit(), { words: ["a"] });
});

Deno.test("a behavior that is not registered is named with those that are", () => {
  const error = assertThrows(
    () => createPlugins().createTask(() => 0).addBehavior("storage_wirte"),
    RegistryError,
  );
  assertEquals(error.code, "NotFound");
  assertEquals(
    error.message,
    'Cannot find plugin "storage_wirte" of behavior: there is none of this name',
  );
  assert(error.hint?.includes("storage_write, storage_read, schedule_job"), error.hint);
});

Deno.test("a task that is not defined is named with those that are", async () => {
  const plugins = createPlugins();
  plugins.defineTask("finalize", () => 1);
  const error = assertThrows(() => plugins.createTask("finalise"), RegistryError);
  assertEquals([error.code, error.message], [
    "NotFound",
    'Cannot find task "finalise": it is not defined here',
  ]);
  assertEquals(error.hint, 'Define it: plugins.defineTask("name", fn). There is: finalize.');
  const call = { task: "other", behaviors: [], input: null };
  assertEquals((await assertRejects(() => plugins.runCall(call), RegistryError)).code, "NotFound");
});
