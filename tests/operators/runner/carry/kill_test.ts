import { assertStringIncludes } from "@std/assert";
import { dirname, join } from "@std/path";
import { readFile } from "node:fs/promises";
import { realSystem } from "../../../../core/system.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";
import { startSlurm } from "../../../support/servers/programs/slurm.ts";
import { withoutHanging } from "../../../support/without_hanging.ts";
import type { WatchedProcess } from "../../../support/watch_process.ts";
import { endsWell, killProject } from "./kill_project.ts";

const RUN = ["pipeline", "run", "pipeline.json", "--engine"];
const QUEUES = ["redis", "postgres"] as const;
const BEGUN = "kills@1 second started";

Deno.test("local: a run survives kills of a step and of itself", async () => {
  await using project = await killProject("local:");
  const first = project.start(...RUN);
  const [one] = await project.begun(1);
  project.kill(one);
  const [, ...others] = await project.begun(2); // the watcher handed it over again
  await first.stop("SIGKILL");
  for (const pid of others) project.kill(pid);
  await project.go();
  await endsWell(project.start(...RUN));
  await project.check();
});

programTest("a run survives kills of its workers", QUEUES, async ({ shared, kind }) => {
  const { url } = await shared();
  await using project = await killProject(`${url}?queue=kills-${kind}`);
  const workers = [project.start("worker"), project.start("worker")];
  for (const worker of workers) await worker.until(() => worker.stderr.includes("taking steps"));
  const run = project.start(...RUN);
  let pids: number[] = [];
  for (let count = 1; count <= 2; count++) {
    pids = await project.begun(count);
    const busy = await beginning(workers);
    workers.splice(workers.indexOf(busy), 1);
    await busy.stop("SIGKILL");
    for (const pid of pids) project.kill(pid);
  }
  project.start("worker");
  await project.begun(3);
  await project.go();
  await endsWell(run);
  await project.check();
});

programTest("a run survives a kill of its queue's server", QUEUES, async ({ own }) => {
  await using server = await own();
  await using project = await killProject(server.url);
  const worker = project.start("worker");
  await worker.until(() => worker.stderr.includes("taking steps"));
  const run = project.start(...RUN);
  await project.begun(1);
  await server.kill();
  await server.start();
  await project.go();
  await endsWell(run);
  await project.check();
});

programTest("workers complete a detached run", QUEUES, async ({ shared, kind }) => {
  const { url } = await shared();
  await using project = await killProject(`${url}?queue=alone-${kind}`);
  const worker = project.start("worker");
  await endsWell(project.start(...RUN, "--detach"));
  await project.begun(1);
  await project.go();
  await worker.until(() => worker.stderr.includes("kills@1 third succeeded"));
  await project.check();
});

programTest("a detached run survives an outage as a step ends", QUEUES, async ({ own }) => {
  await using server = await own();
  await using project = await killProject(server.url);
  const worker = project.start("worker", "--verbose");
  await worker.until(() => worker.stderr.includes("taking steps"));
  await endsWell(project.start(...RUN, "--detach"));
  await project.begun(1);
  await server.kill();
  await project.go();
  await project.saved("second");
  await worker.until(() => /trying again|trouble/.test(worker.stderr));
  await server.start();
  await worker.until(() => worker.stderr.includes("kills@1 third succeeded"));
  await project.check();
});

programTest("a detached run survives a kill of its step", QUEUES, async ({ shared, kind }) => {
  const { url } = await shared();
  await using project = await killProject(`${url}?queue=killed-${kind}`);
  const worker = project.start("worker");
  await worker.until(() => worker.stderr.includes("taking steps"));
  await endsWell(project.start(...RUN, "--detach"));
  const [one] = await project.begun(1);
  project.kill(one);
  await project.begun(2);
  await project.go();
  await worker.until(() => worker.stderr.includes("kills@1 third succeeded"));
  await project.check();
});

programTest(
  "a worker finishes its step at SIGTERM, and hands it back at a second one",
  "redis",
  async ({ shared }) => {
    const { url } = await shared();
    await using project = await killProject(`${url}?queue=graceful`);
    const run = project.start(...RUN);
    const first = project.start("worker");
    await project.begun(1);
    const ending = first.until(() => first.stderr.includes("finishing 1 step"));
    first.signal("SIGTERM");
    await ending;
    first.signal("SIGTERM");
    await endsWell(first);
    assertStringIncludes(first.stderr, "second handed back");
    const second = project.start("worker");
    await project.begun(2);
    second.signal("SIGTERM");
    await second.until(() => second.stderr.includes("finishing 1 step"));
    await project.go();
    await endsWell(second);
    assertStringIncludes(second.stderr, "kills@1 second succeeded");
    const third = project.start("worker");
    await endsWell(run);
    await third.stop("SIGTERM");
    await project.check();
  },
);

programTest("slurm: a run survives kills of a step and the controller", "slurm", async () => {
  await using slurm = await startSlurm();
  await using project = await killProject("slurm:", slurm.env);
  const run = project.start(...RUN);
  const [one] = await project.begun(1);
  project.kill(one);
  await project.begun(2);
  await withoutHanging(
    "a job that Slurm keeps",
    untilKept(slurm.env!.SLURM_CONF, "kills-1-second-"),
  );
  await slurm.killController();
  await slurm.startController();
  await project.go();
  await endsWell(run);
  await project.check();
});

/** The worker that has begun the step; the others are heard of meanwhile. */
async function beginning(workers: readonly WatchedProcess[]): Promise<WatchedProcess> {
  return await Promise.any(
    workers.map((worker) => worker.until(() => worker.stderr.includes(BEGUN)).then(() => worker)),
  );
}

/** Slurm forgets a job if its controller dies before it recorded the job, and may then drain the node. */
async function untilKept(configuration: string, job: string): Promise<void> {
  const state = join(dirname(configuration), "state/job_state");
  const isKept = (text: string) => new RegExp(`${job}[0-9a-f]{16}-2`).test(text);
  while (!isKept(await readFile(state, "latin1").catch(() => ""))) await realSystem.sleep(50);
}
