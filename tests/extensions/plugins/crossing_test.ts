import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { RegistryError } from "../../../core/errors.ts";
import { openRegistry } from "../../../mod.ts";
import { Behavior, createPlugins, JobRunner, Storage } from "../../../extensions/plugins/mod.ts";
import type { Plugins, PluginsOptions, TaskContext } from "../../../extensions/plugins/mod.ts";
import { holdJobs, runElsewhere } from "./runner.ts";

const said = ({ code, message }: RegistryError) => `${code}: ${message}`;
const thrown = (run: () => unknown) => said(assertThrows(run, RegistryError));
const rejected = async (run: () => Promise<unknown>) =>
  said(await assertRejects(run, RegistryError));

function echoing(options?: PluginsOptions): Plugins {
  const plugins = createPlugins(options);
  plugins.defineTask("echo", (input) => input);
  return plugins;
}

function sending(options?: PluginsOptions) {
  const plugins = echoing(options);
  return { plugins, runner: holdJobs(plugins, "far", { crossesProcess: true }) };
}

const far = { job_type: "far" };

Deno.test("the rest of a task runs in another process", async () => {
  const { plugins, runner } = sending();
  const worker = echoing();
  const answer = await plugins.createTask("echo")
    .addBehavior("schedule_job", far).addBehavior("storage_write", { backend: "memory" })
    .submit({ path: "a.txt", data: "text", more: [1, null, { b: true }] });
  assertEquals(runner.jobs[0].call, {
    task: "echo",
    behaviors: [{ name: "storage_write", config: { backend: "memory" } }],
    input: { path: "a.txt", data: "text", more: [1, null, { b: true }] },
  });
  assertEquals(runner.jobs[0].id, answer.jobId);
  assertEquals(await runElsewhere(runner, worker), [{
    path: "a.txt",
    more: [1, null, { b: true }],
  }]);
  const storage = await worker.shared(Storage, "memory");
  assertEquals(new TextDecoder().decode(await storage.readFile("a.txt")), "text");
});

Deno.test("large inputs and results are saved in the registry", async () => {
  await using registry = await openRegistry(createMemoryBackend());
  const { plugins, runner } = sending({ registry });
  const large = { bytes: new Uint8Array(70_000).fill(7), text: "x".repeat(70_000), at: 1 };
  const task = plugins.createTask("echo").addBehavior("schedule_job", far);
  for (let times = 0; times < 2; times++) await task.submit(large, { idempotencyKey: "upload-7" });
  assertEquals(runner.jobs.map(({ id, call }) => [id, call.input]), [["upload-7", {
    $artifact: "jobs:input@1.0.0",
  }]]);
  const seen: unknown[] = [];
  const worker = createPlugins({ registry });
  worker.defineTask("echo", (input) => {
    seen.push(input);
    return input;
  });
  const { call } = runner.jobs[0];
  for (let times = 0; times < 2; times++) {
    assertEquals(await worker.runCall(call, { jobId: "upload-7" }), {
      $artifact: "jobs:result@1.0.0",
    });
  }
  assertEquals(seen, [large, large]);
  assertEquals(await registry.load("jobs:result"), large);
  assertEquals(
    await rejected(() => echoing().runCall(call)),
    'Invalid: Cannot read the input of task "echo": it is in a registry, as "jobs:input@1.0.0"',
  );
});

Deno.test("in a registry without versions, a large input does not replace that of another job", async () => {
  const settings = { versioned: false, mutable: true };
  await using registry = await openRegistry(createMemoryBackend(), settings);
  const { plugins, runner } = sending({ registry });
  const task = plugins.createTask("echo").addBehavior("schedule_job", far);
  await task.submit("x".repeat(70_000));
  const second = await rejected(() => task.submit("y".repeat(70_000)));
  assertEquals([second.split(":")[0], runner.jobs.length], ["AlreadyExists", 1]);
  assertEquals(await registry.load("jobs:input"), "x".repeat(70_000));
});

Deno.test("an input of more than 64 KiB needs a registry", async () => {
  const { plugins, runner } = sending();
  const task = plugins.createTask("echo")
    .addBehavior("storage_write", { backend: "memory" }).addBehavior("schedule_job", far);
  const rest = '{"path":"a","text":""}'.length;
  const submit = (length: number) =>
    task.submit({ path: "a", data: "d", text: "x".repeat(length - rest) });
  await submit(65_536);
  await (await plugins.shared(Storage, "memory")).delete("a");
  assertEquals(
    await rejected(() => submit(65_537)),
    'Invalid: Cannot send the input of task "echo" to another process: ' +
      "it has 65537 bytes, more than 65536",
  );
  assertEquals(runner.jobs.length, 1);
  assertEquals(
    await (await plugins.shared(Storage, "memory")).exists("a"),
    false,
    "nothing was written",
  );
});

