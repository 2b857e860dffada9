import "../../../../extensions/queues/bullmq/msgpackr_extract.ts"; // before BullMQ
import { assertEquals } from "@std/assert";
import { createPostgresBackend, Queue } from "npm:bullmq@^6";
import { keptOptionsOf } from "../../../../extensions/queues/bullmq/job_form.ts";
import { trimEnded } from "../../../../extensions/queues/bullmq/trim.ts";
import { openQueue } from "../../../../extensions/queues/mod.ts";
import { createListener } from "../../../conformance/queues/queue_case.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";

const NOTHING = { group: "g", kind: "k", data: null };

/** Opens a queue as BullMQ does. */
function rawQueue(url: string, name: string): Queue {
  const connection = { connectionString: url, schema: "bullmq" };
  return new Queue(name, { connection } as never, createPostgresBackend as never);
}

programTest("the oldest ended jobs are removed", "postgres", async ({ shared }) => {
  const { url } = await shared();
  await using queue = await openQueue(`${url}?queue=trimmed`);
  const { onEvent, until } = createListener();
  await using _worker = await queue.work(({ id }) => {
    if (id.startsWith("bad")) throw new Error("bad");
  }, { onEvent });
  // Jobs of a schedule stay, without keeping others.
  await queue.schedule({ id: "hourly", everyMs: 3_600_000, job: NOTHING });
  const [scheduled] = (await queue.list()).map(({ id }) => id).sort(); // the next may exist too
  await until("done", scheduled);
  for (const id of ["a", "b", "bad-c", "d", "bad-e", "f"]) {
    await queue.add({ id, ...NOTHING });
    await until(id.startsWith("bad") ? "failed" : "done", id);
  }
  await queue.add({ id: "waits", ...NOTHING, delayMs: 600_000 });
  const ids = async () =>
    (await queue.list()).map(({ id }) => id).filter((id) => !id.startsWith("repeat:")).sort();
  const raw = rawQueue(url, "trimmed");
  await trimEnded(raw, 2);
  assertEquals(await ids(), ["bad-c", "bad-e", "d", "f", "waits"]);
  await trimEnded(raw, 1);
  assertEquals(await ids(), ["bad-e", "f", "waits"]);
  await raw.close();
});

Deno.test("ended jobs are kept for a week, and on Redis at most 100,000 of them", () => {
  const [week, count] = [{ age: 604_800 }, { age: 604_800, count: 100_000 }];
  assertEquals(keptOptionsOf("postgres"), { removeOnComplete: week, removeOnFail: week });
  assertEquals(keptOptionsOf("redis"), { removeOnComplete: count, removeOnFail: count });
});

programTest("workers, not jobs, decide what is kept", "postgres", async ({ shared }) => {
  const { url } = await shared();
  await using queue = await openQueue(`${url}?queue=untrimmed`);
  await queue.add([{ id: "one", ...NOTHING }, { id: "two", ...NOTHING }]);
  await queue.schedule({ id: "often", everyMs: 600_000, job: NOTHING });
  const raw = rawQueue(url, "untrimmed");
  const jobs = await raw.getJobs(["waiting", "delayed"]);
  assertEquals(jobs.length, 3);
  for (const { opts: { removeOnComplete, removeOnFail } } of jobs) {
    assertEquals([removeOnComplete, removeOnFail], [undefined, undefined]);
  }
  await raw.close();
});

programTest(
  "thousands of waiting jobs are listed in pages",
  ["redis", "postgres"],
  async (servers) => {
    await using queue = await openQueue(`${(await servers.shared()).url}?queue=pages`);
    const ids = Array.from({ length: 2_300 }, (_, index) => `job-${index}`);
    const groupOf = (index: number) => index % 2 === 0 ? "even" : "odd";
    await queue.add(ids.map((id, index) => ({ ...NOTHING, id, group: groupOf(index) })));
    await queue.add({ ...NOTHING, id: "later", delayMs: 600_000 });
    const paged: string[] = [];
    for (let after: string | undefined;; after = paged.at(-1)) {
      const page = await queue.list({ limit: 700, after });
      paged.push(...page.map(({ id }) => id));
      if (page.length < 700) break;
    }
    assertEquals(paged, ["later", ...ids]);
    const odd = await queue.list({ group: "odd", state: "waiting", after: "job-1000", limit: 3 });
    assertEquals(odd.map(({ id }) => id), ["job-1001", "job-1003", "job-1005"]);
  },
);
