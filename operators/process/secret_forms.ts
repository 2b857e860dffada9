// Forms in which programs print a secret.
import { Buffer } from "node:buffer";

/** Shorter secrets are not masked: they occur in other words. */
const MIN_CHARACTERS = 4;

/** Bytes of a secret that a line may not show in base64 or hex. */
const PART_BYTES = 12;

/** Shortest line at which encoders break, characters. */
const LINE = 64;

export const MASK = "***";

/** Longest form of a character that encoders change, characters. */
const LONGEST_FORM = 160;

/** Characters of a secret in a pattern. JavaScript refuses longer patterns, and says what they are. */
const PIECE = 256;

/** Characters of the sources of a pattern, after which another one begins. */
const MAX_SOURCE = 20_000;

/** A backslash, or what encoders write for it. */
const SLASH = String.raw`(?:\\|%(?:25){0,2}5[Cc]|u005[Cc]|x5[Cc]|&#92;)`;
/** Backslashes before a character: in JSON within JSON within JSON, a quote has seven. */
const SLASHES = `${SLASH}{0,8}`;

/** Further forms of characters: in shells, CSV and SQL, forms of the Web, strings, and HTML. */
const FORMS: Readonly<Record<string, readonly string[]>> = {
  " ": [String.raw`\+`],
  "'": [`'${SLASH}{1,8}''`, `'${SLASHES}"'${SLASHES}"'`, "''", "&(?:amp;){0,2}apos;"],
  '"': [`"${SLASHES}"`, "&(?:amp;){0,2}quot;"],
  "&": ["&(?:amp;){1,3}"],
  "<": ["&(?:amp;){0,2}lt;"],
  ">": ["&(?:amp;){0,2}gt;"],
  "\n": ["n"],
  "\r": ["r"],
  "\t": ["t"],
};

/** A part of a text: from its first character to before `to`. */
type Span = readonly [from: number, to: number];

/** Finds secrets in texts. */
export interface SecretFinder {
  /** Returns the parts of a text that show a secret, in order. */
  find(text: string): Span[];
  /** Number of characters of the text after a place that decide whether a part begins there. */
  longest: number;
}

/**
 * Finds secrets as they are and as encoders write them for JSON, strings of programs, URLs, shells,
 * CSV and HTML, also one within another; and in base64 and hex. Secrets of several lines are found
 * line by line. In base64 and hex, a part of 12 bytes is found, also in the middle of a longer
 * string: encoders break their lines anywhere.
 */
export function createSecretFinder(secrets: readonly string[]): SecretFinder {
  const texts = [...new Set(secrets.flatMap((secret) => [secret, ...secret.split(/\r\n|[\r\n]/)]))]
    .filter((text) => text.length >= MIN_CHARACTERS).sort((a, b) => b.length - a.length)
    .flatMap(piecesOf);
  const patterns = patternsOf(texts.flatMap((text) => [escapedForms(text), ...shortForms(text)]));
  const longest = texts.map((text) =>
    2 * text.length + LONGEST_FORM * text.replace(/[A-Za-z0-9]/g, "").length
  );
  const parts = ENCODINGS.map((encoding) => ({
    encoding,
    known: new KnownParts(secrets, encoding),
  }));
  const matches = (text: string) =>
    patterns.flatMap((pattern) =>
      Array.from(
        text.matchAll(pattern),
        ({ index, 0: match }): Span => [index, index + match.length],
      )
    );
  return {
    find: (text) =>
      joined([...matches(text), ...parts.flatMap((part) => encodedParts(text, part))]),
    longest: Math.max(HEX.size + 2, ...longest),
  };
}

/** Returns a function that replaces secrets by `***`. */
export function createMask(secrets: readonly string[]): (text: string) => string {
  const { find } = createSecretFinder(secrets);
  return (text) => {
    let shown = "";
    let at = 0;
    for (const [from, to] of find(text)) {
      shown += text.slice(at, from) + MASK;
      at = to;
    }
    return shown + text.slice(at);
  };
}

