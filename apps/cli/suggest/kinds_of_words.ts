// Kinds of typed words, and how well each fits an argument of a command.
import { BUCKET_SCHEMES } from "../../../backends/drivers.ts";
import type { ArgumentDefinition } from "../program/command.ts";

/** Kinds of words: `named` is `my:model` or `team/model`, `folder` is `team/`. */
type Kind =
  | "ref"
  | "remote"
  | "url"
  | "path"
  | "folder"
  | "text"
  | "version"
  | "file"
  | "named"
  | "word";

type Slot =
  | "name"
  | "new"
  | "ref"
  | "prefix"
  | "side"
  | "source"
  | "config"
  | "target"
  | "more"
  | "place"
  | "alias"
  | "version"
  | "inside"
  | "other";

/** The score of a word that cannot be an argument. */
export const NO = -20;
/** The score of a path that exists, for an argument that has to. */
const EXISTS = 5;
/** The score of an argument that an option named. */
const NAMED = 6;

/** Scores by kind. A kind that is absent cannot be this argument. */
const FITS: Readonly<Record<Exclude<Slot, "other">, Partial<Record<Kind, number>>>> = {
  name: { remote: 2, folder: 3, version: -4, file: 2, named: 4, word: 3 },
  new: { ref: 4, remote: 2, folder: -4, version: -4, file: 2, named: 4, word: 3 },
  ref: { ref: 5, remote: 2, folder: -4, version: -4, file: 2, named: 4, word: 3 },
  prefix: { remote: 5, url: 5, path: 5, folder: 3, version: 0, file: 2, named: 4, word: 3 },
  side: { ref: 5, remote: 2, path: 4, folder: 2, version: -4, file: 2, named: 4, word: 3 },
  source: { path: 4 },
  config: { path: 7, file: 7 },
  target: { ref: -4, path: 5, folder: 5, text: 0, version: -2, file: 2, named: -1, word: 1 },
  more: { ref: 2, remote: -3, file: -3, named: -3, word: -3 },
  place: { remote: 5, url: 5, path: 5, folder: 5, file: -1, named: -6, word: 2 },
  alias: { file: -2, named: -2, word: 3 },
  version: { version: 5, file: -4, word: 1 },
  inside: { path: 1, folder: 1, text: 1, version: -1, file: 4, named: 0, word: 2 },
};

/** In this order; the first that matches. */
const PATTERNS: readonly (readonly [Kind, RegExp])[] = [
  ["remote", /^@[^/@]+\/?$/],
  ["url", /^[a-z][a-z0-9+.-]+:\/\//i],
  ["url", new RegExp(`^(https?|${BUCKET_SCHEMES.join("|")}):`, "i")], // without its slashes
  ["path", /^(-|~|\.{1,2}|~\/.*|\.{1,2}\/.*|\/.*)$/s],
  ["text", /\s/],
  ["folder", /\/$/],
  ["ref", /.@./],
  ["version", /^([v^~]|[<>]=?)?\d+(\.(\d+|[x*]))*(-[\w.]+)?$/],
  ["file", /\.[a-z]\w{0,9}$/i],
  ["named", /[:/]/],
];

export function kindOf(text: string): Kind {
  return PATTERNS.find(([, pattern]) => pattern.test(text))?.[0] ?? "word";
}

/** Kinds of arguments, by their usage or by what completes them. */
const SLOTS: Readonly<Record<string, Slot>> = {
  "<source>": "source",
  "<manifest>": "config",
  "[file]": "config",
  "[names...]": "name",
  "[location]": "place",
  "<from>": "place",
  "<to>": "place",
  file: "target",
  place: "place",
  alias: "alias",
  version: "version",
  path: "inside",
  run: "ref",
};

export function slotOf({ usage, text, completes }: ArgumentDefinition): Slot {
  if (completes === "name" && text.includes("location")) return "prefix";
  if (completes === "name") return text.includes("name@") ? "new" : "name";
  if (completes !== "ref") return SLOTS[usage] ?? SLOTS[completes ?? ""] ?? "other";
  return text.includes("--to") ? "more" : text.includes("path") ? "side" : "ref"; // behind a target
}

/** A typed argument. */
export interface Part {
  text: string;
  /** The argument that it is for, as in `<name>`, if an option says so. */
  slot?: string;
}

/** @param existing words that are paths on the disk */
export function scoreOf(
  definition: ArgumentDefinition,
  { text, slot: wanted }: Part,
  existing: ReadonlySet<string>,
): number {
  if (wanted !== undefined) return definition.usage.includes(wanted.slice(1, -1)) ? NAMED : NO;
  const slot = slotOf(definition);
  if (slot === "other") return kindOf(text) === "text" ? 1 : 0;
  if (slot === "source" && existing.has(text)) return EXISTS;
  return FITS[slot][kindOf(text)] ?? NO;
}
