// Inputs of steps, each pinned to what is there now: an exact version, or the digest of its
// content.
import { sha256 } from "../../core/bytes/digest.ts";
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { PipelineStep } from "../contract/pipeline.ts";
import type { Registry } from "../../core/registry.ts";
import { WHOLE_OUTPUT } from "../output_keys.ts";
import { digestOfPath } from "./digest_of_path.ts";
import { sortedJson } from "./fingerprint.ts";
import { findObjects } from "./objects/find_objects.ts";
import type { SavedOutput, StepRecord } from "./records/step_record.ts";
import type { ObjectTransfer } from "./run_context.ts";
import { inputsOf, parsePlace, type Place } from "./sources.ts";

/** A part of an input. Most inputs have one part; all outputs of a step have one part each. */
export interface InputPart {
  at: string;
  /** The name of a single file that is not in the registry. @default that of the file or object */
  name?: string;
  ref?: string;
  path?: string;
  /** Of a URL that ends with `/`: what a step wrote below it; others that are there do not count. @default all */
  files?: string[];
  /** SHA-256 of its content; of objects in a bucket, of their sizes and tags. */
  digest: string;
}

/** An input, pinned. */
export interface PinnedInput {
  from: string;
  parts: InputPart[];
  /** SHA-256 of all of it. */
  digest: string;
}

/** What {@linkcode pinInputs} works with. */
export interface PinOptions {
  registry: Registry;
  root: string;
  s3?: ObjectTransfer;
  signal?: AbortSignal;
  isStep(id: string): boolean;
  successOf(step: string): StepRecord | undefined;
  /** Inputs of the step that are pinned, by name: they stay as they are. @default none */
  known?: Readonly<Record<string, PinnedInput>>;
  pinned: Map<string, Promise<PinnedInput>>;
}

/**
 * Pins the inputs of a step.
 *
 * @param writers steps upstream of it by the name of the artifact that they write: it is theirs that is read
 * @returns its inputs, and the upstream steps that must end before others are known
 */
export async function pinInputs(
  step: PipelineStep,
  writers: ReadonlyMap<string, { step: string; output: string }>,
  options: PinOptions,
): Promise<{ inputs: Record<string, PinnedInput>; waiting: Record<string, string> }> {
  const inputs: Record<string, PinnedInput> = {};
  const waiting: Record<string, string> = {};
  const { known = {} } = options;
  for (const [name, from] of Object.entries(inputsOf(step))) {
    if (Object.hasOwn(known, name)) {
      inputs[name] = known[name];
      continue;
    }
    const place = writtenUpstream(parsePlace(from, options), writers);
    if (place.kind === "step") {
      const success = options.successOf(place.step);
      if (success === undefined) waiting[name] = place.step;
      else inputs[name] = ofStep(from, place, success);
    } else {
      inputs[name] = await pinOnce(from, place, step.id, options);
    }
  }
  return { inputs, waiting };
}

function writtenUpstream(
  place: Place,
  writers: ReadonlyMap<string, { step: string; output: string }>,
): Place {
  const writer = place.kind === "registry" ? writers.get(place.name) : undefined;
  return writer === undefined ? place : { kind: "step", ...writer };
}

type Outside = Exclude<Place, { kind: "step" }>;

async function pinOnce(
  from: string,
  place: Outside,
  step: string,
  options: PinOptions,
): Promise<PinnedInput> {
  let pinning = options.pinned.get(from);
  if (pinning === undefined) options.pinned.set(from, pinning = pin(from, place, options));
  try {
    return await pinning;
  } catch (cause) {
    if (!isRegistryError(cause)) throw cause;
    const { code, message: state, hint, hints, retry } = cause;
    const subject = `${shown(from)} of step ${shown(step)}`;
    throw fault({ code, action: "read input", subject, state, hint, hints, retry, cause });
  }
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
  return onePart(from, {
    path: place.path,
    digest: (await digestOfPath(place.path, { signal })).digest,
  });
}

function onePart(from: string, part: Omit<InputPart, "at">): PinnedInput {
  return { from, digest: part.digest, parts: [{ at: "", ...part }] };
}

/**
 * Pins one output of a step (a file under its name, or the files of a folder), or all of its outputs, each at its key.
 * It does not matter where the outputs are kept.
 */
function ofStep(
  from: string,
  place: Place & { kind: "step" },
  { outputs, effect }: StepRecord,
): PinnedInput {
  if (place.output !== undefined) {
    const output = Object.hasOwn(outputs, place.output) ? outputs[place.output] : undefined;
    if (output === undefined) throw noOutput(place.step, place.output, outputs);
    return ofParts(from, [{ at: "", ...partOf(output) }]);
  }
  const written = Object.entries(outputs);
  // What wrote nothing has done something else: whoever comes after it does its part again too.
  if (written.length === 0) return { from, parts: [], digest: sha256(`effect ${effect}`) };
  return ofParts(
    from,
    written.map(([key, output]) => ({ at: folderOf(key, output), ...partOf(output) })),
  );
}

function folderOf(key: string, { file }: SavedOutput): string {
  if (file !== undefined) return key.slice(0, Math.max(0, key.lastIndexOf("/")));
  return key === WHOLE_OUTPUT ? "" : key;
}

function ofParts(from: string, parts: InputPart[]): PinnedInput {
  const [{ at, name, digest }] = parts;
  if (parts.length === 1 && at === "" && name === undefined) return { from, parts, digest };
  const counted = parts.map(({ at, name = null, digest }) => [at, name, digest]);
  return { from, parts, digest: sha256(sortedJson(counted)) };
}

function partOf({ ref, path, file, files, digest }: SavedOutput): Omit<InputPart, "at"> {
  return {
    digest,
    ...(ref === undefined ? {} : { ref }),
    ...(path === undefined ? {} : { path }),
    ...(path === undefined || file === undefined ? {} : { name: file }),
    ...(files === undefined ? {} : { files }),
  };
}

function noOutput(step: string, output: string, outputs: StepRecord["outputs"]): RegistryError {
  return fault({
    code: "NotFound",
    action: "read output",
    subject: `${shown(output)} of step ${shown(step)}`,
    state: "it wrote none of that name",
    hint: `It wrote: ${Object.keys(outputs).map((key) => shown(key)).join(", ") || "nothing"}.`,
  });
}
