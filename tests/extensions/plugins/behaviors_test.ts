import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import type { System } from "../../../core/system.ts";
import { createPlugins, Storage, type TaskContext } from "../../../extensions/plugins/mod.ts";
import type { Logger } from "../../../core/registry.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { holdJobs } from "./runner.ts";

function failing(times: number, error: unknown = new Error("not yet")) {
  let calls = 0;
  return () => {
    if (++calls <= times) throw error;
    return calls;
  };
}

/** A world in which sleeps end only by abort. `asleep` resolves at the first sleep. */
function sleepless(): System & { wake(): void; asleep: Promise<void> } {
  const waking: (() => void)[] = [];
  const asleep = Promise.withResolvers<void>();
  return {
    ...createScriptedSystem(),
    asleep: asleep.promise,
    wake: () => waking.splice(0).forEach((wake) => wake()),
    sleep: (_ms, signal) =>
      new Promise((resolve, reject) => {
        waking.push(resolve);
        signal?.addEventListener("abort", () => reject(signal.reason));
        asleep.resolve();
      }),
  };
}

/** Ends only with its signal. `begun` resolves at the call. */
function hanging() {
  const begun = Promise.withResolvers<AbortSignal>();
  const fn = (_input: unknown, { signal }: TaskContext) => {
    begun.resolve(signal);
    return new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
  };
  return { begun: begun.promise, fn };
}

Deno.test("retry doubles its waits up to a limit", async () => {
  const system = createScriptedSystem();
  const plugins = createPlugins({ system, logger: quiet() });
  const config = { attempts: 6, backoff_ms: 100, most_backoff_ms: 500 };
  assertEquals(await plugins.createTask(failing(5)).addBehavior("retry", config).submit(), 6);
  assertEquals(system.slept, [100, 200, 400, 500, 500]);
  assertEquals(await plugins.createTask(failing(2)).addBehavior("retry").submit(), 3);
});

Deno.test("retry skips permanent failures and streams", async () => {
  const plugins = createPlugins({ system: createScriptedSystem(), logger: quiet() });
  const calls = async (error: unknown, input?: unknown) => {
    let count = 0;
    const fn = () => {
      count++;
      throw error;
    };
    const failure = await plugins.createTask(fn).addBehavior("retry", { attempts: 4 }).submit(input)
      .catch((e) => e);
    assertStrictEquals(failure, error);
    return count;
  };
  const ofCode = (code: "Invalid" | "Unavailable" | "TaskFailed" | "Unknown") =>
    new RegistryError({ code, message: "Cannot do: no" });
  assertEquals(await calls(new Error("x")), 4);
  assertEquals(await calls(ofCode("Unavailable")), 4);
  assertEquals(await calls(ofCode("Unknown")), 4);
  assertEquals(await calls(ofCode("TaskFailed")), 4);
  assertEquals(await calls(ofCode("Invalid")), 1);
  assertEquals(
    await calls(new Error("x"), { data: new Blob(["a"]).stream() }),
    1,
    "a stream is read once",
  );
});

Deno.test("retry around schedule_job schedules one job", async () => {
  const plugins = createPlugins({ system: createScriptedSystem(), logger: quiet() });
  const runner = holdJobs(plugins);
  let lost = 0;
  const schedule = runner.schedule;
  runner.schedule = async (call, options) => {
    const id = await schedule(call, options);
    if (++lost <= 2) {
      throw new RegistryError({ code: "Unknown", message: "Cannot schedule: no answer" });
    }
    return id;
  };
  const task = plugins.createTask(() => 1).addBehavior("retry").addBehavior("schedule_job", {
    job_type: "held",
  });
  const { jobId } = await task.submit() as { jobId: string };
  assertEquals(runner.jobs.map(({ id }) => id), [jobId]);
});

Deno.test("timeout aborts a slow task", async () => {
  const system = sleepless();
  const plugins = createPlugins({ system });
  const { begun, fn } = hanging();
  const slow = plugins.createTask(fn).addBehavior("timeout", { ms: 30 }).submit();
  const signal = await begun;
  assertEquals(signal.aborted, false);
  system.wake();
  const { code, message } = await assertRejects(() => slow, RegistryError);
  assertEquals([code, message], ["Unknown", 'Cannot finish task "fn": it timed out after 30 ms']);
  assert(signal.aborted);
  assertEquals(
    await plugins.createTask(() => 7).addBehavior("timeout", { timeout_ms: 30 }).submit(),
    7,
  );
});

Deno.test("cache returns copies until their time is over", async () => {
  const system = createScriptedSystem();
  const plugins = createPlugins({ system });
  const seen: unknown[] = [];
  const task = plugins.createTask((input: unknown) => {
    seen.push(input);
    return { of: [input] };
  }).addBehavior("cache", { ttl_ms: 100, max_entries: 2 });
  const first = await task.submit({ a: 1, b: { c: 2, d: 3 } });
  first.of.push("changed");
  assertEquals(await task.submit({ b: { d: 3, c: 2 }, a: 1 }), {
    of: [{ a: 1, b: { c: 2, d: 3 } }],
  });
  assertEquals(seen.length, 1);
  system.advance(100);
  await task.submit({ a: 1, b: { c: 2, d: 3 } });
  assertEquals(seen.length, 2);
  for (const input of [1, 2, 1, 2]) await task.submit(input);
  assertEquals(seen.length, 4);
  await task.submit({ a: 1, b: { c: 2, d: 3 } });
  assertEquals(seen.length, 5, "the oldest of three was forgotten");
});

