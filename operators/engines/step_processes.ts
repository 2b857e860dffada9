// Processes that execute steps: one for each, or a persistent one for many, one after another.
//
// A persistent process gets a job as a line of JSON, `{ token, job }`, and answers with a line that
// begins with the token, then has the end as JSON. Before, it writes the token to standard error: the
// output of the step ends there.
import { DELIVER_AGAIN } from "../contract/engine.ts";
import type { System } from "../../mod.ts";
import { messageOf, type Shard, unavailable } from "../../core/kernel.ts";
import type { ProcessTree } from "../process/process_tree.ts";
import { type CommandInput, runNotedCommand } from "../process/run_command.ts";

/** A step as a job of a queue. */
export interface QueuedStep {
  /** The run: `my_pipeline@3`. */
  run: string;
  step: string;
  shard?: Shard;
  /** Time limit, milliseconds. */
  timeoutMs?: number;
}

/** The command of a step for a worker. */
export interface StepCommand {
  command: readonly string[];
  /** Working directory, absolute. */
  cwd: string;
  /** Variables added to those of this process. @default none */
  env?: Readonly<Record<string, string>>;
  /**
   * Program and arguments that take many steps of the run from standard input, such as
   * `holdfast pipeline step RUN`. @default each step is a process of `command`
   */
  persistent?: readonly string[];
}

export const STEP_KIND = "step";

/** How a step's process ended. Without a code, a signal or the time limit ended it. */
interface StepEnd {
  exitCode?: number;
  reason?: string;
  /** True if its end may not be recorded: the step must be delivered again. */
  again?: true;
}

interface ExecuteOptions {
  signal: AbortSignal;
  onLine?(line: string): void;
}

/** Prefix of the line that contains the error message of a step's command. */
const SAID = "error: ";

/** The time that an idle process is kept, milliseconds. */
const IDLE_MS = 10_000;
/** Memory of a process that is used again, at most, bytes. */
const KEPT_BYTES = 512 * 1024 * 1024;
/** The time for a process to end after its last step, milliseconds. */
const CLOSE_MS = 5_000;

/**
 * Executes commands of steps. A persistent process is used again only after a success that left no
 * other process, so a step is never affected by a failed one.
 */
export class StepProcesses {
  readonly #system: System;
  readonly #idle = new Map<PersistentProcess, AbortController>();
  #closed = false;

  constructor(system: System) {
    this.#system = system;
  }

