// The engine for processes of this machine. It keeps its jobs in memory: they end with this process.
import { availableParallelism, totalmem } from "node:os";
import type { Engine, EngineDriver, EngineJob, EngineStep } from "../contract/engine.ts";
import type { System } from "../../mod.ts";
import { invalid, realSystem } from "../../core/kernel.ts";
import { withoutVariables } from "../process/variables.ts";
import { checkCommand, idOf, partsOf, type PartState, wholeOf } from "./parts.ts";
import { StepProcesses } from "./step_processes.ts";

export const localDriver: EngineDriver = {
  help: "local:",
  endsWithProcess: true,
  open(url, { system }) {
    if (/^local:?$/i.test(url)) return createLocalEngine({ system });
    throw invalid("open engine", `"local:"`, "this engine has no host and no options", {
      hint: 'Write "local:".',
    });
  },
};

interface LocalEngineOptions {
  /** Cores that its steps share. @default all cores of the machine */
  cores?: number;
  system?: System;
}

interface Part {
  step: EngineStep;
  index: number;
  cores: number;
  state: PartState;
  stop: AbortController;
  running?: Promise<void>;
}

/** Creates the engine. Steps wait for free cores and for room on their node. */
export function createLocalEngine(options: LocalEngineOptions = {}): Engine {
  const jobs = new LocalJobs(options);
  const { cores = availableParallelism(), system = realSystem } = options;
  return {
    kind: "local",
    location: "local:",
    machine: { cores, memoryBytes: totalmem() },
    submit: (step) => Promise.resolve().then(() => jobs.submit(step)),
    async poll(ids) {
      await system.sleep(0); // for callers that poll without a pause
      return jobs.poll(ids);
    },
    cancel: (id) => jobs.cancel(id),
    list: (run) => Promise.resolve(jobs.list(run)),
    async close() {
      await this[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: () => jobs.close(),
  };
}

/** The jobs of an engine: those that wait or run, and the ends of others. */
class LocalJobs {
  readonly #cores: number;
  readonly #processes: StepProcesses;
  readonly #ids = new Map<string, { run: string }>();
  readonly #parts = new Map<string, Part>();
  readonly #waiting = new Set<Part>();
  readonly #running = new Set<Part>();

  constructor({ cores = availableParallelism(), system = realSystem }: LocalEngineOptions) {
    this.#cores = cores;
    // This process may be a shard itself.
    this.#processes = new StepProcesses(withoutVariables(system, new Set(["HOLDFAST_SHARD"])));
  }

  submit(step: EngineStep): string {
    const id = idOf(step);
    checkCommand(step);
    if (this.#ids.has(id)) return id;
    this.#ids.set(id, step);
    const cores = Math.min(step.resources.cpuRequest ?? 1, this.#cores);
    for (const [index, name] of partsOf(id).entries()) {
      const state: PartState = { state: "waiting", step: step.step };
      const part = { step, index, cores, state, stop: new AbortController() };
      this.#parts.set(name, part);
      this.#waiting.add(part);
    }
    this.#begin();
    return id;
  }

  poll(ids: readonly string[]): EngineJob[] {
    return ids.map((id) => wholeOf(id, partsOf(id).map((name) => this.#parts.get(name)?.state)));
  }

  async cancel(id: string): Promise<void> {
    await Promise.all(
      partsOf(id).map(async (name) => {
        const part = this.#parts.get(name);
        if (part === undefined) return;
        if (this.#waiting.delete(part)) part.state = { ...part.state, state: "cancelled" };
        part.stop.abort();
        await part.running;
      }),
    );
  }

  list(run: string): EngineJob[] {
    return this.poll([...this.#ids].filter(([, step]) => step.run === run).map(([id]) => id));
  }

  async close(): Promise<void> {
    this.#waiting.clear();
    await this.#processes.close();
  }

  #begin(): void {
    let taken = [...this.#running].reduce((sum, { cores }) => sum + cores, 0);
    for (const part of this.#waiting) {
      if (this.#running.size > 0 && taken >= this.#cores) return;
      const { node } = part.step;
      const beside = [...this.#running].filter(({ step }) => step.node?.id === node?.id).length;
      if (this.#running.size > 0 && taken + part.cores > this.#cores) continue;
      if (node !== undefined && beside >= node.runnerCount) continue;
      this.#waiting.delete(part);
      this.#running.add(part);
      taken += part.cores;
      part.state = { ...part.state, state: "running" };
      part.running = this.#run(part).finally(() => {
        this.#running.delete(part);
        this.#begin();
      });
    }
  }

  async #run(part: Part): Promise<void> {
    const { step: { shards = 1, ...step }, index, stop: { signal } } = part;
    const shard = shards === 1 ? undefined : { index, count: shards };
    try {
      const { exitCode, reason } = await this.#processes.execute(step, {
        run: step.run,
        step: step.step,
        shard,
        timeoutMs: step.timeoutMs,
      }, { signal });
      const state = exitCode === 0 ? "ended" : "failed";
      part.state = { step: step.step, state, exitCode, reason };
    } catch (error) {
      const reason = signal.aborted ? {} : { reason: String(error) };
      part.state = { step: step.step, state: signal.aborted ? "cancelled" : "failed", ...reason };
    }
  }
}
