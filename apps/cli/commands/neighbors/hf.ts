// `holdfast import hf`
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { globToRegExp } from "@std/path";
import { cacheFolder } from "../../../../disk/cache_folder.ts";
import type { FileSource, FileToSave } from "../../../../materializers/mod.ts";
import type { Artifact, Registry, SavedArtifact } from "../../../../mod.ts";
import { orMissing } from "../../../../core/errors.ts";
import { checkNewName } from "../../../../core/naming/names.ts";
import { fetchFiles } from "../../hub/blobs.ts";
import {
  type Hub,
  type HubFile,
  type HubRepo,
  type HubRevision,
  openHub,
  parseRepo,
} from "../../hub/hub_client.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { rethrowRepeatable } from "../../program/exit_code.ts";
import { invalid } from "../../program/hints.ts";
import { refuseOddAlias } from "../../program/refusals.ts";
import { formatAdded, formatBytes, formatCount } from "../../terminal/units.ts";

interface ImportHfFlags {
  name?: string;
  revision?: string[];
  alias?: string[];
  include?: string[];
  exclude?: string[];
  endpoint?: string;
  work?: string;
  dryRun?: boolean;
}

/** One revision to save, and what is recorded of it. */
interface Revision {
  name: string;
  /** Words for messages: `team/bert at main`. */
  shown: string;
  repo: HubRepo;
  revision: string;
  commit: string;
  endpoint: string;
}

export const importHf: Command = defineCommand<[source: string], ImportHfFlags>({
  name: "import hf",
  summary: "Save a repository of the Hugging Face Hub as a version.",
  details: "The source is a repository id (org/name, datasets/org/name). Each revision becomes a " +
    "version whose metadata has the repository, the revision and the commit; a commit that was imported is not imported " +
    "again, and unchanged files are neither downloaded nor stored again. Every download is " +
    "checked against its digest. After an interruption, the same command continues. HF_TOKEN is " +
    "the token of private repositories, HF_ENDPOINT the default of --endpoint.",
  args: [{ usage: "<source>", text: "a repository id" }],
  options: [
    {
      flags: "--name <name>",
      text: "the name to save as (default: the repository id)",
      completes: "name",
    },
    {
      flags: "--revision <revision>",
      text: "a branch, tag or commit (default: main); repeat it for several versions, oldest first",
      repeat: true,
    },
    { flags: "-a, --alias <alias>", text: "point this alias to the last version", repeat: true },
    { flags: "--include <pattern>", text: "only files like '*.json', 'onnx/**'", repeat: true },
    { flags: "--exclude <pattern>", text: "no files like '*.bin'", repeat: true },
    {
      flags: "--endpoint <url>",
      text: "the hub to download from (default: https://huggingface.co)",
    },
    {
      flags: "--work <folder>",
      text: "keep downloads here until they are saved (default: beside the cache of this machine)",
      completes: "file",
    },
    { flags: "--dry-run", text: "only show what would be downloaded and saved" },
  ],
  examples: [
    ["holdfast import hf google-bert/bert-base-uncased --include '*.json'", "as a version"],
    ["holdfast import hf datasets/team/trips --revision v1 --revision v2", "two versions"],
  ],
  async run([source], flags, context) {
    const { io } = context;
    for (const alias of flags.alias ?? []) refuseOddAlias(alias);
    const revisions = flags.revision ?? ["main"];
    const repo = parseRepo(source);
    const endpoint = flags.endpoint ?? io.system.env("HF_ENDPOINT");
    const token = io.system.env("HF_TOKEN");
    const hub = openHub({ endpoint, token, system: io.system, signal: io.signal });
    const registry = await context.open({ write: !flags.dryRun });
    for (const [i, revision] of revisions.entries()) {
      const aliases = i === revisions.length - 1 ? flags.alias : undefined;
      const asked = { repo, revision };
      await importRevision(registry, hub, asked, { ...flags, alias: aliases }, context);
    }
  },
});

