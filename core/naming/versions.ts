// Semantic versions (semver.org 2.0.0) with at least one number, and their sortable encoding as a
// storage key segment.
import { compare, parseRange, satisfies } from "@std/semver";
import { fault, invalid, type RegistryError } from "../errors.ts";
import { MAX_SEGMENT_BYTES, shown } from "./names.ts";

/**
 * The number that an automatic version raises.
 *
 * @internal
 */
export type Bump = "major" | "minor" | "patch";

/** The parts of a version. */
export interface VersionParts {
  major: number;
  minor: number;
  patch: number;
  /** Identifiers after `-`. */
  prerelease?: (string | number)[];
  /** Identifiers after `+`. */
  build?: string[];
}

/** A parsed range: all comparisons of one of the lists must hold. */
export type VersionRange = (VersionParts & {
  /** @default "=" */
  operator?: "=" | "!=" | ">" | ">=" | "<" | "<=";
})[][];

/** A parsed version. */
export interface Version {
  /** Full version without build metadata: `2.1.0`, `3.0.0-rc.1`. Identifies the version. */
  readonly canonical: string;
  /** Full version with build metadata, as stored in the record. */
  readonly full: string;
  /** Key segment of `canonical`, which sorts newer versions first, releases before prereleases. */
  readonly order: string;
  readonly prerelease: boolean;
  readonly semver: VersionParts;
}

const NUMBER = "(0|[1-9]\\d*)";
const IDENTIFIERS = "[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*";
const VERSION = new RegExp(
  `^${NUMBER}(?:\\.${NUMBER})?(?:\\.${NUMBER})?(?:-(${IDENTIFIERS}))?(?:\\+(${IDENTIFIERS}))?$`,
);
const DIGITS = /^\d+$/;
/** The beginning of a date, which would be a prerelease of its year: `2026-11-25`. */
const DATE = /^(\d{4})-(\d+)(?:-(\d+))?/;
const MAX_RANGE_LENGTH = 256;

/**
 * Parses `1`, `2.1`, `1.2.3`, `3.0.0-rc.1+build`; missing numbers are 0.
 *
 * @throws {RegistryError} `Invalid` for anything else: signs, leading zeros, white space, a fourth
 * number, digits other than 0-9, numbers over 2^53 - 1, dates like `2026-11-25`
 */
export function parseVersion(text: string): Version {
  const match = typeof text === "string" && !DATE.test(text) ? VERSION.exec(text) : null;
  if (match === null) throw invalidVersion(text);
  const [, major, minor = "0", patch = "0", pre, build] = match;
  // @std/semver would read the identifier "-0e1" as a number.
  const semver: VersionParts = {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    prerelease: pre === undefined ? [] : pre.split(".").map((id) => parseIdentifier(id, text)),
    build: build === undefined ? [] : build.split("."),
  };
  const canonical = `${major}.${minor}.${patch}${pre === undefined ? "" : `-${pre}`}`;
  const full = build === undefined ? canonical : `${canonical}+${build}`;
  const order = encodeOrder(semver, text);
  if (order.length > MAX_SEGMENT_BYTES || full.length > MAX_SEGMENT_BYTES) {
    throw invalidVersion(text);
  }
  return { canonical, full, order, prerelease: pre !== undefined, semver };
}

function parseIdentifier(id: string, text: string): string | number {
  if (!DIGITS.test(id)) return id;
  if (id.length > 1 && id.startsWith("0")) throw invalidVersion(text);
  return Number(id);
}

/** True for a string that {@linkcode parseVersion} accepts. */
export function isVersion(text: string): boolean {
  return VERSION.test(text);
}

/** True for a string with a range operator: `^ ~ > < = * 1.x || space`. */
export function isRange(text: string): boolean {
  return /[\^~<>=*|\s]|\d\.[xX](\.|$)/.test(text);
}

