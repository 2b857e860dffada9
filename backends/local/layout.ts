// Paths of keys on a disk. docs/format_on_disk.md describes the same step by step.
import type { Layout } from "../../core/backend.ts";

/** Conversion between keys and paths relative to the root. */
export interface KeyLayout {
  /**
   * Returns the path of a key, or the common path prefix of all keys with a prefix that ends with
   * `/`. Undefined if the key has no path.
   */
  pathOf(key: string): string | undefined;
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
  textOf: (path) => path,
  tailsIn: () => (name) => name,
};

/**
 * The end of a key is one name, with `,` for `/`. Numbers are split into folders that end with `+`,
 * so that each folder has few entries. A path without these additions is its key.
 */
const FOLDED: KeyLayout = {
  pathOf(key) {
    const [top, name, ...tail] = key.split("/");
    if (top !== "names" && top !== "objects" || name === undefined) return key;
    if (/[+,]/.test(key)) return undefined; // would be read as another key
    const folder = `${top}/${splitName(name)}`;
    if (tail.length === 0) return folder;
    return `${folder}/${top === "names" ? foldCell(tail) : foldPayload(tail)}`;
  },
  textOf: (path) => isFolded(path) ? unfold(path) : path,
  tailsIn: (folder) => isFolded(folder) ? unfold : (name) => name,
};

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
function foldCell([kind = "", group, cell, record, ...more]: string[]): string {
  if (group === undefined) return kind;
  if (kind !== "versions") {
    const rest = record === undefined ? "" : `/${[record, ...more].join("/")}`;
    return cell === undefined
      ? `${kind}/${group}`
      : `${kind}/${group}/${splitGeneration(cell)}${rest}`;
  }
  const folder = `${kind},${group}`;
  if (cell === undefined) return folder;
  const its = `${folder}${group === "prerelease" ? "/" : ","}${splitOrder(cell)}`;
  if (record === undefined) return its;
  const file = `${its},${splitGeneration(record)}`;
  return more.length === 0 ? file : [file, ...more].join(",");
}

/** `<order>/<commit>/<n>` is one name. */
function foldPayload([order = "", commit, object, ...more]: string[]): string {
  if (commit === undefined) return splitOrder(order);
  const its = `${splitOrder(order)},${commit}`;
  return object === undefined
    ? its
    : [its, object.replace(/^\d{2,}/, splitDigits), ...more].join(",");
}

/**
 * Splits the first run of three or more digits into pairs, with at most three folders; not in a
 * hash.
 */
function splitNameAnew(name: string): string {
  if (!/\d{3}/.test(name)) return name;
  let word = "";
  for (const { 0: token, index } of name.matchAll(/=..|\d+|[a-z]+|./g)) {
    if (/^\d{3}/.test(token) && !/^[0-9a-f]+$/.test(word)) {
      return name.slice(0, index) + splitPairs(token) + name.slice(index + token.length);
    }
    word = /^\w/.test(token) && token !== "_" ? word + token : "";
  }
  return name;
}

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
function splitOrderAnew(order: string): string {
  const first = /^(p\d|[a-o]\d+)/.exec(order)?.[0];
  if (first === undefined) return order;
  const rest = order.slice(first.length);
  const isInside = rest >= "0" && rest < "p9p9";
  const [others = ""] = isInside ? /^([a-p]\d+){0,2}/.exec(rest) ?? [] : [];
  return splitNumbers(first) + (isInside ? `+/${splitNumbers(others)}` : "") +
    rest.slice(others.length).replace(/(?<=n)[a-o]\d+/g, splitNumbers);
}

function splitNumbers(numbers: string): string {
  return !/[a-o]/.test(numbers)
    ? numbers
    : numbers.replace(/([a-o])(\d+)/g, (_, letter, digits) => `${letter}+/${splitDigits(digits)}`);
}

/** Splits all generations but the first eleven into folders by their last digits. */
function splitGeneration(record: string): string {
  if (record >= "900719925474098" || !/^\d{11}/.test(record)) return record;
  return `${record.slice(0, 10)}+/${record.slice(10).replace(/^\d{1,6}/, splitDigits)}`;
}

const MAX_REMEMBERED = 1000;
const splitName = remembering(splitNameAnew);
const splitOrder = remembering(splitOrderAnew);

/** Caches the last results: consecutive keys share few names and versions. */
function remembering(split: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    let folded = known.get(text);
    if (folded === undefined) {
      if (known.size >= MAX_REMEMBERED) known.clear();
      known.set(text, folded = split(text));
    }
    return folded;
  };
}

function splitDigits(digits: string): string {
  return digits.split("").join("+/");
}
