/**
 * Mistakes of queues.
 *
 * @module
 */
import type { Mutant } from "../../mutant.ts";

/** Mistakes of queues. */
export const QUEUES: readonly Mutant[] = [
  {
    name: "queue/same-id-again",
    file: "queues/memory.ts",
    text: "if (entries.has(job.id)) continue;",
    replacement: "",
    foundBy: { test: "tests/queues/conformance_test.ts", name: "memory queue: an id that is known" },
  },
  {
    name: "queue/ended-jobs-kept",
    file: "queues/memory.ts",
    text: "if (ended.size > mostEnded) forget(first);",
    replacement: "void first;",
    foundBy: { test: "tests/queues/memory_test.ts", name: "a queue in memory forgets" },
  },
  {
    name: "queue/removed-job-begins",
    file: "queues/memory.ts",
    text: " || entries.get(entry.job.id) !== entry",
    replacement: "",
    foundBy: { test: "tests/queues/memory_test.ts", name: "a job that was removed while" },
  },
  {
    name: "queue/priority-ignored",
    file: "queues/memory.ts",
    text: "if ((best.job.priority ?? 0) === 0) break;",
    replacement: "break;",
    foundBy: { test: "tests/queues/conformance_test.ts", name: "memory queue: the lowest priority" },
  },
  {
    name: "queue/waiting-cancelled-begins",
    file: "queues/bullmq/worker.ts",
    text: "    if (entry.cancelled !== undefined) throw neverAgain(entry.cancelled);\n    running.set",
    replacement: "    running.set",
    foundBy: { test: "tests/queues/conformance_test.ts", name: "queue: a waiting job that is cancelled" },
  },
  {
    name: "queue/tables-elsewhere",
    file: "queues/bullmq/postgres.ts",
    text: '  address.searchParams.delete("options");',
    replacement: "  void 0;",
    foundBy: { test: "tests/queues/bullmq_test.ts", name: "options in the URL" },
  },
];
