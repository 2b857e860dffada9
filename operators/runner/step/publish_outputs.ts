// Publishes outputs of a step: saves, uploads or moves them.
import type { ArtifactInput } from "../../../registry/mod.ts";
import { lstatSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { cp } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { fault, forEachAtOnce, invalid, sha256, shown, taskFailed } from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import { exists, isSpecial, isWithin, SPECIAL } from "../../../disk/target.ts";
import { listFolder, pathsBelow } from "../../../disk/paths_below.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import { localPath } from "../../../materializers/path.ts";
import { inside, WHOLE_OUTPUT } from "../../output_keys.ts";
import { digestOfPath, fileOf } from "../digest_of_path.ts";
import { findObjects, noTransfer } from "../objects/find_objects.ts";
import { recordNames } from "../records/names.ts";
import { type SavedOutput, saveOnce } from "../records/files.ts";
import type { RunContext } from "../run_context.ts";
import { isUrl, parsePlace, type Place } from "../sources.ts";
import { keepMostAccess } from "../../../disk/keep_access.ts";
import { errorCode, fileError, onDisk } from "../../../disk/file_errors.ts";

interface PublishOptions {
  effect: string;
  inputs: ArtifactInput[];
  metadata: Record<string, unknown>;
  before: Readonly<Record<string, SavedOutput>>;
}

/** Publishes outputs. In the registry each is saved once, however often this is called. */
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

/** Returns the outputs in an output root. Only those of a shard may be missing. */
export async function findOutputs(
  step: PipelineStep,
  { pipeline }: Pick<RunContext, "pipeline">,
  { outputRoot, isShard }: { outputRoot: string; isShard: boolean },
): Promise<WrittenOutput[]> {
  const writtenEntries = await listFolder(outputRoot);
  const named = Object.entries(step.outputs);
  if (named.length === 0) {
    if (writtenEntries.length === 0) return [];
    const to = `registry:${recordNames(pipeline.id).output(step.id)}`;
    return [{ name: WHOLE_OUTPUT, to, from: outputRoot }];
  }
  const outputs = named.map(([name, to]) => ({
    name,
    to,
    from: name === WHOLE_OUTPUT ? outputRoot : inside(outputRoot, name),
  }));
  const isWritten = ({ name, from }: WrittenOutput) =>
    name === WHOLE_OUTPUT ? writtenEntries.length > 0 : isKept(from);
  const written = outputs.filter(isWritten);
  if (written.length === outputs.length) return written;
  if (isShard && (written.length > 0 || writtenEntries.length === 0)) return written;
  const { name } = outputs.find((output) => !isWritten(output))!;
  const names = writtenEntries.map((entry) => entry.isDirectory ? `${entry.name}/` : entry.name)
    .sort();
  throw notWritten(step.id, name, names);
}

/** Returns whether a file, a folder or a link exists. */
function isKept(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats !== undefined && (stats.isFile() || stats.isDirectory() || stats.isSymbolicLink());
}

async function publish(
  { name, to, from }: WrittenOutput,
  context: RunContext,
  { effect, inputs, metadata, before }: PublishOptions,
): Promise<SavedOutput> {
  const { registry, root, s3, signal, system, dependencies } = context;
  const isStep = (id: string) => dependencies.steps.has(id);
  const place = parsePlace(to, { root, isStep }) as Outside; // `checkPlaces` refuses steps
  const file = fileOf(from);
  if (place.kind === "registry") {
    const [, version] = place.ref.split("@");
    const more = { version, inputs, metadata: { ...metadata, output: name }, signal };
    const key = sha256(`${effect} ${name}`);
    const local = localPath(from, { all: true });
    const saved = await saveOnce(registry, place.name, local, { ...more, idempotencyKey: key });
    const ref = `${saved.name}@${saved.version}`;
    return { to, ref, file, digest: saved.digest, size: saved.size };
  }
  if (place.kind === "url") {
    if (s3 === undefined) throw noTransfer(place.url);
    const objects = await objectsOf(from, place.url);
    await forEachAtOnce(objects, ([path, url]) => s3.upload({ path }, url, { signal }));
    const isMany = place.url.endsWith("/");
    const files = isMany ? objects.map(([, url]) => url.slice(place.url.length)).sort() : undefined;
    const { digest, size } = await findObjects(place.url, { s3, files, signal });
    return { to, path: place.url, file, digest, size, files };
  }
  const { digest, size } = await digestOfPath(from, { signal });
  const stats = lstatSync(place.path, { throwIfNoEntry: false });
  const placedDigest = stats === undefined || stats.isSymbolicLink()
    ? undefined
    : await digestOfPath(place.path, { signal }).catch(() => undefined);
  const isOwn = placedDigest !== undefined &&
    [before[name]?.digest, digest].includes(placedDigest.digest);
  const path = await publishPath(from, place.path, { id: system.id().slice(-8), root, isOwn });
  // The digest of a single file differs from that of its folder.
  return { to, path, file, size, digest: (await digestOfPath(path, { signal })).digest };
}

type Outside = Exclude<Place, { kind: "step" }>;

async function objectsOf(from: string, url: string): Promise<[path: string, url: string][]> {
  if (statSync(from).isFile()) return [[from, url.endsWith("/") ? url + basename(from) : url]];
  if (!url.endsWith("/")) {
    throw uploadError(
      `a folder to ${shown(url)}`,
      "the URL is of one object",
      "End the URL with / to store each file below it, or use the path of a file as the key.",
    );
  }
  const files: [path: string, url: string][] = [];
  for await (const name of pathsBelow(from)) {
    const path = join(from, name);
    const isLink = lstatSync(path).isSymbolicLink();
    const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
    if (isLink && !isFile) {
      throw uploadError(
        `${shown(name)} to ${shown(url)}`,
        "the link does not lead to a file",
        "Write the file itself, or save the output in the registry, which stores links.",
      );
    }
    if (isFile) files.push([path, url + name.replaceAll(sep, "/")]);
  }
  return files;
}

function uploadError(subject: string, state: string, hint: string): RegistryError {
  return fault({ code: "TaskFailed", action: "upload", subject, state, hint });
}

/** Returns the paths of pipes, sockets and devices in outputs that are saved or uploaded. */
export async function specialFilesOf(outputs: readonly WrittenOutput[]): Promise<string[]> {
  const special: string[] = [];
  for (const { name, to, from } of outputs) {
    if (!(to.startsWith("registry:") || isUrl(to)) || statSync(from).isFile()) continue;
    const under = name === WHOLE_OUTPUT ? "" : `${name}/`;
    for await (const path of pathsBelow(from)) {
      const entry = lstatSync(join(from, path), { throwIfNoEntry: false }); // none if not UTF-8
      if (!entry || entry.isFile() || entry.isDirectory() || entry.isSymbolicLink()) continue;
      special.push(under + path.replaceAll(sep, "/"));
    }
  }
  return special;
}

const MOST_LISTED = 10;

function notWritten(step: string, name: string, writtenNames: readonly string[]): RegistryError {
  const listed = writtenNames.slice(0, MOST_LISTED).map(shown).join(", ");
  const more = writtenNames.length > MOST_LISTED
    ? ` and ${writtenNames.length - MOST_LISTED} more`
    : "";
  const isEmpty = writtenNames.length === 0;
  const state = isEmpty
    ? "OUTPUT_ROOT is empty"
    : `not found; OUTPUT_ROOT contains ${listed}${more}`;
  const hint = isEmpty
    ? "Write to the folder OUTPUT_ROOT (context.outputRoot), or omit `outputs`."
    : 'In `outputs`, use the path of a written file or folder as the key, or "." for all of OUTPUT_ROOT.';
  return taskFailed("save output", `${shown(name)} of step ${shown(step)}`, state, { hint });
}

/**
 * Moves an output to its path. A file is replaced atomically; a folder by two renames, between
 * which nothing is there. What the step did not write is kept as `NAME.before-<id>`.
 *
 * @param from the written file or folder, which is moved
 * @param to absolute
 * @param options `isOwn` if an earlier run of the step wrote what is there now
 * @returns the path
 */
async function publishPath(
  from: string,
  to: string,
  { id, root, isOwn }: { id: string; root: string; isOwn: boolean },
): Promise<string> {
  if (isWithin(to, root)) {
    throw invalid("write an output to", shown(to), "it contains the pipeline's own folder", {
      hint: "Use a separate folder for each output, such as ./out/clean.",
    });
  }
  if (isSpecial(to)) throw exists(to, SPECIAL);
  const staged = join(dirname(to), `.${basename(to)}.holdfast-${id}`);
  onDisk("write", to, () => mkdirSync(dirname(to), { recursive: true }));
  await move(from, staged).catch((cause) => {
    throw fileError("write", to, cause);
  });
  return onDisk("write", to, () => {
    const before = lstatSync(to, { throwIfNoEntry: false });
    if (before !== undefined && (before.isDirectory() || !isOwn)) {
      const aside = isOwn ? `${staged}-before` : `${to}.before-${id}`;
      renameSync(to, aside);
      renameSync(staged, to);
      if (isOwn) rmSync(aside, { recursive: true, force: true });
    } else {
      const output = lstatSync(staged);
      if (before?.isFile() && output.isFile()) {
        keepMostAccess(staged, before, (output.mode & 0o100) !== 0);
      }
      renameSync(staged, to);
    }
    return to;
  });
}

async function move(from: string, to: string): Promise<void> {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errorCode(error) !== "EXDEV") throw error;
    await cp(from, to, { recursive: true, verbatimSymlinks: true });
    rmSync(from, { recursive: true, force: true });
  }
}
