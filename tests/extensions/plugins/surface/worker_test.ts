import { Repeated, workerLine } from "../../../../apps/cli/jobs/work_until_stopped.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCli } from "../../../apps/run_cli.ts";
import { createPlugins, taskJob } from "../../../../extensions/plugins/mod.ts";
import { openQueue } from "../../../../extensions/queues/mod.ts";
import { REPOSITORY, spawnDeno } from "../../../support/run_deno.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { watchProcess } from "../../../support/watch_process.ts";
import { captureIo, cliTest } from "../../../apps/captured_io.ts";

const TASKS = `
import { createPlugins } from "${REPOSITORY}extensions/plugins/mod.ts";

export const plugins = createPlugins();
plugins.defineTask("greet", ({ name }) => {
  if (name === "") throw new Error("nobody to greet");
  return "Hello " + name;
});
`;

programTest(
  "worker --tasks runs tasks of another program",
  ["redis", "postgres"],
  async (at) => {
    await using root = await tempRoot();
    await Deno.writeTextFile(root.join("tasks.ts"), TASKS);
    const url = `${(await at.shared()).url}?queue=greetings`;
    await using plugins = createPlugins();
    plugins.defineTask("greet", () => "not here");
    const task = plugins.createTask("greet").addBehavior("schedule_job", {
      job_type: at.kind,
      url,
    });
    await task.submit({ name: "Ada" }, { idempotencyKey: "ada" });
    await task.submit({ name: "" }, { idempotencyKey: "nobody" });
    const stop = new AbortController();
    const io = captureIo({ cwd: root.path, signal: stop.signal });
    const working = runCli(["worker", "--tasks", "./tasks.ts", "--queue", url, "--json"], io);
    await using queue = await openQueue(url);
    const ends: unknown[] = [];
    for (const id of ["ada", "nobody"]) {
      for await (const { job } of queue.watch(id)) {
        if (job.endedAt !== undefined) ends.push(job.result ?? job.reason);
      }
    }
    stop.abort();
    assertEquals(await working, 0);
    assertEquals(ends, ["Hello Ada", "nobody to greet"]);
    const told = new TextDecoder().decode(io.output()).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals(told.filter(({ event }) => event === "ready").length, 1);
    assertEquals(
      told.filter(({ event }) => event === "failed").map(({ id, reason }) => [id, reason]),
      [["nobody", "nobody to greet"]],
    );
  },
);

const LEAKING = `
import { createPlugins } from "${REPOSITORY}extensions/plugins/mod.ts";

export const plugins = createPlugins();
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const noticed = Promise.withResolvers();
const fail = () => { throw new Error("nobody waits for this"); };
plugins.defineTask("good", () => noticed.promise);
plugins.defineTask("leaky", async (_input, { signal }) => {
  later(1).then(fail);
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  setTimeout(fail, 1);
  setTimeout(() => noticed.resolve("done"), 20);
});
`;

programTest("a failure that no task awaits fails its task alone", "redis", async (at) => {
  await using root = await tempRoot();
  await Deno.writeTextFile(root.join("tasks.ts"), LEAKING);
  const url = `${(await at.shared()).url}?queue=leaking`;
  await using queue = await openQueue(url);
  const call = (task: string) => taskJob({ task, behaviors: [], input: {} });
  await queue.add([{ id: "good", ...call("good") }, { id: "leaky", ...call("leaky") }]);
  const args = ["worker", "--tasks", "./tasks.ts", "--queue", url, "--concurrency", "2"];
  const worker = watchProcess(spawnDeno("apps/cli.ts", args, {
    cwd: root.path,
    permissions: ["-A"],
  }));
  try {
    await worker.until(() => worker.stderr.includes("good done"));
    assertEquals((await queue.get("good"))?.result, "done");
    const { state, reason } = (await queue.get("leaky"))!;
    assertEquals([state, reason], [
      "failed",
      'Cannot finish "leaky": nothing awaits its failure: nobody waits for this',
    ]);
    await worker.until(() => /^trouble: nothing awaits a failure: /m.test(worker.stderr));
  } finally {
    assertEquals((await worker.stop("SIGTERM")).code, 0);
  }
});

cliTest("worker --tasks needs a module with plugins", async (it) => {
  const write = (name: string, text: string) => Deno.writeTextFile(it.root.join(name), text);
  await write("empty.ts", "export const other = 1;\n");
  await write("wrong.ts", "export const plugins = {};\n");
  await write("broken.ts", 'throw new Error("it broke");\n');
  const worker = async (line: string) =>
    await it.holdfast(`worker --queue redis://127.0.0.1:1 ${line}`);
  const said: [string, string][] = [
    ["--tasks nowhere.ts", "Cannot load tasks: no such file"],
    ["--tasks empty.ts", "it exports other"],
    ["--tasks wrong.ts", "its export plugins is not a set of plugins"],
    ["--tasks broken.ts", "it broke"],
    ["--tasks https://example.org/tasks.ts", "not a local file"],
    ["--tasks wrong.ts --pipeline .", "Cannot take steps and tasks at once"],
  ];
  for (const [line, part] of said) {
    const { code, err } = await worker(line);
    assertEquals(code === 0, false, line);
    assertStringIncludes(err, part);
  }
});

Deno.test("repeated troubles are reported less and less often, with their count", () => {
  const repeated = new Repeated();
  const trouble = (reason: string) => repeated.reported({ event: "trouble", reason });
  const said = Array.from({ length: 100 }, () => trouble("refused"));
  const times = [1, 2, 4, 8, 16, 32, 64];
  assertEquals(
    said.flatMap((event, i) => event === undefined ? [] : [[i + 1, event]]),
    times.map((times) => [times, { event: "trouble", reason: "refused", times }]),
  );
  assertEquals([trouble("timed out")?.times, trouble("refused")?.times], [1, 1]);
  const done = { event: "done", id: "a" };
  assertEquals(repeated.reported(done), done);
  assertEquals(trouble("refused")?.times, 1);
});

Deno.test("a trouble is printed with how often it has come", () => {
  const lineOf = (times: number | undefined) =>
    workerLine({ event: "trouble", reason: "refused", times }, "job");
  assertEquals([undefined, 1, 2, 64].map(lineOf), [
    "trouble: refused",
    "trouble: refused",
    "trouble: refused, 2 times; retrying",
    "trouble: refused, 64 times; retrying",
  ]);
});
