/**
 * Bringing what a step wrote to where it is kept.
 *
 * @module
 */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "@std/path";
import { sha256 } from "../../../core/bytes/digest.ts";
import { RegistryError } from "../../../core/errors.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { shown } from "../../../core/naming/names.ts";
import type { PipelineStep } from "../../../core/pipelines/pipeline.ts";
import type { ArtifactInput } from "../../../core/record/record.ts";
import { localPath } from "../../../materializers/mod.ts";
import { digestOfPath } from "../digest_of_path.ts";
import { findObjects, noTransfer } from "../objects/find_objects.ts";
import { recordNames } from "../records/names.ts";
import type { SavedOutput } from "../records/step_record.ts";
import type { RunContext } from "../run_context.ts";
import { parsePlace } from "../sources.ts";
import { publishPath } from "./publish_path.ts";
import { inside } from "./stage_inputs.ts";

/** What is known of outputs. */
export interface PublishOptions {
  /** Where they are. */
  outputRoot: string;
  /** Names of outputs that the operator says it writes, each a file or folder in the output root. */
  declared: readonly string[];
  /** Identifies what the step does. */
  effect: string;
  /** What they were made from. */
  inputs: ArtifactInput[];
  /** What is kept beside each. */
  metadata: Record<string, unknown>;
  /** What the step wrote the last time. */
  before: Readonly<Record<string, SavedOutput>>;
}

/**
 * Saves, uploads or moves the outputs of a step. In the registry each is saved once, however often this is repeated.
 *
 * @throws {RegistryError} `TaskFailed` for an output that was not written
 */
export async function publishOutputs(
  step: PipelineStep,
  context: RunContext,
  options: PublishOptions,
): Promise<Record<string, SavedOutput>> {
  const outputs: Record<string, SavedOutput> = {};
  for (const output of findOutputs(step, context, options)) {
    outputs[output.name] = await publish(output, context, options);
  }
  return outputs;
}

/** An output that was written. */
export interface WrittenOutput {
  /** Its name. */
  name: string;
  /** Where it is to be kept. */
  to: string;
  /** Where it lies. */
  from: string;
}

/**
 * The outputs of a step as they lie in its output root.
 *
 * @throws {RegistryError} `TaskFailed` for one that was not written
 */
export function findOutputs(
  step: PipelineStep,
  { pipeline }: Pick<RunContext, "pipeline">,
  { outputRoot, declared }: Pick<PublishOptions, "outputRoot" | "declared">,
): WrittenOutput[] {
  const named = Object.entries(step.outputs);
  if (named.length === 0) {
    if (readdirSync(outputRoot).length === 0) return [];
    return [{ name: "output", to: `registry:${recordNames(pipeline.id).output(step.id)}`, from: outputRoot }];
  }
  const isWhole = named.length === 1 && !declared.includes(named[0][0]);
  for (const [name] of named) if (!isWhole) checkWritten(step.id, name, inside(outputRoot, name));
  return named.map(([name, to]) => ({ name, to, from: isWhole ? outputRoot : inside(outputRoot, name) }));
}

async function publish(
  { name, to, from }: WrittenOutput,
  context: RunContext,
  { effect, inputs, metadata, before }: PublishOptions,
): Promise<SavedOutput> {
  const { registry, root, s3, signal, system, dependencies } = context;
  const place = parsePlace(to, { root, isStep: (id) => dependencies.steps.has(id) });
  if (place.kind === "registry") {
    const [, version] = place.ref.split("@");
    const more = { version, inputs, metadata: { ...metadata, output: name }, signal };
    let key = sha256(`${effect} ${name}`);
    for (;;) {
      const saved = await registry.save(place.name, localPath(from, { all: true }), {
        ...more,
        idempotencyKey: key,
      });
      const ref = `${saved.name}@${saved.version}`;
      if (!saved.skipped || await registry.has(ref, { signal })) {
        return { to, ref, digest: saved.digest, size: saved.size };
      }
      key = sha256(`${key} ${saved.commit}`); // what it wrote the last time was deleted since
    }
  }
  if (place.kind === "url") {
    if (s3 === undefined) throw noTransfer(place.url);
    const objects = objectsOf(from, place.url);
    await forEachAtOnce(objects, async ([path, url]) => void await s3.upload({ path }, url, { signal }));
    const isMany = place.url.endsWith("/");
    const files = isMany ? objects.map(([, url]) => url.slice(place.url.length)).sort() : undefined;
    const { digest, size } = await findObjects(place.url, { s3, files, signal });
    return { to, path: place.url, digest, size, ...(files === undefined ? {} : { files }) };
  }
  const { digest, size } = await digestOfPath(from, { signal });
  if (place.kind === "step") throw writesToStep(to);
  const there = lstatSync(place.path, { throwIfNoEntry: false });
  const found = there === undefined || there.isSymbolicLink()
    ? undefined
    : await digestOfPath(place.path, { signal }).catch(() => undefined);
  const isOwn = found !== undefined && [before[name]?.digest, digest].includes(found.digest);
  const path = publishPath(from, place.path, { id: system.id().slice(-8), root, isOwn });
  // One file alone has another digest than the folder that it was in.
  return { to, path, size, digest: (await digestOfPath(path, { signal })).digest };
}

/** Files, and the URLs of their objects. */
function objectsOf(from: string, url: string): [path: string, url: string][] {
  const files = lstatSync(from).isDirectory()
    ? readdirSync(from, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
    : [from];
  if (url.endsWith("/")) {
    return files.map((path) => [path, url + path.slice(from.length + 1)]);
  }
  if (files.length === 1) return [[files[0], url]];
  throw new RegistryError({
    code: "Invalid",
    message: `Cannot upload ${files.length} files as the one object ${shown(url)}: it needs exactly one`,
    hint: "End the URL with / to store each file below it.",
  });
}

function checkWritten(step: string, name: string, path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
  throw new RegistryError({
    code: "TaskFailed",
    message: `Cannot take output ${shown(name)} of step ${shown(step)}: it was not written`,
    hint: `Write a file or folder of that name into the output root; a step with one output writes right into it.`,
  });
}

function writesToStep(to: string): RegistryError {
  return new RegistryError({
    code: "Invalid",
    message: `Cannot write an output to ${shown(to)}: a step's outputs are its own`,
    hint: "Write registry:NAME, a URL or a path; the other step reads step:THIS as its input.",
  });
}
