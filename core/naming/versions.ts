// Versions: semantic versions (semver.org 2.0.0) with at least one number, their successor, and
// their sortable encoding as a storage key segment.
import { compare, parseRange, satisfies } from "@std/semver";
import { fault, type RegistryError } from "../errors.ts";
import { MAX_SEGMENT_BYTES, shown } from "./names.ts";

/** Which number an automatic version raises. */
export type Bump = "major" | "minor" | "patch";

/** The parts of a version. */
export interface VersionParts {
  major: number;
  minor: number;
  patch: number;
  /** What follows `-`, split at its dots. */
  prerelease?: (string | number)[];
  /** What follows `+`, split at its dots. */
  build?: string[];
}

/** One comparison of a range. */
export interface VersionComparison extends VersionParts {
  /** How a version compares to the parts. @default "=" */
  operator?: "=" | "!=" | ">" | ">=" | "<" | "<=";
}

/** A range, parsed: a version lies in it when all comparisons of one of the lists hold. */
export type VersionRange = VersionComparison[][];

/** A version, parsed. */
export interface Version {
  /** In full and without build metadata: `2.1.0`, `3.0.0-rc.1`. Two versions are the same when this is. */
  readonly canonical: string;
  /** In full with build metadata, as it is kept in the record. */
  readonly full: string;
  /** The key segment of this version: encodes `canonical`, and sorts newest first among its kind. */
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
const MAX_RANGE_LENGTH = 256;

/**
 * Parses `1`, `2.1`, `1.2.3`, `3.0.0-rc.1+build`; missing numbers are 0.
 *
 * @throws {RegistryError} `Invalid` for anything else: signs, leading zeros, white space, a fourth number,
 * digits other than 0-9, numbers past 2^53 - 1
 */
export function parseVersion(text: string): Version {
  const match = typeof text === "string" ? VERSION.exec(text) : null;
  if (match === null) throw invalidVersion(text);
  const [, major, minor = "0", patch = "0", pre, build] = match;
  // Not by @std/semver, which takes the identifier "-0e1" for the number that JavaScript makes of it.
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

/** True when {@linkcode parseVersion} takes the text. */
export function isVersion(text: string): boolean {
  return VERSION.test(text);
}

/** True for what has an operator of a range: `^ ~ > < = * 1.x || space`. A bare `x` is rather a word that was cut short. */
export function isRange(text: string): boolean {
  return /[\^~<>=*|\s]|\d\.[xX](\.|$)/.test(text);
}

/** Parses a range as npm writes them: `^1.2`, `>=1 <3`, `1.x`; at most 256 characters. Throws `Invalid`. */
export function parseVersionRange(text: string): VersionRange {
  // Reading takes time that grows with the square of the length.
  if (text?.length > MAX_RANGE_LENGTH) {
    throw invalidRange(text, `longer than ${MAX_RANGE_LENGTH} characters`);
  }
  try {
    return parseRange(text);
  } catch (cause) {
    throw invalidRange(text, "not a range", cause);
  }
}

/** Whether a version lies in a range. A prerelease only does where the range names one of the same numbers. */
export function inRange(version: Version, range: VersionRange): boolean {
  return satisfies(version.semver, range);
}

/** Whether a prerelease may lie in a range: false where the range names none. */
export function takesPrereleases(range: VersionRange): boolean {
  // A part that is no number stands for any, as in `*`.
  return range.some((all) =>
    all.some(({ major, prerelease = [] }) => Number.isNaN(major) || prerelease.length > 0)
  );
}

/** Sorts older before newer. */
export function compareVersions(a: Version, b: Version): number {
  return compare(a.semver, b.semver);
}

/** The version that an automatic save takes first. */
export const FIRST_VERSION: Version = parseVersion("1.0.0");

/**
 * The version after `highest`: with `bump` that number is raised, else the last number that is not zero, or where none
 * is above that, the nearest behind it, else before it. After a prerelease comes its release.
 *
 * @throws {RegistryError} `Invalid` where there is none
 */
export function nextVersion(highest: Version, bump?: Bump): Version {
  const { major, minor, patch } = highest.semver;
  if (highest.prerelease) return parseVersion(`${major}.${minor}.${patch}`);
  const numbers = [major, minor, patch];
  const first = Math.max(0, numbers.findLastIndex((number) => number > 0));
  const places = bump === undefined
    ? [...[0, 1, 2].slice(first), ...[0, 1].slice(0, first).reverse()]
    : [BUMPS.indexOf(bump)];
  const raised = places.find((place) => numbers[place] < Number.MAX_SAFE_INTEGER);
  if (raised === undefined) throw noneAbove(highest, bump);
  return parseVersion(
    numbers.map((number, i) => i < raised ? number : i === raised ? number + 1 : 0).join("."),
  );
}

const BUMPS: readonly Bump[] = ["major", "minor", "patch"];

function noneAbove({ canonical }: Version, bump?: Bump): RegistryError {
  return fault({
    code: "Invalid",
    action: "number the version after",
    subject: canonical,
    state: `there is no version above it${bump ? ` by its ${bump}` : ""}`,
    hint: bump
      ? "Leave bump out, or bump another number."
      : "Save under another name, or name the version.",
  });
}

function invalidRange(text: unknown, state: string, cause?: unknown): RegistryError {
  return fault({
    code: "Invalid",
    action: "read version range",
    subject: shown(text),
    state,
    hint: "Examples: ^1.2, ~2.0.1, >=1.0.0 <3.0.0, 1.x, *",
    cause,
  });
}

function invalidVersion(text: unknown, cause?: unknown): RegistryError {
  return fault({
    code: "Invalid",
    action: "use",
    subject: `${shown(text)} as a version`,
    state: "not a semantic version",
    hint:
      "A version is one to three numbers below 2^53 without leading zeros, and may have a prerelease: 1, 2.1, 1.0.3, 2.0.0-rc.1",
    cause,
  });
}

// The sortable encoding. Newest first, so everything is complemented.
//   number    one letter for the count of its digits (p = 1 digit … a = 16), then each digit as 9 - digit
//   release   three numbers
//   prerelease  three numbers, then for each identifier `n` number, or `a` and each character as two digits
//             (62 - its place among "-", 0-9, A-Z, a-z) and `z`; at the end `z`

const CHARS = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function encodeOrder(version: VersionParts, text: string): string {
  let order = encodeNumber(version.major, text) + encodeNumber(version.minor, text) +
    encodeNumber(version.patch, text);
  const pre = version.prerelease ?? [];
  if (pre.length === 0) return order;
  for (const id of pre) {
    if (typeof id === "number") order += `n${encodeNumber(id, text)}`;
    else if (/^\d+$/.test(id)) throw invalidVersion(text); // a number past 2^53 - 1
    else {order += `a${
        Array.from(id, (char) => String(62 - CHARS.indexOf(char)).padStart(2, "0")).join("")
      }z`;}
  }
  return `${order}z`;
}

function encodeNumber(value: number, text: string): string {
  if (!Number.isSafeInteger(value)) throw invalidVersion(text);
  const digits = String(value);
  let encoded = String.fromCharCode("p".charCodeAt(0) + 1 - digits.length);
  for (const digit of digits) encoded += 9 - Number(digit);
  return encoded;
}

const ORDER_NUMBER = /^([a-p])(\d+)/;

/** The version behind an `order` segment, or undefined where no version has this encoding. */
export function decodeOrder(order: string): Version | undefined {
  let rest = order;
  const number = (): string | undefined => {
    const match = ORDER_NUMBER.exec(rest);
    const count = match === null ? 0 : "p".charCodeAt(0) + 1 - match[1].charCodeAt(0);
    if (match === null || match[2].length < count) return undefined;
    rest = rest.slice(1 + count);
    return match[2].slice(0, count).replace(/\d/g, (digit) => String(9 - Number(digit)));
  };
  const numbers = [number(), number(), number()];
  const identifiers: (string | undefined)[] = [];
  while (rest !== "" && rest !== "z") {
    const kind = rest[0];
    rest = rest.slice(1);
    if (kind === "n") identifiers.push(number());
    else if (kind === "a") identifiers.push(alphanumeric());
    else return undefined;
    if (identifiers.at(-1) === undefined) return undefined;
  }
  if (numbers.includes(undefined)) return undefined;
  const text = numbers.join(".") + (identifiers.length > 0 ? `-${identifiers.join(".")}` : "");
  try {
    const version = parseVersion(text);
    return version.order === order ? version : undefined;
  } catch {
    return undefined;
  }

  function alphanumeric(): string | undefined {
    const end = rest.indexOf("z");
    const digits = rest.slice(0, Math.max(end, 0));
    rest = rest.slice(end + 1);
    const id = digits.replace(/\d\d/g, (pair) => CHARS[62 - Number(pair)] ?? "?");
    return end > 0 && !id.includes("?") ? id : undefined;
  }
}
