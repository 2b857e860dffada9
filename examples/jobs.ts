// deno run -A examples/jobs.ts redis://127.0.0.1:6379
//
// Jobs on Redis: a program submits jobs, and workers on any machine run them. Each job saves a
// report, and a job that runs twice saves it once. Start more workers with
// `holdfast worker --tasks examples/jobs.ts --queue redis://127.0.0.1:6379`.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { openRegistry } from "@holdfast/holdfast";
import { createPlugins, JobRunner, type QueueRunner, workTasks } from "@holdfast/holdfast/plugins";

const folder = process.env.REPORTS ?? await mkdtemp(join(tmpdir(), "holdfast-jobs-"));
const registry = await openRegistry(folder);

/** The tasks that a worker can run. Jobs contain only the name of a task and its input. */
export const plugins = createPlugins({ registry });

let failures = 1; // the first attempt of one job fails, to show what happens then

plugins.defineTask("report", async ({ day }: { day: string }, { jobId, signal, progress }) => {
  await progress({ step: "reading" });
  if (day === "Tuesday" && failures-- > 0) throw new Error("the disk is busy");
  // The id of the job makes the save happen once, however often the job runs.
  const saved = await registry.save(`report:${day}`, { day, trips: day.length * 100 }, {
    idempotencyKey: jobId,
    signal,
  });
  return { version: saved.version };
});

if (import.meta.main) {
  const [url = "redis://127.0.0.1:6379"] = process.argv.slice(2);
  const place = { url, queue: `reports-${process.pid}` }; // usually one name, that all use
  const { queue } = await plugins.shared(JobRunner, "redis", place) as QueueRunner;

  // 1. Submit. The key becomes the id of the job: submitting it again adds nothing.
  const task = plugins.createTask("report").addBehavior("schedule_job", {
    ...{ job_type: "redis", ...place },
    ...{ attempts: 3, backoffMs: 100 },
  });
  const days = ["Monday", "Tuesday", "Wednesday"];
  for (const day of [...days, "Monday"]) await task.submit({ day }, { idempotencyKey: day });
  console.log(`waiting: ${(await queue.list({ state: "waiting" })).length}`);

  // 2. Work: usually in other processes.
  const worker = await workTasks(plugins, queue, { concurrency: 2 });

  // 3. Wait for the results.
  for (const day of days) {
    for await (const { job } of queue.watch(day)) {
      if (job.state !== "done") continue;
      console.log(`${day}: done after ${job.attemptsMade} of 3 attempts`, job.result);
    }
  }
  await worker.close();
  for await (const name of registry.names()) console.log(name, await registry.load(name));

  for (const day of days) await queue.remove(day);
  await plugins[Symbol.asyncDispose]();
  await registry.close();
  await rm(folder, { recursive: true });
}