  /** Executes a step. Throws the reason of an abort, when its processes have ended. */
  async execute(command: StepCommand, step: QueuedStep, options: ExecuteOptions): Promise<StepEnd> {
    options.signal.throwIfAborted();
    if (command.persistent === undefined) return await this.#executeAlone(command, step, options);
    const own = this.#takeIdle(command) ?? new PersistentProcess(command, this.#system);
    const end = await own.execute(step, options);
    if (own.isReusable(end) && !this.#closed) this.#keep(own);
    else await own.close();
    return end;
  }

  /** Ends the idle processes now, and others after their step. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#idle.keys()].map((own) => this.#retire(own)));
  }

  async #executeAlone(
    { command, cwd, env }: StepCommand,
    { shard, timeoutMs }: QueuedStep,
    { signal, onLine = () => {} }: ExecuteOptions,
  ): Promise<StepEnd> {
    const shardEnv: Record<string, string> = {};
    if (shard !== undefined) shardEnv.HOLDFAST_SHARD = `${shard.index}/${shard.count}`;
    let said = "";
    const result = await runNotedCommand(command, {
      cwd,
      env: { ...env, ...shardEnv },
      timeoutMs,
      signal,
      sampleEveryMs: Infinity, // the command measures the step
      system: this.#system,
      onLine(_stream, line) {
        if (line.startsWith(SAID)) said = line.slice(SAID.length);
        onLine(line);
      },
    });
    return endOf(result, said);
  }

  #takeIdle(command: StepCommand): PersistentProcess | undefined {
    const key = keyOf(command);
    const idle = [...this.#idle.keys()];
    const own = idle.find((own) => own.key === key && !own.hasEnded);
    // Otherwise a new process replaces an idle one, so that they never are more than busy at once.
    const taken = own ?? idle[0];
    this.#idle.get(taken!)?.abort();
    this.#idle.delete(taken!);
    if (own === undefined) void taken?.close();
    return own;
  }

  #keep(own: PersistentProcess): void {
    const taken = new AbortController();
    this.#idle.set(own, taken);
    this.#system.sleep(IDLE_MS, taken.signal).then(() => this.#retire(own), () => {});
  }

  async #retire(own: PersistentProcess): Promise<void> {
    this.#idle.get(own)?.abort();
    this.#idle.delete(own);
    await own.close();
  }
}

/** A process that executes steps, one after another. */
class PersistentProcess {
  readonly key: string;
  readonly #system: System;
  readonly #stop = new AbortController();
  readonly #started = Promise.withResolvers<{ stdin: CommandInput; tree: ProcessTree }>();
  /** How it ended; rejects if it was stopped. */
  readonly #ended: Promise<StepEnd>;
  #tree?: ProcessTree;
  #said = "";
  #step?: { token: string; onLine(line: string): void; onEnd(stream: string, end: string): void };
  hasEnded = false;

  constructor(command: StepCommand, system: System) {
    this.key = keyOf(command);
    this.#system = system;
    const running = runNotedCommand(command.persistent!, {
      cwd: command.cwd,
      env: command.env,
      signal: this.#stop.signal,
      sampleEveryMs: Infinity, // it measures its steps itself
      system,
      onLine: (stream, line) => this.#onLine(stream, line),
      onStart: (started) => {
        this.#tree = started.tree;
        this.#started.resolve(started);
      },
    });
    this.#ended = running.finally(() => this.hasEnded = true)
      .then((result) => endOf(result, this.#said));
    this.#ended.catch(() => {}); // it may be stopped while it is idle
  }

  async execute(
    { timeoutMs, ...step }: QueuedStep,
    { signal, onLine = () => {} }: ExecuteOptions,
  ): Promise<StepEnd> {
    const over = new AbortController();
    const stop = () => this.#stop.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    let late: Error | undefined;
    if (timeoutMs !== undefined) {
      this.#system.sleep(timeoutMs, over.signal).then(() => {
        late = timeoutError(step.step, timeoutMs);
        this.#stop.abort(late);
      }, () => {});
    }
    try {
      const unanswered = this.#ended.then((end): StepEnd => ({ ...end, again: true }));
      return await Promise.race([this.#request(step, onLine), unanswered]);
    } catch (error) {
      if (error === late) return { reason: messageOf(error) };
      throw error;
    } finally {
      over.abort();
      signal.removeEventListener("abort", stop);
    }
  }

  /** Returns whether a step that ended like this left it as it was. */
  isReusable({ exitCode }: StepEnd): boolean {
    if (exitCode !== 0 || this.hasEnded || this.#stop.signal.aborted) return false;
    const runningProcesses = this.#tree?.scan() ?? []; // none where processes are unknown
    return runningProcesses.every(({ pid, bytes }) =>
      pid === this.#tree!.root && bytes <= KEPT_BYTES
    );
  }

  /** Ends it, and the processes that its steps left. It must not execute a step. */
  async close(): Promise<void> {
    const over = new AbortController();
    this.#started.promise.then(({ stdin }) => stdin.end());
    this.#system.sleep(CLOSE_MS, over.signal).then(() => this.#stop.abort(), () => {});
    await this.#ended.catch(() => {});
    over.abort();
  }

  async #request(step: QueuedStep, onLine: (line: string) => void): Promise<StepEnd> {
    const token = this.#system.id();
    const { stdin } = await this.#started.promise;
    const ends = { stdout: Promise.withResolvers<string>(), stderr: Promise.withResolvers() };
    this.#said = "";
    this.#step = {
      token,
      onLine,
      onEnd: (stream, end) => ends[stream as keyof typeof ends].resolve(end),
    };
    const job = { id: step.step, group: step.run, kind: STEP_KIND, data: step };
    stdin.write(`${JSON.stringify({ token, job })}\n`);
    const [end] = await Promise.all([ends.stdout.promise, ends.stderr.promise]);
    this.#step = undefined;
    const answer = JSON.parse(end) as Pick<StepEnd, "exitCode" | "reason">;
    return answer.exitCode === DELIVER_AGAIN ? { ...answer, again: true } : answer;
  }

  #onLine(stream: string, line: string): void {
    if (line.startsWith(SAID)) this.#said = line.slice(SAID.length);
    const { token, onLine, onEnd } = this.#step ?? {};
    if (token !== undefined && line.startsWith(token)) onEnd!(stream, line.slice(token.length));
    else if (line !== "") onLine?.(line);
  }
}

function keyOf({ persistent, cwd, env }: StepCommand): string {
  return JSON.stringify([persistent, cwd, env]);
}

/** A failure is a result, not an error: engines do not decide on retries. */
function endOf(
  { code, signal, timedOut, error }: Awaited<ReturnType<typeof runNotedCommand>>,
  said: string,
): StepEnd {
  const again = !timedOut && (code === DELIVER_AGAIN || signal !== undefined);
  return {
    ...(code === null || timedOut ? {} : { exitCode: code }),
    ...(error === undefined ? {} : { reason: said || messageOf(error) }),
    ...(again ? { again } : {}),
  };
}

function timeoutError(step: string, timeoutMs: number): Error {
  return unavailable("finish step", step, `timed out after ${timeoutMs} ms`, {
    hint: "Raise its timeout, reduce its input, or use more shards.",
  });
}
