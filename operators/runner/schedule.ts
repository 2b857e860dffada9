// Decides which ready steps run at once, by the limits of nodes, cores and memory.
import { availableParallelism, totalmem } from "node:os";
import { invalid, itemAt, type Shard, shown, valueAt } from "../../core/kernel.ts";
import type { Pipeline, PipelineStep } from "../contract/pipeline.ts";
import type { Machine, Resources } from "../contract/engine.ts";

export function thisMachine(): Machine {
  return { cores: availableParallelism(), memoryBytes: totalmem() };
}

const KINDS = ["cpu", "memory", "gpu"] as const;
const UNITS = { cpu: "CPU cores", memory: "bytes of memory", gpu: "GPUs" };

type Shared = Record<"steps" | typeof KINDS[number], number>;

/** Key of the whole machine beside its nodes, whose ids are not empty. */
const WHOLE = "";

export interface ReadyStep {
  id: string;
  shard?: Shard;
}

interface Entry {
  id: string;
  shards: number;
  /** The next shard to start. */
  next: number;
}

/** Ready steps: those with the longest remaining path first, otherwise in the order of arrival. */
export class ReadySteps {
  readonly #remaining: ReadonlyMap<string, number>;
  /** By length of the remaining path. */
  readonly #waiting = new Map<number, Entry[]>();
  #longest = 0;

  constructor(remaining: ReadonlyMap<string, number>) {
    this.#remaining = remaining;
  }

  add(id: string, shards: number): void {
    const length = valueAt(this.#remaining, id);
    const waiting = this.#waiting.get(length);
    if (waiting === undefined) this.#waiting.set(length, [{ id, shards, next: 0 }]);
    else waiting.push({ id, shards, next: 0 });
    this.#longest = Math.max(this.#longest, length);
  }

  /** The next step to start. */
  get first(): string | undefined {
    while (this.#longest > 0 && !this.#waiting.get(this.#longest)?.length) this.#longest--;
    return this.#waiting.get(this.#longest)?.[0]?.id;
  }

  take(): ReadyStep | undefined {
    if (this.first === undefined) return undefined;
    const waiting = valueAt(this.#waiting, this.#longest);
    const entry = itemAt(waiting, 0);
    const { id, shards: count } = entry;
    const index = entry.next++;
    if (entry.next === count) waiting.shift();
    return count === 1 ? { id } : { id, shard: { index, count } };
  }
}

/** Free resources of a machine, and of each node of a pipeline on it. */
export class Room {
  readonly #limits: ReadonlyMap<string, Shared>;
  readonly #used: ReadonlyMap<string, Shared>;
  readonly #running = new Set<Promise<void>>();

  /** @param concurrency most steps at once on the machine */
  constructor(pipeline: Pipeline, machine: Machine, concurrency?: number) {
    this.#limits = limitsOf(pipeline, machine, concurrency);
    const unused = () => ({ steps: 0, cpu: 0, memory: 0, gpu: 0 });
    this.#used = new Map([...this.#limits.keys()].map((place) => [place, unused()]));
  }

  fits({ node, resources }: PipelineStep): boolean {
    const asked = askedBy(resources);
    return [WHOLE, node].every((place) =>
      isRoom(valueAt(this.#used, place), asked, valueAt(this.#limits, place))
    );
  }

  /** Starts work for a step. It uses the step's resources until it ends. */
  begin({ node, resources }: PipelineStep, work: () => Promise<void>): void {
    const asked = askedBy(resources);
    const change = (times: 1 | -1) => {
      for (const place of [WHOLE, node]) add(valueAt(this.#used, place), asked, times);
    };
    change(1);
    const run: Promise<void> = work().finally(() => {
      change(-1);
      this.#running.delete(run);
    });
    this.#running.add(run);
  }

  get running(): ReadonlySet<Promise<void>> {
    return this.#running;
  }
}

/**
 * Refuses steps that request more than their node or machine has, as `Invalid`.
 *
 * @param machine the one that runs them. @default an engine chooses one for each step
 */
export function checkRoom(
  pipeline: Pipeline,
  steps: readonly PipelineStep[],
  machine: Machine = { cores: Infinity, memoryBytes: Infinity },
): void {
  const limits = limitsOf(pipeline, machine);
  for (const { id, node, resources } of steps) {
    const asked = askedBy(resources);
    for (const kind of KINDS) {
      for (const place of [node, WHOLE]) {
        const limit = limits.get(place);
        if (limit !== undefined && asked[kind] <= limit[kind]) continue;
        const where = place === WHOLE ? "this machine" : `node ${shown(place)}`;
        const state = limit === undefined
          ? `is assigned to ${where}, which does not exist`
          : `requests ${asked[kind]} ${UNITS[kind]}, but ${where} has ${limit[kind]}`;
        throw invalid("run pipeline", shown(pipeline.id), `step ${shown(id)} ${state}`, {
          hint: `Lower the step's ${kind}_request, or run it on a larger machine.`,
        });
      }
    }
  }
}

function limitsOf(
  { nodes }: Pipeline,
  { cores: cpu, memoryBytes: memory }: Machine,
  steps = Infinity,
): Map<string, Shared> {
  const limits = new Map<string, Shared>([[WHOLE, { steps, cpu, memory, gpu: Infinity }]]);
  for (const { id, runnerCount, resources } of nodes) {
    const limit = (kind: typeof KINDS[number]) =>
      resources[`${kind}Limit`] ?? resources[`${kind}Request`] ?? Infinity;
    const [cpu, memory, gpu] = [limit("cpu"), limit("memory"), limit("gpu")];
    limits.set(id, { steps: runnerCount, cpu, memory, gpu });
  }
  return limits;
}

function askedBy(resources: Resources): Shared {
  const { cpuRequest: cpu = 0, memoryRequest: memory = 0, gpuRequest: gpu = 0 } = resources;
  return { steps: 1, cpu, memory, gpu };
}

function isRoom(used: Shared, asked: Shared, limit: Shared): boolean {
  return DIMENSIONS.every((kind) => used[kind] + asked[kind] <= limit[kind]);
}

function add(used: Shared, asked: Shared, times: 1 | -1): void {
  for (const kind of DIMENSIONS) used[kind] += asked[kind] * times;
}

const DIMENSIONS = ["steps", ...KINDS] as const;
