// Runners of jobs that a test ends itself.
import {
  JobRunner,
  type Plugins,
  type RunCallOptions,
  type ScheduledCall,
  type ScheduleOptions,
} from "../../../extensions/plugins/mod.ts";

export interface HeldJob {
  id: string;
  call: ScheduledCall;
  options: ScheduleOptions;
}

/** Holds jobs until the test runs them. An id that is known is the same job. */
export interface HoldingRunner extends JobRunner {
  readonly jobs: HeldJob[];
  runAll(options?: RunCallOptions): Promise<unknown[]>;
}

export function createHoldingRunner({ crossesProcess = false } = {}): HoldingRunner {
  const jobs: HeldJob[] = [];
  let done = 0;
  return {
    crossesProcess,
    jobs,
    schedule(call, options) {
      const id = options.idempotencyKey ?? `job-${jobs.length + 1}`;
      if (!jobs.some((job) => job.id === id)) {
        jobs.push({ id, call: structuredClone(call), options });
      }
      return Promise.resolve(id);
    },
    async runAll(options) {
      const results: unknown[] = [];
      while (done < jobs.length) results.push(await jobs[done++].options.run(options));
      return results;
    },
  };
}

export function holdJobs(
  plugins: Plugins,
  name = "held",
  options: { crossesProcess?: boolean } = {},
): HoldingRunner {
  const runner = createHoldingRunner(options);
  plugins.register(JobRunner, name, {
    create: () => runner,
    crossesProcess: options.crossesProcess,
  });
  return runner;
}

/** Sends what a runner holds over JSON, as a queue does, and runs it in another set of plugins. */
export async function runElsewhere(runner: HoldingRunner, worker: Plugins): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const { id, call } of runner.jobs.splice(0)) {
    results.push(await worker.runCall(JSON.parse(JSON.stringify(call)), { jobId: id }));
  }
  return results;
}
