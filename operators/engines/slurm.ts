// The engine for Slurm, 22.05 or newer, over its programs `sbatch`, `squeue`, `sacct` and
// `scancel`.
//
// Ids of Slurm's jobs may get lost and are reused. So a delivery is identified by the name of its
// job, and is lost if Slurm does not list that name. Only these names are listed: a cluster may have
// ten thousand other jobs.
import { execFile } from "node:child_process";
import type { SignalOptions } from "../../registry/mod.ts";
import type { System } from "../../mod.ts";
import { fault, invalid, isRegistryError, realSystem, unavailable } from "../../core/kernel.ts";
import type { RegistryError } from "../../core/kernel.ts";
import type { Engine, EngineDriver, EngineState, EngineStep } from "../contract/engine.ts";
import { MARK } from "../process/marks.ts";
import { ownVariables } from "../process/step_variables.ts";
import { checkCommand, idOf, parseId, type PartState, refused, wholeOf } from "./parts.ts";
import { shellLine, shellWord } from "../process/shell_words.ts";
import { pipelineReasons } from "../contract/reasons.ts";

export const slurmDriver: EngineDriver = {
  help: "slurm:",
  open(url, { system }) {
    const [match, parameters] = /^slurm:?(?:\?(.*))?$/i.exec(url) ?? [];
    const pairs = [...new URLSearchParams(parameters)];
    if (match !== undefined && pairs.every(([name]) => /^[a-z][a-z-]*$/.test(name))) {
      return createSlurmEngine({
        arguments: pairs.map(([name, value]) => `--${name}=${value}`),
        system,
      });
    }
    throw invalid("open Slurm", undefined, "invalid arguments of sbatch after slurm:", {
      hint: "Use slurm: alone, or slurm:?partition=gpu&account=me.",
    });
  },
};

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
const FIELDS = { State: 32, exit_code: 16, Reason: 256, Name: 121, Comment: 2048 };
const LISTING = [
  "--noheader",
  "--all",
  "--states=all",
  `--Format=${Object.entries(FIELDS).map(([field, width]) => `${field}:${width}`).join()}`,
];
/** Names of one call: an argument has up to 128 KiB. */
const MOST_NAMES = 500;

/** Calls a program of Slurm, and returns its output. */
type Call = (
  program: string,
  args: readonly string[],
  input?: string,
  options?: SignalOptions,
) => Promise<string>;

/** The jobs that Slurm lists. */
class Jobs {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /** Lists jobs with some names, or all of this user. */
  async list(
    chosen: readonly string[],
    options?: SignalOptions,
  ): Promise<Map<string, KnownPart[]>> {
    const listed = await this.#call("squeue", [...LISTING, ...chosen], "", options);
    return Map.groupBy(partsIn(listed), ({ name }) => name);
  }

  /** Lists jobs by their names: those of this user, which Slurm finds fast, then all others. */
  async known(
    names: readonly string[],
    options?: SignalOptions,
  ): Promise<Map<string, KnownPart[]>> {
    const found = new Map<string, KnownPart[]>();
    for (const users of [["--me"], []]) {
      const missing = names.filter((name) => !found.has(name));
      for (let at = 0; at < missing.length; at += MOST_NAMES) {
        const some = `--name=${missing.slice(at, at + MOST_NAMES).join()}`;
        const listed = await this.list([...users, some], options);
        for (const [name, parts] of listed) found.set(name, parts);
      }
    }
    return found;
  }

  /**
   * True for a job beyond a limit of single jobs. Some versions name no limit, and only a user with
   * jobs can have too many.
   */
  async isTooLarge(error: unknown, options?: SignalOptions): Promise<boolean> {
    if (!isRegistryError(error, "Unavailable") || !ANY_LIMIT.test(error.state ?? "")) return false;
    const own = [...(await this.list(["--me"], options)).values()].flat();
    return own.every(({ state }) => state !== "running" && state !== "waiting");
  }

  /** Returns the accounting records of jobs that Slurm no longer lists. */
  async remembered(name: string, options?: SignalOptions): Promise<PartState[]> {
    const args = `-c -n -P -S now-30days --name=${name} -o JobName,State,ExitCode`.split(" ");
    const listed = await this.#call("sacct", args, "", options).catch(() => "");
    return listed.split("\n").map((line) => line.split("|")).filter(([jobName]) => jobName === name)
      .map(([, state = "", code = ""]) => stateOf(state.replace(/ .*/, ""), parseInt(code)))
      .filter(({ state }) => state !== "waiting"); // a requeued job has a record from before
  }
}

