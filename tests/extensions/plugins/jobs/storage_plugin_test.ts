import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../../../core/errors.ts";
import { createPlugins, JobStorage } from "../../../../extensions/plugins/mod.ts";
import type { QueuedJob } from "../../../../extensions/queues/queue.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";

const job: QueuedJob = {
  id: "job-a",
  group: "g",
  kind: "k",
  data: { a: 1 },
  state: "done",
  result: "text",
  attempts: 1,
  attemptsMade: 1,
  addedAt: new Date(0),
};

for (const name of ["memory", "in_memory"]) {
  Deno.test(`a job storage is a plugin: ${name}`, async () => {
    await using plugins = createPlugins();
    const storage = await plugins.create(JobStorage, name, { host: "left aside" });
    await storage.put(job);
    assertEquals((await storage.get("job-a"))?.result, "text");
    await storage[Symbol.asyncDispose]();
  });
}

Deno.test("an invalid job storage URL is not quoted", async () => {
  await using plugins = createPlugins();
  for (
    const settings of [{ url: "word:secret" }, { url: "no url" }, { url: "no url", jobs: "mine" }]
  ) {
    const error = await assertRejects(
      () => plugins.create(JobStorage, "redis", settings),
      RegistryError,
    );
    assertEquals(
      [error.code, /secret|no url/.test(error.message)],
      ["Invalid", false],
      error.message,
    );
  }
});

programTest("the environment configures job storage on Redis", "redis", async (server) => {
  const { hostname, port } = new URL((await server.shared()).url);
  const system = createScriptedSystem({
    environment: { REDIS_HOST: hostname, REDIS_PORT: port },
  });
  await using plugins = createPlugins({ system });
  const storage = await plugins.shared(JobStorage, "redis", {
    jobs: "by-plugin",
    keep_ms: 60_000,
  });
  await storage.put(job);
  const other = await plugins.create(JobStorage, "redis", {
    host: hostname,
    port,
    jobs: "another",
  });
  assertEquals([(await storage.get("job-a"))?.state, await other.get("job-a")], [
    "done",
    undefined,
  ]);
  await other[Symbol.asyncDispose]();
  const error = await assertRejects(
    () => plugins.create(JobStorage, "redis", { keep: 5 }),
    RegistryError,
  );
  assertEquals(
    error.message.split(", use ")[0],
    'Cannot create plugin "redis" of job_storage: keep: unknown setting',
  );
});
