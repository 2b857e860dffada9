// Bringing what a step wrote to where it is kept.
import {
  cpSync,
  type Dirent,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, relative, SEPARATOR } from "@std/path";
import { sha256 } from "../../../core/bytes/digest.ts";
import { fault, type RegistryError } from "../../../core/errors.ts";
import { pathsBelow } from "../../../disk/paths_below.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { shown } from "../../../core/naming/names.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import type { ArtifactInput } from "../../../core/record.ts";
import { localPath } from "../../../materializers/mod.ts";
import { WHOLE_OUTPUT } from "../../output_keys.ts";
import { digestOfPath } from "../digest_of_path.ts";
import { findObjects, noTransfer } from "../objects/find_objects.ts";
import { recordNames } from "../records/names.ts";
import type { SavedOutput } from "../records/step_record.ts";
import type { RunContext } from "../run_context.ts";
import { isUrl, parsePlace } from "../sources.ts";
import { inside } from "./stage_inputs.ts";
import { errorCode, onDisk } from "../../../disk/file_errors.ts";

export interface PublishOptions {
  effect: string;
  inputs: ArtifactInput[];
  metadata: Record<string, unknown>;
  before: Readonly<Record<string, SavedOutput>>;
}

/** Saves, uploads or moves the outputs of a step. In the registry each is saved once, however often this is repeated. */
export async function publishOutputs(
  written: readonly WrittenOutput[],
  context: RunContext,
  options: PublishOptions,
): Promise<Record<string, SavedOutput>> {
  const outputs: Record<string, SavedOutput> = {};
  for (const output of written) outputs[output.name] = await publish(output, context, options);
  return outputs;
}

export interface WrittenOutput {
  /** Its key: a path below the output root, or `.`. */
  name: string;
  to: string;
  from: string;
}

/**
 * Returns the outputs of a step as they lie in its output root.
 *
 * @param options `isShard`, where other processes write the same outputs: one of them may leave an output out
 * @throws {RegistryError} `TaskFailed` for one that was not written
 */
export function findOutputs(
  step: PipelineStep,
  { pipeline }: Pick<RunContext, "pipeline">,
  { outputRoot, isShard }: { outputRoot: string; isShard: boolean },
): WrittenOutput[] {
  const there = readdirSync(outputRoot, { withFileTypes: true });
  const named = Object.entries(step.outputs);
  if (named.length === 0) {
    if (there.length === 0) return [];
    const to = `registry:${recordNames(pipeline.id).output(step.id)}`;
    return [{ name: WHOLE_OUTPUT, to, from: outputRoot }];
  }
  const outputs = named.map(([name, to]) => ({
    ...{ name, to },
    from: name === WHOLE_OUTPUT ? outputRoot : inside(outputRoot, name),
  }));
  const isWritten = ({ name, from }: WrittenOutput) =>
    name === WHOLE_OUTPUT ? there.length > 0 : isKept(from);
  const written = outputs.filter(isWritten);
  if (written.length === outputs.length) return written;
  if (isShard && (written.length > 0 || there.length === 0)) return written;
  const { name } = outputs.find((output) => !isWritten(output))!;
  throw notWritten(
    step.id,
    name,
    there.map((entry) => entry.isDirectory() ? `${entry.name}/` : entry.name).sort(),
  );
}

/** Whether a file or folder is there. A link counts if it leads to one. */
function isKept(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && (found.isFile() || found.isDirectory());
}

async function publish(
  { name, to, from }: WrittenOutput,
  context: RunContext,
  { effect, inputs, metadata, before }: PublishOptions,
): Promise<SavedOutput> {
  const { registry, root, s3, signal, system, dependencies } = context;
  const place = parsePlace(to, { root, isStep: (id) => dependencies.steps.has(id) });
  const file = fileOf(from);
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
        return { to, ref, ...file, digest: saved.digest, size: saved.size };
      }
      key = sha256(`${key} ${saved.commit}`); // what it wrote the last time was deleted since
    }
  }
  if (place.kind === "url") {
    if (s3 === undefined) throw noTransfer(place.url);
    const objects = objectsOf(from, place.url);
    await forEachAtOnce(
      objects,
      async ([path, url]) => void await s3.upload({ path }, url, { signal }),
    );
    const isMany = place.url.endsWith("/");
    const files = isMany ? objects.map(([, url]) => url.slice(place.url.length)).sort() : undefined;
    const { digest, size } = await findObjects(place.url, { s3, files, signal });
    return {
      to,
      path: place.url,
      ...file,
      digest,
      size,
      ...(files === undefined ? {} : { files }),
    };
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
  return { to, path, ...file, size, digest: (await digestOfPath(path, { signal })).digest };
}

export function fileOf(from: string): { file?: string } {
  return statSync(from).isFile() ? { file: basename(from) } : {};
}

