// The time of W&B's client for points, a large file and many runs: with `serve --wandb`, and offline.
// MLflow's client does the same with its own server.
import { execFile } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { openRegistry } from "../../../mod.ts";
import {
  pythonOf as mlflowPython,
  serveTheirs,
} from "../../extensions/gateways/mlflow/serve_mlflow.ts";
import { pythonOf } from "../../extensions/gateways/wandb/serve_wandb.ts";
import { type BenchSettings, type Group, type Measure, median, type Timing } from "../measure.ts";
import { CLIENT, writeFile } from "./mlflow_model.ts";
import { peakRssMib, startService } from "./uploads.ts";

/** Measures what is between, with the processes of the client. */
const MEASURED = `
import json, resource, sys, time
from concurrent.futures import ThreadPoolExecutor
points, runs, file = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
def used(who): return sum(resource.getrusage(who)[:2])
cpu, begun, calls = used(resource.RUSAGE_SELF), time.perf_counter(), None
def ended(end=lambda: None):
    wall = time.perf_counter() - begun
    end()
    spent = used(resource.RUSAGE_SELF) + used(resource.RUSAGE_CHILDREN) - cpu
    print("\\n" + json.dumps({"wallMs": 1000 * wall, "cpuMs": 1000 * spent, "callUs": calls}))
`;

const WANDB = `
import wandb
wandb.setup()
${MEASURED}
def log(run, count):
    begun = time.perf_counter()
    for i in range(count): run.log({"loss": 1 / (1 + i), "accuracy": i / count})
    return 1e6 * (time.perf_counter() - begun) / count
def whole(at):
    run = wandb.init(project="bench", reinit="create_new")
    log(run, points)
    run.finish()
`;

const MLFLOW = `
import mlflow
from mlflow.entities import Metric
mlflow.set_experiment("bench")
client, experiment = mlflow.MlflowClient(), mlflow.get_experiment_by_name("bench").experiment_id
${MEASURED}
def log(run, count):
    begun = time.perf_counter()
    for i in range(count): mlflow.log_metrics({"loss": 1 / (1 + i), "accuracy": i / count}, step=i, run_id=run, synchronous=False)
    return 1e6 * (time.perf_counter() - begun) / count
def begin(): return client.create_run(experiment).info.run_id
def logged(at):
    run = begin()
    log(run, points)
    return run
`;

interface Task {
  readonly name: string;
  readonly count: number;
  readonly unit: Measure["unit"];
  readonly args: readonly [points: number, runs: number];
  readonly wandb: string;
  readonly mlflow: string;
}

export async function createWandbGroup(
  { folder, quick, largeMib, n = 100 }: BenchSettings,
): Promise<Group> {
  const mib = quick ? 64 : Math.min(largeMib, 1024), runs = quick ? 10 : n;
  const points = quick ? 1000 : 10_000, each = 100, source = join(folder, "model.bin");
  await writeFile(source, mib);
  const tasks: Task[] = [
    {
      name: `${points} points of a run`,
      count: points,
      unit: "op",
      args: [points, 1],
      wandb: `
run = wandb.init(project="bench")
calls = log(run, points)
run.finish()
ended(wandb.teardown)
`,
      mlflow: `
run = begin()
calls = log(run, points)
mlflow.flush_async_logging()
client.set_terminated(run)
ended()
`,
    },
    {
      name: `a file of ${mib} MiB`,
      count: mib,
      unit: "MiB",
      args: [0, 1],
      wandb: `
run = wandb.init(project="bench")
model = wandb.Artifact("model", type="model"); model.add_file(file)
model = run.log_artifact(model)
if not run.offline: model.wait()
run.finish()
ended(wandb.teardown)
`,
      mlflow: `
run = begin()
client.log_artifact(run, file, "model")
client.set_terminated(run)
ended()
`,
    },
    {
      name: `${runs} runs at once, ${each} points each`,
      count: runs,
      unit: "op",
      args: [each, runs],
      wandb: `
with ThreadPoolExecutor(runs) as all: list(all.map(whole, range(runs)))
ended(wandb.teardown)
`,
      mlflow: `
with ThreadPoolExecutor(runs) as all:
    begun_runs = list(all.map(logged, range(runs)))
    mlflow.flush_async_logging() # of all runs
    list(all.map(client.set_terminated, begun_runs))
ended()
`,
    },
  ];

  const measureOf = (task: Task, kind: "offline" | "ours" | "theirs"): Measure => {
    const names = {
      offline: `W&B's client, offline: ${task.name}`,
      ours: `W&B's client, to serve --wandb: ${task.name}`,
      theirs: `MLflow's client, to MLflow's server: ${task.name}`,
    };
    const calls: number[] = [];
    let memory = 0;
    return {
      name: names[kind],
      count: task.count,
      unit: task.unit,
      ...(kind === "ours" && { floor: names.offline, second: names.theirs }),
      async run() {
        const work = fs.mkdtempSync(join(folder, "work-"));
        try {
          await using server = await serverOf(kind, work);
          const program = kind === "theirs" ? MLFLOW + task.mlflow : WANDB + task.wandb;
          const python = kind === "theirs" ? mlflowPython("new") : pythonOf("new");
          const args = ["-c", program, ...task.args.map(String), source];
          const env = { ...process.env, HOME: work, ...CLIENT, ...server.env };
          const { stdout } = await promisify(execFile)(python, args, { cwd: work, env });
          const { callUs, ...timing } = JSON.parse(stdout.trim().split("\n").at(-1)!);
          if (callUs !== null) calls.push(callUs);
          if (server.pid !== undefined) memory = Math.max(memory, peakRssMib(server.pid));
          return timing as Timing;
        } finally {
          fs.rmSync(work, { recursive: true, force: true });
        }
      },
      columns: (): Record<string, string> => ({
        "time of a call": calls.length === 0 ? "" : `${Math.round(median(calls))} µs`,
        "memory of the server": memory === 0 ? "" : `${memory} MiB`,
      }),
    };
  };
  return {
    measures: tasks.flatMap((task) =>
      (["offline", "theirs", "ours"] as const).map((kind) => measureOf(task, kind))
    ),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const QUIET = { WANDB_SILENT: "true", WANDB_ERROR_REPORTING: "false", WANDB_DISABLE_GIT: "true" };

interface Served extends AsyncDisposable {
  readonly pid?: number;
  readonly env: Record<string, string>;
}

/** Starts the server of a measure, and returns the variables of its client. */
async function serverOf(kind: "offline" | "ours" | "theirs", work: string): Promise<Served> {
  const none = () => Promise.resolve();
  if (kind === "offline") {
    return { env: { ...QUIET, WANDB_MODE: "offline" }, [Symbol.asyncDispose]: none };
  }
  if (kind === "theirs") {
    const server = await serveTheirs("new");
    return {
      pid: server.pid,
      env: { MLFLOW_TRACKING_URI: server.url, MLFLOW_ASYNC_LOGGING_BUFFERING_SECONDS: "1" },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  }
  const root = join(work, "registry");
  await (await openRegistry(root))[Symbol.asyncDispose]();
  const server = await startService(root, ["--wandb"]);
  return {
    pid: server.pid,
    env: { ...QUIET, WANDB_BASE_URL: server.url, WANDB_API_KEY: "k".repeat(40) },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
