// Plans a run: which steps would run, and why.
import {
  forEachAtOnce,
  notFound,
  sha256,
  shown,
  sortedJson,
  unsupported,
  valueAt,
} from "../../core/kernel.ts";
import type { Pipeline, PipelineStep } from "../contract/pipeline.ts";
import { checkPlaces } from "./check_places.ts";
import { codeOf, commandFiles, countedParams } from "./fingerprint.ts";
import { createPins, type PinnedInput, type Pins } from "./pin_inputs.ts";
import { changesOf, goneOutputs } from "./reasons.ts";
import { recordNames } from "./records/names.ts";
import { type FoundRecord, readSuccess, type StepRecord } from "./records/files.ts";
import { checkRunOptions, type RunnerOptions, withDefaults } from "./run_context.ts";
import { type Dependencies, findDependencies } from "./sources.ts";
import { pipelineReasons } from "../contract/reasons.ts";

/** Options of {@linkcode planPipeline}. */
export interface PlanOptions extends RunnerOptions {
  /** Steps to run again without changes, or true for all. @default none */
  force?: boolean | readonly string[];
  /** Steps to run. Outputs of the others are those of their last success. @default all */
  steps?: readonly string[];
}

/** Decision about a step; `depends` means that its upstream steps must run first. */
export type Decision = "run" | "skip" | "depends";

/** A planned step. */
export interface PlannedStep {
  step: string;
  node: string;
  operator: string;
  decision: Decision;
  /** Why it runs: `never ran`, `params.lr 0.1 → 0.2`. Empty if it is skipped. */
  reasons: string[];
  /** Pinned inputs by name, without those that another step will write. */
  inputs: Record<string, PinnedInput>;
  /** Commit of its last success, or null. */
  previous: string | null;
  /** Files that its command names, with digests, when the plan was made. @default it names none */
  files?: string;
}

/** The plan of a run. */
export interface PipelinePlan {
  kind: "plan";
  pipeline: string;
  /** SHA-256 of the configuration without secrets. */
  configuration: string;
  steps: PlannedStep[];
}

/** Returns a digest of a pipeline, independent of the order of members. */
export function configurationDigest(pipeline: Pipeline): string {
  return sha256(sortedJson(pipeline));
}

/**
 * Returns for each step whether it would run, and why. Writes nothing.
 *
 * @throws {RegistryError} `NotFound` for a missing input; `Invalid` for a cycle of steps
 */
export async function planPipeline(
  pipeline: Pipeline,
  options: PlanOptions,
): Promise<PipelinePlan> {
  const checked = checkRunOptions("plan a pipeline", options);
  return (await planWithSuccesses(pipeline, checked)).plan;
}

export async function planWithSuccesses(
  pipeline: Pipeline,
  options: PlanOptions,
): Promise<{ plan: PipelinePlan; successes: Map<string, FoundRecord<StepRecord>> }> {
  const { signal, force = false } = options;
  checkVersioned(pipeline, options);
  const defaults = withDefaults(options);
  checkPlaces(pipeline, defaults.root);
  const dependencies = findDependencies(pipeline);
  const chosen = chooseSteps(dependencies, options.steps);
  const forced = chooseSteps(dependencies, force === true ? undefined : force || []);
  const last = await readSuccesses(pipeline, dependencies, chosen, options);
  const planned = new Map<string, PlannedStep>();

  const pin = createPins({ ...defaults, pipeline, dependencies }, {
    successOf(id) {
      const decision = planned.get(id)?.decision ?? "skip";
      const success = last.get(id)?.record;
      if (success === undefined && !chosen.has(id)) {
        const state = "the step has never succeeded and is not part of this run";
        throw notFound("read the output of step", shown(id), state, {
          hint: "Add it to `steps`, or omit `steps` to run all.",
          reason: pipelineReasons.of("step_not_selected"),
        });
      }
      return decision === "skip" ? success : undefined;
    },
  });

  for (const id of dependencies.order) {
    if (!chosen.has(id)) continue;
    signal?.throwIfAborted();
    const step = valueAt(dependencies.steps, id);
    const pins = await pin(step);
    const files = await commandFiles(step, defaults.root);
    const success = last.get(id);
    const present = { ...pins, files, forced: forced.has(id) };
    planned.set(id, {
      step: id,
      node: step.node,
      operator: step.operator,
      ...await decide(step, success?.record, present, options),
      inputs: pins.inputs,
      previous: success?.info.commit ?? null,
      files,
    });
  }
  const configuration = configurationDigest(pipeline);
  const steps = [...planned.values()];
  return { plan: { kind: "plan", pipeline: pipeline.id, configuration, steps }, successes: last };
}

async function decide(
  step: PipelineStep,
  success: StepRecord | undefined,
  { inputs, waiting, files, forced }: Pins & { files: string | undefined; forced: boolean },
  options: PlanOptions,
): Promise<Pick<PlannedStep, "decision" | "reasons">> {
  if (success === undefined) return { decision: "run", reasons: ["never ran"] };
  const code = await codeOf(step, files, options);
  const present = { inputs, waiting: Object.keys(waiting), ...countedParams(step), code };
  const reasons = [...forced ? ["forced"] : [], ...changesOf(step, success, present)];
  if (reasons.length === 0) reasons.push(...await goneOutputs(step, success, options));
  if (reasons.length > 0) return { decision: "run", reasons };
  const unknown = step.rerun.includes("inputs") ? new Set(Object.values(waiting)) : [];
  const runs = [...unknown].map((upstream) => `upstream runs: ${upstream}`);
  return { decision: runs.length > 0 ? "depends" : "skip", reasons: runs };
}

async function readSuccesses(
  { id: pipeline }: Pipeline,
  { steps, before }: Dependencies,
  chosen: ReadonlySet<string>,
  { registry, signal }: RunnerOptions,
): Promise<Map<string, FoundRecord<StepRecord>>> {
  const names = recordNames(pipeline);
  const wanted = new Set([...chosen, ...[...chosen].flatMap((id) => valueAt(before, id))]);
  const known: string[] = [];
  for await (const name of registry.names({ prefix: names.steps, signal })) {
    const id = name.slice(names.steps.length);
    if (steps.has(id) && wanted.has(id)) known.push(id);
  }
  const successes = new Map<string, FoundRecord<StepRecord>>();
  await forEachAtOnce(known, async (id) => {
    const lastSuccess = await readSuccess(registry, names.step(id), signal);
    if (lastSuccess !== undefined) successes.set(id, lastSuccess);
  });
  return successes;
}

function chooseSteps({ steps }: Dependencies, ids: readonly string[] | undefined): Set<string> {
  const unknown = ids?.find((id) => !steps.has(id));
  if (unknown === undefined) return new Set(ids ?? steps.keys());
  throw notFound("choose step", shown(unknown), "the pipeline has no such step", {
    hint: `Use one of ${[...steps.keys()].slice(0, 20).join(", ")}.`,
  });
}

function checkVersioned({ id }: Pipeline, { registry }: RunnerOptions): void {
  if (registry.settings.versioned) return;
  const state = "the registry keeps one value per name, without versions";
  const hint =
    "Use a registry with versions (the default): run records and outputs are saved as versions.";
  throw unsupported("plan pipeline", shown(id), state, { hint });
}
