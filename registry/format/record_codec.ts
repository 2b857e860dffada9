// Encodes and decodes records. FORMAT.md describes them byte by byte.
import { concatBytes } from "../../core/bytes/bytes.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import { corrupt, invalid, unsupported } from "../../core/errors.ts";
import type { RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { parseJson } from "../../core/text/json_text.ts";
import { slicesInTurns } from "../../core/work/next_turn.ts";
import type { AnyRecord, StoredFile } from "../../core/record.ts";
import { PAGED_FORMAT, recordProblem, VALUES_FORMAT } from "./record_shape.ts";

/** The format. Others are `Unsupported`, except for versions {@linkcode OF_VERSIONS}. */
export const FORMAT = "holdfast/1";
const OF_VERSIONS: readonly unknown[] = [PAGED_FORMAT, VALUES_FORMAT];

/**
 * Size of every tombstone and of no other record: listings find deleted versions by it. Not a
 * multiple of a sector, the size to which failing disks truncate files.
 */
export const TOMBSTONE_BYTES = 509;

/** Longest record, bytes: its first line and its inline bytes. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const SUM_LENGTH = `,"sum":"${"0".repeat(64)}"}`.length; // ASCII: as many bytes
const NEWLINE = 10;

/**
 * Encodes a record: one line of JSON, then the inline bytes. The last member of the line, `sum`, is
 * the SHA-256 of the text before it. Spaces before `sum` give tombstones their size.
 */
export function encodeRecord(record: AnyRecord, inline: readonly Uint8Array[] = []): Uint8Array {
  const text = JSON.stringify(record).slice(0, -1);
  const bytes = withSum(text, inline);
  const size = bytes.byteLength;
  if (size > MAX_RECORD_BYTES) {
    const state = `size is ${size} bytes, the limit is ${MAX_RECORD_BYTES}`;
    const hint = "Use shorter paths and refs.";
    throw invalid("write record of kind", `"${record.kind}"`, state, { hint });
  }
  const collides = size === TOMBSTONE_BYTES;
  if (record.kind === "deleted" && size > TOMBSTONE_BYTES && record.by !== undefined) {
    const { claims, ...name } = record.by;
    const by = claims === undefined ? undefined : name;
    return encodeRecord({ ...record, by }); // a mirror's: the source still has it
  }
  const spaces = record.kind === "deleted" ? TOMBSTONE_BYTES - size : Number(collides);
  return spaces === 0 ? bytes : withSum(text + " ".repeat(spaces), inline);
}

/** Encodes a list of files as JSON, in turns. */
export async function encodeFiles(files: readonly StoredFile[]): Promise<Uint8Array> {
  return (await encodeShortList(files, Infinity))!;
}

/** Encodes a list of files; undefined for one of more than `most` bytes. */
export async function encodeShortList(
  files: readonly StoredFile[],
  most: number,
): Promise<Uint8Array | undefined> {
  const texts: Uint8Array[] = [encoder.encode("[")];
  let size = 2;
  for await (const some of slicesInTurns(files)) {
    const text = JSON.stringify(some).slice(1, -1);
    const bytes = encoder.encode(texts.length === 1 ? text : `,${text}`);
    texts.push(bytes);
    size += bytes.byteLength;
    if (size > most) return undefined;
  }
  return concatBytes([...texts, encoder.encode("]")]);
}

function withSum(text: string, inline: readonly Uint8Array[]): Uint8Array {
  return concatBytes([encoder.encode(`${text},"sum":"${sha256(text)}"}\n`), ...inline]);
}

export interface DecodedRecord {
  record: AnyRecord;
  inline: Uint8Array;
}

/**
 * Decodes a record and verifies its checksum.
 *
 * @param key the key of the record, for messages
 * @throws {RegistryError} `Corrupt` for damage, `Unsupported` for another format
 */
export function decodeRecord(bytes: Uint8Array, key: string): DecodedRecord {
  const end = bytes.indexOf(NEWLINE);
  if (end < 0) throw corruptRecord(key, "first line has no end");
  const summed = end - SUM_LENGTH;
  let line: string, record: AnyRecord, isSummed = false;
  try {
    line = decoder.decode(bytes.subarray(0, end));
    isSummed = line.endsWith(`,"sum":"${sha256(bytes.subarray(0, summed))}"}`);
    record = parseJson(isSummed ? `${line.slice(0, -SUM_LENGTH)}}` : line) as AnyRecord;
  } catch { // the parser's message would quote the line
    throw corruptRecord(key, "first line is not JSON");
  }
  if (!isSummed) throw corruptRecord(key, "checksum mismatch");
  const { format } = record as { format?: unknown };
  if (format !== FORMAT && (!OF_VERSIONS.includes(format) || record.kind !== "version")) {
    const state = `format is ${shown(format)}, but this release reads "${FORMAT}"`;
    const hint = "Upgrade Holdfast to the release that wrote the registry, or a newer one.";
    throw unsupported("read record", `"${key}"`, state, { hint, key });
  }
  if ((record.kind === "deleted") !== (bytes.byteLength === TOMBSTONE_BYTES)) {
    throw corruptRecord(key, `${bytes.byteLength} bytes is the wrong size for its kind`);
  }
  const problem = recordProblem(record, { inlineBytes: bytes.byteLength - end - 1, text: line });
  if (problem !== undefined) throw corruptRecord(key, problem);
  if (record.kind !== "version" && end + 1 < bytes.byteLength) {
    throw corruptRecord(key, "bytes follow the first line, which only versions have");
  }
  return { record, inline: bytes.subarray(end + 1) };
}

/** Makes the error of a record that is damaged, missing or misplaced. */
export function corruptRecord(key: string, state: string): RegistryError {
  return corrupt("read record", `"${key}"`, state, {
    hint: "Restore the object from a backup. Other versions are not affected.",
    key,
  });
}
