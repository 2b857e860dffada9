// Which versions `holdfast download` means, and where each of them goes.
import { join, resolve, sep } from "node:path";
import type { Registry, RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import { withHints } from "../program/hints.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { type AsOfFlags, lookUpThen, refOptions } from "./as_of.ts";
import { expandNames, isPattern } from "./expand_names.ts";

export interface WantedDownloads extends AsOfFlags {
  refs: readonly string[];
  /** Where the only one goes. */
  place?: string;
  folder?: string;
}

export interface DownloadTarget {
  /** `name@version`. */
  exact: string;
  version: string;
  name: string;
  /** The file or folder, absolute; with a separator at its end where it is a folder to write into. */
  to: string;
}

/** Tells refs from places: the second word is a place, unless there is a folder for all. Throws `Invalid`. */
export function wantedDownloads(
  words: readonly string[],
  flags: AsOfFlags & { to?: string },
): WantedDownloads {
  const { to: folder, asOf } = flags;
  if (folder === "" || (folder === undefined && words[1] === "")) throw nowhere(words[0]);
  if (folder !== undefined || words.length === 1) return { refs: words, folder, asOf };
  if (words.length === 2 && !isPattern(words[0])) {
    return { refs: [words[0]], place: words[1], asOf };
  }
  throw fault({
    code: "Invalid",
    action: "download several versions",
    state: "where they go is not said",
    hint:
      "Write: holdfast download REFS --to FOLDER. Each becomes FOLDER/ and the last part of its name.",
  });
}

/** Finds all versions, and a place for each, before anything is written. Throws `Invalid` where two would meet. */
export async function downloadTargets(
  registry: Registry,
  { refs, place, folder = ".", asOf }: WantedDownloads,
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
    const path = resolve(io.cwd, place ?? join(folder, lastPart(name)));
    const other = taken.get(path.toLowerCase()); // one place on a disk that does not tell cases apart
    if (other !== undefined) throw meet(other, exact, path);
    taken.set(path.toLowerCase(), exact);
    targets.set(exact, {
      exact,
      name,
      version,
      to: /[/\\]$/.test(place ?? "") ? join(path, sep) : path,
    });
  }
  return [...targets.values()];
}

/** The last part of a name: `model` of `team/my:model`. */
function lastPart(name: string): string {
  const last = /[^/:\\]*$/.exec(name)![0];
  if (!["", ".", ".."].includes(last)) return last;
  throw fault({
    code: "Invalid",
    action: "download",
    subject: `"${name}"`,
    state: "the last part of its name cannot be that of a file",
    hint: "Say where it goes: holdfast download REF TO",
  });
}

function meet(one: string, other: string, path: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "download",
    subject: `${one} and ${other}`,
    state: `both would become "${path}"`,
    hint: "Nothing was written. Download them one by one: holdfast download REF TO",
  });
}

function nowhere(ref: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "download",
    subject: `"${ref}"`,
    state: "the path of where it goes is empty",
    hint: "Is a variable of the shell not set? The current folder is written as a dot: .",
  });
}
