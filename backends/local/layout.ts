// Paths of keys on a disk. docs/format_on_disk.md describes the same step by step.
import type { Layout } from "../../core/backend.ts";

/** Conversion between keys and paths relative to the root. */
export interface KeyLayout {
  /**
   * Returns the path of a key, or the common path prefix of all keys with a prefix that ends with
   * `/`. Undefined if the key has no path.
   */
  pathOf(key: string): string | undefined;
  /** Returns true if a path is that of a key. False if only `pathOf` can tell. */
  isRecordOf(key: string, path: string): boolean;
  /** Returns the common prefix of the keys at or below a path. Paths of folders end with `/`. */
  textOf(path: string): string;
  /**
   * Returns a function from names of entries of a folder to the rest of their keys. Names of
   * folders end with `/`.
   */
  tailsIn(folder: string): (name: string) => string;
}

/** The path of a key is the key. */
const PLAIN: KeyLayout = {
  pathOf: (key) => key,
  isRecordOf: () => false,
  textOf: (path) => path,
  tailsIn: () => (name) => name,
};

/**
 * The end of a key is one name, with `,` for `/`. Numbers are split into folders that end with `+`,
 * so that each folder has few entries. A path without these additions is its key.
 */
const FOLDED: KeyLayout = {
  pathOf(key) {
    if (!isFolded(key)) return key;
    if (/[+,]/.test(key)) return undefined; // would be read as another key
    const segments = key.split("/"), top = segments[0];
    const folder = `${top}/${splitName(segments[1] ?? "")}`;
    if (segments.length === 2) return folder;
    return `${folder}/${top === "names" ? foldCell(segments) : foldPayload(segments)}`;
  },
  isRecordOf(key, path) {
    const name = RECORD.exec(path)?.[1];
    return name !== undefined && name === splitName(key.slice(6, key.indexOf("/", 6)));
  },
  textOf: (path) => isFolded(path) ? unfold(path) : path,
  tailsIn: (folder) => isFolded(folder) ? unfold : (name) => name,
};

/** A number of a version in a path. */
const NUMBER = "(?:p\\d|[a-o]\\+/(?:\\d\\+/)*\\d)";
/** The usual path of a record of a release. */
const RECORD = new RegExp(
  `^names/((?:[\\w=-]|\\+/)+)/versions,final,${NUMBER}(?:p9p9|\\+/(?!p9p9)${NUMBER}{2})` +
    ",90071992547409[89]\\d\\.rec$",
);

function isFolded(path: string): boolean {
  return path.startsWith("names/") || path.startsWith("objects/");
}

function unfold(path: string): string {
  return /[+,]/.test(path) ? path.replaceAll("+/", "").replaceAll(",", "/") : path;
}

export function keyLayout(kind: Layout): KeyLayout {
  return kind === "plain" ? PLAIN : FOLDED;
}

/**
 * `versions/final/<order>/<generation>.rec` is one name; prereleases, aliases and idempotency keys
 * have folders.
 */
function foldCell(segments: string[]): string {
  const kind = segments[2] ?? "", group = segments[3], cell = segments[4], record = segments[5];
  if (group === undefined) return kind;
  if (kind !== "versions") {
    const rest = record === undefined ? "" : `/${segments.slice(5).join("/")}`;
    return cell === undefined
      ? `${kind}/${group}`
      : `${kind}/${group}/${splitGeneration(cell)}${rest}`;
  }
  const folder = `${kind},${group}`;
  if (cell === undefined) return folder;
  const its = `${folder}${group === "prerelease" ? "/" : ","}${splitOrder(cell)}`;
  if (record === undefined) return its;
  const file = `${its},${splitGeneration(record)}`;
  return segments.length === 6 ? file : [file, ...segments.slice(6)].join(",");
}

/** `<order>/<commit>/<n>` is one name. */
function foldPayload(segments: string[]): string {
  const order = segments[2] ?? "", commit = segments[3], object = segments[4];
  if (commit === undefined) return splitOrder(order);
  const its = `${splitOrder(order)},${commit}`;
  return object === undefined
    ? its
    : [its, object.replace(/^\d{2,}/, splitDigits), ...segments.slice(5)].join(",");
}

/**
 * Splits the first run of three or more digits into pairs, with at most three folders; not in a
 * hash.
 */
function splitName(name: string): string {
  const found = DIGITS.exec(name.replace(/=../g, "---"));
  if (found === null) return name;
  const { 0: digits, index } = found;
  return name.slice(0, index) + splitPairs(digits) + name.slice(index + digits.length);
}

/** Three or more digits at the start of a word, or after a letter unless only a hash precedes. */
const DIGITS = /(?=\d{3})(?:(?<![\da-zA-Z])|(?<=[g-zA-Z](?:[\da-zA-Z]*[a-zA-Z])?))\d+/;

function splitPairs(digits: string): string {
  let split = "";
  let at = 0;
  for (; at < 6 && at + 2 < digits.length; at += 2) split += `${digits.slice(at, at + 2)}+/`;
  return split + digits.slice(at);
}

/**
 * Splits after the first number unless `.0.0` follows, and in a number of two or more digits after
 * its letter and each digit but the last. Other names are split as far as they begin like a
 * version: else they could be beside a folder and sort between its keys.
 */
function splitOrder(order: string): string {
  const match = /^(p\d|[a-o]\d+)((?:[a-p]\d+){0,2})/.exec(order);
  if (match === null) return order;
  const [, first = "", numbers = ""] = match, rest = order.slice(first.length);
  const isInside = rest >= "0" && rest < "p9p9", others = isInside ? numbers : "";
  const tail = rest.slice(others.length);
  return splitNumbers(first) + (isInside ? `+/${splitNumbers(others)}` : "") +
    (tail === "" ? "" : tail.replace(/(?<=n)[a-o]\d+/g, splitNumbers));
}

function splitNumbers(numbers: string): string {
  return numbers.replace(/[a-o](?=\d)|(?<=[a-o]\d*)\d(?=\d)/g, "$&+/");
}

/** Splits all generations but the first eleven into folders by their last digits. */
function splitGeneration(record: string): string {
  if (record >= "900719925474098" || !/^\d{11}/.test(record)) return record;
  return `${record.slice(0, 10)}+/${record.slice(10).replace(/^\d{1,6}/, splitDigits)}`;
}

function splitDigits(digits: string): string {
  return digits.split("").join("+/");
}
