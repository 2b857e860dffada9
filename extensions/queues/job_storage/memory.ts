// Stored jobs in this process: the reference of the contract.
import { pageOf } from "../checks/queue_checks.ts";
import { keepNewest } from "../../../core/kernel.ts";
import type { QueuedJob } from "../queue.ts";
import type { JobStorage } from "./contract.ts";

export function createMemoryJobStorage(
  { mostJobs = 100_000 }: {
    /** The number of stored jobs, the last ones to change. @default 100000 */
    mostJobs?: number;
  } = {},
): JobStorage {
  const jobs = new Map<string, QueuedJob>();
  return {
    kind: "memory",
    location: "memory:",
    put(job) {
      jobs.delete(job.id);
      jobs.set(job.id, structuredClone(job));
      keepNewest(jobs, mostJobs);
      return Promise.resolve();
    },
    get: (id) => Promise.resolve(structuredClone(jobs.get(id))),
    // deno-lint-ignore require-await -- errors must be rejections
    async list(options = {}) {
      const newestFirst = [...jobs.values()].sort((a, b) =>
        b.addedAt.getTime() - a.addedAt.getTime() || (a.id < b.id ? 1 : -1)
      );
      return structuredClone(pageOf(newestFirst, options, (job) => job));
    },
    remove: (id) => Promise.resolve(jobs.delete(id)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
