// Reasons for a step to run.
import { isRegistryError } from "../../core/errors.ts";
import type { PipelineStep } from "../contract/pipeline.ts";
import { parseRef } from "../../core/naming/refs.ts";
import { digestOfPath } from "./digest_of_path.ts";
import { changedParams, shortDigest } from "./fingerprint.ts";
import type { PinnedInput, PinOptions } from "./pin_inputs.ts";
import type { Fingerprint, SavedOutput, StepRecord } from "./records/files.ts";
import { findObjects } from "./objects/find_objects.ts";
import { isUrl } from "./sources.ts";

export interface Present extends Omit<Fingerprint, "inputs"> {
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