/** Parses a range in npm's syntax: `^1.2`, `>=1 <3`, `1.x`; at most 256 characters. */
export function parseVersionRange(text: string): VersionRange {
  // The parser takes quadratic time.
  if (text?.length > MAX_RANGE_LENGTH) {
    throw invalidRange(text, `longer than ${MAX_RANGE_LENGTH} characters`);
  }
  try {
    return parseRange(text);
  } catch (cause) {
    throw invalidRange(text, "not a range", cause);
  }
}

/** True if a version is in a range; prereleases need one with the same numbers in it. */
export function inRange(version: Version, range: VersionRange): boolean {
  return satisfies(version.semver, range);
}

/** Beginnings of the `order` of the newest and the oldest versions of a range. */
export interface OrderBounds {
  from: string;
  to: string;
}

/**
 * Returns bounds of the releases in a range, or of its prereleases; undefined if it has none. A
 * version within them may still be out of range.
 */
export function orderBounds(range: VersionRange, prereleases: boolean): OrderBounds | undefined {
  const bounds = range.flatMap((all) => boundsOfAll(all, prereleases) ?? []);
  return bounds.length === 0 ? undefined : bounds.reduce((a, b) => ({
    from: a.from < b.from ? a.from : b.from,
    to: a.to > b.to ? a.to : b.to,
  }));
}

function boundsOfAll(all: VersionRange[number], prereleases: boolean): OrderBounds | undefined {
  let from = "", to = "q", isPossible = !prereleases; // "q" sorts after every order
  for (const { operator = "=", major, minor, patch, prerelease = [] } of all) {
    const numbers = [major, minor, patch];
    const isAny = !numbers.every(Number.isSafeInteger); // NaN in `*`
    isPossible ||= isAny || prerelease.length > 0; // others exclude prereleases
    if (isAny || operator === "!=") continue;
    const order = numbers.map(encodeNumber).join("");
    if (!operator.startsWith(">") && order > from) from = order;
    if (!operator.startsWith("<") && order < to) to = order;
  }
  return isPossible && from <= to ? { from, to } : undefined;
}

/** Compares versions; older ones sort first. */
export function compareVersions(a: Version, b: Version): number {
  return compare(a.semver, b.semver);
}

export const FIRST_VERSION: Version = parseVersion("1.0.0");

/**
 * Returns the version after `highest`: raises the number that `bump` names, by default the last
 * that is not zero. If that is at its maximum, raises the next one after it, else the one before
 * it. A prerelease is followed by its release.
 *
 * @throws {RegistryError} `Invalid` if no number can be raised
 */
export function nextVersion(highest: Version, bump?: Bump): Version {
  const { major, minor, patch } = highest.semver;
  if (highest.prerelease) return parseVersion(`${major}.${minor}.${patch}`);
  const numbers = [major, minor, patch];
  const first = Math.max(0, numbers.findLastIndex((number) => number > 0));
  const candidates = bump === undefined
    ? [...[0, 1, 2].slice(first), ...[0, 1].slice(0, first).reverse()]
    : [BUMPS.indexOf(bump)];
  const raised = candidates.find((place) => numbers[place]! < Number.MAX_SAFE_INTEGER);
  if (raised === undefined) throw noneAbove(highest, bump);
  return parseVersion(
    numbers.map((number, i) => i < raised ? number : i === raised ? number + 1 : 0).join("."),
  );
}

const BUMPS: readonly Bump[] = ["major", "minor", "patch"];

function noneAbove({ canonical }: Version, bump?: Bump): RegistryError {
  const subject = canonical;
  const state = bump ? `its ${bump} number is at its maximum` : "its numbers are at their maximum";
  const hint = bump ? "Omit `bump`, or bump another number." : "Pass a version or another name.";
  return fault({ code: "Invalid", action: "choose the version after", subject, state, hint });
}

function invalidRange(text: unknown, state: string, cause?: unknown): RegistryError {
  const subject = shown(text);
  const hint = "Write it as ^1.2, ~2.0.1, >=1.0.0 <3.0.0, 1.x or *.";
  return fault({ code: "Invalid", action: "read version range", subject, state, hint, cause });
}

