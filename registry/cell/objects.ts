// The payload objects of a record, and its list of files.
import { sha256 } from "../../core/bytes/digest.ts";
import { MAX_FILE_LIST_BYTES } from "../../core/calls/file_limit.ts";
import { fault, invalid } from "../../core/errors.ts";
import { createLimit } from "../../core/work/at_once.ts";
import { encodeFiles } from "../format/record_codec.ts";
import { filesProblem } from "../format/record_shape.ts";
import type { AnyRecord, Part, StoredFile, VersionRecord } from "../../core/record.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import type { Store } from "./store.ts";
import { encodePlace, orderSegment, payloadKey } from "../format/layout.ts";
import { getPart } from "./part_runs.ts";

/** A longer list of files becomes a payload object. */
const MAX_LIST_BYTES = 128 * 1024;

/** Limits how many lists are read at once: one of 100,000 files takes about 100 MiB. */
export const oneOfFewLists: ReturnType<typeof createLimit> = createLimit(2);

/** An object of a payload: the place of its folder, as in a record's `from`, and its number. */
export type PayloadObject = [place: string, object: number];

export function ownPlace({ settings }: Store, { version, commit }: VersionRecord): string {
  return encodePlace({ order: orderSegment(parseVersion(version), settings.versioned), commit });
}

/** Returns the place of a part; undefined in the record's own payload. */
export function placeOf({ from }: Pick<StoredFile, "from">, part: Part): string | undefined {
  return part.from ?? from;
}

export function allParts({ parts = [], chunks }: Pick<StoredFile, "parts" | "chunks">): Part[] {
  return chunks === undefined ? parts : [...parts, chunks];
}

/** True for a file that is stored as ranges of other versions and new bytes. */
export function sharesBytes({ parts = [] }: Pick<StoredFile, "parts">): boolean {
  return parts.some(({ from }) => from !== undefined);
}

/** Returns the payload objects of a record; only the list of files if that was not read. */
export function objectsOf(store: Store, record: AnyRecord | undefined): PayloadObject[] {
  if (record?.kind !== "version") return [];
  const own = ownPlace(store, record);
  const list: Pick<StoredFile, "from" | "parts" | "chunks">[] = record.fileList === undefined
    ? []
    : [{ parts: [record.fileList] }];
  const objects = new Map<string, PayloadObject>();
  for (const file of list.concat(record.files)) {
    for (const part of allParts(file)) {
      const place = placeOf(file, part) ?? own;
      objects.set(`${place}/${part.object}`, [place, part.object]);
    }
  }
  return [...objects.values()];
}

/** Reads the long list of files of a record, if it has one; undefined if the list is gone. */
export async function withFiles(
  store: Store,
  record: VersionRecord,
  signal?: AbortSignal,
): Promise<VersionRecord | undefined> {
  if (record.fileList === undefined) return record;
  const { from = ownPlace(store, record), object } = record.fileList;
  const key = payloadKey(record.name, from, object);
  return await oneOfFewLists(async () => {
    const list = await getPart(store.backend, key, record.fileList!, { signal });
    return list && { ...record, files: await parseFileList(record, await list.bytes(), key) };
  });
}

/** Returns the keys of all payload objects of a record. Reads its long list of files. */
export async function payloadKeysOf(
  store: Store,
  record: VersionRecord,
  signal?: AbortSignal,
): Promise<string[]> {
  const whole = await withFiles(store, record, signal) ?? record;
  return objectsOf(store, whole).map(([place, object]) => payloadKey(record.name, place, object));
}

/** Parses the list of files of a record that keeps it in an object. */
export async function parseFileList(
  { name, version, fileList, size }: VersionRecord,
  bytes: Uint8Array,
  key: string,
): Promise<StoredFile[]> {
  const corrupt = (problem: string) =>
    fault({
      code: "Corrupt",
      action: "read the files of",
      subject: `"${name}@${version}"`,
      state: problem,
      hint: "Restore the object from a backup, or delete the version.",
      key,
    });
  if (sha256(bytes) !== fileList?.sha256) throw corrupt("SHA-256 of the list does not match");
  let files: StoredFile[];
  try {
    files = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw corrupt("the list is not JSON"); // the parser's message would quote it
  }
  const problem = await filesProblem(files, size);
  if (problem !== undefined) throw corrupt(problem);
  return files;
}

/** Returns the keys of objects of other versions that these files share. */
export function sharedObjects(name: string, files: readonly StoredFile[]): string[] {
  const objects = new Map<string, PayloadObject>();
  for (const file of files) {
    for (const part of allParts(file)) {
      const place = placeOf(file, part);
      if (place !== undefined) objects.set(`${place}/${part.object}`, [place, part.object]);
    }
  }
  return Array.from(objects.values(), ([place, object]) => payloadKey(name, place, object));
}

export function placedUnder(from: string | undefined, files: StoredFile[]): StoredFile[] {
  if (from === undefined) return files;
  return files.map((file) =>
    file.parts === undefined || file.from !== undefined ? file : { ...file, from }
  );
}

export async function fileListOf(
  { action }: { action: string },
  files: readonly StoredFile[],
): Promise<Uint8Array | undefined> {
  const bytes = await encodeFiles(files);
  if (bytes.byteLength <= MAX_FILE_LIST_BYTES) {
    return bytes.byteLength > MAX_LIST_BYTES ? bytes : undefined;
  }
  const size = bytes.byteLength;
  const state =
    `the file list (${files.length} files) has ${size} bytes, the limit is ${MAX_FILE_LIST_BYTES}`;
  const hint = "Save them as several artifacts, or as one archive.";
  throw invalid(action, undefined, state, { hint });
}
