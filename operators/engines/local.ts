// The engine for processes of this machine.
//
// Each job has a folder with its state, so that other processes can poll and cancel it: `pid`,
// `exit` (its exit code), `cancelled`. A started process continues when this one ends. A waiting
// one is lost then, and is submitted again by the next run.
import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import type { Engine, EngineJob, EngineStep } from "../../core/engine.ts";
import { realSystem, type System, withoutVariables } from "../../core/system.ts";
import { MARK, marksOf } from "../process/marks.ts";
import { ownVariables } from "../process/step_variables.ts";
import { readStat, readVariable } from "../process/proc.ts";
import { ProcessTree } from "../process/process_tree.ts";
import { checkCommand, idOf, partsOf, type PartState, wholeOf } from "./parts.ts";

/** Options of {@linkcode createLocalEngine}. */
export interface LocalEngineOptions {
  folder: string;
  /** Cores that its steps share. @default all cores of the machine */
  cores?: number;
  system?: System;
}

/** Time between TERM and KILL, milliseconds. */
const GRACE_MS = 5_000;

/**
 * Shell script that runs a command and records its end. Its first three arguments are the folder of
 * the job, the time limit in seconds (0: none), and the grace. The shell ignores TERM, so it
 * outlives its group. It kills the processes that the command left, including those outside the
 * group that have its mark.
 */
const WRAPPER = `
folder=$1 seconds=$2 grace=$3; shift 3
mark=\${${MARK}##* }
trap : TERM
"$@" </dev/null >>"$folder/log" 2>&1 &
child=$!
if [ "$seconds" != 0 ]; then
  (
    trap '' TERM
    sleep "$seconds"; : > "$folder/late"; kill -TERM -$$
    sleep "$grace"; kill -KILL $child
  ) &
  watch=$!
fi
wait $child; code=$?
while kill -0 $child 2>/dev/null; do wait $child; code=$?; done
[ -z "$watch" ] || kill -KILL $watch 2>/dev/null
for file in $(grep -lF "$mark" /proc/[0-9]*/environ 2>/dev/null); do
  pid=\${file#/proc/}; pid=\${pid%/environ}
  [ "$pid" = $$ ] || kill -KILL "$pid" 2>/dev/null
done
echo $code > "$folder/exit.new"; mv "$folder/exit.new" "$folder/exit"
kill -KILL -$$ 2>/dev/null
`;

interface Waiting {
  part: string;
  step: EngineStep;
  index: number;
  cores: number;
}

