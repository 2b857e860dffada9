// Names of artifacts, aliases and idempotency keys, and the one injective encoding that makes each
// a path segment which is safe on object stores and on every disk, also a case-insensitive or
// normalising one.
//
// `a-z 0-9 _ -` stand for themselves; every other byte of the UTF-8 form is `=` and two lowercase hexadecimal
// digits; a text that would be one of Windows' device names gets a lone `=` behind it. So the encoding of a
// prefix is a prefix of the encoding.
import { fault } from "../errors.ts";

/** Longest encoded segment, bytes. */
export const MAX_SEGMENT_BYTES = 200;

const DEVICE = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/;
const PLAIN = /^[a-z0-9_-]+$/;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Throws `Invalid` unless this can be the name of an artifact: not empty, well-formed Unicode, no `@`, no control
 * characters, no white space at either end, at most 200 bytes encoded. Anything else, `/` and `:` included, is fine.
 *
 * @param what what is being named, for the message
 */
export function checkName(name: string, what = "name"): void {
  const problem = nameProblem(name);
  if (problem === undefined) return;
  throw fault({
    code: "Invalid",
    action: "use",
    subject: `${shown(name)} as ${what}`,
    state: problem,
    hint:
      "A name is any text without @, control characters and outer white space, up to 200 bytes when encoded " +
      "(a letter a-z, a digit, _ and - count one, any other byte of its UTF-8 form three).",
  });
}

function nameProblem(name: string): string | undefined {
  if (typeof name !== "string") return `it is not a text but ${typeof name}`;
  if (PLAIN.test(name) && name.length < MAX_SEGMENT_BYTES) return undefined; // the usual name: nothing more to look at
  if (name === "") return "it is empty";
  if (name.length > MAX_SEGMENT_BYTES) return `it is too long (${name.length} characters)`; // before anything that takes time
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

/** The name as a storage key segment. Injective. */
export function encodeName(name: string): string {
  const encoded = encodeNamePrefix(name);
  return DEVICE.test(encoded) ? `${encoded}=` : encoded;
}

/** What the encodings of all names with this prefix begin with. */
export function encodeNamePrefix(prefix: string): string {
  if (PLAIN.test(prefix)) return prefix;
  let encoded = "";
  for (const byte of encoder.encode(prefix)) {
    const char = String.fromCharCode(byte);
    encoded += PLAIN.test(char) ? char : `=${byte.toString(16).padStart(2, "0")}`;
  }
  return encoded;
}

/** The name behind a segment, or undefined where no name has this encoding. */
export function decodeName(segment: string): string | undefined {
  if (segment.length > MAX_SEGMENT_BYTES) return undefined;
  if (PLAIN.test(segment) && !DEVICE.test(segment)) return segment;
  const bare = segment.endsWith("=") ? segment.slice(0, -1) : segment;
  const bytes: number[] = [];
  for (let i = 0; i < bare.length; i++) {
    if (bare[i] !== "=") bytes.push(bare.charCodeAt(i));
    else bytes.push(parseInt(bare.slice(i + 1, (i += 2) + 1), 16));
  }
  if (bytes.some((byte) => !(byte <= 0xff))) return undefined;
  try {
    const name = decoder.decode(Uint8Array.from(bytes));
    return encodeName(name) === segment && nameProblem(name) === undefined ? name : undefined;
  } catch {
    return undefined;
  }
}

/** A text for a message: quoted, escaped, and cut when long. */
export function shown(text: unknown): string {
  if (typeof text === "object" && text !== null) return "an object"; // String() fails for some
  const quoted = typeof text === "string" ? JSON.stringify(text.slice(0, 80)) : String(text);
  return quoted.length > 80 ? `${quoted.slice(0, 76)}…"` : quoted;
}

/**
 * The `content-disposition` that lets a browser save a file under this name: in ASCII for old ones, and in full
 * (RFC 6266, RFC 8187).
 */
export function attachment(fileName: string): string {
  const ascii = fileName.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  if (ascii === fileName) return `attachment; filename="${ascii}"`;
  const full = encodeURIComponent(fileName.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${full}`;
}
