// The engine for Slurm, 22.05 or newer, over its programs `sbatch`, `squeue`, `sacct` and
// `scancel`.
//
// Ids of Slurm's jobs may get lost and are reused. So a delivery is identified by the name of its
// job, and is lost if Slurm does not list that name.
import { execFile } from "node:child_process";
import { fault, unavailable } from "../../core/errors.ts";
import type { Engine, EngineState, EngineStep } from "../../core/engine.ts";
import type { SignalOptions } from "../../core/registry.ts";
import { realSystem, type System } from "../../core/system.ts";
import { MARK } from "../process/marks.ts";
import { ownVariables } from "../process/step_variables.ts";
import { checkCommand, idOf, parseId, type PartState, refused, wholeOf } from "./parts.ts";
import { shellLine, shellWord } from "../process/shell_words.ts";

interface SlurmEngineOptions {
  /** Variables added to those of this process, such as `SLURM_CONF`. @default none */
  env?: Readonly<Record<string, string>>;
  /** Additional arguments of `sbatch`, such as `["--partition=gpu"]`. @default none */
  arguments?: readonly string[];
  /** Environment of Slurm's programs and jobs. @default that of this process */
  system?: System;
}

/** A job of `squeue --json`: the fields that are used. */
interface SlurmJob {
  name: string;
  comment?: string | null;
  /** One word; since Slurm 23.02 a list of them. */
  job_state: string | string[];
  exit_code: number | { return_code?: { number?: number } };
  state_reason: string;
}

type KnownPart = PartState & { run: string; id: string };