/** Creates the engine. Steps wait for free cores and for room on their node. */
export function createLocalEngine(options: LocalEngineOptions): Engine {
  const jobs = new LocalJobs(options);
  return {
    kind: "local",
    location: `local:${jobs.folder}`,
    submit: (step) => jobs.submit(step),
    poll: (ids) => jobs.poll(ids),
    cancel: (id) => jobs.cancel(id),
    list: (run) => jobs.list(run),
    async close() {
      await this[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(jobs.forgetWaiting()),
  };
}

/** The jobs in one folder, and those of this process that wait or run. */
class LocalJobs {
  readonly folder: string;
  readonly #cores: number;
  readonly #system: System;
  readonly #waiting: Waiting[] = [];
  readonly #running = new Set<Waiting>();
  constructor(
    { folder, cores = availableParallelism(), system = realSystem }: LocalEngineOptions,
  ) {
    this.folder = resolve(folder);
    this.#cores = cores;
    this.#system = system;
  }

  async submit(step: EngineStep): Promise<string> {
    const id = idOf(step);
    checkCommand(step);
    await mkdir(this.folder, { recursive: true });
    const cores = Math.min(step.resources.cpuRequest ?? 1, this.#cores);
    for (const [index, part] of partsOf(id).entries()) {
      const isNew = await mkdir(this.#of(part)).then(() => true, (error: NodeJS.ErrnoException) => {
        if (error.code === "EEXIST") return false;
        throw error;
      });
      if (!isNew) continue;
      this.#waiting.push({ part, step, index, cores });
      const note = { run: step.run, id, step: step.step, owner: process.pid };
      await writeWhole(this.#of(part, "step.json"), JSON.stringify(note));
    }
    this.#begin();
    return id;
  }

  poll(ids: readonly string[]): Promise<EngineJob[]> {
    return Promise.all(
      ids.map(async (id) =>
        wholeOf(id, await Promise.all(partsOf(id).map((part) => this.#stateOf(part))))
      ),
    );
  }

  async cancel(id: string): Promise<void> {
    for (const part of partsOf(id)) {
      const state = (await this.#stateOf(part))?.state;
      if (state !== "waiting" && state !== "running") continue;
      await writeFile(this.#of(part, "cancelled"), "");
      const at = this.#waiting.findIndex((entry) => entry.part === part);
      if (at >= 0) this.#waiting.splice(at, 1);
      const pid = await read(this.#of(part, "pid"));
      if (pid !== undefined && await isOurs(Number(pid), this.#of(part))) {
        await this.#end(Number(pid));
      }
    }
  }

  async list(run: string): Promise<EngineJob[]> {
    const ids = new Set<string>();
    for (const part of await readdir(this.folder).catch(() => [])) {
      const note = JSON.parse(await read(this.#of(part, "step.json")) ?? "{}");
      if (note.run === run) ids.add(note.id);
    }
    return await this.poll([...ids]);
  }

  forgetWaiting(): void {
    this.#waiting.length = 0;
  }

  #of(part: string, ...file: string[]): string {
    return join(this.folder, part, ...file);
  }

  #begin(): void {
    for (const entry of [...this.#waiting]) {
      const { node } = entry.step;
      const running = [...this.#running];
      const taken = running.reduce((sum, other) => sum + other.cores, 0);
      const beside = running.filter(({ step }) => step.node?.id === node?.id).length;
      if (running.length > 0 && taken + entry.cores > this.#cores) continue;
      if (node !== undefined && beside >= node.runnerCount) continue;
      this.#waiting.splice(this.#waiting.indexOf(entry), 1);
      this.#running.add(entry);
      this.#start(entry).catch(() => {}).finally(() => {
        this.#running.delete(entry);
        this.#begin();
      });
    }
  }

  async #start({ part, step, index }: Waiting): Promise<void> {
    if (await isThere(this.#of(part, "cancelled"))) return;
    const { command, cwd, env, timeoutMs = 0, shards = 1 } = step;
    const shard: Record<string, string> = shards === 1
      ? {}
      : { HOLDFAST_SHARD: `${index}/${shards}` };
    const words = [this.#of(part), String(timeoutMs / 1000), String(GRACE_MS / 1000), ...command];
    const system = this.#system;
    const child = spawn("sh", ["-c", WRAPPER, "sh", ...words], {
      cwd,
      env: {
        // This process may be a shard itself.
        ...ownVariables(withoutVariables(system, new Set(["HOLDFAST_SHARD"]))),
        ...env,
        ...shard,
        [MARK]: marksOf(`local.${system.id()}`, system),
      },
      stdio: "ignore",
      detached: true,
    });
    const ended = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
    if (child.pid === undefined) {
      await writeFile(this.#of(part, "exit"), "5");
    } else {
      child.unref();
      await writeWhole(this.#of(part, "pid"), String(child.pid));
      // It may have been cancelled before its pid was written.
      if (await isThere(this.#of(part, "cancelled"))) await this.#end(child.pid);
    }
    await ended;
  }

  /** Sends TERM to a step. Its shell kills the remaining processes, unless that takes too long. */
  async #end(pid: number): Promise<void> {
    const system = this.#system;
    // Without access to its environment, use a mark that no process has.
    const mark = readVariable(pid, MARK)?.value?.split(" ").at(-1) || system.id();
    const start = readStat(pid)?.start ?? 0;
    const tree = new ProcessTree({ root: pid, left: { start, since: start }, mark, system });
    endGroup(pid, "SIGTERM");
    const startedAt = system.monotonic();
    while (isAlive(pid) && system.monotonic() - startedAt < GRACE_MS) await system.sleep(20);
    if (isAlive(pid)) await tree.end(0);
  }

  async #stateOf(part: string): Promise<PartState | undefined> {
    const note = await read(this.#of(part, "step.json"));
    if (note === undefined) return undefined;
    const { step, owner } = JSON.parse(note) as { step: string; owner: number };
    const [exit, pid] = [await read(this.#of(part, "exit")), await read(this.#of(part, "pid"))];
    const late = await isThere(this.#of(part, "late"));
    const cancelled = await isThere(this.#of(part, "cancelled"));
    if (pid !== undefined && exit === undefined && await isOurs(Number(pid), this.#of(part))) {
      return { step, state: "running" };
    }
    const end = endOf(exit?.trim(), { late, cancelled });
    if (end !== undefined) return { step, ...end };
    if (pid === undefined && this.#isQueued(part, owner)) return { step, state: "waiting" };
    // It may have changed since its files were read.
    const isNew = await isThere(this.#of(part, "exit")) ||
      pid === undefined && await isThere(this.#of(part, "pid"));
    return isNew ? await this.#stateOf(part) : { step, state: "lost" };
  }

  #isQueued(part: string, owner: number): boolean {
    if (owner !== process.pid) return isAlive(owner);
    return [...this.#waiting, ...this.#running].some((entry) => entry.part === part);
  }
}

/** Returns how a job ended. `exit` is the code that its shell wrote. */
function endOf(
  exit: string | undefined,
  { late, cancelled }: { late: boolean; cancelled: boolean },
): PartState | undefined {
  if (exit === "0") return { state: "ended", exitCode: 0 };
  if (cancelled) return { state: "cancelled" };
  if (late) return { state: "failed", reason: "it took too long" };
  return exit === undefined ? undefined : { state: "failed", exitCode: Number(exit) };
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

function read(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}

async function isThere(path: string): Promise<boolean> {
  return await read(path) !== undefined;
}

function endGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch { // it has ended
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Returns whether a pid still belongs to a job, as pids are reused; true if unknown here. */
async function isOurs(pid: number, folder: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const line = await read(`/proc/${pid}/cmdline`);
  return line === undefined ? !await isThere("/proc/self/cmdline") : line.includes(folder);
}
