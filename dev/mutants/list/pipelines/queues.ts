// Mistakes of queues.
import type { Mutant } from "../../mutant.ts";

/** Mistakes of queues. */
export const QUEUES: readonly Mutant[] = [
  {
    name: "queue/same-id-again",
    file: "queues/memory.ts",
    text: "if (!entries.has(job.id)) add(job);",
    replacement: "add(job);",
    foundBy: {
      test: "tests/queues/conformance_test.ts",
      name: "memory queue: an id that is known",
    },
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
    foundBy: {
      test: "tests/queues/conformance_test.ts",
      name: "memory queue: the lowest priority",
    },
  },
  {
    name: "queue/waiting-cancelled-begins",
    file: "queues/bullmq/worker.ts",
    text: "    if (cancelled !== undefined) throw neverAgain(cancelled);",
    replacement: "",
    foundBy: {
      test: "tests/queues/conformance_test.ts",
      name: "queue: a waiting job that is cancelled",
    },
  },
  {
    name: "queue/tables-elsewhere",
    file: "queues/bullmq/postgres.ts",
    text: '  address.searchParams.delete("options");',
    replacement: "  void 0;",
    foundBy: { test: "tests/queues/bullmq_test.ts", name: "options in the URL" },
  },
  {
    name: "queue/rate-forgotten",
    file: "queues/memory.ts",
    text: "if (window.begun < max) return",
    replacement: "if (window.begun < max + 9) return",
    foundBy: {
      test: "tests/queues/conformance_test.ts",
      name: "memory queue: no more jobs are begun than the rate",
    },
  },
  {
    name: "queue/retry-keeps-attempts",
    file: "queues/memory.ts",
    text: "const before = { attemptsMade: 0, ",
    replacement: "const before = { ",
    foundBy: {
      test: "tests/queues/conformance_test.ts",
      name: "memory queue: a job that failed waits again",
    },
  },
  {
    name: "queue/page-leaves-one-out",
    file: "queues/memory.ts",
    text: "job.id === after) + 1;",
    replacement: "job.id === after) + 2;",
    foundBy: {
      test: "tests/queues/conformance_test.ts",
      name: "memory queue: jobs that failed are listed by themselves",
    },
  },
  {
    name: "queue/unscheduled-job-stays",
    file: "queues/memory/schedules.ts",
    text: "    if (known !== undefined) forget(known.jobId);",
    replacement: "",
    foundBy: {
      test: "tests/queues/conformance_test.ts",
      name: "memory queue: what is scheduled is done again",
    },
  },
  {
    name: "queue/event-heard-again",
    file: "core/services/watch_job.ts",
    text: "if (id !== heard) yield",
    replacement: "yield",
    foundBy: {
      test: "tests/queues/conformance_test.ts",
      name: "memory queue: who watches a job hears",
    },
  },
  {
    name: "queue/mark-of-cancellation-stays",
    file: "queues/bullmq.ts",
    text: "if (isMarked) await job.updateData",
    replacement: 'if (isMarked && id === "") await job.updateData',
    foundBy: {
      test: "tests/queues/conformance_test.ts",
      name: "queue: a job that was cancelled waits again",
    },
  },
  {
    name: "queue/ended-jobs-compared",
    file: "queues/bullmq/job_form.ts",
    text: '(store === "postgres" ? {} : { count: MOST_ENDED })',
    replacement: "{ count: MOST_ENDED }",
    foundBy: { test: "tests/queues/bullmq/trim_test.ts", name: "no job on PostgreSQL asks" },
  },
  {
    name: "jobs/background-begins-at-once",
    file: "plugins/jobs/in_process.ts",
    text: "    await begins.get(id)?.promise;\n",
    replacement: "",
    foundBy: {
      test: "tests/plugins/jobs/runners_test.ts",
      name: "a background begins its jobs when it is run",
    },
  },
  {
    name: "jobs/end-does-not-wait",
    file: "plugins/jobs/in_process.ts",
    text: "for (const { id } of await queue.list({ state })) await untilOver(id);",
    replacement: "await queue.list({ state });",
    foundBy: {
      test: "tests/plugins/jobs/runners_test.ts",
      name: "the end of a set of plugins waits also",
    },
  },
  {
    name: "jobs/odd-result-fails",
    file: "plugins/jobs/in_process.ts",
    text: "result !== undefined && plainProblem(result) === undefined ? ",
    replacement: "result !== undefined ? ",
    foundBy: {
      test: "tests/plugins/jobs/runners_test.ts",
      name: "what a function gives in this process",
    },
  },
  {
    name: "jobs/other-kinds-run",
    file: "plugins/jobs/task_job.ts",
    text: "if (kind === TASK_KIND) return",
    replacement: 'if (kind !== "") return',
    foundBy: { test: "tests/plugins/jobs/servers_test.ts", name: "a job that is no task" },
  },
  {
    name: "queue/told-though-over",
    file: "queues/memory/worker.ts",
    text: "if (!over) alter",
    replacement: "alter",
    foundBy: {
      test: "tests/queues/memory_test.ts",
      name: "a job that is handed back was no attempt",
    },
  },
  {
    name: "jobs/storage-forgets-nothing",
    file: "queues/job_storage/redis.ts",
    text: ', "PX", keepMs]',
    replacement: "]",
    foundBy: { test: "tests/queues/job_storage_test.ts", name: "a storage on Redis keeps a job" },
  },
];
