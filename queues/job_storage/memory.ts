// What became of jobs, in this process: the reference of the contract.
import { notListed } from "../checks/queue_checks.ts";
import type { QueuedJob } from "../../core/queue.ts";
import type { JobStorage } from "./contract.ts";

/** Options of {@linkcode createMemoryJobStorage}. */
export interface MemoryJobStorageOptions {
  /** So many jobs are kept: the last that something became of. @default 100000 */
  mostJobs?: number;
}

/**
 * Creates a storage in this process.
 *
 * @example
 * ```ts
 * import { createMemoryJobStorage } from "@holdfast/holdfast/queues";
 * import { assertEquals } from "@std/assert";
 *
 * await using storage = createMemoryJobStorage();
 * const job = { id: "a", group: "g", kind: "k", data: null, attempts: 1, attemptsMade: 1, addedAt: new Date() };
 * await storage.put({ ...job, state: "done", result: 7 });
 * assertEquals((await storage.get("a"))?.result, 7);
 * ```
 */
export function createMemoryJobStorage(
  { mostJobs = 100_000 }: MemoryJobStorageOptions = {},
): JobStorage {
  const jobs = new Map<string, QueuedJob>();
  return {
    kind: "memory",
    location: "memory:",
    put(job) {
      jobs.delete(job.id);
      jobs.set(job.id, structuredClone(job));
      if (jobs.size > mostJobs) jobs.delete(jobs.keys().next().value!);
      return Promise.resolve();
    },
    get: (id) => Promise.resolve(structuredClone(jobs.get(id))),
    // deno-lint-ignore require-await -- what is refused is rejected
    async list({ group, state, after, limit } = {}) {
      const fitting = [...jobs.values()].filter((job) =>
        (group === undefined || job.group === group) && (state === undefined || job.state === state)
      ).sort((a, b) => b.addedAt.getTime() - a.addedAt.getTime() || (a.id < b.id ? 1 : -1));
      const from = after === undefined ? 0 : fitting.findIndex(({ id }) => id === after) + 1;
      if (after !== undefined && from === 0) throw notListed(after);
      return structuredClone(fitting.slice(from, limit === undefined ? undefined : from + limit));
    },
    remove: (id) => Promise.resolve(jobs.delete(id)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