function nameOf(repo: HubRepo, flags: ImportHfFlags): string {
  const name = flags.name ?? (repo.kind === "datasets" ? `datasets/${repo.id}` : repo.id);
  checkNewName(name);
  return name;
}

/** Returns a function that selects paths: patterns match a whole path, or the name of a file. */
function chooser({ include, exclude = [] }: ImportHfFlags): (path: string) => boolean {
  const compiled = (patterns: readonly string[]) =>
    patterns.map((pattern) => globToRegExp(pattern));
  const matches = (patterns: readonly RegExp[], path: string) =>
    patterns.some((each) => each.test(path) || each.test(path.slice(path.lastIndexOf("/") + 1)));
  const [wanted, others] = [include && compiled(include), compiled(exclude)];
  return (path) => (wanted === undefined || matches(wanted, path)) && !matches(others, path);
}

async function importRevision(
  registry: Registry,
  hub: Hub,
  { repo, revision }: { repo: HubRepo; revision: string },
  flags: ImportHfFlags,
  context: CommandContext,
): Promise<void> {
  const { io } = context;
  const found = await hub.read(repo, revision);
  const { commit } = found;
  const name = nameOf(repo, flags);
  const { endpoint } = hub;
  const shown = `${repo.id} at ${revision}`;
  const from: Revision = { name, shown, repo, revision, commit, endpoint };
  if (await isKept(registry, from, flags, context)) return;
  const isChosen = chooser(flags);
  const files = found.files.filter(({ path }) => isChosen(path));
  if (files.length === 0) {
    const state = found.files.length === 0 ? "it has no files" : "no file matches the patterns";
    throw invalid(`import ${from.shown}`, state, "Check the patterns: --include '*.safetensors'");
  }
  const base = await orMissing(registry.open(name, { signal: io.signal }));
  const known = knownIn(base);
  const missing = files.filter((file) => !known.has(keyOf(file)));
  const sum = (all: readonly HubFile[]) => all.reduce((bytes, { size }) => bytes + size, 0);
  const sizes = { files: files.length, size: sum(files), downloadBytes: sum(missing) };
  if (flags.dryRun) {
    const text = `Would save ${from.shown} as ${name}: ${formatCount(files.length, "file")}, ` +
      `${formatBytes(sizes.size)}, ${formatBytes(sizes.downloadBytes)} to download`;
    return await context.result({ dryRun: true, ...aboutJson(from), ...sizes }, text);
  }
  const folder = workFolder(hub, repo, flags, context);
  const fetched = await download({ hub, repo, found, missing, folder }, context);
  const contents = files.map((file): FileToSave => {
    const content = fetched.get(file.path) ?? stored(base!, known.get(keyOf(file))!, file.size);
    return { path: file.path, content };
  });
  await save(registry, from, { files: contents, flags, context, downloaded: sizes.downloadBytes });
  await rm(folder, { recursive: true, force: true });
}

/** Returns the paths of stored files by digest and size. */
function knownIn(base: Artifact | undefined): Map<string, string> {
  const files = (base?.info.files ?? []).filter(({ mode }) => mode === undefined);
  return new Map(files.map(({ path, size, sha256 }) => [`sha256 ${sha256} ${size}`, path]));
}

function keyOf({ digest: { algorithm, hex }, size }: HubFile): string {
  return `${algorithm} ${hex} ${size}`;
}

/** Returns the content of a stored file, which the save shares and does not store again. */
function stored(base: Artifact, path: string, size: number): FileSource {
  return { size, stream: () => base.file(path).stream() };
}

/** Returns the folder of the downloads of a repository: the same for a repeated command. */
function workFolder(
  { endpoint }: Hub,
  { kind, id }: HubRepo,
  { work }: ImportHfFlags,
  { io }: CommandContext,
): string {
  const cache = work === undefined ? cacheFolder(undefined, io.system) : undefined;
  if (cache !== undefined && "problem" in cache) {
    const hint = "Pass a folder for the downloads: --work ./downloads";
    throw invalid(`import ${id}`, cache.problem, hint);
  }
  const parent = work === undefined ? `${cache!.path}-import` : resolve(io.cwd, work);
  const key = createHash("sha256").update(`${endpoint} ${kind} ${id}`).digest("hex");
  return join(parent, key.slice(0, 32));
}

