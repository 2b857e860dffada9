// Pins inputs of steps to exact versions, or to digests of their content.
import {
  fault,
  isRegistryError,
  itemAt,
  notFound,
  sha256,
  shown,
  sortedJson,
  valueAt,
} from "../../core/kernel.ts";
import type { Pipeline, PipelineStep } from "../contract/pipeline.ts";
import { WHOLE_OUTPUT } from "../output_keys.ts";
import { digestOfPath } from "./digest_of_path.ts";
import { findObjects } from "./objects/find_objects.ts";
import type { SavedOutput, StepRecord } from "./records/files.ts";
import type { RunnerOptions } from "./run_context.ts";
import { createWriters, type Dependencies, inputsOf, parsePlace, type Place } from "./sources.ts";

/** A part of an input: one for most inputs, one per output for all outputs of a step. */
export interface InputPart {
  /** Folder below the input's; empty for the input's own. */
  at: string;
  /** Name of a single file outside the registry. @default that of the file or object */
  name?: string;
  ref?: string;
  path?: string;
  /** For a URL that ends with `/`: the objects below it that a step wrote. @default all */
  files?: string[];
  /** SHA-256 of its content; of objects in a bucket, of their sizes and tags. */
  digest: string;
}

/** A pinned input. */
export interface PinnedInput {
  from: string;
  parts: InputPart[];
  digest: string;
}

/** Inputs of a step, and the upstream steps that must end before the others can be pinned. */
export interface Pins {
  inputs: Record<string, PinnedInput>;
  waiting: Record<string, string>;
}

export interface PinOptions extends Pick<RunnerOptions, "registry" | "s3" | "signal"> {
  root: string;
}

/**
 * Returns a function that pins the inputs of a step. Those outside the pipeline are pinned once.
 * `known` inputs are pinned already.
 */
export function createPins(
  context: PinOptions & { pipeline: Pipeline; dependencies: Dependencies },
  done: { successOf(step: string): StepRecord | undefined },
): (step: PipelineStep, known?: Pins["inputs"]) => Promise<Pins> {
  const { pipeline, dependencies, root } = context;
  const writersOf = createWriters(pipeline, dependencies, root);
  const isStep = (id: string) => dependencies.steps.has(id);
  const pinned = new Map<string, Promise<PinnedInput>>();

  return async (step, known = {}) => {
    const writers = writersOf(step);
    const inputs: Record<string, PinnedInput> = {};
    const waiting: Record<string, string> = {};
    for (const [name, from] of Object.entries(inputsOf(step))) {
      if (Object.hasOwn(known, name)) {
        inputs[name] = known[name]!;
        continue;
      }
      let place = parsePlace(from, { root, isStep });
      const writer = writers.get(from);
      if (writer !== undefined) place = { kind: "step", ...writer };
      if (place.kind !== "step") {
        if (!pinned.has(from)) pinned.set(from, pin(from, place, context));
        inputs[name] = await valueAt(pinned, from).catch((error) => {
          throw unread(from, step.id, error);
        });
        continue;
      }
      const success = done.successOf(place.step);
      if (success === undefined) waiting[name] = place.step;
      else inputs[name] = ofStep(from, place, success);
    }
    return { inputs, waiting };
  };
}

type Outside = Exclude<Place, { kind: "step" }>;

function unread(from: string, step: string, cause: unknown): unknown {
  if (!isRegistryError(cause)) return cause;
  const { code, message: state, hint, reason, retry } = cause;
  const subject = `${shown(from)} of step ${shown(step)}`;
  return fault({ code, action: "read input", subject, state, hint, reason, retry, cause });
}

async function pin(
  from: string,
  place: Outside,
  { registry, s3, signal }: PinOptions,
): Promise<PinnedInput> {
  if (place.kind === "registry") {
    const { name, version, digest } = await registry.info(place.ref, { signal });
    return onePart(from, { ref: `${name}@${version}`, digest });
  }
  if (place.kind === "url") {
    const { digest } = await findObjects(place.url, { s3, signal });
    return onePart(from, { path: place.url, digest });
  }
  const { digest } = await digestOfPath(place.path, { signal });
  return onePart(from, { path: place.path, digest });
}

function onePart(from: string, part: Omit<InputPart, "at">): PinnedInput {
  return { from, digest: part.digest, parts: [{ at: "", ...part }] };
}

/** Pins one or all outputs of a step, independently of where they are stored. */
function ofStep(
  from: string,
  place: Place & { kind: "step" },
  { outputs, effect }: StepRecord,
): PinnedInput {
  if (place.output !== undefined) {
    if (!Object.hasOwn(outputs, place.output)) {
      const subject = `${shown(place.output)} of step ${shown(place.step)}`;
      const hint = `Use one of ${Object.keys(outputs).map(shown).join(", ") || "its outputs"}.`;
      throw notFound("read output", subject, "the step wrote no such output", { hint });
    }
    return ofParts(from, [{ at: "", ...partOf(outputs[place.output]!) }]);
  }
  const written = Object.entries(outputs);
  // A step without outputs has other effects: its dependents run again when it has run again.
  if (written.length === 0) return { from, parts: [], digest: sha256(`effect ${effect}`) };
  const parts = written.map(([key, output]) => ({ at: folderOf(key, output), ...partOf(output) }));
  return ofParts(from, parts);
}

function folderOf(key: string, { file }: SavedOutput): string {
  if (file !== undefined) return key.slice(0, Math.max(0, key.lastIndexOf("/")));
  return key === WHOLE_OUTPUT ? "" : key;
}

function ofParts(from: string, parts: InputPart[]): PinnedInput {
  const { at, name, digest } = itemAt(parts, 0);
  if (parts.length === 1 && at === "" && name === undefined) return { from, parts, digest };
  const counted = parts.map(({ at, name = null, digest }) => [at, name, digest]);
  return { from, parts, digest: sha256(sortedJson(counted)) };
}

function partOf({ ref, path, file, files, digest }: SavedOutput): Omit<InputPart, "at"> {
  return { digest, ref, path, name: path === undefined ? undefined : file, files };
}
