// Differences between two versions, by their records. Both are walked in the order of paths, a page at
// a time, so memory holds only what differs, and the folders of the versions.
import { compareUtf8, sortedByPath } from "../../../core/bytes/bytes.ts";
import { checkHeap } from "../../../core/calls/file_limit.ts";
import { foldersAbove } from "../../../core/naming/file_paths.ts";
import { nameOf } from "../../../core/naming/paths.ts";
import type { ComparedVersion, DiffOptions, FileChange, VersionDifference } from "./difference.ts";
import type { ArtifactInput, FileInfo } from "../../../core/record.ts";
import { artifactDigest } from "../../../core/artifact_digest.ts";
import type { Registry, SignalOptions } from "../../../core/registry.ts";
import { diffValues } from "../../../core/text/value_changes.ts";
import { inStep } from "../../../core/work/in_step.ts";
import { hashFiles } from "./digest.ts";
import { openPages } from "./files.ts";

interface Side {
  version: ComparedVersion;
  /** Yields the files in the order of their paths. */
  files(): AsyncIterable<FileInfo>;
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
  const { files, unchanged } = await diffFiles(a, b);
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
    unchanged,
    metadata,
    inputs,
  };
}

async function savedSide(
  registry: Registry,
  ref: string,
  { signal }: SignalOptions,
): Promise<Side> {
  const { info, pages } = await openPages(registry, ref, { signal });
  const { name, version, digest, size, createdAt, materializer, metadata, inputs } = info;
  return {
    version: { name, version, digest, size, createdAt, materializer },
    async *files() {
      for await (const page of pages()) yield* sortedByPath(page.info.files);
    },
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
  return {
    version: { digest, size, materializer },
    async *files() {
      yield* await Promise.resolve(sortedByPath(files));
    },
  };
}

/** Yields the entries of two sides, with those of one path together. Folders with content are implied. */
async function* pairsOf(
  before: Side,
  after: Side,
): AsyncGenerator<{ was?: FileInfo; file?: FileInfo }> {
  const folders = [new Map<string, FileInfo>(), new Map<string, FileInfo>()] as const;
  const olds = withoutFolders(before.files(), folders[0]);
  const news = withoutFolders(after.files(), folders[1]);
  const order = (a: FileInfo, b: FileInfo) => compareUtf8(a.path, b.path);
  for await (const [was, file] of inStep(olds, news, order)) yield { was, file };
  for (const [path, was] of folders[0]) yield { was, file: folders[1].get(path) };
  for (const [path, file] of folders[1]) if (!folders[0].has(path)) yield { file };
}

/** Yields all entries but folders. Adds folders without content to a map. */
async function* withoutFolders(
  files: AsyncIterable<FileInfo>,
  folders: Map<string, FileInfo>,
): AsyncGenerator<FileInfo> {
  for await (const file of files) {
    const { path, mode } = file;
    for (const folder of folders.size > 0 ? foldersAbove(path) : []) folders.delete(folder);
    if (mode === "folder") folders.set(path, file);
    else yield file;
  }
}

/** Changes between checks of memory. */
const CHECKED = 50_000;

async function diffFiles(
  before: Side,
  after: Side,
): Promise<{ files: FileChange[]; unchanged: number }> {
  const added: FileInfo[] = [], removed: FileInfo[] = [];
  const changes: FileChange[] = [];
  let unchanged = 0;
  for await (const { was, file } of pairsOf(before, after)) {
    if (was !== undefined && file !== undefined && contentOf(was) === contentOf(file)) {
      unchanged++;
      continue;
    }
    if (file === undefined) removed.push(was!);
    else if (was === undefined) added.push(file);
    else changes.push({ path: file.path, change: "changed", before: was, after: file });
    const held = added.length + removed.length + changes.length;
    if (held % CHECKED === 0) checkHeap("list the changes of", after.version.name, held);
  }
  const gone = Map.groupBy(removed, contentOf);
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
  return { files: sortedByPath(changes), unchanged };
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