/** Cuts a long secret. No piece is shorter than others may be. */
function piecesOf(text: string): string[] {
  return text.match(new RegExp(`[^]{${PIECE}}(?=[^]{${PIECE}})|[^]+`, "gu")) ?? [];
}

function patternsOf(sources: readonly string[]): RegExp[] {
  const patterns: string[] = [];
  for (const source of sources) {
    const last = patterns.at(-1);
    if (last === undefined || last.length + source.length > MAX_SOURCE) patterns.push(source);
    else patterns[patterns.length - 1] = `${last}|${source}`;
  }
  return patterns.map((source) => new RegExp(source, "g"));
}

/** Joins parts that overlap or meet. */
function joined(spans: Span[]): Span[] {
  const apart: Span[] = [];
  for (const span of spans.sort(([a], [b]) => a - b)) {
    const [from, to] = apart.at(-1) ?? [0, 0];
    if (span[0] <= to && apart.length > 0) apart[apart.length - 1] = [from, Math.max(to, span[1])];
    else apart.push(span);
  }
  return apart;
}

interface Encoding {
  /** Digits that stand for 12 bytes, wherever they begin. */
  size: number;
  /** Digits in a row, of which a part may be found. */
  row: RegExp;
  /** Returns digits in one form. */
  normal(digits: string): string;
  /** Returns the digits that only the bytes of a text decide, for each place where it may begin. */
  encode(text: string): string[];
}

const HEX: Encoding = {
  size: 2 * PART_BYTES,
  row: new RegExp(`[0-9A-Fa-f]{${2 * PART_BYTES},}`, "g"),
  normal: (digits) => digits.toLowerCase(),
  encode: (text) => [Buffer.from(text).toString("hex")],
};

/** 12 bytes are 16 digits, of which the first and last may also have bits of bytes beside them. */
const BASE64: Encoding = {
  size: 15,
  row: /[A-Za-z0-9+/_-]{15,}/g,
  normal: (digits) => digits.replaceAll("-", "+").replaceAll("_", "/"),
  encode: (text) => base64Forms(text).map(({ whole, fixed }) => whole.slice(0, fixed)),
};

const ENCODINGS = [HEX, BASE64];

/** Parts of secrets in an encoding: the digits that stand for 12 bytes. */
class KnownParts {
  readonly #size: number;
  readonly #parts = new Set<string>();
  /** The first digits of each part as a number, which is looked up in a tenth of the time. */
  readonly #heads = new Set<number>();

  constructor(secrets: readonly string[], { size, encode, normal }: Encoding) {
    this.#size = size;
    for (const secret of secrets) {
      for (const digits of [...encode(secret), ...ownDigits(secret).map(normal)]) {
        for (let at = 0; at + size <= digits.length; at++) {
          this.#parts.add(digits.slice(at, at + size));
          this.#heads.add(headOf(digits, at));
        }
      }
    }
  }

  get isEmpty(): boolean {
    return this.#parts.size === 0;
  }

  isAt(digits: string, at: number): boolean {
    return this.#heads.has(headOf(digits, at)) &&
      this.#parts.has(digits.slice(at, at + this.#size));
  }
}

/** Four characters of ASCII as a number. */
function headOf(digits: string, at: number): number {
  let head = 0;
  for (let next = at; next < at + 4; next++) head = head << 7 | digits.charCodeAt(next);
  return head;
}

/**
 * Returns what is base64 or hex itself: the whole secret, or private keys and certificates in it,
 * also in the text of JSON. Their lines may be broken anew.
 */
function ownDigits(secret: string): string[] {
  const bodies = Array.from(secret.matchAll(/-----BEGIN [^-]*-----([^-]*)/g), ([, body]) => body!);
  return [secret, ...bodies].map((text) => text.replace(/\s|\\[nr]/g, "").replace(/=*$/, ""))
    .filter((digits) => digits.length >= LINE && /^[A-Za-z0-9+/_-]*$/.test(digits));
}

