// Reasons for a step to run, or that it is done.
import { isRegistryError, parseRef } from "../../core/kernel.ts";
import type { PipelineStep } from "../contract/pipeline.ts";
import { digestOfPath } from "./digest_of_path.ts";
import { changedParams, codeOf, countedParams, effectKey, shortDigest } from "./fingerprint.ts";
import type { PinnedInput, PinOptions } from "./pin_inputs.ts";
import { readSuccess } from "./records/files.ts";
import type { Fingerprint, FoundRecord, SavedOutput, StepRecord } from "./records/files.ts";
import { recordNames } from "./records/names.ts";
import type { RunContext } from "./run_context.ts";
import { findObjects } from "./objects/find_objects.ts";
import { isUrl } from "./sources.ts";

interface Present extends Omit<Fingerprint, "inputs"> {
  inputs: Readonly<Record<string, PinnedInput>>;
  waiting: readonly string[];
}

/** Returns the changes since a step's last success that make it run again. */
export function changesOf({ rerun }: PipelineStep, last: StepRecord, present: Present): string[] {
  const { fingerprint } = last;
  const changes: string[] = [];
  if (rerun.includes("inputs")) changes.push(...changedInputs(fingerprint.inputs, present));
  if (rerun.includes("params")) changes.push(...changedParams(fingerprint, present));
  if (rerun.includes("code") && fingerprint.code !== present.code) {
    changes.push(changedCode(fingerprint.code, present.code));
  }
  return changes;
}

/** Returns the parts of the code that differ: `code train.py 3f20… → train.py 9a…`. */
function changedCode(before: string, now: string): string {
  const [then, parts] = [before.split(", "), now.split(", ")];
  const gone = then.filter((part) => !parts.includes(part)).join(", ") || "none";
  const added = parts.filter((part) => !then.includes(part)).join(", ") || "none";
  return `code ${gone} → ${added}`;
}

function changedInputs(before: Record<string, string>, { inputs, waiting }: Present): string[] {
  const then = new Map(Object.entries(before)); // names may be "constructor"
  const known = new Map(Object.entries(inputs));
  const changes: string[] = [];
  for (const name of new Set([...then.keys(), ...known.keys()])) {
    const [last, now] = [then.get(name), known.get(name)];
    if (waiting.includes(name) || last === now?.digest) continue;
    changes.push(
      `inputs changed: ${shownInput(name, now)} ${shortDigest(last)} → ${shortDigest(now?.digest)}`,
    );
  }
  return changes;
}

/** Returns `data:raw` for `registry:data:raw@^1`, and the name of an input that was removed. */
function shownInput(name: string, input: PinnedInput | undefined): string {
  if (input === undefined) return name;
  return input.from.startsWith("registry:")
    ? parseRef(input.from.slice("registry:".length)).name
    : input.from;
}

type GoneOptions = Pick<PinOptions, "registry" | "s3" | "signal">;

/** Returns the outputs of a step's last success that are gone or changed, and new ones. */
export async function goneOutputs(
  step: PipelineStep,
  { outputs }: StepRecord,
  options: GoneOptions,
): Promise<string[]> {
  const gone: string[] = [];
  for (const [name, to] of Object.entries(step.outputs)) {
    if (!Object.hasOwn(outputs, name) || outputs[name]?.to !== to) gone.push(`output new: ${to}`);
  }
  for (const output of Object.values(outputs)) {
    if (!await isThere(output, options)) gone.push(`output gone: ${output.ref ?? output.to}`);
  }
  return gone;
}

async function isThere(
  { ref, path, files, digest }: SavedOutput,
  { registry, s3, signal }: GoneOptions,
): Promise<boolean> {
  try {
    if (ref !== undefined) return (await registry.info(ref, { signal })).digest === digest;
    if (path === undefined) return true;
    if (isUrl(path)) {
      return s3 === undefined || (await findObjects(path, { s3, files, signal })).digest === digest;
    }
    return (await digestOfPath(path, { signal })).digest === digest;
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return false;
    throw error;
  }
}

export interface StepState {
  fingerprint: Fingerprint;
  effect: string;
  last?: FoundRecord<StepRecord>;
  done?: FoundRecord<StepRecord>;
}

/**
 * Finds out whether a step is done, and whether it would repeat its last success, with its
 * parameters and code as they are now.
 *
 * @param present its inputs; `lastSuccess` if its last success was just read
 */
export async function findState(
  step: PipelineStep,
  { previous, reasons, files }: {
    previous: string | null;
    reasons: readonly string[];
    files?: string;
  },
  { inputs, lastSuccess }: {
    inputs: Record<string, PinnedInput>;
    lastSuccess?: { last?: FoundRecord<StepRecord> };
  },
  context: Pick<RunContext, "registry" | "pipeline" | "operators" | "s3" | "signal">,
): Promise<StepState> {
  const { registry, pipeline, s3, signal } = context;
  const digests = Object.fromEntries(
    Object.entries(inputs).map(([name, { digest }]) => [name, digest]),
  );
  const params = countedParams(step);
  const code = await codeOf(step, files, context);
  const fingerprint = { inputs: digests, ...params, code };
  const effect = effectKey(fingerprint, { pipeline: pipeline.id, step: step.id, previous });
  const name = recordNames(pipeline.id).step(step.id);
  const { last } = lastSuccess ?? { last: await readSuccess(registry, name, signal) };
  const state = { fingerprint, effect, last };
  if (last === undefined) return state;
  if (last.record.effect === effect) return { ...state, done: last };
  if (!reasons.includes("forced")) {
    const changes = changesOf(step, last.record, { inputs, ...params, code, waiting: [] });
    const isSame = changes.length === 0 &&
      (await goneOutputs(step, last.record, { registry, s3, signal })).length === 0;
    if (isSame) return { ...state, done: last };
  }
  if (last.info.commit === previous) return state;
  // Another run may have done it since this one was planned.
  for await (const { version } of registry.versions(name, { signal })) {
    const earlier = await readSuccess(registry, `${name}@${version}`, signal);
    if (earlier?.record.effect === effect) return { ...state, done: earlier };
    if (earlier?.info.commit === previous) break;
  }
  return state;
}