function objectsOf(from: string, url: string): [path: string, url: string][] {
  if (statSync(from).isFile()) return [[from, url.endsWith("/") ? url + basename(from) : url]];
  if (!url.endsWith("/")) throw notOneObject(url);
  const files: [path: string, url: string][] = [];
  for (const name of pathsBelow(from)) {
    const path = join(from, name);
    const isLink = lstatSync(path).isSymbolicLink();
    const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
    if (isLink && !isFile) throw noFile(name, url);
    if (isFile) files.push([path, url + name.replaceAll(SEPARATOR, "/")]);
  }
  return files;
}

function noFile(link: string, url: string): RegistryError {
  return fault({
    code: "TaskFailed",
    action: "upload",
    subject: `${shown(link)} to ${shown(url)}`,
    state: "the link leads to no file",
    hint: "Write the files themselves, or keep the output in the registry, which has links.",
  });
}

/** Returns the pipes, sockets and devices in outputs that are saved or uploaded, by their paths below the output root. */
export function specialFilesOf(outputs: readonly WrittenOutput[]): string[] {
  return outputs.filter(({ to }) => to.startsWith("registry:") || isUrl(to)).flatMap(
    ({ name, from }) => {
      if (statSync(from).isFile()) return [];
      const found = [...entriesBelow(from)].filter((entry) => !isOrdinary(entry));
      const under = name === WHOLE_OUTPUT ? "" : `${name}/`;
      return found.map((entry) =>
        under + relative(from, join(entry.parentPath, entry.name)).replaceAll(SEPARATOR, "/")
      );
    },
  );
}

function* entriesBelow(folder: string): Generator<Dirent> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    yield entry;
    if (entry.isDirectory()) yield* entriesBelow(join(folder, entry.name));
  }
}

function isOrdinary(entry: Dirent): boolean {
  return entry.isFile() || entry.isDirectory() || entry.isSymbolicLink();
}

function notOneObject(url: string): RegistryError {
  return fault({
    code: "TaskFailed",
    action: "upload a folder to",
    subject: shown(url),
    state: "the URL names one object",
    hint:
      "End the URL with / to store each file below it, or use the path of one file as the output's key.",
  });
}

const MOST_LISTED = 10;

function notWritten(step: string, name: string, there: readonly string[]): RegistryError {
  const listed = there.slice(0, MOST_LISTED).map(shown).join(", ");
  const more = there.length > MOST_LISTED ? ` and ${there.length - MOST_LISTED} more` : "";
  const state = there.length === 0
    ? "OUTPUT_ROOT is empty"
    : `it was not written; OUTPUT_ROOT holds ${listed}${more}`;
  return fault({
    code: "TaskFailed",
    action: "save output",
    subject: `${shown(name)} of step ${shown(step)}`,
    state,
    hint: there.length === 0
      ? "Write to the folder that OUTPUT_ROOT (context.outputRoot) names. Omit `outputs` for a step without output."
      : 'Use the path of a written file or folder as the key, or "." for all of OUTPUT_ROOT.',
  });
}

function writesToStep(to: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "write an output to",
    subject: shown(to),
    state: "a step's outputs are its own",
    hint: "Write registry:NAME, a URL or a path; the other step reads step:THIS as its input.",
  });
}

/**
 * Moves what a step wrote to its place. What stood there is replaced; where it is not the step's own it is kept beside,
 * as `NAME.before-<id>`.
 *
 * A file is replaced at once. A folder is exchanged by two renames: between them nothing is at the place.
 *
 * @param from what was written; it is gone afterwards
 * @param to where it goes, absolute
 * @param options `isOwn`, where what stands there is of this step, so that nobody misses it
 * @returns where it is
 */
export function publishPath(
  from: string,
  to: string,
  { id, root, isOwn }: { id: string; root: string; isOwn: boolean },
): string {
  const inner = relative(to, root);
  if (inner === "" || !inner.startsWith("..")) throw refused(to);
  return onDisk("write", to, () => {
    const name = `.${basename(to)}.holdfast-${id}`;
    mkdirSync(dirname(to), { recursive: true });
    const staged = join(dirname(to), name);
    move(from, staged);
    const before = lstatSync(to, { throwIfNoEntry: false });
    if (before !== undefined && (before.isDirectory() || !isOwn)) {
      const aside = isOwn ? `${staged}-before` : `${to}.before-${id}`;
      renameSync(to, aside);
      renameSync(staged, to);
      if (isOwn) rmSync(aside, { recursive: true, force: true });
    } else {
      renameSync(staged, to);
    }
    return to;
  });
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errorCode(error) !== "EXDEV") throw error;
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
    rmSync(from, { recursive: true, force: true });
  }
}

function refused(to: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "write an output to",
    subject: shown(to),
    state: "the pipeline's own folder is in it",
    hint: "Name a folder of its own for each output, such as ./out/clean.",
  });
}