Deno.test("cache skips failures and data that is not JSON", async () => {
  const plugins = createPlugins({ system: createScriptedSystem() });
  const failingOnce = plugins.createTask(failing(1)).addBehavior("cache");
  await assertRejects(() => failingOnce.submit(1), Error, "not yet");
  assertEquals([await failingOnce.submit(1), await failingOnce.submit(1)], [2, 2]);
  let calls = 0;
  const counted = plugins.createTask(() => ++calls).addBehavior("cache");
  const data = new Uint8Array(1);
  assertEquals([await counted.submit({ data }), await counted.submit({ data })], [1, 2]);
  assertEquals(await counted.submit(1), 3);
});

/** A schema of numbers as text. */
const number = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) =>
      Number.isFinite(Number(value))
        ? { value: Number(value) }
        : { issues: [{ message: "must be a number.", path: ["size", 0] }] },
  },
};

Deno.test("validate returns the outputs of its schemas", async () => {
  const plugins = createPlugins();
  const task = plugins.createTask((input: number) => input > 1 ? `${input}0` : "none")
    .addBehavior<number>("validate", { schema: number, result: number });
  assertEquals(await task.submit("7"), 70);
  for (const [input, action] of [["x", "run"], [1, "return the result of"]]) {
    const { code, message } = await assertRejects(() => task.submit(input), RegistryError);
    const expected = `Cannot ${action} task "closure": size.0: must be a number`;
    assertEquals([code, message], ["Invalid", expected]);
  }
});

function quiet(heard: string[] = []): Logger {
  const note = (level: string) => (text: string) => void heard.push(`${level} ${text}`);
  return { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") };
}

Deno.test("trace logs start, end and failure without data", async () => {
  const heard: string[] = [];
  const system = createScriptedSystem();
  const plugins = createPlugins({ system, logger: quiet(heard) });
  const work = plugins.defineTask("work", ({ password }: { password: string }) => {
    system.advance(12);
    if (password === "") throw new Error("no password");
    return password;
  });
  await plugins.createTask(work).addBehavior("trace").submit({ password: "hunter2" });
  await plugins.createTask(work).addBehavior("trace", { label: "job", level: "debug" }).submit({
    password: "",
  })
    .catch(() => {});
  assertEquals(heard, [
    'info Task "work" started',
    'info Task "work" finished after 12 ms',
    'debug Task "job" started',
    'warn Task "job" failed after 12 ms: no password',
  ]);
});

Deno.test("storage_read adds bytes, a string or a stream", async () => {
  const plugins = createPlugins();
  await (await plugins.shared(Storage, "memory")).writeFile("a.txt", "grün");
  const read = (as?: string) =>
    plugins.createTask((input: { path: string; data: unknown; more: number }) => input)
      .addBehavior("storage_read", { backend: "memory", ...(as === undefined ? {} : { as }) })
      .submit({ path: "a.txt", more: 1 });
  assertEquals(await read(), { path: "a.txt", more: 1, data: new TextEncoder().encode("grün") });
  assertEquals((await read("text")).data, "grün");
  assertEquals(await new Response((await read("stream")).data as ReadableStream).text(), "grün");
  await assertRejects(
    () =>
      plugins.createTask((i) => i).addBehavior("storage_read", { backend: "memory" }).submit({
        path: "no",
      }),
    RegistryError,
    "file not found",
  );
});

Deno.test("storage_write without path or data is Invalid", async () => {
  await using plugins = createPlugins();
  const write = plugins.createTask((input) => input)
    .addBehavior("storage_write", { backend: "memory" });
  for (const input of [undefined, "a.txt", {}, { path: "a", data: null }, { path: 7, data: "x" }]) {
    const error = await assertRejects(() => write.submit(input), RegistryError, "its input");
    assertEquals(error.code, "Invalid");
  }
  const left = await assertRejects(() => write.submit({ path: "../x", data: "x" }), RegistryError);
  assertEquals(left.code, "Invalid");
});

Deno.test("wrong settings are refused when the task is built", () => {
  const plugins = createPlugins({ system: createScriptedSystem() });
  plugins.defineTask("work", () => 0);
  const task = plugins.createTask("work");
  const cases: [string, object | undefined, string][] = [
    ["retry", { attemps: 3 }, "attemps: unknown setting, use attempts"],
    ["retry", { attempts: 0 }, "attempts: "],
    ["retry", { backoff_ms: -1 }, "backoffMs: "],
    ["timeout", undefined, "ms: it is missing"],
    ["timeout", { ms: "30" }, "ms: "],
    ["cache", { ttl_ms: 1, max_entries: 0 }, "maxEntries: "],
    ["validate", { schema: {} }, "input: "],
    ["trace", { level: "loud" }, "level: "],
    ["trace", { tracer: {} }, "unknown setting"],
    ["schedule_job", { job_type: "memory", attempts: 1.5 }, "attempts: "],
    ["schedule_job", { job_type: "memory", concurency: 5 }, "concurency: "],
    ["schedule_job", { job_type: "celry" }, "unknown plugin"],
    ["storage_read", { backend: "memory", as: "json" }, "as: "],
    ["storage_read", { backend: "minio", endpoint: "localhost" }, "bucket: it is missing"],
    ["storage_write", { backend: "local", pth: "/data" }, "path: it is missing"],
    ["storage_write", { backend: "minoi" }, "unknown plugin"],
    ["storage_write", {}, "its backend is not a plugin of storage"],
  ];
  for (const [name, config, problem] of cases) {
    assertThrows(() => task.addBehavior(name, config), RegistryError, problem);
  }
  // Elsewhere the environment may have it.
  const far = plugins.createTask("work").addBehavior("schedule_job", { job_type: "redis" });
  far.addBehavior("storage_read", { backend: "minio" });
});
