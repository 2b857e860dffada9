// Entries of a folder that were not saved.
import type { LeftOut, LeftOutReason } from "../../../core/registry/left_out.ts";

/** Paths shown for each reason. */
const SHOWN = 3;

const WORDS: Record<LeftOutReason, string> = {
  special: "pipe, socket or device",
  link: "link",
  "broken link": "broken link",
  "looping link": "link to a folder above it",
  "outside link": "link to outside the folder",
  "linked content": "content of a link to outside the folder",
  ignored: "ignored",
  excluded: "excluded",
  "not included": "not included",
  git: "git history",
  registry: "registry",
  cache: "cache",
  unreadable: "not readable",
  unfinished: "unfinished download",
};

/** Collects omitted entries, each path once even if the folder is read again. */
export class LeftOutList {
  readonly #byPath = new Map<string, LeftOut>();

  readonly add = (entry: LeftOut): void => void this.#byPath.set(entry.path, entry);

  get entries(): LeftOut[] {
    return [...this.#byPath.values()];
  }
}

/** Returns the field of a JSON result; nothing for an empty list. */
export function leftOutJson(entries: readonly LeftOut[] = []): { leftOut?: readonly LeftOut[] } {
  return entries.length === 0 ? {} : { leftOut: entries };
}

/** Formats counts and some paths of each reason in one line; undefined for an empty list. */
export function leftOutLine(entries: readonly LeftOut[] = []): string | undefined {
  if (entries.length === 0) return undefined;
  const kinds = Object.entries(WORDS).flatMap(([reason, words]) => {
    const paths = entries.filter((entry) => entry.reason === reason).map(({ path }) => path);
    if (paths.length === 0) return [];
    const shown = paths.slice(0, SHOWN).map((path) => JSON.stringify(path).slice(1, -1)).join(", ");
    return [`${paths.length} × ${words} (${shown}${paths.length > SHOWN ? ", …" : ""})`];
  });
  const hint = entries.some(({ reason }) => reason === "linked content")
    ? ". --links follow saves the content of links"
    : "";
  return `Left out ${entries.length}: ${kinds.join("; ")}${hint}`;
}
