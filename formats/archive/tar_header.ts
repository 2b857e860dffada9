// Headers of tar files: ustar and pax of POSIX.1-2017
// (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13), Unix V7, and
// the long names and large numbers of GNU tar
// (https://www.gnu.org/software/tar/manual/html_node/Standard.html).
import { corrupt, unsupported } from "./entries.ts";

/** Size of a header; contents are padded to a multiple. */
export const BLOCK_BYTES = 512;

export const TYPES = {
  file: "0",
  hardLink: "1",
  link: "2",
  folder: "5",
  contiguous: "7",
  pax: "x",
  paxForAll: "g",
  longName: "L",
  longTarget: "K",
};

export interface TarHeader {
  name: string;
  target: string;
  /** One of {@linkcode TYPES}, or another character. */
  type: string;
  permissions: number;
  size: number;
}

const FIELDS = {
  name: [0, 100],
  permissions: [100, 8],
  user: [108, 8],
  group: [116, 8],
  size: [124, 12],
  time: [136, 12],
  sum: [148, 8],
  type: [156, 1],
  target: [157, 100],
  magic: [257, 8],
  prefix: [345, 155],
} as const;
type Field = keyof typeof FIELDS;

const USTAR = "ustar\x0000";
/** The largest number of eleven octal digits. */
export const MAX_OCTAL_SIZE = 8 ** 11 - 1;

export function parseTarHeader(archive: string, block: Uint8Array, at: number): TarHeader {
  const number = (field: Field) => {
    const value = numberOf(bytesOf(block, field));
    if (value !== undefined) return value;
    throw corrupt(archive, `invalid ${field} in the header at ${at}`);
  };
  if (number("sum") !== sumOf(block)) {
    throw corrupt(
      archive,
      at === 0 ? "not a tar file" : `checksum mismatch of the header at ${at}`,
    );
  }
  const text = (field: Field) => decodeText(archive, untilNul(bytesOf(block, field)), at);
  const prefix = latin(bytesOf(block, "magic")) === USTAR ? text("prefix") : "";
  const type = latin(bytesOf(block, "type"));
  return {
    name: prefix === "" ? text("name") : `${prefix}/${text("name")}`,
    target: text("target"),
    type: type === "\0" ? TYPES.file : type,
    permissions: number("permissions"),
    size: number("size"),
  };
}

/** A header to write. Its time is 1970-01-01 by default. */
export type WrittenHeader = TarHeader & { modifiedAt?: Date };

/** Encodes a header whose name and target pass {@linkcode fitsTarHeader}. Its owner is 0. */
export function encodeTarHeader(
  { name, target, type, permissions, size, modifiedAt }: WrittenHeader,
): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  const set = (field: Field, text: string) =>
    void new TextEncoder().encodeInto(text, bytesOf(block, field));
  const octal = (field: Field, value: number) =>
    set(field, value.toString(8).padStart(FIELDS[field][1] - 1, "0"));
  set("name", name);
  octal("permissions", permissions);
  octal("user", 0);
  octal("group", 0);
  octal("size", size);
  octal("time", secondsOf(modifiedAt));
  set("type", type);
  set("target", target);
  set("magic", USTAR);
  set("sum", `${sumOf(block).toString(8).padStart(6, "0")}\0 `);
  return block;
}

/** Returns the nearest second that the header can hold: from 1970 to 2242. */
function secondsOf(date: Date | undefined): number {
  const seconds = Math.floor((date?.getTime() ?? 0) / 1000);
  return Math.min(Math.max(seconds, 0), MAX_OCTAL_SIZE);
}

/** Returns true for up to 100 characters of ASCII, which all programs read alike. */
export function fitsTarHeader(text: string): boolean {
  return text.length <= FIELDS.name[1] && /^[\x20-\x7e]*$/.test(text);
}

const PAX_KEYS = ["path", "linkpath", "size"];

/** Parses pax records: `25 path=folder/file\n`, with the length of all that. Skips other values. */
export function parsePax(archive: string, bytes: Uint8Array, at: number): Map<string, string> {
  const records = new Map<string, string>();
  for (let from = 0; from < bytes.byteLength;) {
    const [digits] = /^[1-9]\d{0,8}(?= )/.exec(latin(bytes.subarray(from, from + 10))) ?? [];
    const end = from + Number(digits);
    if (digits === undefined || end > bytes.byteLength || bytes[end - 1] !== LINE_FEED) {
      throw corrupt(archive, `the pax header at ${at} is damaged`);
    }
    const record = bytes.subarray(from + digits.length + 1, end - 1);
    const equals = record.indexOf(EQUALS);
    if (equals < 1) throw corrupt(archive, `the pax header at ${at} is damaged`);
    const key = decodeText(archive, record.subarray(0, equals), at);
    const isRead = PAX_KEYS.includes(key); // others may be binary
    records.set(key, isRead ? decodeText(archive, record.subarray(equals + 1), at) : "");
    from = end;
  }
  return records;
}

export function encodePax(records: ReadonlyMap<string, string>): Uint8Array {
  const encoder = new TextEncoder();
  const lines = [...records].map(([key, value]) => {
    const record = ` ${key}=${value}\n`;
    const length = encoder.encode(record).byteLength;
    let digits = 1;
    while (`${length + digits}`.length > digits) digits++;
    return `${length + digits}${record}`;
  });
  return encoder.encode(lines.join(""));
}

/** Decodes text of a header. Other encodings than UTF-8 are not guessed. */
export function decodeText(archive: string, bytes: Uint8Array, at: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw unsupported(archive, `the header at ${at} has text that is not UTF-8`);
  }
}

export function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

const LINE_FEED = 0x0a;
const EQUALS = 0x3d;
const SPACE = 0x20;

function bytesOf(block: Uint8Array, field: Field): Uint8Array {
  const [offset, length] = FIELDS[field];
  return block.subarray(offset, offset + length);
}

function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Parses octal digits between spaces and NULs, or GNU tar's base 256 behind a set first bit. */
function numberOf(bytes: Uint8Array): number | undefined {
  if (bytes[0] === 0x80) {
    const value = bytes.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const [digits] = /^ *([0-7]*)(?=[ \0]|$)/.exec(latin(bytes))?.slice(1) ?? [];
  return digits === undefined ? undefined : digits === "" ? 0 : parseInt(digits, 8);
}

/** Sums all bytes; those of the field itself count as spaces. */
function sumOf(block: Uint8Array): number {
  const [offset, length] = FIELDS.sum;
  const isSum = (i: number) => i >= offset && i < offset + length;
  return block.reduce((sum, byte, i) => sum + (isSum(i) ? SPACE : byte), 0);
}
