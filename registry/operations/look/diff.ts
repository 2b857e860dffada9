// Differences between two versions, by their records.
import { sortedByUtf8 } from "../../../core/bytes/bytes.ts";
import { foldersOf } from "../../../core/naming/file_paths.ts";
import { nameOf } from "../../../core/naming/paths.ts";
import type { ComparedVersion, DiffOptions, FileChange, VersionDifference } from "./difference.ts";
import type { ArtifactInput, FileInfo } from "../../../core/record.ts";
import { artifactDigest } from "../../../core/artifact_digest.ts";
import type { Registry, SignalOptions } from "../../../core/registry.ts";
import { diffValues } from "../../../core/text/value_changes.ts";
import { hashFiles } from "./digest.ts";

interface Side {
  version: ComparedVersion;
  files: readonly FileInfo[];
  saved?: { metadata: Record<string, unknown>; inputs: readonly ArtifactInput[] };
}

export async function diffVersions(
  registry: Registry,
  { before, after, ...options }: DiffOptions,
): Promise<VersionDifference> {
  const [a, b] = await Promise.all([
    savedSide(registry, before, options),
    typeof after === "string"
      ? savedSide(registry, after, options)
      : unsavedSide(registry, after, options),
  ]);
  const old = withContent(a.files), now = withContent(b.files);
  const files = diffFiles(old, now);
  const both = a.saved !== undefined && b.saved !== undefined;
  const metadata = both ? diffValues(a.saved!.metadata, b.saved!.metadata) : [];
  const inputs = both ? diffInputs(a.saved!.inputs, b.saved!.inputs) : { added: [], removed: [] };
  const others = metadata.length + inputs.added.length + inputs.removed.length;
  const wrote = ({ materializer: { id, formatVersion } }: ComparedVersion) =>
    `${id} ${formatVersion}`;
  return {
    before: a.version,
    after: b.version,
    same: files.length + others === 0 && wrote(a.version) === wrote(b.version),
    files,
    unchanged: now.length - files.filter(({ change }) => change !== "removed").length,
    metadata,
    inputs,
  };
}

async function savedSide(
  registry: Registry,
  ref: string,
  { signal }: SignalOptions,
): Promise<Side> {
  const info = await registry.info(ref, { signal });
  const { name, version, digest, size, createdAt, materializer, files, metadata, inputs } = info;
  return {
    version: { name, version, digest, size, createdAt, materializer },
    files,
    saved: { metadata, inputs },
  };
}

async function unsavedSide(
  { materializers }: Registry,
  value: unknown,
  { signal }: SignalOptions,
): Promise<Side> {
  const writer = materializers.forValue(value);
  const files = await hashFiles(writer.save(value, { signal }), { signal });
  const materializer = { id: writer.id, formatVersion: writer.formatVersion };
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const digest = await artifactDigest(materializer, files);
  return { version: { digest, size, materializer }, files };
}

/** Removes folders with content, which are implied by the paths of their files. */
function withContent(files: readonly FileInfo[]): readonly FileInfo[] {
  const folders = foldersOf(files.map(({ path }) => path));
  return files.filter(({ path, mode }) => mode !== "folder" || !folders.has(path));
}

function diffFiles(before: readonly FileInfo[], after: readonly FileInfo[]): FileChange[] {
  const old = new Map(before.map((file) => [file.path, file]));
  const added: FileInfo[] = [];
  const changes: FileChange[] = [];
  for (const file of after) {
    const was = old.get(file.path);
    old.delete(file.path);
    if (was === undefined) added.push(file);
    else if (contentOf(was) !== contentOf(file)) {
      changes.push({ path: file.path, change: "changed", before: was, after: file });
    }
  }
  const gone = Map.groupBy(old.values(), contentOf);
  for (const file of added) {
    const { path } = file;
    const was = isUnique(file) ? takeNearest(gone.get(contentOf(file)), path) : undefined;
    changes.push(
      was === undefined
        ? { path, change: "added", after: file }
        : { path, change: "renamed", from: was.path, before: was, after: file },
    );
  }
  for (const file of [...gone.values()].flat()) {
    changes.push({ path: file.path, change: "removed", before: file });
  }
  return sortedByUtf8(changes, ({ path }) => path);
}

function contentOf({ sha256, size, mode }: FileInfo): string {
  return `${sha256} ${size} ${mode ?? ""}`;
}

/** True if equal content means the same file; all folders and empty files are equal. */
function isUnique({ size, mode }: FileInfo): boolean {
  return size > 0 && mode !== "folder";
}

/** Removes and returns a file with the same name in another folder, else the first. */
function takeNearest(files: FileInfo[] | undefined, path: string): FileInfo | undefined {
  if (files === undefined) return undefined;
  const name = nameOf(path);
  const same = files.findIndex((file) => nameOf(file.path) === name);
  return files.splice(Math.max(same, 0), 1)[0];
}

function diffInputs(
  before: readonly ArtifactInput[],
  after: readonly ArtifactInput[],
): VersionDifference["inputs"] {
  const texts = (inputs: readonly ArtifactInput[]) => new Set(inputs.map(inputText));
  const [old, now] = [texts(before), texts(after)];
  return {
    added: after.filter((input) => !old.has(inputText(input))),
    removed: before.filter((input) => !now.has(inputText(input))),
  };
}

function inputText(input: ArtifactInput): string {
  return typeof input === "string" ? input : `${input.ref} ${input.digest ?? ""}`;
}
