// Deliveries: steps as they are submitted to an engine.
import { sha256 } from "../../../core/bytes/digest.ts";
import type { Engine, EngineStep } from "../../../core/engine.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import type { RunContext } from "../run_context.ts";

/** The command of a step. */
export interface CarriedCommand {
  /** Program and arguments that call `runStep`, such as `holdfast pipeline step RUN STEP`. */
  command: readonly string[];
  /** Working directory, absolute. */
  cwd: string;
  /** Variables added to those of the engine, without secrets. @default none */
  env?: Readonly<Record<string, string>>;
}

/** The engine of a run. */
export interface CarryOptions {
  engine: Engine;
  /**
   * Returns the command of a step, for engines that execute it: `local:` and `slurm:`. Workers of a
   * queue have their own. @default none
   */
  commandFor?(delivery: { run: string; step: string }): CarriedCommand;
}

/** Time for fetching inputs and saving outputs, beside the operator's own, milliseconds. */
const MORE_MS = 10 * 60_000;

/** Deliveries beside the attempts of a step: killed processes are mostly not its fault. */
const MORE_DELIVERIES = 2;

export function mostDeliveries({ retries }: PipelineStep): number {
  return retries.attempts + MORE_DELIVERIES;
}

/**
 * Returns the name of a delivery, which is the same for all processes and differs between
 * registries that share an engine.
 *
 * @param count number of the delivery, from 1
 */
function deliveryName(
  registry: string,
  { run, step }: { run: string; step: string },
  count: number,
): string {
  const words = `${run}-${step}`.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 60);
  return `${words}-${sha256(JSON.stringify([registry, run, step])).slice(0, 16)}-${count}`;
}

/**
 * Submits a step and returns the id of its job. Submitting the same `count` again has no effect.
 */
export async function deliver(
  { pipeline, dependencies, registry, run }: RunContext,
  id: string,
  { engine, commandFor, count }: CarryOptions & { count: number },
): Promise<string> {
  const step = dependencies.steps.get(id)!;
  const node = pipeline.nodes.find((one) => one.id === step.node);
  const { command, cwd, env } = commandFor?.({ run, step: id }) ?? { command: [], cwd: "/" };
  const delivery: EngineStep = {
    run,
    step: id,
    name: deliveryName(registry.id, { run, step: id }, count),
    command,
    cwd,
    env: env ?? {},
    resources: step.resources,
    shards: step.shards,
    ...(node === undefined ? {} : { node: { id: node.id, runnerCount: node.runnerCount } }),
    ...(step.timeoutMs === undefined ? {} : { timeoutMs: wholeTimeMs(step) }),
  };
  return await engine.submit(delivery);
}

/** Returns the time limit of all attempts of a step together. */
function wholeTimeMs({ timeoutMs = 0, retries: { attempts, backoffMs } }: PipelineStep): number {
  return attempts * timeoutMs + backoffMs * (2 ** (attempts - 1) - 1) + MORE_MS;
}
