// Which steps may run beside one another: as many as their nodes take, and as cores and memory
// allow.
import { availableParallelism, totalmem } from "node:os";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Pipeline, PipelineStep } from "../contract/pipeline.ts";
import type { Resources } from "../../core/engine.ts";

/** What a machine has. */
export interface Machine {
  cores: number;
  /** Bytes of memory. */
  memoryBytes: number;
}

export function thisMachine(): Machine {
  return { cores: availableParallelism(), memoryBytes: totalmem() };
}

interface Shared {
  steps: number;
  cpu: number;
  memory: number;
  gpu: number;
}

const ASKED = { cpu: "cpuRequest", memory: "memoryRequest", gpu: "gpuRequest" } as const;
const LIMITS = { cpu: "cpuLimit", memory: "memoryLimit", gpu: "gpuLimit" } as const;

/** Stands for the whole machine beside its nodes, whose ids are not empty. */
const WHOLE = "";

/** Room on a machine, and on each node of a pipeline there. */
export class Room {
  readonly #limits: ReadonlyMap<string, Shared>;
  readonly #used: ReadonlyMap<string, Shared>;
  readonly #running = new Set<Promise<void>>();

  /** @param concurrency how many steps run at once on the whole machine */
  constructor(pipeline: Pipeline, machine: Machine, concurrency?: number) {
    this.#limits = limitsOf(pipeline, machine, concurrency);
    const unused = () => ({ steps: 0, cpu: 0, memory: 0, gpu: 0 });
    this.#used = new Map([...this.#limits.keys()].map((place) => [place, unused()]));
  }

  fits({ node, resources }: PipelineStep): boolean {
    const asked = askedBy(resources);
    return [WHOLE, node].every((place) =>
      isRoom(this.#used.get(place)!, asked, this.#limits.get(place)!)
    );
  }

  /** Begins work for a step, which has its room until the work ends. */
  begin({ node, resources }: PipelineStep, work: () => Promise<void>): void {
    const asked = askedBy(resources);
    const change = (times: 1 | -1) => {
      for (const place of [WHOLE, node]) add(this.#used.get(place)!, asked, times);
    };
    change(1);
    const run: Promise<void> = work().finally(() => {
      change(-1);
      this.#running.delete(run);
    });
    this.#running.add(run);
  }

  /** The work that has not ended. */
  get running(): ReadonlySet<Promise<void>> {
    return this.#running;
  }
}

/**
 * Refuses steps that ask for more than their node or this machine has: they would wait for ever.
 *
 * @throws {RegistryError} `Invalid` naming the first of them
 */
export function checkRoom(
  pipeline: Pipeline,
  steps: readonly PipelineStep[],
  machine: Machine,
): void {
  const limits = limitsOf(pipeline, machine);
  for (const { id, node, resources } of steps) {
    const asked = askedBy(resources);
    for (const kind of ["cpu", "memory", "gpu"] as const) {
      for (const place of [node, WHOLE]) {
        const limit = limits.get(place);
        if (limit !== undefined && asked[kind] <= limit[kind]) continue;
        const where = place === WHOLE ? "this machine" : `node ${shown(place)}`;
        const state = limit === undefined
          ? `is on ${where}, which is not there`
          : `asks for ${asked[kind]} of ${kind}, ${where} has ${limit[kind]}`;
        throw fault({
          code: "Invalid",
          action: "run pipeline",
          subject: shown(pipeline.id),
          state: `step ${shown(id)} ${state}`,
          hint: `Lower ${kind}_request of the step, or run it where there is more.`,
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
    const limit = (kind: keyof typeof LIMITS) =>
      resources[LIMITS[kind]] ?? resources[ASKED[kind]] ?? Infinity;
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
  return (["steps", "cpu", "memory", "gpu"] as const).every((kind) =>
    used[kind] + asked[kind] <= limit[kind]
  );
}

function add(used: Shared, asked: Shared, times: 1 | -1): void {
  for (const kind of ["steps", "cpu", "memory", "gpu"] as const) used[kind] += asked[kind] * times;
}