Deno.test("an input that is not JSON is refused before any effect", async () => {
  const { plugins, runner } = sending();
  const task = plugins.createTask("echo")
    .addBehavior("storage_write", { backend: "memory" }).addBehavior("schedule_job", far);
  const cases: [unknown, string][] = [
    [new Date(0), "its .given is a value of class Date"],
    [() => {}, "its .given is a function"],
    [1n, "its .given is a bigint"],
    [NaN, "its .given is NaN"],
    [{ a: [new Float32Array(1)] }, "its .given.a[0] is a value of class Float32Array"],
    [{ $bytes: "x" }, "its member $bytes has a reserved name"],
    [{ a: [{ $artifact: 1 }] }, "its member $artifact has a reserved name"],
  ];
  for (const [given, problem] of cases) {
    assertEquals(
      await rejected(() => task.submit({ path: "a", data: "d", given })),
      `Invalid: Cannot send the input of task "echo" to another process: ${problem}`,
    );
  }
  const cycle: Record<string, unknown> = { path: "a", data: "d" };
  cycle.cycle = cycle;
  assert((await rejected(() => task.submit(cycle))).includes("levels deep"));
  assertEquals(await (await plugins.shared(Storage, "memory")).exists("a"), false);
  await task.submit({ path: "a", data: new Blob(["d"]).stream() });
  assertEquals(runner.jobs.map(({ call }) => call.input), [{ path: "a" }]);
});

Deno.test("a closure cannot run in another process", () => {
  const { plugins } = sending();
  const named = (input: unknown) => input;
  for (const [fn, name] of [[named, "named"], [() => 0, "closure"]] as const) {
    assertEquals(
      thrown(() => plugins.createTask(fn).addBehavior("schedule_job", far)),
      `Invalid: Cannot build task "${name}": it is a closure, and "far" runs it in another process`,
    );
  }
  const fn = plugins.defineTask("named_now", named);
  assertEquals(plugins.createTask(fn).addBehavior("schedule_job", far).name, "named_now");
  holdJobs(plugins, "near");
  plugins.createTask(() => 0).addBehavior("schedule_job", { job_type: "near" });
});

Deno.test("settings that are not JSON cannot be sent", async () => {
  const { plugins, runner } = sending();
  plugins.register(Behavior, "own", () => ({ execute: (next) => next() }));
  const task = plugins.createTask("echo").addBehavior("own", { fn: () => 0 }).addBehavior(
    "schedule_job",
    far,
  );
  assertEquals(
    thrown(() => task.addBehavior("own", { given: { fn: () => 0 } })),
    'Invalid: Cannot send behavior "own" of task "echo" to "far": ' +
      "its settings are not plain JSON: its .given.fn is a function",
  );
  await task.submit(1);
  assertEquals(runner.jobs[0].call.behaviors, []);
});

Deno.test("secrets are never sent", () => {
  const { plugins } = sending();
  const task = plugins.createTask("echo").addBehavior("storage_write", {
    backend: "minio",
    bucket: "b",
    access_key: "AKIA",
    secret_key: "hunter2",
  }).addBehavior("schedule_job", far);
  for (const key of ["access_key", "secret_key", "accessKey", "secretKey"]) {
    const config = { backend: "minio", bucket: "b", [key]: "hunter2" };
    const { message, hint } = assertThrows(
      () => task.addBehavior("storage_read", config),
      RegistryError,
    );
    assertEquals(
      message,
      `Cannot send behavior "storage_read" of task "echo" to "far": jobs cannot contain secrets (${key})`,
    );
    const variable = /access/.test(key) ? "MINIO_ACCESS_KEY" : "MINIO_SECRET_KEY";
    assert(hint!.includes(`set ${variable} where the job runs`), hint);
  }
  const keys = ["credentials", "secretAccessKey", "session_token"];
  for (const backend of plugins.names(Storage)) { // also secrets that this storage leaves aside
    for (const key of ["access_key", "secret_key", ...keys]) {
      const error = thrown(() =>
        task.addBehavior("storage_read", { backend, bucket: "b", [key]: "hunter2" })
      );
      assert(error.includes(`jobs cannot contain secrets (${key})`), error);
    }
  }
  plugins.register(Behavior, "call", () => ({ execute: (next) => next() }));
  assertEquals(
    thrown(() => task.addBehavior("call", { urls: ["https://ada:hunter2@example.org/x"] })),
    'Invalid: Cannot send behavior "call" of task "echo" to "far": ' +
      "jobs cannot contain secrets (URL with a password)",
  );
  task.addBehavior("call", { urls: ["https://example.org/a:b@c"] });
});

