// Steps as they are handed to an engine.
import { sha256 } from "../../../core/bytes/digest.ts";
import type { Engine, EngineStep } from "../../../core/engine.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import type { RunContext } from "../run_context.ts";

/** What is executed for a step. */
export interface CarriedCommand {
  /** Program and arguments: what runs `runStep`, as `holdfast pipeline step RUN STEP` does. */
  command: readonly string[];
  /** The folder that it runs in, absolute. */
  cwd: string;
  /** Variables besides those of whoever executes it. Never secrets. @default none */
  env?: Readonly<Record<string, string>>;
}

/** Who carries the steps of a run. */
export interface CarryOptions {
  engine: Engine;
  /**
   * What is executed for a step, for engines that execute it themselves, as `local:` and `slurm:`. Workers of a queue
   * know that by themselves. @default none
   */
  commandFor?(delivery: { run: string; step: string }): CarriedCommand;
}

/** How much more time than the operator's own a delivery has, milliseconds: inputs are fetched, outputs saved. */
const MORE_MS = 10 * 60_000;

/** A step may be begun so often more than it may fail: that its process died is mostly no fault of its own. */
const MORE_DELIVERIES = 2;

export function mostDeliveries({ retries }: PipelineStep): number {
  return retries.attempts + MORE_DELIVERIES;
}

/**
 * The name of a delivery: the same for all who hand over the same step of the same run for the same time, and for no
 * other, also where several registries share an engine.
 *
 * @param count which delivery it is, from 1
 */
function deliveryName(
  registry: string,
  { run, step }: { run: string; step: string },
  count: number,
): string {
  const words = `${run}-${step}`.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 60);
  return `${words}-${sha256(JSON.stringify([registry, run, step])).slice(0, 16)}-${count}`;
}

/** Hands a step over for the so-many-th time, and returns the id of its job. Doing so again changes nothing. */
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

/** How long all attempts of a step may take together. */
function wholeTimeMs({ timeoutMs = 0, retries: { attempts, backoffMs } }: PipelineStep): number {
  return attempts * timeoutMs + backoffMs * (2 ** (attempts - 1) - 1) + MORE_MS;
}