function invalidVersion(text: unknown): RegistryError {
  const version = typeof text === "string" ? versionMeant(text) : undefined;
  const day = version && /^\d{4}-\d\d-\d\d/.exec(text as string)?.[0];
  const hint = version === undefined
    ? "Use one to three numbers without leading zeros and an optional prerelease: 1, 2.1, 2.0.0-rc.1"
    : `Write it as ${version}.`;
  return invalid("use", `${shown(text)} as a version`, "not a semantic version", {
    hint,
    ...day && { reason: { kind: "looks_like_a_date", day } },
  });
}

/** Returns the version that `v2.1` or `2026-03-05` means: `2.1`, `2026.3.5`. */
function versionMeant(text: string): string | undefined {
  const date = DATE.exec(text)?.slice(1).filter((part) => part !== undefined).map(Number).join(".");
  const version = date ?? text.replace(/^[vV]/, "");
  return version !== text && isVersion(version) ? version : undefined;
}

// The sortable encoding. Newest first, so everything is complemented.
//   number      a letter for the count of its digits (p = 1 … a = 16), each digit as 9 - digit
//   release     three numbers
//   prerelease  three numbers, then for each identifier `n` number, or `a`, each character as two
//               digits (62 - its place in CHARS) and `z`; at the end `z`

const CHARS = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function encodeOrder(version: VersionParts, text: string): string {
  const { major, minor, patch } = version;
  if (!Number.isSafeInteger(Math.max(major, minor, patch))) throw invalidVersion(text);
  let order = encodeNumber(major) + encodeNumber(minor) + encodeNumber(patch);
  const pre = version.prerelease ?? [];
  if (pre.length === 0) return order;
  for (const id of pre) {
    if (typeof id === "number") {
      if (!Number.isSafeInteger(id)) throw invalidVersion(text);
      order += `n${encodeNumber(id)}`;
      continue;
    }
    if (DIGITS.test(id)) throw invalidVersion(text); // a number over 2^53 - 1
    const chars = Array.from(id, (char) => String(62 - CHARS.indexOf(char)).padStart(2, "0"));
    order += `a${chars.join("")}z`;
  }
  return `${order}z`;
}

function encodeNumber(value: number): string {
  const digits = String(value);
  return String.fromCharCode("p".charCodeAt(0) + 1 - digits.length) + complement(digits);
}

/** Returns 9 - digit for each digit. */
function complement(digits: string): string {
  let complemented = "";
  for (const digit of digits) complemented += 9 - Number(digit);
  return complemented;
}

const ORDER = /^([a-p]\d+)([a-p]\d+)([a-p]\d+)(.+)?$/;

/** Returns the version of an `order` segment, or undefined if no version has this encoding. */
export function decodeOrder(order: string): Version | undefined {
  const match = ORDER.exec(order);
  if (match === null) return undefined;
  const major = decodeNumber(match[1]), minor = decodeNumber(match[2]);
  const patch = decodeNumber(match[3]), identifiers = match[4];
  if (Number.isNaN(major + minor + patch)) return undefined;
  const canonical = `${major}.${minor}.${patch}`;
  if (identifiers === undefined) {
    const semver: VersionParts = { major, minor, patch, prerelease: [], build: [] };
    return { canonical, full: canonical, order, prerelease: false, semver };
  }
  const pre = Array.from(
    identifiers.matchAll(/n([a-p]\d+)|a(\d+)z/g),
    ([, number, chars = ""]) =>
      number === undefined
        ? chars.replace(/\d\d/g, (pair) => CHARS[62 - Number(pair)] ?? "?")
        : decodeNumber(number),
  );
  try {
    const version = parseVersion(`${canonical}-${pre.join(".")}`);
    return version.order === order ? version : undefined;
  } catch {
    return undefined;
  }
}

/** Returns a number, or NaN for another encoding than that of a safe integer. */
function decodeNumber(encoded: string | undefined = ""): number {
  const value = Number(complement(encoded.slice(1)));
  return encodeNumber(value) === encoded && Number.isSafeInteger(value) ? value : NaN;
}