/** Finds parts of 12 bytes. A digit beside one may have bits of the next byte. */
function encodedParts(
  text: string,
  { encoding: { row, size, normal }, known }: { encoding: Encoding; known: KnownParts },
): Span[] {
  if (known.isEmpty) return [];
  const spans: Span[] = [];
  for (const { index, 0: written } of text.matchAll(row)) {
    const digits = normal(written);
    for (let at = 0; at + size <= digits.length; at++) {
      if (!known.isAt(digits, at)) continue;
      const first = at;
      while (known.isAt(digits, at + 1)) at++;
      spans.push([index + Math.max(0, first - 1), index + Math.min(digits.length, at + size + 1)]);
    }
  }
  return spans;
}

/**
 * Each character but letters and digits as itself, or in any of its forms. Backslashes before it
 * are in one place, as a pattern that can divide them among several takes exponential time.
 */
function escapedForms(text: string): string {
  const parts = text.toWellFormed().matchAll(/(\\*)([^\\]|$)/gsu);
  return Array.from(parts, ([, run = "", char = ""], index) => {
    const slashes = run.length;
    const isPlain = /^[A-Za-z0-9]?$/.test(char);
    const itself = char === "\n" ? [] : [char.replace(/[^\w\s]/, "\\$&")]; // logs are lines
    const form = isPlain
      ? char
      : `(?:${[...FORMS[char] ?? [], ...codesOf(char), ...itself].join("|")})`;
    if (slashes === 0 && (isPlain || index === 0)) return form;
    return `${SLASH}{${slashes},${8 * slashes + 8}}${form}`;
  }).join("");
}

/** Forms with the code of a character, or of its bytes in UTF-8, after any backslash. */
function codesOf(char: string): string[] {
  const code = char.codePointAt(0)!;
  const hex = (value: number, digits: number) => anyCase(value.toString(16).padStart(digits, "0"));
  const bytes = Array.from(new TextEncoder().encode(char));
  const units = Array.from({ length: char.length }, (_, at) => char.charCodeAt(at));
  return [
    bytes.map((byte) => `%(?:25){0,2}${hex(byte, 2)}`).join(""),
    units.map((unit) => `u${hex(unit, 4)}`).join(SLASHES),
    String.raw`[ux]\{0{0,4}${hex(code, 1)}\}`,
    `U${hex(code, 8)}`,
    bytes.map((byte) => `x${hex(byte, 2)}`).join(SLASHES),
    bytes.map((byte) => byte.toString(8).padStart(3, "0")).join(SLASHES),
    ...(code < 256 ? [`x${hex(code, 2)}`] : []),
    `&(?:amp;){0,2}#(?:0{0,4}${code}|[xX]0{0,4}${hex(code, 1)});`,
  ];
}

function anyCase(hex: string): string {
  return hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}

/** Returns patterns for base64 and hex of a secret that is too short to be found by its parts. */
function shortForms(text: string): string[] {
  const [hex = ""] = HEX.encode(text);
  if (hex.length >= HEX.size) return [];
  const either = (part: string) => part.replaceAll("+", "[+-]").replaceAll("/", "[/_]");
  const base64 = base64Forms(text).map(({ whole, fixed }) =>
    `${either(whole.slice(0, fixed))}(?:${either(whole.slice(fixed))})?`
  );
  return [anyCase(hex), ...base64];
}

/** Base64 without `=`, at each of three places in a longer text, where `fixed` digits are the same. */
function base64Forms(text: string): { whole: string; fixed: number }[] {
  const bytes = new TextEncoder().encode(text);
  return [0, 1, 2].map((before) => {
    const padded = new Uint8Array(before + bytes.length);
    padded.set(bytes, before);
    const first = Math.ceil(before * 8 / 6);
    const whole = Buffer.from(padded).toString("base64").replace(/=+$/, "").slice(first);
    return { whole, fixed: Math.floor(padded.length * 8 / 6) - first };
  });
}
