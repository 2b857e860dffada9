// What was left out, gathered and told in a line.
import type { LeftOut, LeftOutReason } from "../../../registry/mod.ts";

/** How many of each kind are named. */
const NAMED = 3;

const WORDS: Record<LeftOutReason, string> = {
  special: "pipe, socket or device",
  link: "link",
  "broken link": "link that leads nowhere",
  "looping link": "link that leads back to its own folder",
  "outside link": "link that leads outside",
  ignored: "ignored",
  excluded: "excluded",
  "not included": "not included",
  git: "history of git",
  registry: "registry",
  unfinished: "unfinished download",
};

/** Gathers what is left out: each path once, however often the folder is read. */
export class LeftOutList {
  readonly #byPath = new Map<string, LeftOut>();

  /** Takes one. */
  readonly add = (entry: LeftOut): void => void this.#byPath.set(entry.path, entry);

  /** All of them, in the order they came. */
  get entries(): LeftOut[] {
    return [...this.#byPath.values()];
  }
}

/** What of a JSON result tells it: nothing where nothing was left out. */
export function leftOutJson(entries: readonly LeftOut[] = []): { leftOut?: readonly LeftOut[] } {
  return entries.length === 0 ? {} : { leftOut: entries };
}

/** One line: how many of each kind, and the first of their names. Undefined where nothing was left out. */
export function leftOutLine(entries: readonly LeftOut[] = []): string | undefined {
  if (entries.length === 0) return undefined;
  const kinds = Object.entries(WORDS).flatMap(([reason, words]) => {
    const paths = entries.filter((entry) => entry.reason === reason).map(({ path }) => path);
    if (paths.length === 0) return [];
    const shown = paths.slice(0, NAMED).map((path) => JSON.stringify(path).slice(1, -1)).join(", ");
    return [`${paths.length} × ${words} (${shown}${paths.length > NAMED ? ", …" : ""})`];
  });
  return `Left out ${entries.length}: ${kinds.join("; ")}`;
}
