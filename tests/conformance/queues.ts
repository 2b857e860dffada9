/**
 * The conformance suite for queues of jobs: cases as data, and a runner for any test framework.
 *
 * @example
 * ```ts ignore
 * import { testQueue } from "@holdfast/holdfast/testing";
 *
 * testQueue(Deno.test, (name) => openMyQueue(name), { name: "mine" });
 * ```
 *
 * @module
 */
import type { JobQueue } from "../../extensions/queues/queue.ts";
import type { RegisterTest } from "./backend/backend_case.ts";
import { afterwardsCases } from "./queues/afterwards.ts";
import { cancellingCases } from "./queues/cancelling.ts";
import type { JobStorage } from "../../extensions/queues/job_storage/contract.ts";
import { jobsCases } from "./queues/jobs.ts";
import { jobStorageCases } from "./queues/job_storage.ts";
import type { QueueCase } from "./queues/queue_case.ts";
import { repeatingCases } from "./queues/repeating.ts";
import { workingCases } from "./queues/working.ts";

export { jobStorageCases } from "./queues/job_storage.ts";
export type { JobStorageCase } from "./queues/job_storage.ts";
export type { QueueCase, QueueCaseContext } from "./queues/queue_case.ts";

/** Every case of the contract of a queue. */
export const queueCases: readonly QueueCase[] = [
  ...jobsCases,
  ...workingCases,
  ...cancellingCases,
  ...afterwardsCases,
  ...repeatingCases,
];

/**
 * Registers a test for each case.
 *
 * @param test a function that registers a test: `Deno.test`, or `test` of `node:test`
 * @param open opens the queue with a name, at first empty, then as another process does
 * @param options the prefix of the names of tests
 */
export function testQueue(
  test: RegisterTest,
  open: (queue: string) => Promise<JobQueue>,
  { name = "queue" }: { name?: string } = {},
): void {
  for (const [index, { name: caseName, run }] of queueCases.entries()) {
    test(`${name}: ${caseName}`, () => runQueueCase(run, () => open(`case-${index}`)));
  }
}

/** Runs a case on a queue, and disposes of everything it opened. */
export async function runQueueCase(
  run: QueueCase["run"],
  open: () => Promise<JobQueue>,
): Promise<void> {
  const opened: JobQueue[] = [];
  const again = async () => {
    const queue = await open();
    opened.push(queue);
    return queue;
  };
  try {
    await run({ queue: await again(), again });
  } finally {
    for (const queue of opened) await queue[Symbol.asyncDispose]();
  }
}

/**
 * Registers a test for each case of the contract of job storages.
 *
 * @param test a function that registers a test: `Deno.test`, or `test` of `node:test`
 * @param open opens the storage with a name, at first empty; the test disposes of it
 * @param options the prefix of the names of tests
 */
export function testJobStorage(
  test: RegisterTest,
  open: (storage: string) => Promise<JobStorage>,
  { name = "job storage" }: { name?: string } = {},
): void {
  for (const [index, { name: caseName, run }] of jobStorageCases.entries()) {
    test(`${name}: ${caseName}`, async () => {
      const storage = await open(`case-${index}`);
      try {
        await run(storage);
      } finally {
        await storage[Symbol.asyncDispose]();
      }
    });
  }
}
