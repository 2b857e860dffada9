// What a run would do, and why.
import process from "node:process";
import { sha256 } from "../../core/bytes/digest.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Pipeline, PipelineStep } from "../contract/pipeline.ts";
import { realSystem } from "../../core/system.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { checkPlaces } from "./check_places.ts";
import { codeOf, commandFiles, countedParams, sortedJson } from "./fingerprint.ts";
import { pinInputs, type PinnedInput } from "./pin_inputs.ts";
import { changesOf, goneOutputs } from "./reasons.ts";
import { recordNames } from "./records/names.ts";
import { type FoundRecord, readSuccess } from "./records/files.ts";
import type { StepRecord } from "./records/step_record.ts";
import { checkRunOptions, type RunnerOptions } from "./run_context.ts";
import { withoutSecrets } from "./secrets.ts";
import { type Dependencies, findDependencies } from "./sources.ts";
import { createWriters } from "./writers.ts";

/** Options of {@linkcode planPipeline}. */
export interface PlanOptions extends RunnerOptions {
  /** Run these again although nothing has changed, or all. @default none */
  force?: boolean | readonly string[];
  /** Only these steps; what they read of others is what those wrote last. @default all */
  steps?: readonly string[];
}

/** What becomes of a step: `depends` is told when its upstream steps have run. */
export type Decision = "run" | "skip" | "depends";

/** What a run would do with a step. */
export interface PlannedStep {
  step: string;
  node: string;
  operator: string;
  decision: Decision;
  /** Why: `never ran`, `params.lr 0.1 → 0.2`. Nothing where it is skipped. */
  reasons: string[];
  /** Its inputs, pinned, by name; those that another step will write are not there. */
  inputs: Record<string, PinnedInput>;
  /** Commit of its last success, or null. */
  previous: string | null;
  /** Digest of the files that its command names, at the time of the plan. @default it names none */
  files?: string;
}

/** What a run would do. */
export interface PipelinePlan {
  kind: "plan";
  pipeline: string;
  /** SHA-256 of its configuration, secrets left out. */
  configuration: string;
  steps: PlannedStep[];
}

/** Identifies what a pipeline says, whatever the order of members; the values of secrets do not count. */
export function configurationDigest(pipeline: Pipeline): string {
  // deno-lint-ignore no-explicit-any -- a pipeline is plain data
  return sha256(sortedJson(withoutSecrets(pipeline as any)));
}

/**
 * Says for each step whether it would run, and why. Nothing is written.
 *
 * @throws {RegistryError} `NotFound` for an input that is not there; `Invalid` for steps that cannot be ordered
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
  checkPlaces(pipeline, settled(options).root);
  const dependencies = findDependencies(pipeline);
  const chosen = chooseSteps(dependencies, options.steps);
  const forced = (step: string) => force === true || (force !== false && force.includes(step));
  if (force !== true && force !== false) chooseSteps(dependencies, force);
  const last = await readSuccesses(pipeline, dependencies, chosen, options);
  const pinned = new Map<string, Promise<PinnedInput>>();
  const planned = new Map<string, PlannedStep>();
  const writersOf = createWriters(pipeline, dependencies, settled(options).root);

  const pinOptions = {
    ...settled(options),
    isStep: (id: string) => dependencies.steps.has(id),
    successOf(id: string) {
      const decision = planned.get(id)?.decision ?? "skip";
      const success = last.get(id)?.record;
      if (success === undefined && !chosen.has(id)) throw neverRan(id);
      return decision === "skip" ? success : undefined;
    },
    pinned,
  };

  for (const id of dependencies.order) {
    if (!chosen.has(id)) continue;
    signal?.throwIfAborted();
    const step = dependencies.steps.get(id)!;
    const pins = await pinInputs(step, writersOf(step), pinOptions);
    const files = await commandFiles(step, pinOptions.root);
    const success = last.get(id);
    const present = { ...pins, files, forced: forced(id) };
    planned.set(id, {
      ...{ step: id, node: step.node, operator: step.operator },
      ...await decide(step, success?.record, present, options),
      ...{ inputs: pins.inputs, previous: success?.info.commit ?? null },
      ...(files === undefined ? {} : { files }),
    });
  }
  const configuration = configurationDigest(pipeline);
  const plan: PipelinePlan = {
    kind: "plan",
    pipeline: pipeline.id,
    configuration,
    steps: [...planned.values()],
  };
  return { plan, successes: last };
}

/** Decides whether a step is to run, and why. */
async function decide(
  step: PipelineStep,
  success: StepRecord | undefined,
  { inputs, waiting, files, forced }: Awaited<ReturnType<typeof pinInputs>> & {
    files: string | undefined;
    forced: boolean;
  },
  options: PlanOptions,
): Promise<Pick<PlannedStep, "decision" | "reasons">> {
  if (success === undefined) return { decision: "run", reasons: ["never ran"] };
  const code = await codeOf(step, files, options);
  const present = { inputs, waiting: Object.keys(waiting), params: countedParams(step), code };
  const reasons = [...forced ? ["forced"] : [], ...changesOf(step, success, present)];
  if (reasons.length === 0) reasons.push(...await goneOutputs(step, success, options));
  if (reasons.length > 0) return { decision: "run", reasons };
  const unknown = step.rerun.includes("inputs") ? new Set(Object.values(waiting)) : [];
  const runs = [...unknown].map((upstream) => `upstream runs: ${upstream}`);
  return { decision: runs.length > 0 ? "depends" : "skip", reasons: runs };
}

export function settled<T extends RunnerOptions>(
  options: T,
): T & { root: string; system: NonNullable<T["system"]> } {
  const { root = process.cwd(), system = realSystem } = options;
  return { ...options, root, system };
}

async function readSuccesses(
  { id: pipeline }: Pipeline,
  { steps, before }: Dependencies,
  chosen: ReadonlySet<string>,
  { registry, signal }: RunnerOptions,
): Promise<Map<string, FoundRecord<StepRecord>>> {
  const names = recordNames(pipeline);
  const wanted = new Set([...chosen, ...[...chosen].flatMap((id) => before.get(id)!)]);
  const known: string[] = [];
  for await (const name of registry.names({ prefix: names.steps, signal })) {
    const id = name.slice(names.steps.length);
    if (steps.has(id) && wanted.has(id)) known.push(id);
  }
  const successes = new Map<string, FoundRecord<StepRecord>>();
  await forEachAtOnce(known, async (id) => {
    const found = await readSuccess(registry, names.step(id), signal);
    if (found !== undefined) successes.set(id, found);
  });
  return successes;
}

function chooseSteps({ steps }: Dependencies, ids: readonly string[] | undefined): Set<string> {
  const unknown = ids?.find((id) => !steps.has(id));
  if (unknown === undefined) return new Set(ids ?? steps.keys());
  throw fault({
    code: "NotFound",
    action: "choose step",
    subject: shown(unknown),
    state: "the pipeline has no such step",
    hint: `There is: ${[...steps.keys()].slice(0, 20).join(", ")}.`,
  });
}

function checkVersioned({ id }: Pipeline, { registry }: RunnerOptions): void {
  if (registry.settings.versioned) return;
  throw fault({
    code: "Unsupported",
    action: "plan pipeline",
    subject: shown(id),
    state: "the registry keeps one value per name, without versions",
    hint:
      "Records and outputs of runs are versions: use a registry that was created with versions, as is the default.",
  });
}

function neverRan(id: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "read the output of step",
    subject: shown(id),
    state: "it never ran well, and is not to run now",
    hint: "Run it too: leave --operator and --node out, or name it as well.",
  });
}
