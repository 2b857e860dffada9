// The engine for Slurm, 22.05 or newer, over its programs `sbatch`, `squeue`, `sacct` and
// `scancel`.
//
// Ids of Slurm's jobs may get lost and are reused. So a delivery is identified by the name of its
// job, and is lost if Slurm does not list that name. Only these names are listed: a cluster may have
// ten thousand other jobs.
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

type KnownPart = PartState & { name: string; run: string; id: string };

/** Fields of `squeue`, each as wide as its longest value. */
const FIELDS = { State: 32, exit_code: 16, Name: 121, Comment: 2048 };
const LISTING = ["--noheader", "--all", "--states=all"];
const FORMAT = `--Format=State:${FIELDS.State},exit_code:${FIELDS.exit_code},Name:${FIELDS.Name}`;
const WITH_COMMENT = `${FORMAT},Comment:${FIELDS.Comment}`;
/** Names of one call: an argument has up to 128 KiB. */
const MOST_NAMES = 500;

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

  /** Lists jobs with some names, or all of this user. */
  async function list(
    chosen: readonly string[],
    options?: SignalOptions,
  ): Promise<Map<string, KnownPart[]>> {
    const listed = await call("squeue", [...LISTING, ...chosen], "", options);
    return Map.groupBy(partsIn(listed), ({ name }) => name);
  }

  /** Lists jobs by their names: those of this user, which Slurm finds fast, then all others. */
  async function known(
    names: readonly string[],
    options?: SignalOptions,
  ): Promise<Map<string, KnownPart[]>> {
    const found = new Map<string, KnownPart[]>();
    for (const users of [["--me"], []]) {
      const missing = names.filter((name) => !found.has(name));
      for (let at = 0; at < missing.length; at += MOST_NAMES) {
        const some = `--name=${missing.slice(at, at + MOST_NAMES).join()}`;
        const listed = await list([FORMAT, ...users, some], options);
        for (const [name, parts] of listed) found.set(name, parts);
      }
    }
    return found;
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
      if ((await known([step.name], options)).has(step.name)) return id;
      await call("sbatch", [...argumentsOf(step), ...more], scriptOf(step), options);
      return id;
    },
    async poll(ids, options) {
      const names = ids.flatMap((id) => parseId(id)?.name ?? []);
      const partsByName = await known(names, options);
      return await Promise.all(ids.map(async (id) => {
        const { name } = parseId(id) ?? {};
        if (name === undefined) return wholeOf(id, []);
        return wholeOf(id, partsByName.get(name) ?? await remembered(name, options));
      }));
    },
    async cancel(id, options) {
      const { name } = parseId(id) ?? {};
      if (name !== undefined) await call("scancel", [`--name=${name}`, "--full"], "", options);
    },
    async list(run, options) {
      return [...await list([WITH_COMMENT, "--me"], options)].flatMap(([, parts]) => {
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

/** Reads the lines of `squeue`. Lines of names and comments of other jobs are left out. */
function partsIn(listed: string): KnownPart[] {
  const lines = listed.split("\n").filter((line) => line !== "");
  const parts = lines.map(partIn);
  if (lines.length > 0 && parts[0] === undefined) {
    throw unavailable("read the answer of Slurm's", "squeue", "unknown columns", {
      hint: "Use Slurm 22.05 or newer.",
    });
  }
  return parts.filter((part) => part !== undefined);
}

function partIn(line: string): KnownPart | undefined {
  let at = 0;
  const [state = "", status = "", name = "", comment = ""] = Object.values(FIELDS).map((width) =>
    line.slice(at, at += width).trim()
  );
  if (!/^[A-Z_]+$/.test(state) || !/^\d+(:\d+)?$/.test(status)) return undefined;
  const [run = "", step, id = name] = comment.split(" ");
  return { ...stateOf(state, codeOf(status)), name, run, step, id };
}

/** Returns the exit code of a raw status, with the code in its upper byte, or of `code:signal`. */
function codeOf(status: string): number {
  return status.includes(":") ? parseInt(status) : Number(status) >> 8;
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