async function download(
  { hub, repo, found, missing, folder }: {
    hub: Hub;
    repo: HubRepo;
    found: HubRevision;
    missing: readonly HubFile[];
    folder: string;
  },
  context: CommandContext,
): Promise<Map<string, FileSource>> {
  const { io } = context;
  const progress = context.progress(`download ${repo.id}`);
  const totalBytes = missing.reduce((sum, { size }) => sum + size, 0);
  let bytes = 0;
  return await fetchFiles(missing, {
    ...{ hub, repo, commit: found.commit, folder, system: io.system, signal: io.signal },
    onBytes(_path, count) {
      bytes += count;
      progress.update({ bytes, totalBytes });
    },
  }).finally(progress.end).catch((error) => rethrowRepeatable(error, context));
}

/** Reports a commit that was imported before with the same patterns, and moves the aliases to it. */
async function isKept(
  registry: Registry,
  from: Revision,
  flags: ImportHfFlags,
  context: CommandContext,
): Promise<boolean> {
  const { signal } = context.io;
  const expected = JSON.stringify(recordOf(from, flags), COMPARED);
  for await (const { info } of registry.versions(from.name, { details: true, signal })) {
    const { huggingface } = (info?.metadata ?? {}) as { huggingface?: unknown };
    if (info === undefined || JSON.stringify(huggingface ?? null, COMPARED) !== expected) continue;
    const { name, version } = info;
    if (!flags.dryRun) await setAliases(registry, { name, version }, flags, context);
    const json = { ...aboutJson(from), version, skipped: true };
    const dry = flags.dryRun ? { dryRun: true } : {};
    const ref = `${name}@${version}`;
    await context.done({ ...dry, ...json }, `Kept ${ref}: ${from.shown} was imported before`, ref);
    return true;
  }
  return false;
}

/** Members that are equal for the same import. */
const COMPARED = ["repo", "type", "commit", "include", "exclude"];

function recordOf({ repo, revision, commit, endpoint }: Revision, flags: ImportHfFlags) {
  return {
    repo: repo.id,
    type: repo.kind === "datasets" ? "dataset" : "model",
    ...{ revision, commit, endpoint, include: flags.include, exclude: flags.exclude },
  };
}

function aboutJson({ name, repo, revision, commit }: Revision) {
  return { name, repo: repo.id, revision, commit };
}

interface Saved {
  files: FileToSave[];
  flags: ImportHfFlags;
  context: CommandContext;
  downloaded: number;
}

async function save(
  registry: Registry,
  from: Revision,
  { files, flags, context, downloaded }: Saved,
): Promise<void> {
  const { name } = from;
  const { signal } = context.io;
  const progress = context.progress(`save ${name}`);
  const metadata = { huggingface: plain(recordOf(from, flags)) };
  const materializer = { ...registry.materializers.get("folder"), save: () => files };
  const saved = await registry.save(name, null, {
    ...{ metadata, materializer, signal },
    onProgress: ({ bytes, totalBytes }) => progress.update({ bytes, totalBytes }),
  });
  await progress.end();
  await setAliases(registry, saved, flags, context);
  const { version, commit: _commit, ...facts } = saved;
  const ref = `${name}@${version}`;
  const size = formatBytes(saved.size) + formatAdded(saved);
  const json = { ...facts, version, ...aboutJson(from), downloadedBytes: downloaded };
  await context.done(json, `Saved ${ref} (${size}): ${from.shown}`, ref);
}

/** Returns the value without members that are undefined, which metadata cannot hold. */
function plain(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value));
}

async function setAliases(
  registry: Registry,
  { name, version }: Pick<SavedArtifact, "name" | "version">,
  { alias = [] }: ImportHfFlags,
  { io: { signal } }: CommandContext,
): Promise<void> {
  for (const each of alias) await registry.setAlias(name, each, version, { signal });
}
