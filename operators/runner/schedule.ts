// Which steps may run beside one another: as many as their nodes take, and as cores and memory
// allow.
import { availableParallelism, totalmem } from "node:os";
import { RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type {
  Pipeline,
  PipelineNode,
  PipelineStep,
  Resources,
} from "../../core/pipelines/pipeline.ts";

/** What a machine has. */
export interface Machine {
  cores: number;
  /** Bytes of memory. */
  memoryBytes: number;
}

export function thisMachine(): Machine {
  return { cores: availableParallelism(), memoryBytes: totalmem() };
}

export interface Room {
  fits(step: PipelineStep): boolean;
  take(step: PipelineStep): () => void;
}

interface Shared {
  steps: number;
  cpu: number;
  memory: number;
  gpu: number;
}

const ASKED = { cpu: "cpuRequest", memory: "memoryRequest", gpu: "gpuRequest" } as const;
const LIMITS = { cpu: "cpuLimit", memory: "memoryLimit", gpu: "gpuLimit" } as const;

/**
 * Room on a machine, and on each node of a pipeline there.
 *
 * @param concurrency how many steps run at once on the whole machine
 */
export function createRoom(
  { nodes }: Pipeline,
  machine: Machine,
  concurrency: number = Infinity,
): Room {
  const used = new Map(nodes.map(({ id }) => [id, { steps: 0, cpu: 0, memory: 0, gpu: 0 }]));
  const limits = new Map(nodes.map((node) => [node.id, limitsOf(node)]));
  const whole = { steps: 0, cpu: 0, memory: 0, gpu: 0 };
  const most: Shared = {
    steps: concurrency,
    cpu: machine.cores,
    memory: machine.memoryBytes,
    gpu: Infinity,
  };

  return {
    fits(step) {
      const asked = askedBy(step.resources);
      const node = used.get(step.node)!;
      return isRoom(whole, asked, most) && isRoom(node, asked, limits.get(step.node)!);
    },
    take(step) {
      const asked = askedBy(step.resources);
      const node = used.get(step.node)!;
      add(whole, asked, 1);
      add(node, asked, 1);
      return () => {
        add(whole, asked, -1);
        add(node, asked, -1);
      };
    },
  };
}

/**
 * Refuses steps that ask for more than their node or this machine has: they would wait for ever.
 *
 * @throws {RegistryError} `Invalid` naming the first of them
 */
export function checkRoom(
  { id, nodes }: Pipeline,
  steps: readonly PipelineStep[],
  machine: Machine,
): void {
  const limits = new Map(nodes.map((node) => [node.id, limitsOf(node)]));
  const most: Shared = {
    steps: Infinity,
    cpu: machine.cores,
    memory: machine.memoryBytes,
    gpu: Infinity,
  };
  for (const step of steps) {
    const asked = askedBy(step.resources);
    for (const kind of ["cpu", "memory", "gpu"] as const) {
      for (
        const [where, limit] of [[`node ${shown(step.node)}`, limits.get(step.node)], [
          "this machine",
          most,
        ]] as const
      ) {
        if (limit !== undefined && asked[kind] <= limit[kind]) continue;
        throw new RegistryError({
          code: "Invalid",
          message: limit === undefined
            ? `Cannot run pipeline ${shown(id)}: step ${
              shown(step.id)
            } is on ${where}, which is not there`
            : `Cannot run pipeline ${shown(id)}: step ${shown(step.id)} asks for ${
              asked[kind]
            } of ${kind}, ` +
              `${where} has ${limit[kind]}`,
          hint: `Lower ${kind}_request of the step, or run it where there is more.`,
        });
      }
    }
  }
}

function limitsOf({ runnerCount, resources }: PipelineNode): Shared {
  const limit = (kind: keyof typeof LIMITS) =>
    resources[LIMITS[kind]] ?? resources[ASKED[kind]] ?? Infinity;
  return { steps: runnerCount, cpu: limit("cpu"), memory: limit("memory"), gpu: limit("gpu") };
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
