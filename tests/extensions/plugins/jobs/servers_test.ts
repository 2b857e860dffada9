import { assert, assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../../../core/errors.ts";
import { realSystem } from "../../../../core/system.ts";
import { openRegistry } from "../../../../mod.ts";
import { workTasks } from "../../../../extensions/plugins/mod.ts";
import { createPlugins, type Plugins } from "../../../../extensions/plugins/mod.ts";
import { openQueue } from "../../../../extensions/queues/mod.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";

const KINDS = ["redis", "postgres"] as const;

function define(plugins: Plugins, notes: unknown[] = []): void {
  plugins.defineTask(
    "count",
    async ({ data, by }: { data: Uint8Array; by?: string }, { jobId, progress }) => {
      await progress({ read: data.length });
      notes.push(jobId);
      return { by, size: data.length, copy: data };
    },
  );
}

programTest("a task runs elsewhere by name, with data by registry", KINDS, async (servers) => {
  const url = `${(await servers.shared()).url}?queue=tasks`;
  await using registry = await openRegistry("memory:");
  await using here = createPlugins({ registry });
  await using there = createPlugins({ registry });
  define(here);
  const notes: unknown[] = [];
  define(there, notes);
  const data = new Uint8Array(200_000).fill(7);
  const task = here.createTask("count").addBehavior("schedule_job", {
    job_type: servers.kind,
    url,
  });
  const { scheduled, jobId } = await task.submit({ data, by: "me" }, {
    idempotencyKey: "upload-1",
  });
  assertEquals([scheduled, jobId], [true, "upload-1"]);
  await using queue = await openQueue(url);
  assert(JSON.stringify(await queue.get(jobId)).length < 2_000, "the queue has a reference");
  await workTasks(there, queue, { concurrency: 2 });
  let last;
  for await (const { job } of queue.watch(jobId)) last = job;
  assertEquals([last?.state, last?.reason, last?.progress], ["done", undefined, {
    read: 200_000,
  }]);
  assert(JSON.stringify(last!.result).length < 2_000, "the result is a reference too");
  assertEquals(notes, ["upload-1"]);
});

programTest("the environment configures the server", KINDS, async (servers) => {
  const { url } = await servers.shared();
  const { hostname, port, username, pathname } = new URL(url);
  const values: Record<string, string> = {
    REDIS_HOST: hostname,
    REDIS_PORT: port,
    REDIS_DB: "1",
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: username,
    PGDATABASE: pathname.slice(1),
  };
  const system = { ...realSystem, env: (name: string) => values[name] };
  await using plugins = createPlugins({ system });
  define(plugins);
  const task = plugins.createTask("count").addBehavior("schedule_job", {
    job_type: servers.kind,
    queue: "by-variables",
  });
  const { jobId } = await task.submit({ data: new Uint8Array(3) });
  const place = servers.kind === "redis" ? new URL("/1", url).href : url;
  await using queue = await openQueue(`${place}?queue=by-variables`);
  assertEquals((await queue.get(jobId))?.group, "count");
});

programTest("jobs that are no known task fail with a reason", KINDS, async (servers) => {
  await using queue = await openQueue(`${(await servers.shared()).url}?queue=foreign-tasks`);
  await using plugins = createPlugins();
  const call = { task: "nobody's", behaviors: [], input: null };
  await queue.add([
    { id: "step", group: "g", kind: "step", data: {} },
    { id: "unknown", group: "g", kind: "task", data: call },
    { id: "forged", group: "g", kind: "task", data: 7 },
  ]);
  await workTasks(plugins, queue);
  const reasons: string[] = [];
  for (const id of ["step", "unknown", "forged"]) {
    for await (const { job } of queue.watch(id)) {
      if (job.state === "failed") {
        reasons.push(job.reason!);
      }
    }
  }
  const said = ["it is not a task", "it is not defined", "has no task"];
  assertEquals(
    reasons.map((reason, index) => reason.includes(said[index])),
    [true, true, true],
    reasons.join("; "),
  );
});

programTest(
  "a runner without its server is Unavailable without secrets",
  "redis",
  async (servers) => {
    await using server = await servers.own();
    const url = new URL(server.url);
    await server.kill();
    await using plugins = createPlugins();
    define(plugins);
    const config = { job_type: "redis", host: url.hostname, port: url.port, password: "hunter2" };
    const task = plugins.createTask("count").addBehavior("schedule_job", config);
    const error = await assertRejects(
      () => task.submit({ data: new Uint8Array(1) }),
      RegistryError,
    );
    assertEquals(error.code, "Unavailable");
    assert(!Deno.inspect(error, { depth: 20 }).includes("hunter2"));
  },
);
