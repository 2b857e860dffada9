// `deno task release --dry-run`: lists what a release would publish, and where: versions,
// numbers of files, sizes and SHA-256. It builds in a temporary folder and publishes nothing; the
// workflow `release.yml` publishes a pushed tag.
//
// `--only jsr,npm` leaves out the rest, `--target aarch64-apple-darwin` compiles for another system
// (several times: for several), and `--json` prints data.
import { readdir, readFile, stat } from "node:fs/promises";
import { parseArgs } from "node:util";
import { basename, join, relative } from "@std/path";
import { formatBytes } from "../apps/cli/terminal/units.ts";
import { messageOf } from "../core/errors.ts";
import { sha256 } from "../core/bytes/digest.ts";
import { denoSucceeds, REPOSITORY, runDenoCommand } from "../tests/support/run_deno.ts";
import { tempRoot } from "../tests/support/temp_root.ts";
import { writePageModule } from "../explorer/build.ts";
import { compileArguments, missingRuntime } from "./compile.ts";
import { buildPython } from "./python.ts";

/** A file, or a list of files, that a release publishes. */
export interface ReleasedItem {
  /** Its place, and how it gets there. */
  to: string;
  name: string;
  version: string;
  files: number;
  bytes: number;
  /** Of the file; of several files, of their `sha256sum` lines in the order of their paths. */
  sha256: string;
}

interface Versions {
  /** The version of `deno.json`, which JSR, npm and the binary have. */
  deno: string;
  /** The version of `python/pyproject.toml`. */
  python?: string;
  /** The heading of the newest section of `CHANGELOG.md`. */
  changelog?: string;
}

const WORKFLOW = "by release.yml";
const BY_HAND = "by hand";

/** Builds, in the order of the list. */
const BUILDS = {
  jsr: buildForJsr,
  npm: buildForNpm,
  python: buildForPython,
  binary: buildBinaries,
};
type Kind = keyof typeof BUILDS;

interface BuildOptions {
  version: string;
  /** An empty folder. */
  folder: string;
  targets: readonly string[];
}

/** The files that `deno publish --dry-run` lists, relative to the repository, in order. */
export function publishedFiles(output: string): string[] {
  const files = Array.from(
    output.matchAll(/file:\/\/(\/\S+)/g),
    ([, path = ""]) => relative(REPOSITORY, decodeURI(path)),
  );
  return [...new Set(files)].sort();
}

/** Adds up files of a folder. */
export async function measureFiles(
  folder: string,
  paths: readonly string[],
): Promise<Pick<ReleasedItem, "files" | "bytes" | "sha256">> {
  let bytes = 0;
  const lines: string[] = [];
  for (const path of [...paths].sort()) {
    const content = await readFile(join(folder, path));
    bytes += content.byteLength;
    lines.push(`${sha256(content)}  ${path}\n`);
  }
  return { files: paths.length, bytes, sha256: sha256(lines.join("")) };
}

async function measureFile(path: string): Promise<Pick<ReleasedItem, "bytes" | "sha256">> {
  const content = await readFile(path);
  return { bytes: content.byteLength, sha256: sha256(content) };
}

/** Returns what must change before a release of these versions. */
export function problemsOf({ deno, python, changelog }: Versions): string[] {
  const problems: string[] = [];
  if (python !== undefined && python !== deno) {
    problems.push(`python/pyproject.toml has version ${python}, deno.json ${deno}`);
  }
  const [, version, date] = /^## (\S+) \((.+)\)$/.exec(changelog ?? "") ?? [];
  if (version !== deno) problems.push(`CHANGELOG.md does not begin with ${deno}`);
  else if (!/^\d{4}-\d{2}-\d{2}$/.test(date!)) {
    problems.push(`CHANGELOG.md has no date of ${deno}: ${date}`);
  }
  return problems;
}

async function readVersions(): Promise<Versions> {
  const read = (path: string) => readFile(join(REPOSITORY, path), "utf8");
  return {
    deno: JSON.parse(await read("deno.json")).version,
    python: /^version = "(.+)"$/m.exec(await read("python/pyproject.toml"))?.[1],
    changelog: /^## .+$/m.exec(await read("CHANGELOG.md"))?.[0],
  };
}

async function buildForJsr({ version }: BuildOptions): Promise<ReleasedItem[]> {
  await writePageModule();
  const args = ["publish", "--dry-run", "--allow-dirty", "--no-check"];
  const { stdout, stderr } = await denoSucceeds(args);
  const measured = await measureFiles(REPOSITORY, publishedFiles(stdout + stderr));
  return [{ to: `JSR, ${WORKFLOW}`, name: "@holdfast/holdfast", version, ...measured }];
}

async function buildForNpm({ version, folder }: BuildOptions): Promise<ReleasedItem[]> {
  const { buildPackage } = await import("./npm.ts"); // loads the compiler
  const built = await buildPackage(folder);
  const entries = await readdir(built.folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).length;
  const name = basename(built.archive);
  return [{ to: `npm, ${WORKFLOW}`, name, version, files, ...await measureFile(built.archive) }];
}

