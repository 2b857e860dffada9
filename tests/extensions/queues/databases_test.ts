// Queues, storages of jobs and event buses use the database of their URL, or are refused.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Redis } from "npm:ioredis@^5";
import { openEventBus } from "../../../extensions/plugins/events/mod.ts";
import { createPlugins, JobRunner } from "../../../extensions/plugins/mod.ts";
import { openJobStorage } from "../../../extensions/queues/job_storage.ts";
import { openQueue } from "../../../extensions/queues/mod.ts";
import { refused } from "../../support/refused.ts";
import { programTest } from "../../support/servers/programs/program_tests.ts";

const OPENERS: Record<string, (url: string) => Promise<AsyncDisposable>> = {
  queue: openQueue,
  storage: openJobStorage,
  "event bus": (url) => openEventBus(url, { connectWithinMs: 20_000 }),
};

for (const [what, open] of Object.entries(OPENERS)) {
  programTest(`a ${what} is not opened in another database`, "redis", async ({ shared }) => {
    const { url } = await shared();
    for (const database of ["99", "16", "?db=99"]) {
      const error = await refused("Invalid", () => open(`${url}/${database}`));
      assertStringIncludes(error.message, "the server does not have database ");
    }
    for (const database of ["cache", "-1", "1.5", "0x1", "1/2", "?db=cache", "%31"]) {
      const error = await refused("Invalid", () => open(`${url}/${database}`));
      assertStringIncludes(error.message, "its URL has no database number");
    }
    for (const database of ["", "/", "/0", "/15", "?db=3"]) {
      await using _opened = await open(`${url}${database}`);
    }
  });
}

programTest("a user who may not select a database is denied", "redis", async ({ shared }) => {
  const { url } = await shared();
  const redis = new Redis(url);
  await redis.call("ACL", "SETUSER", "narrow", "on", ">hunter2", "~*", "&*", "+@all", "-select");
  try {
    for (const open of Object.values(OPENERS)) {
      const mine = url.replace("redis://", "redis://narrow:hunter2@");
      const error = await refused("Denied", () => open(`${mine}/3`));
      assert(!Deno.inspect(error, { depth: 20 }).includes("hunter2"));
      await using _opened = await open(mine);
    }
  } finally {
    await redis.call("ACL", "DELUSER", "narrow");
    await redis.quit();
  }
});

programTest("jobs are in the database of their URL", "redis", async ({ shared }) => {
  const { url } = await shared();
  const job = { id: "one", group: "g", kind: "k", data: null };
  await using queue = await openQueue(`${url}/5?queue=fifth`);
  await queue.add(job);
  for (const [database, expected] of [[0, 0], [5, 1]] as const) {
    const redis = new Redis(`${url}/${database}`);
    assertEquals(await redis.exists("bull:fifth:one"), expected);
    await redis.quit();
  }
  const { hostname: host, port } = new URL(url);
  await using plugins = createPlugins();
  await refused("Invalid", () => plugins.shared(JobRunner, "redis", { host, port, db: 99 }));
});
