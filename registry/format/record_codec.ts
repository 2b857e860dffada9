// The codec of records, described byte by byte in FORMAT.md.
import { concatBytes } from "../../core/bytes/bytes.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import { type Advice, fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { parseJson } from "../../core/text/json_text.ts";
import type { AnyRecord } from "../../core/record.ts";
import { recordProblem } from "./record_shape.ts";

/** The format. Others are `Unsupported`, never guessed. */
export const FORMAT = "holdfast/1";

/**
 * Every tombstone has this size and no other record has: listings tell the dead from the living by it. It is no
 * multiple of a sector, at which a disk that fails cuts files.
 */
export const TOMBSTONE_BYTES = 509;

/** A record has at most so many bytes: its first line, and what is inline. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const SUM = /^,"sum":"([0-9a-f]{64})"\}$/;
const SUM_LENGTH = `,"sum":"${"0".repeat(64)}"}`.length; // all ASCII: as many bytes
const NEWLINE = 10;

/**
 * Encodes a record: one line of JSON whose last member `sum` is the SHA-256 of the line before it (with the spaces
 * that make a tombstone as long as it must be, and no other record), then the inline bytes.
 */
export function encodeRecord(record: AnyRecord, inline: readonly Uint8Array[] = []): Uint8Array {
  const text = JSON.stringify(record).slice(0, -1);
  const asciiSize = inline.reduce(
    (sum, { byteLength }) => sum + byteLength,
    text.length + SUM_LENGTH + 1,
  );
  if (asciiSize > MAX_RECORD_BYTES) throw tooLong(record.kind, asciiSize); // before it is copied
  const bytes = withSum(text, inline);
  const size = bytes.byteLength;
  if (size > MAX_RECORD_BYTES) throw tooLong(record.kind, size);
  const isTooLike = size === TOMBSTONE_BYTES;
  const spaces = record.kind === "deleted" ? TOMBSTONE_BYTES - size : isTooLike ? 1 : 0;
  return spaces === 0 ? bytes : withSum(text + " ".repeat(spaces), inline);
}

/** A whole record: the text that its first line begins with, its sum, and the inline bytes. */
function withSum(text: string, inline: readonly Uint8Array[]): Uint8Array {
  const line = `${text},"sum":"${sha256(text)}"}\n`;
  const whole = new Uint8Array(
    inline.reduce((sum, { byteLength }) => sum + byteLength, line.length),
  );
  // In place it takes 3 us, else 4.5; there is room where all is ASCII.
  const { read } = encoder.encodeInto(line, whole.subarray(0, line.length));
  if (read < line.length) return concatBytes([encoder.encode(line), ...inline]);
  let at = line.length;
  for (const bytes of inline) {
    whole.set(bytes, at);
    at += bytes.byteLength;
  }
  return whole;
}

/** A record, decoded. */
export interface DecodedRecord {
  record: AnyRecord;
  inline: Uint8Array;
}

/**
 * Decodes a record and checks its sum.
 *
 * @param key where it was read, for messages
 * @throws {RegistryError} `Corrupt` where it is damaged, `Unsupported` where it is of another format
 */
export function decodeRecord(bytes: Uint8Array, key: string): DecodedRecord {
  const end = bytes.indexOf(NEWLINE);
  if (end < 0) throw corruptRecord(key, "its first line has no end");
  let line: string, record: AnyRecord;
  try {
    line = decoder.decode(bytes.subarray(0, end));
    record = parseJson(line) as AnyRecord;
  } catch { // its message would quote the line
    throw corruptRecord(key, "its first line is not JSON");
  }
  const format = (record as { format?: unknown } | null)?.format;
  const summed = end - SUM_LENGTH;
  const sum = SUM.exec(line.slice(-SUM_LENGTH));
  if (sum === null || sha256(bytes.subarray(0, summed)) !== sum[1]) {
    throw corruptRecord(key, "its sum does not match");
  }
  if (format !== FORMAT) {
    throw fault({
      code: "Unsupported",
      action: "read record",
      subject: `"${key}"`,
      state: `its format is ${shown(format)}, this release reads "${FORMAT}"`,
      hint:
        "It was written by another release of Holdfast: open it with that release or a newer one.",
      key,
    });
  }
  if ((record.kind === "deleted") !== (bytes.byteLength === TOMBSTONE_BYTES)) {
    throw corruptRecord(key, `${bytes.byteLength} bytes is not the size of its kind`);
  }
  const problem = recordProblem(record, { inlineBytes: bytes.byteLength - end - 1, text: line });
  if (problem !== undefined) throw corruptRecord(key, problem);
  if (record.kind !== "version" && end + 1 < bytes.byteLength) {
    throw corruptRecord(key, "bytes follow its first line, which only versions have");
  }
  delete (record as { sum?: string }).sum;
  return { record, inline: bytes.subarray(end + 1) };
}

function tooLong(kind: string, size: number): RegistryError {
  return fault({
    code: "Invalid",
    action: "write a record of kind",
    subject: `"${kind}"`,
    state: `it has ${size} bytes, at most ${MAX_RECORD_BYTES} are allowed`,
    hint: "Use shorter paths and refs: the bytes of files count only where they are small.",
  });
}

/** The error of a record that is damaged, gone, or in the place of another one. */
export function corruptRecord(key: string, state: string): RegistryError {
  return fault({
    code: "Corrupt",
    action: "read record",
    subject: `"${key}"`,
    state,
    hint:
      "Something else changed it. Restore the object from a copy; other versions are not affected.",
    key,
  });
}

/** The hint of an error about stored bytes that only a copy or another save brings back. */
export function saveAgain(found: string, what: "them" | "the object"): Advice {
  const told = (way: string) =>
    `${found} Restore ${what} from a copy, or save the value again with ${way}.`;
  return {
    hint: told("base: null, which shares nothing with it"),
    hints: { cli: told("--no-share") },
  };
}