/** Creates the engine. It calls no program before the first step. */
export function createSlurmEngine(options: SlurmEngineOptions = {}): Engine {
  const { arguments: more = [], system = realSystem } = options;
  const env = { ...inheritable(ownVariables(system)), ...options.env };
  const call: Call = (program, args, input = "", { signal } = {}) =>
    run(program, args, { env, input, signal });
  const jobs = new Jobs(call);

  return {
    kind: "slurm",
    location: "slurm:",
    async submit(step, options) {
      const id = idOf(step);
      checkCommand(step);
      if ((await jobs.known([step.name], options)).has(step.name)) return id;
      try {
        await call("sbatch", [...argumentsOf(step), ...more], scriptOf(step), options);
      } catch (error) {
        throw await jobs.isTooLarge(error, options) ? tooLarge(error) : error;
      }
      return id;
    },
    async poll(ids, options) {
      const names = ids.flatMap((id) => parseId(id)?.name ?? []);
      const partsByName = await jobs.known(names, options);
      return await Promise.all(ids.map(async (id) => {
        const { name } = parseId(id) ?? {};
        if (name === undefined) return wholeOf(id, []);
        return wholeOf(id, partsByName.get(name) ?? await jobs.remembered(name, options));
      }));
    },
    async cancel(id, options) {
      const { name } = parseId(id) ?? {};
      if (name !== undefined) await call("scancel", [`--name=${name}`, "--full"], "", options);
    },
    async list(run, options) {
      return [...await jobs.list(["--me"], options)].flatMap(([, parts]) => {
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

/** Reasons of jobs that only wait for their turn. */
const USUAL = new Set(["", "None", "Priority", "JobArrayTaskLimit"]);

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
  const [state = "", status = "", why = "", name = "", comment = ""] = Object.values(FIELDS)
    .map((width) => line.slice(at, at += width).trim());
  if (!/^[A-Z_]+$/.test(state) || !/^\d+(:\d+)?$/.test(status)) return undefined;
  const [run = "", step, id = name] = comment.split(" ");
  const part = stateOf(state, codeOf(status));
  const isHeldUp = part.state === "waiting" && !USUAL.has(why);
  return { ...part, ...isHeldUp && { reason: why }, name, run, step, id };
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
        const [problem, state = lines.at(-1)] = error.code as unknown === 127
          ? ["missing"] as const
          : problemIn(lines);
        reject(failure(problem, program, state || error.message, error));
      },
    );
    child.stdin!.on("error", () => {});
    child.stdin!.end(input);
  });
}

function failure(
  problem: keyof typeof PROBLEMS,
  subject: string,
  state: string,
  cause: unknown,
): RegistryError {
  return fault({ ...PROBLEMS[problem], action: "call Slurm's", subject, state, cause });
}

function tooLarge(cause: unknown): RegistryError {
  const { state = "" } = cause as RegistryError;
  return failure("refused", "sbatch", state, cause);
}

/** Returns the kind of a failure and the line that says so. */
function problemIn(
  lines: readonly string[],
): readonly ["full" | "refused" | "away", line?: string] {
  for (const [problem, message] of MESSAGES) {
    const line = lines.find((line) => message.test(line));
    if (line !== undefined) return [problem, line];
  }
  return ["away"];
}

/** Limits on the number of jobs; others are limits of single jobs. */
const SUBMITTED = /\b(?:Assoc|QOS)\w*Submit\w*|unable to accept job|resource temporarily unavail/i;
const OF_A_JOB = /\b(?:Assoc|QOS)(?:Grp|Max|Min|Usage)\w*/;
const ANY_LIMIT = /job submit limit/;

/** Messages of `sbatch` for jobs that it never takes. Others may pass, such as "timed out". */
const REFUSED = new RegExp(
  "unrecognized option|\\binvalid (?!.*credential)|not permitted|than permitted|" +
    "not be satisfied|configuration is not available",
  "i",
);

const MESSAGES = [
  ["full", SUBMITTED],
  ["refused", REFUSED],
  ["refused", OF_A_JOB],
  ["full", ANY_LIMIT],
] as const;

const PROBLEMS = {
  full: {
    code: "Unavailable",
    hint: "Wait until other jobs have ended, or ask for a higher limit of submitted jobs.",
    reason: pipelineReasons.of("engine_full"),
  },
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
