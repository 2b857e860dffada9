// The versions that `holdfast download` writes, and their paths.
import { join, resolve, sep } from "node:path";
import type { Registry } from "../../../mod.ts";
import { invalid, withHints } from "../program/hints.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { type AsOfFlags, expandNames, isPattern, lookUpThen, refOptions } from "./expand_names.ts";

export interface WantedDownloads extends AsOfFlags {
  refs: readonly string[];
  /** The path for a single ref. */
  path?: string;
  folder?: string;
}

export interface DownloadTarget {
  /** `name@version`. */
  exact: string;
  version: string;
  name: string;
  /** Absolute path of the file or folder; a separator at its end means "into this folder". */
  to: string;
}

/** Splits arguments into refs and a path: the second is a path unless `--to` is given. */
export function wantedDownloads(
  words: readonly string[],
  flags: AsOfFlags & { to?: string },
): WantedDownloads {
  const { to: folder, asOf } = flags;
  const [first = "", path] = words;
  if (folder === "" || (folder === undefined && path === "")) {
    const hint = "Check for an unset shell variable. For the current folder, pass: .";
    throw invalid(`download "${first}"`, "the target path is empty", hint);
  }
  if (folder !== undefined || words.length === 1) return { refs: words, folder, asOf };
  if (words.length === 2 && !isPattern(first)) return { refs: [first], path, asOf };
  const hint = "Write: holdfast download REFS --to FOLDER. For some files of one version: " +
    "holdfast download REF FOLDER --include PATH, or holdfast cat REF PATH > FILE";
  throw invalid("download several versions", "the target folder is missing", hint);
}

/** Finds all versions and their paths before anything is written. Refuses equal paths. */
export async function downloadTargets(
  registry: Registry,
  { refs, path: given, folder = ".", asOf }: WantedDownloads,
  io: CliIo,
): Promise<DownloadTarget[]> {
  const targets = new Map<string, DownloadTarget>();
  const taken = new Map<string, string>();
  for (const ref of await expandNames(registry, refs, io.signal)) {
    const { name, version } = await withHints(
      registry.info(ref, refOptions({ asOf }, io)),
      lookUpThen(ref, { asOf }),
    );
    const exact = `${name}@${version}`;
    if (targets.has(exact)) continue;
    const path = resolve(io.cwd, given ?? join(folder, lastPart(name)));
    const other = taken.get(path.toLowerCase()); // the same path on a case-insensitive disk
    if (other !== undefined) {
      const hint = "Nothing was written. Download them one by one: holdfast download REF TO";
      throw invalid(`download ${other} and ${exact}`, `both would become "${path}"`, hint);
    }
    taken.set(path.toLowerCase(), exact);
    const to = /[/\\]$/.test(given ?? "") ? join(path, sep) : path;
    targets.set(exact, { exact, name, version, to });
  }
  return [...targets.values()];
}

/** Returns the last part of a name: `model` of `team/my:model`. */
function lastPart(name: string): string {
  const last = /[^/:\\]*$/.exec(name)![0];
  if (!["", ".", ".."].includes(last)) return last;
  const state = "the last part of its name is not a valid file name";
  throw invalid(`download "${name}"`, state, "Add a path: holdfast download REF TO");
}
