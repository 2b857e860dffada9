import { assert, assertEquals } from "@std/assert";
import { Redis } from "npm:ioredis@^5";
import { realSystem } from "../../../core/system.ts";
import { createPlugins } from "../../../extensions/plugins/mod.ts";
import { openJobStorage } from "../../../extensions/queues/job_storage.ts";
import { createMemoryJobStorage } from "../../../extensions/queues/job_storage/memory.ts";
import { jobStorageCases, testJobStorage } from "../../conformance/queues.ts";
import { refused } from "../../support/refused.ts";
import { programTest } from "../../support/servers/programs/program_tests.ts";

const MEMORY = { name: "memory job storage" };
testJobStorage(Deno.test, () => Promise.resolve(createMemoryJobStorage()), MEMORY);

for (const [index, { name, run }] of jobStorageCases.entries()) {
  programTest(`job storage: ${name}`, "redis", async ({ shared }) => {
    await using storage = await openJobStorage(`${(await shared()).url}?jobs=case-${index}`);
    await run(storage);
  });
}

const job = (id: string) => ({
  ...{
    id,
    group: "g",
    kind: "k",
    data: null,
    state: "done",
    attempts: 1,
    attemptsMade: 1,
  } as const,
  addedAt: new Date(realSystem.now()),
});

Deno.test("a storage in memory keeps the last jobs", async () => {
  await using storage = createMemoryJobStorage({ mostJobs: 2 });
  for (const id of ["a", "b", "a", "c"]) await storage.put(job(id));
  assertEquals((await storage.list()).map(({ id }) => id).sort(), ["a", "c"]);
});

Deno.test("a storage with another URL is Invalid", async () => {
  for (const url of ["", "postgres://h/d", "redis:", "kafka://h"]) {
    await refused("Invalid", () => openJobStorage(url));
  }
});

programTest("values of other programs in a storage are ignored", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using storage = await openJobStorage(`${url}?jobs=foreign`);
  await storage.put(job("mine"));
  const redis = new Redis(url);
  await redis.set("holdfast:jobs:foreign:theirs", "{not json");
  const now = realSystem.now();
  await redis.zadd("holdfast:jobs:foreign", now + 1_000, "theirs", now + 2_000, "gone");
  assertEquals((await storage.list()).map(({ id }) => id), ["mine"]);
  assertEquals(await storage.get("theirs"), undefined);
  await redis.quit();
});

programTest("a storage keeps a job for `keepMs`", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using storage = await openJobStorage(`${url}?jobs=kept`, { keepMs: 3_600_000 });
  await storage.put(job("mine"));
  const redis = new Redis(url);
  const leftMs = await redis.pttl("holdfast:jobs:kept:mine");
  await redis.quit();
  assert(leftMs > 0 && leftMs <= 3_600_000, `it is kept for ${leftMs} ms`);
});

programTest("a job of this process is known after its end", "redis", async ({ shared }) => {
  const url = `${(await shared()).url}?jobs=background`;
  const ids: string[] = [];
  {
    await using plugins = createPlugins();
    for (const jobType of ["background", "memory"]) {
      const task = plugins.createTask((input: string) => {
        if (input === "bad") throw new Error("the disk is full");
        return input;
      }).addBehavior("schedule_job", { jobType, storage: url });
      for (const input of ["good", "bad"]) ids.push((await task.submit(input)).jobId);
    }
  }
  await using storage = await openJobStorage(url);
  const known = await Promise.all(ids.map((id) => storage.get(id)));
  const ends = [["done", "good"], ["failed", "the disk is full"]];
  assertEquals(known.map((job) => [job?.state, job?.result ?? job?.reason]), [...ends, ...ends]);
});
