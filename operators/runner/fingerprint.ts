// Fingerprints of steps: inputs, parameters and code, and how they changed.
import type { PlainValue } from "../../materializers/mod.ts";
import { isJsonObject, sha256, sortedJson } from "../../core/kernel.ts";
import type { PipelineStep } from "../contract/pipeline.ts";
import type { Operators } from "../operator_set.ts";
import type { Fingerprint } from "./records/files.ts";
import { existsSync, realpathSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { isWithin } from "../../disk/target.ts";

/** Returns parameters and variables of a step, without the values of secrets. */
export function countedParams({ params, env }: PipelineStep): Pick<Fingerprint, "params" | "env"> {
  return Object.keys(env).length === 0 ? { params } : { params, env };
}

/** Returns the code of a step: what it runs, with versions and tag, where, and its `files`. */
export async function codeOf(
  { id, operator, version, git, startCommand, runAs, environment, shards, metrics }: PipelineStep,
  files: string | undefined,
  { operators }: { operators: Operators },
): Promise<string> {
  const parts = [version];
  if (operator !== id) parts.push(`operator ${operator}`);
  if (startCommand === undefined || operators.has(operator)) { // commands need no operator
    const { version } = await operators.instance(operator, id);
    if (version !== undefined) parts.push(`operator version ${version}`);
  }
  if (git?.tag !== undefined) parts.push(`git ${git.tag}`);
  if (startCommand !== undefined) {
    parts.push(`command ${sha256(JSON.stringify(startCommand)).slice(0, 12)}`);
  }
  if (runAs === "command") {
    if (startCommand === undefined) parts.push("as command");
    if (environment.kind !== "plain") parts.push(`${environment.kind} ${environment.name ?? "."}`);
  }
  if (shards > 1) parts.push(`${shards} shards`); // each writes its part
  if (metrics !== undefined) parts.push(`metrics ${metrics.join(" ")}`);
  if (files !== undefined) parts.push(files);
  return parts.join(", ");
}

/** Identifies the effect of a step in any run. `previous` is its last success, or null. */
export function effectKey(
  fingerprint: Fingerprint,
  { pipeline, step, previous }: { pipeline: string; step: string; previous: string | null },
): string {
  return sha256(sortedJson([pipeline, step, fingerprint, previous]));
}

/** Returns the parameters and variables that differ, by leaf: `params.lr 0.1 → 0.2`. */
export function changedParams(
  before: Pick<Fingerprint, "params" | "env">,
  now: Pick<Fingerprint, "params" | "env">,
): string[] {
  const changes: string[] = [];
  for (const key of ["params", "env"] as const) compare(key, before[key] ?? {}, now[key] ?? {});
  return changes;

  function compare(path: string, a: PlainValue | undefined, b: PlainValue | undefined): void {
    if (isJsonObject(a) && isJsonObject(b)) {
      const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
      for (const name of names) compare(`${path}.${name}`, a[name], b[name]);
    } else if (
      sortedJson(a ?? null) !== sortedJson(b ?? null) || (a === undefined) !== (b === undefined)
    ) {
      changes.push(`${path} ${short(a)} → ${short(b)}`);
    }
  }
}

const MAX_SHOWN = 40;

function short(value: PlainValue | undefined): string {
  if (value === undefined) return "none";
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN).toWellFormed()}…` : text;
}

export function shortDigest(digest: string | undefined): string {
  return digest === undefined ? "none" : `${digest.slice(0, 8)}…`;
}

const MAX_BYTES = 16 * 1024 * 1024;
/** Number of files that a reason can name, and of folders that a script enters. */
const MOST_NAMED = 16;

/**
 * Returns the files below `root` that a start command names, and the lock file of its environment,
 * with their digests; of many files, one digest. Returns undefined without any.
 */
export async function commandFiles(
  { startCommand, runAs, environment: { kind, name = "." } }: PipelineStep,
  root: string,
): Promise<string | undefined> {
  const named = new Map<string, string>();
  const words = (startCommand ?? []).flatMap(wordsIn);
  const after = (option: string) => words.filter((_, at) => words[at - 1] === option);
  const folders = [...new Set(after("cd"))].filter((path) => existsSync(resolve(root, path)))
    .slice(0, MOST_NAMED);
  const modules = after("-m").map((name) => name.replaceAll(".", "/")); // of Python
  const paths = [...words, ...modules.flatMap((path) => [`${path}.py`, `${path}/__main__.py`])];
  const all = new Set([
    ...paths,
    ...folders.flatMap((folder) => paths.map((path) => `${folder}/${path}`)),
    ...runAs === "command" && kind === "uv" ? [`${name}/uv.lock`] : [],
  ]);
  for (const word of all) {
    const path = fileInside(root, word);
    if (path !== undefined) {
      named.set(path, sha256(await readFile(resolve(realpathSync(root), path))));
    }
  }
  const files = [...named].sort();
  if (files.length > MOST_NAMED) return `files ${sha256(JSON.stringify(files)).slice(0, 12)}`;
  return files.map(([path, digest]) => `${path} ${digest.slice(0, 12)}`).join(", ") || undefined;
}

function wordsIn(argument: string): string[] {
  const quoted = argument.match(/"[^"]+"|'[^']+'/g) ?? [];
  const parts = argument.replace(/>+\s*[^\s;|&<]+/g, " ")
    .split(/(?:(?<!\\)\s|["'`=;|&<>()])+/)
    .map((part) => part.replaceAll("\\ ", " "));
  return [argument, ...quoted.map((word) => word.slice(1, -1)), ...parts]
    .filter((word) => word !== "");
}

/** Returns the path of a file below the folder, relative to it. */
function fileInside(root: string, word: string): string | undefined {
  try {
    const wordPath = resolve(root, word);
    const { size } = statSync(wordPath, { throwIfNoEntry: false }) ?? {};
    if (size === undefined || size > MAX_BYTES || !statSync(wordPath).isFile()) return undefined;
    const [realRoot, real] = [realpathSync(root), realpathSync(wordPath)];
    return isWithin(realRoot, real) ? relative(realRoot, real) : undefined;
  } catch {
    return undefined; // not a valid path on this disk
  }
}