/** Creates the engine. It calls no program before the first step. */
export function createSlurmEngine(options: SlurmEngineOptions = {}): Engine {
  const { arguments: more = [], system = realSystem } = options;
  const env = { ...inheritable(ownVariables(system)), ...options.env };
  const call = (
    program: string,
    args: readonly string[],
    input = "",
    { signal }: SignalOptions = {},
  ) => run(program, args, { env, input, signal });

  async function known(options?: SignalOptions): Promise<Map<string, KnownPart[]>> {
    const partsByName = new Map<string, KnownPart[]>();
    const add = (name: string, part: KnownPart) =>
      partsByName.set(name, [...partsByName.get(name) ?? [], part]);
    for (const job of jobsIn(await call("squeue", ["--json"], "", options))) {
      const [run = "", step, id = job.name] = (job.comment ?? "").split(" ");
      const states = [job.job_state].flat();
      const state = states.find((one) => one === "COMPLETING") ?? states[0] ?? "";
      add(job.name, { ...stateOf(state, codeOf(job)), run, step, id });
    }
    return partsByName;
  }

  /** Returns the accounting records of jobs that Slurm no longer lists. */
  async function remembered(name: string, options?: SignalOptions): Promise<PartState[]> {
    const args = `-c -n -P -S now-30days --name=${name} -o JobName,State,ExitCode`.split(" ");
    const listed = await call("sacct", args, "", options).catch(() => "");
    return listed.split("\n").map((line) => line.split("|")).filter(([jobName]) => jobName === name)
      .map(([, state = "", code = ""]) => stateOf(state.replace(/ .*/, ""), parseInt(code)))
      .filter(({ state }) => state !== "waiting"); // a requeued job has a record from before
  }

  return {
    kind: "slurm",
    location: "slurm:",
    async submit(step, options) {
      const id = idOf(step);
      checkCommand(step);
      if ((await known(options)).has(step.name)) return id;
      await call("sbatch", [...argumentsOf(step), ...more], scriptOf(step), options);
      return id;
    },
    async poll(ids, options) {
      const partsByName = await known(options);
      return await Promise.all(ids.map(async (id) => {
        const { name, shards } = parseId(id) ?? { name: id, shards: 0 };
        const parts: PartState[] = partsByName.get(name) ??
          (shards > 0 ? await remembered(name, options) : []);
        return wholeOf(id, parts);
      }));
    },
    async cancel(id, options) {
      const { name } = parseId(id) ?? {};
      if (name !== undefined) await call("scancel", [`--name=${name}`, "--full"], "", options);
    },
    async list(run, options) {
      return [...await known(options)].flatMap(([, parts]) => {
        const mine = parts.find((part) => part.run === run);
        return mine === undefined ? [] : [wholeOf(mine.id, parts)];
      });
    },
    async close() {
      await this[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function argumentsOf({ name, run, step, resources, timeoutMs, shards = 1, node }: EngineStep) {
  const { cpuRequest, memoryRequest, gpuRequest } = resources;
  const most = node === undefined ? "" : `%${node.runnerCount}`;
  return [
    "--parsable",
    `--job-name=${name}`,
    `--comment=${run} ${step} ${idOf({ name, shards })}`,
    "--output=/dev/null",
    "--open-mode=append",
    ...(cpuRequest === undefined ? [] : [`--cpus-per-task=${Math.max(1, Math.ceil(cpuRequest))}`]),
    ...(memoryRequest === undefined ? [] : [`--mem=${Math.ceil(memoryRequest / 2 ** 20)}M`]),
    ...(gpuRequest === undefined ? [] : [`--gres=gpu:${Math.ceil(gpuRequest)}`]),
    // Slurm takes whole minutes; `timeout` in the script is exact.
    ...(timeoutMs === undefined ? [] : [`--time=${Math.ceil(timeoutMs / 60_000) + 1}`]),
    ...(shards === 1 ? [] : [`--array=0-${shards - 1}${most}`]),
  ];
}

function scriptOf({ command, cwd, env, timeoutMs, shards = 1 }: EngineStep): string {
  const timeout = timeoutMs === undefined
    ? []
    : ["timeout", "--kill-after=5", `${timeoutMs / 1000}`];
  const lines = [
    "#!/bin/sh",
    ...Object.entries(env).map(([name, value]) =>
      `export ${checkedName(name)}=${shellWord(value)}`
    ),
    ...(shards === 1 ? [] : [`export HOLDFAST_SHARD="$SLURM_ARRAY_TASK_ID/${shards}"`]),
    `cd ${shellWord(cwd)} || exit 5`,
    `exec ${shellLine([...timeout, ...command])}`,
  ];
  return `${lines.join("\n")}\n`;
}

function checkedName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw refused(
    "a step",
    `${JSON.stringify(name)} is not a valid variable name`,
    "Use letters, digits and _, as in MY_VARIABLE.",
  );
}

/** States of jobs that Slurm still has, or that ended well. Others ended: another one may begin. */
const STATES: Readonly<Record<string, EngineState>> = {
  PENDING: "waiting",
  REQUEUED: "waiting",
  REQUEUE_FED: "waiting",
  REQUEUE_HOLD: "waiting",
  RESV_DEL_HOLD: "waiting",
  SPECIAL_EXIT: "waiting",
  SUSPENDED: "running",
  RUNNING: "running",
  COMPLETING: "running",
  CONFIGURING: "running",
  RESIZING: "running",
  SIGNALING: "running",
  STAGE_OUT: "running",
  STOPPED: "running",
  COMPLETED: "ended",
  CANCELLED: "cancelled",
};

/** Exit code of `timeout` for a command that it ended. */
const TIMED_OUT = 124;

function stateOf(state: string, code: number): PartState {
  const known = STATES[state] ?? "failed";
  if (known === "ended") return { state: known, exitCode: 0 };
  if (known !== "failed") return { state: known };
  const reason = code === TIMED_OUT ? "it took too long" : state === "FAILED" ? undefined : state;
  return { state: known, exitCode: code > 0 ? code : undefined, reason };
}

function jobsIn(listed: string): SlurmJob[] {
  try {
    return (JSON.parse(listed) as { jobs: SlurmJob[] }).jobs;
  } catch (cause) {
    throw unavailable("read the answer of Slurm's", "squeue", "it is not JSON", {
      hint: "Use Slurm 22.05 or newer: squeue --json",
      cause,
    });
  }
}

/** Returns the exit code. Older versions report the raw status, with the code in its upper byte. */
function codeOf({ exit_code: status }: SlurmJob): number {
  return typeof status === "number" ? status >> 8 : status?.return_code?.number ?? 0;
}

interface CallOptions extends SignalOptions {
  env: Readonly<Record<string, string>>;
  input: string;
}

/** Settings of Slurm's programs. Other variables with these prefixes describe the current job. */
const SETTINGS = new Set([
  "SLURM_CONF",
  "SLURM_CONF_SERVER",
  "SLURM_CLUSTERS",
  "SLURM_JWT",
  "SLURM_DEBUG_FLAGS",
]);

/** Variables that a job must not inherit: shard and mark of this process, array settings. */
const OF_THIS_PROCESS = new Set(["HOLDFAST_SHARD", MARK, "SBATCH_ARRAY_INX", "SBATCH_WAIT"]);

const DEVICES = new Set([
  "CUDA_VISIBLE_DEVICES",
  "GPU_DEVICE_ORDINAL",
  "ROCR_VISIBLE_DEVICES",
  "ZE_AFFINITY_MASK",
]);

/** Removes variables of this process: `sbatch` passes all its variables to the job. */
function inheritable(variables: Readonly<Record<string, string>>): Record<string, string> {
  const isJob = variables.SLURM_JOB_ID !== undefined;
  const isOwn = (name: string) =>
    OF_THIS_PROCESS.has(name) || (isJob && DEVICES.has(name)) ||
    (name.startsWith("SLURM_") && !SETTINGS.has(name));
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !isOwn(name)));
}

function run(
  program: string,
  args: readonly string[],
  { env, input, signal }: CallOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      "env", // exits with 127 if the program is missing
      [program, ...args],
      { env, signal, maxBuffer: 2 ** 30 },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        if (signal?.aborted) return reject(signal.reason);
        const lines = stderr.trim().split("\n");
        const refusal = lines.find((line) => REFUSED.test(line));
        const state = refusal ?? lines.at(-1) ?? "";
        const problem = error.code as unknown === 127 ? "missing" : refusal ? "refused" : "away";
        reject(fault({
          ...PROBLEMS[problem],
          action: "call Slurm's",
          subject: program,
          state: state || error.message,
          cause: error,
        }));
      },
    );
    child.stdin!.on("error", () => {});
    child.stdin!.end(input);
  });
}

/** Messages of `sbatch` for jobs that it never takes. Others may pass, such as "timed out". */
const REFUSED = new RegExp(
  "unrecognized option|\\binvalid (?!.*credential)|not permitted|than permitted|" +
    "not be satisfied|configuration is not available",
  "i",
);

const PROBLEMS = {
  missing: {
    code: "Unsupported",
    hint: "Run this where Slurm's programs are installed, such as its login node.",
  },
  refused: {
    code: "Invalid",
    hint: "Correct the resources of the step, or the arguments of sbatch: slurm:?partition=NAME.",
  },
  away: {
    code: "Unavailable",
    hint: "Check its controller: scontrol ping. Submitted steps continue.",
  },
} as const;
