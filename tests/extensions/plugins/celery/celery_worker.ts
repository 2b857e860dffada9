// Real workers of Celery, and plugin sets that send tasks to them.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "@std/path";
import { realSystem } from "../../../../core/system.ts";
import { type CeleryRunner, createPlugins, JobRunner } from "../../../../extensions/plugins/mod.ts";
import type { Plugins } from "../../../../extensions/plugins/mod.ts";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { IS_QUICK, kindsOfShare } from "../../../support/seeds.ts";
import { programProblem, startProgram } from "../../../support/servers/programs/program_tests.ts";
import { spawnWatched, untilReady } from "../../../support/servers/watched_program.ts";
import { tempRoot } from "../../../support/temp_root.ts";

const versions = realSystem.env("HOLDFAST_CELERY") ??
  join(realSystem.env("HOME") ?? "", ".cache/holdfast-ci/celery");

const VERSIONS = ["new", "old"] as const;

/** Those of tasks.py but `finalize`. */
const TASKS = ["describe", "echo", "fail", "flaky", "slow", "note"];

export interface CeleryTest extends AsyncDisposable {
  readonly broker: string;
  readonly results: string;
  readonly root: string;
  readonly plugins: Plugins;
  runner(): Promise<CeleryRunner>;
  startWorker(options?: { concurrency?: number }): Promise<void>;
}

/** Registers a test for a version of Celery of each day. It is ignored where it is not installed. */
export function celeryTest(name: string, fn: (test: CeleryTest) => Promise<void>): void {
  for (const version of kindsOfShare(name, VERSIONS)) {
    const python = join(versions, version, "bin/python");
    const missing = IS_QUICK
      ? "a quick run starts no workers"
      : existsSync(python)
      ? programProblem("redis")
      : "Celery is not installed; .ci/run installs it";
    judgeTest(`${name} (${version} Celery)`, missing, async () => {
      await using test = await startCelery(python);
      await fn(test);
    });
  }
}

async function startCelery(python: string): Promise<CeleryTest> {
  const root = await tempRoot();
  const redis = await startProgram("redis");
  const [broker, results] = [`${redis.url}/1`, `${redis.url}/2`];
  const env: Record<string, string> = { CELERY_BROKER_URL: broker, CELERY_RESULT_BACKEND: results };
  const system = { ...realSystem, env: (name: string) => env[name] };
  const plugins = createPlugins({ system });
  for (const task of TASKS) plugins.defineTask(task, () => "in this process");
  let worker: ReturnType<typeof spawnWatched> | undefined;
  return {
    broker,
    results,
    root: root.path,
    plugins,
    runner: async () => await plugins.shared(JobRunner, "celery") as CeleryRunner,
    async startWorker({ concurrency = 2 } = {}) {
      const logFile = root.join("worker.log");
      const options = [
        "--concurrency",
        String(concurrency),
        "--without-gossip",
        "--without-mingle",
      ];
      worker = spawnWatched(
        [python, "-m", "celery", "-A", "tasks", "worker", "--loglevel", "INFO", ...options],
        {
          root: root.path,
          logFile,
          env: {
            BROKER: broker,
            RESULTS: results,
            C_FORCE_ROOT: "1",
            PYTHONPATH: import.meta.dirname!,
            PYTHONDONTWRITEBYTECODE: "1",
          },
        },
      );
      const isReady = async () =>
        / ready\.$/m.test(await readFile(logFile, "utf8").catch(() => ""));
      await untilReady(worker, isReady, { name: "a worker of Celery", logFile });
    },
    async [Symbol.asyncDispose]() {
      await plugins.close();
      await worker?.end("SIGQUIT"); // its children end with it
      await redis[Symbol.asyncDispose]();
      await root.remove();
    },
  };
}