Deno.test("secrets of your own plugins are never sent", () => {
  const { plugins } = sending();
  plugins.register(Behavior, "notify", {
    create: () => ({ execute: (next) => next() }),
    secrets: ["token"],
    env: { token: "NOTIFY_TOKEN" },
  });
  const task = plugins.createTask("echo").addBehavior("notify", { token: "x" }).addBehavior(
    "schedule_job",
    far,
  );
  const error = assertThrows(() => task.addBehavior("notify", { token: "x" }), RegistryError);
  assert(error.hint!.includes("set NOTIFY_TOKEN where the job runs"));
  task.addBehavior("notify");
});

Deno.test("an undeclared remote runner receives no closure and no secret", async () => {
  const plugins = echoing();
  const sent: unknown[] = [];
  const schedule = (call: unknown) => Promise.resolve(`job-${sent.push(call)}`);
  plugins.register(JobRunner, "silent", () => ({ crossesProcess: true, schedule }));
  const closure = plugins.createTask(() => 0).addBehavior("schedule_job", { job_type: "silent" });
  assert((await rejected(() => closure.submit())).includes("it is a closure"));
  const secret = plugins.createTask("echo").addBehavior("schedule_job", { job_type: "silent" })
    .addBehavior("storage_read", { backend: "minio", secret_key: "hunter2" });
  assert(
    (await rejected(() => secret.submit())).includes("jobs cannot contain secrets (secret_key)"),
  );
  assertEquals(sent, []);
});

Deno.test("a call loads only inputs of jobs from the registry", async () => {
  await using registry = await openRegistry(createMemoryBackend());
  await registry.save("payroll", { secret: 1 });
  const worker = echoing({ registry });
  const input = { $artifact: "payroll@1.0.0" };
  // The function returns its argument, which is not a valid result.
  const error = await rejected(() => worker.runCall({ task: "echo", behaviors: [], input }));
  assert(error.includes("$artifact"), error);
});

Deno.test("invalid results and job ids are rejected", async () => {
  const worker = createPlugins();
  worker.defineTask("date", () => new Date(0));
  const call = { task: "date", behaviors: [], input: null };
  assertEquals(
    await rejected(() => worker.runCall(call)),
    'Invalid: Cannot send the result of task "date" to another process: ' +
      "it is a value of class Date",
  );
  const task = sending().plugins.createTask("echo");
  for (const idempotencyKey of ["delayed", "", "a b", "7", "a/b", "x".repeat(181)]) {
    const error = await rejected(() => task.submit(1, { idempotencyKey }));
    assert(/reserve|invalid job id/.test(error), error);
  }
});

Deno.test("an invalid call is rejected", async () => {
  const worker = echoing();
  const behaviors = [{ name: "unknown", config: {} }];
  assertEquals(
    await rejected(() => worker.runCall({ task: "echo", behaviors, input: null })),
    'NotFound: Cannot find plugin "unknown" of behavior: unknown plugin',
  );
  for (
    const call of [null, {}, { task: "echo" }, { task: "echo", behaviors: [null], input: 1 }, {
      task: "echo",
      behaviors: [],
    }]
  ) {
    assert(
      (await rejected(() => worker.runCall(call as never))).startsWith(
        "Invalid: Cannot run call: ",
      ),
    );
  }
  const config = [{ name: "storage_write", config: "minio" as never }];
  assert(
    (await rejected(() => worker.runCall({ task: "echo", behaviors: config, input: null })))
      .includes("settings must be an object, got a string"),
  );
});

Deno.test("ids of nested jobs begin with the id of their job", async () => {
  const progress: unknown[] = [];
  const { plugins, runner } = sending();
  const worker = createPlugins();
  const inner = holdJobs(worker, "far", { crossesProcess: true });
  const steps = async (_input: unknown, { progress, jobId }: TaskContext) => {
    await progress({ done: 1, of: 2 });
    return jobId;
  };
  worker.defineTask("steps", steps);
  plugins.defineTask("steps", steps);
  const task = plugins.createTask("steps").addBehavior("schedule_job", far).addBehavior(
    "schedule_job",
    far,
  );
  await task.submit(null, { idempotencyKey: "order-7" });
  const [{ call }] = runner.jobs;
  const options = { jobId: "order-7", onProgress: (value: unknown) => void progress.push(value) };
  for (let times = 0; times < 2; times++) {
    assertEquals(await worker.runCall(call, options), { scheduled: true, jobId: "order-7.1" });
  }
  assertEquals(inner.jobs.length, 1, "a job that runs twice schedules one job");
  assertEquals(
    await worker.runCall(inner.jobs[0].call, { ...options, jobId: inner.jobs[0].id }),
    "order-7.1",
  );
  assertEquals(progress, [{ done: 1, of: 2 }]);
});