async function buildForPython({ folder }: BuildOptions): Promise<ReleasedItem[]> {
  const out = join(folder, "python");
  await buildPython(out);
  return await Promise.all(
    (await readdir(out)).sort().reverse().map(async (name) => {
      const version = /-(\d[^-]*?)(-py3|\.tar)/.exec(name)?.[1] ?? "";
      const to = `Python, ${BY_HAND}`;
      return { to, name, version, files: 1, ...await measureFile(join(out, name)) };
    }),
  );
}

async function buildBinaries(
  { version, folder, targets }: BuildOptions,
): Promise<ReleasedItem[]> {
  await writePageModule();
  await using root = await tempRoot();
  const items: ReleasedItem[] = [];
  for (const target of targets) {
    const output = join(folder, `holdfast-${target}`);
    const flags = ["--no-check", "--target", target, "--output", output];
    const args = await compileArguments(flags, root.path);
    const { code, stderr } = await runDenoCommand(args);
    if (code !== 0) throw new Error(missingRuntime(stderr) ?? stderr);
    const path = await stat(output).then(() => output, () => `${output}.exe`);
    const name = basename(path);
    items.push({
      to: `download, ${BY_HAND}`,
      name,
      version,
      files: 1,
      ...await measureFile(path),
    });
  }
  return items;
}

/** Returns the commit of the clone, and the number of files that are not committed. */
async function readClone(): Promise<{ commit?: string; changes: number }> {
  const git = async (...args: string[]) => {
    const command = new Deno.Command("git", { args, cwd: REPOSITORY });
    const { success, stdout } = await command.output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  };
  const changes = await git("status", "--porcelain");
  return {
    commit: await git("rev-parse", "--short=10", "HEAD"),
    changes: changes ? changes.split("\n").length : 0,
  };
}

/** A release as `--json` prints it. */
export interface DryRun {
  version: string;
  commit?: string;
  items: ReleasedItem[];
  /** Problems of versions and of the clone. */
  before: string[];
  /** Builds that failed. */
  failed: string[];
}

/** Builds everything in a temporary folder, and removes it. */
export async function dryRun(
  kinds: readonly Kind[],
  targets: readonly string[],
): Promise<DryRun> {
  const versions = await readVersions();
  const { commit, changes } = await readClone();
  const before = problemsOf(versions);
  if (changes > 0) before.push(`Files that changed and are not committed: ${changes}`);
  const items: ReleasedItem[] = [], failed: string[] = [];
  await using root = await tempRoot();
  for (const kind of kinds) {
    try {
      const options = { version: versions.deno, folder: root.path, targets };
      items.push(...await BUILDS[kind](options));
    } catch (error) {
      failed.push(`${kind}: ${messageOf(error).trim()}`);
    }
  }
  return { version: versions.deno, commit, items, before, failed };
}

/** Returns the report as text: a line for each item, its checksum below. */
export function shownRun({ version, commit, items, before, failed }: DryRun): string {
  const lines = [`Holdfast ${version}${commit === undefined ? "" : `, commit ${commit}`}`, ""];
  for (const { to, name, version, files, bytes, sha256 } of items) {
    const count = files === 1 ? "1 file" : `${files.toLocaleString("en-US")} files`;
    lines.push(`${to}: ${name} ${version}, ${count}, ${formatBytes(bytes)}`);
    lines.push(`  sha256 ${sha256}`);
  }
  for (const failure of failed) lines.push(`not built: ${failure}`);
  if (before.length > 0) lines.push("", "Before a release:", ...before.map((each) => `- ${each}`));
  lines.push("", "Nothing was published.");
  return lines.join("\n");
}

const USAGE =
  "deno task release --dry-run [--only jsr,npm,python,binary] [--target TARGET] [--json]";

interface Asked {
  kinds: Kind[];
  targets: string[];
  json: boolean;
}

/** Reads the arguments. Undefined if they ask for more than a dry run, or for something unknown. */
export function readArguments(args: string[]): Asked | undefined {
  const { values } = parseArgs({
    args,
    options: {
      "dry-run": { type: "boolean", default: false },
      only: { type: "string", default: Object.keys(BUILDS).join() },
      target: { type: "string", multiple: true, default: [Deno.build.target] },
      json: { type: "boolean", default: false },
    },
  });
  const names = values.only.split(",");
  const kinds = (Object.keys(BUILDS) as Kind[]).filter((kind) => names.includes(kind));
  if (!values["dry-run"] || kinds.length !== names.length) return undefined;
  return { kinds, targets: values.target, json: values.json };
}

async function release(args: string[]): Promise<number> {
  const asked = readArguments(args);
  if (asked === undefined) {
    console.error("error: Cannot release from a clone: the workflow release.yml publishes a tag");
    console.error(`hint: See what it would publish: ${USAGE}`);
    return 2;
  }
  const run = await dryRun(asked.kinds, asked.targets);
  console.log(asked.json ? JSON.stringify(run, null, 2) : shownRun(run));
  return run.failed.length > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await release(Deno.args));
