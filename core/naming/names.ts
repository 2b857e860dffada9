// Names of artifacts, aliases and idempotency keys, and their encoding as a path segment that is
// safe on object stores and every disk, including case-insensitive and normalizing ones.
//
// `a-z 0-9 _ -` stay; every other byte of the UTF-8 form becomes `=` and two lowercase hexadecimal
// digits. A string that would be a device name of Windows gets a `=` at its end. The encoding of a
// prefix is a prefix of the encoding.
import { invalid } from "../errors.ts";

/** Longest encoded segment, bytes. */
export const MAX_SEGMENT_BYTES = 200;

const DEVICE = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/;
const PLAIN = /^[a-z0-9_-]+$/;
const encoder = new TextEncoder();

/**
 * Throws `Invalid` unless this is a valid name: well-formed Unicode without `@`, control characters
 * and outer white space, 1 to 200 bytes when encoded. `/` and `:` are fine.
 *
 * @param what kind of name, for the message
 */
export function checkName(name: string, what = "name"): void {
  const problem = nameProblem(name);
  if (problem === undefined) return;
  throw invalid("use", `${shown(name)} as ${what}`, problem, {
    hint: "Use any string without @, control characters and outer white space, up to 200 bytes " +
      "when encoded (a-z, digits, _ and - take one, any other byte of its UTF-8 form three).",
  });
}

/**
 * Like {@linkcode checkName}, for a name that is written. Refuses names that a shell, a disk or the
 * command line reads as something else: `*` in it, a part `.` or `..`, or a leading `-`.
 */
export function checkNewName(name: string, what = "name"): void {
  checkName(name, what);
  const problem = name.includes("*")
    ? "* is reserved for patterns"
    : name.startsWith("-")
    ? "it looks like an option"
    : /(^|\/)\.\.?(\/|$)/.test(name)
    ? "it looks like a path"
    : undefined;
  if (problem === undefined) return;
  throw invalid("use", `${shown(name)} as ${what}`, problem, {
    hint: "Use a name without * and a leading -, and without . or .. between slashes.",
  });
}

/** Returns why a name of an artifact is invalid; undefined for a valid one. */
export function nameProblem(name: unknown): string | undefined {
  if (typeof name !== "string") return `it is of type ${typeof name}, not a string`;
  if (PLAIN.test(name) && name.length < MAX_SEGMENT_BYTES) return undefined; // the usual name
  if (name === "") return "it is empty";
  if (name.length > MAX_SEGMENT_BYTES) return `it is too long (${name.length} characters)`;
  if (name.includes("@")) return "@ separates a name from its version";
  if (!name.isWellFormed()) return "it is not well-formed Unicode";
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) return "it has a control character";
  if (name.trim() !== name) return "it begins or ends with white space";
  const length = encodeName(name).length;
  if (length > MAX_SEGMENT_BYTES) {
    return `it is too long (${length} bytes encoded, ${MAX_SEGMENT_BYTES} allowed)`;
  }
}

/** Returns the name as a storage key segment. Injective. */
export function encodeName(name: string): string {
  const encoded = encodeNamePrefix(name);
  return DEVICE.test(encoded) ? `${encoded}=` : encoded;
}

/** Returns the common prefix of the encodings of all names with this prefix. */
export function encodeNamePrefix(prefix: string): string {
  return prefix.replace(/[^a-z0-9_-]/gu, encodeChar);
}

function encodeChar(char: string): string {
  if (char < "\x80") return `=${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  let encoded = "";
  for (const byte of encoder.encode(char)) encoded += `=${byte.toString(16).padStart(2, "0")}`;
  return encoded;
}

export function decodeName(segment: string): string | undefined {
  if (segment.length > MAX_SEGMENT_BYTES) return undefined;
  if (PLAIN.test(segment) && !DEVICE.test(segment)) return segment;
  const bare = segment.endsWith("=") ? segment.slice(0, -1) : segment;
  try {
    const name = decodeURIComponent(bare.replaceAll("=", "%"));
    return encodeName(name) === segment && nameProblem(name) === undefined ? name : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Encodes a name as one segment of a URL path. `/` becomes `@@`, which no name contains: proxies
 * may decode `%2F`. `.` and `..` mean folders in a path: they get a tilde.
 */
export function nameSegment(name: string): string {
  return encodeURIComponent(name.replace(/^~*\.{1,2}$/, "~$&")).replaceAll("%2F", "@@");
}

/** Characters of a value in a message. */
const MOST_SHOWN = 80;

/**
 * Returns a value for a message: quoted and escaped. Long strings are cut in the middle, as the end
 * of a path is the name of the file.
 */
export function shown(text: unknown): string {
  if (typeof text === "object" && text !== null) return "an object"; // String() fails for some
  if (typeof text === "function") return "a function"; // String() is its source
  if (typeof text !== "string") {
    const plain = String(text);
    return plain.length > MOST_SHOWN ? `${plain.slice(0, MOST_SHOWN - 4)}…` : plain;
  }
  if (text.length <= MOST_SHOWN) {
    const whole = JSON.stringify(text);
    if (whole.length <= MOST_SHOWN) return whole;
  }
  const half = MOST_SHOWN / 2;
  const begin = JSON.stringify(text.slice(0, half)).slice(0, half - 2);
  const end = JSON.stringify(text.slice(-half)).slice(-half);
  return `${begin}…${end}`;
}

/** Returns a `content-disposition` with a file name, in ASCII and in full (RFC 6266). */
export function contentDisposition(type: "inline" | "attachment", fileName?: string): string {
  if (fileName === undefined) return type;
  const ascii = fileName.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const full = ascii === fileName ? "" : `; filename*=${extendedValue(fileName)}`;
  return `${type}; filename="${ascii}"${full}`;
}

/** Returns text as the value of a parameter of a header (RFC 8187). */
export function extendedValue(text: string): string {
  const encoded = encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  return `UTF-8''${encoded}`;
}
