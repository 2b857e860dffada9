import "../../../queues/bullmq/msgpackr_extract.ts"; // before BullMQ
import { assertEquals } from "@std/assert";
import { createPostgresBackend, Queue } from "npm:bullmq@^6";
import { trimEnded } from "../../../queues/bullmq/trim.ts";
import { openQueue } from "../../../queues/mod.ts";
import { createListener } from "../../conformance/queues/queue_case.ts";
import { programTest } from "../../support/servers/programs/program_tests.ts";

programTest(
  "where too many jobs have ended, those that ended first are forgotten",
  "postgres",
  async ({ shared }) => {
    const { url } = await shared();
    await using queue = await openQueue(`${url}?queue=trimmed`);
    const { onEvent, until } = createListener();
    await using _worker = await queue.work(({ id }) => {
      if (id.startsWith("bad")) throw new Error("bad");
    }, { onEvent });
    // Those of a schedule stay, and keep no other from being forgotten.
    const nothing = { group: "g", kind: "k", data: null };
    await queue.schedule({ id: "hourly", everyMs: 3_600_000, job: nothing });
    const [scheduled] = (await queue.list()).map(({ id }) => id).sort(); // the one of now: the next may be there already
    await until("done", scheduled);
    for (const id of ["a", "b", "bad-c", "d", "bad-e", "f"]) {
      await queue.add({ id, group: "g", kind: "k", data: null });
      await until(id.startsWith("bad") ? "failed" : "done", id);
    }
    await queue.add({ id: "waits", ...nothing, delayMs: 600_000 });
    const ids = async () =>
      (await queue.list()).map(({ id }) => id).filter((id) => !id.startsWith("repeat:")).sort();
    const connection = { connectionString: url, schema: "bullmq" };
    const raw = new Queue("trimmed", { connection } as never, createPostgresBackend as never);
    await trimEnded(raw, 2);
    assertEquals(await ids(), ["bad-c", "bad-e", "d", "f", "waits"]);
    await trimEnded(raw, 1);
    assertEquals(await ids(), ["bad-e", "f", "waits"]);
    await raw.close();
  },
);

programTest(
  "no job on PostgreSQL asks for what would be compared with all that ended",
  "postgres",
  async ({ shared }) => {
    const { url } = await shared();
    await using queue = await openQueue(`${url}?queue=untrimmed`);
    const job = { group: "g", kind: "k", data: null };
    await queue.add([{ id: "one", ...job }, { id: "two", ...job }]);
    await queue.schedule({ id: "often", everyMs: 600_000, job });
    const connection = { connectionString: url, schema: "bullmq" };
    const raw = new Queue("untrimmed", { connection } as never, createPostgresBackend as never);
    const jobs = await raw.getJobs(["waiting", "delayed"]);
    assertEquals(jobs.length, 3);
    for (const { opts: { removeOnComplete, removeOnFail } } of jobs) {
      for (const kept of [removeOnComplete, removeOnFail]) {
        assertEquals(kept as unknown, { age: 604_800 });
      }
    }
    await raw.close();
  },
);

programTest(
  "thousands of waiting jobs are listed page by page, in their order",
  ["redis", "postgres"],
  async (servers) => {
    await using queue = await openQueue(`${(await servers.shared()).url}?queue=pages`);
    const ids = Array.from({ length: 2_300 }, (_, index) => `job-${index}`);
    await queue.add(
      ids.map((id, index) => ({
        id,
        group: index % 2 === 0 ? "even" : "odd",
        kind: "k",
        data: null,
      })),
    );
    await queue.add({ id: "later", group: "even", kind: "k", data: null, delayMs: 600_000 });
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
