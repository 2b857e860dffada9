// Cases of the suite for job storages.
import { given } from "../given.ts";
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { JobStorage } from "../../../extensions/queues/job_storage/contract.ts";
import type { QueuedJob } from "../../../extensions/queues/queue.ts";
import { refused } from "./queue_case.ts";

/** A rule of the contract, and its test. */
export interface JobStorageCase {
  readonly name: string;
  /** Throws if the storage, which is empty, breaks the rule. */
  run(storage: JobStorage): Promise<void>;
}

/** The first of January 2026 plus some seconds. */
const at = (seconds: number) => new Date(1_767_225_600_000 + seconds * 1_000);

function kept(id: string, seconds: number, more: Partial<QueuedJob> = {}): QueuedJob {
  const job = { id, group: "g", kind: "k", data: { id }, attempts: 1, attemptsMade: 1 };
  return { ...job, addedAt: at(seconds), state: "done", result: seconds, ...more };
}

/** Every case of the contract. */
export const jobStorageCases: readonly JobStorageCase[] = [
  given("put() stores a job with its times, and replaces it", async (storage) => {
    const job = kept("a", 1, {
      startedAt: at(2),
      endedAt: at(3),
      progress: { done: 1 },
      attempts: 3,
      attemptsMade: 2,
      data: { deep: ["é ☂", null, 1.5] },
      result: { size: 7 },
    });
    await storage.put({ ...job, state: "running", result: undefined });
    await storage.put(job);
    deepStrictEqual(await storage.get("a"), job);
    deepStrictEqual(await storage.list(), [job]);
  }),
  given("an unknown job is neither read nor removed", async (storage) => {
    strictEqual(await storage.get("nobody"), undefined);
    strictEqual(await storage.remove("nobody"), false);
    deepStrictEqual(await storage.list(), []);
  }),
  given("list() is newest first, by group and state", async (storage) => {
    await storage.put(kept("b", 2));
    await storage.put(kept("c", 3, { state: "failed", result: undefined, reason: "why" }));
    await storage.put(kept("a", 1, { group: "other" }));
    const ids = async (options: Parameters<JobStorage["list"]>[0]) =>
      (await storage.list(options)).map(({ id }) => id);
    deepStrictEqual(await ids({}), ["c", "b", "a"]);
    deepStrictEqual(await ids({ group: "g" }), ["c", "b"]);
    deepStrictEqual(await ids({ state: "failed" }), ["c"]);
    deepStrictEqual(await ids({ state: "done", limit: 1 }), ["b"]);
  }),
  given("list() returns pages", async (storage) => {
    const all = Array.from({ length: 450 }, (_, index) => `job-${index}`);
    for (const [index, id] of all.entries()) await storage.put(kept(id, index));
    const paged: string[] = [];
    for (let after: string | undefined;; after = paged.at(-1)) {
      const page = await storage.list({ limit: 201, after });
      paged.push(...page.map(({ id }) => id));
      if (page.length < 201) break;
    }
    deepStrictEqual(paged, all.reverse());
    await refused(() => storage.list({ after: "nobody" }), "NotFound");
  }),
  given("remove() removes a job", async (storage) => {
    await storage.put(kept("a", 1));
    strictEqual(await storage.remove("a"), true);
    strictEqual(await storage.remove("a"), false);
    strictEqual(await storage.get("a"), undefined);
    deepStrictEqual(await storage.list(), []);
  }),
  given("values are copied on writes and reads", async (storage) => {
    const job = kept("a", 1);
    await storage.put(job);
    (job.data as { id: string }).id = "altered";
    const given = (await storage.get("a"))!;
    deepStrictEqual(given.data, { id: "a" });
    (given.data as { id: string }).id = "altered";
    deepStrictEqual((await storage.get("a"))!.data, { id: "a" });
  }),
];
