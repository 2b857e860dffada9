// The payload objects that a record refers to, and its list of files.
import { sha256 } from "../../core/bytes/digest.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { saveAgain } from "../format/record_codec.ts";
import { filesProblem, MAX_FILE_LIST_BYTES } from "../format/record_shape.ts";
import type { AnyRecord, Part, StoredFile, VersionRecord } from "../../core/record.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import type { Operation } from "./operation.ts";
import type { Store } from "./store.ts";
import { encodePlace, orderSegment, payloadKey } from "../format/layout.ts";
import { getPart } from "./part_runs.ts";

/** A longer list of files is kept as a payload object of its own. */
const MAX_LIST_BYTES = 128 * 1024;

/** So few files and parts of files need not be measured: their list is short. */
const FEW_ENTRIES = 100;

/** An object of a payload: its folder's place, as a record's `from` holds it, and its number. */
export type PayloadObject = [place: string, object: number];

export function ownPlace({ settings }: Store, { version, commit }: VersionRecord): string {
  return encodePlace({ order: orderSegment(parseVersion(version), settings.versioned), commit });
}

/** Where a part is; undefined in the record's own payload. */
export function placeOf({ from }: Pick<StoredFile, "from">, part: Part): string | undefined {
  return part.from ?? from;
}

/** The payload objects that a record refers to; of a record with a long list of files only the list, unless it was read. */
export function objectsOf(store: Store, record: AnyRecord | undefined): PayloadObject[] {
  if (record?.kind !== "version") return [];
  const own = ownPlace(store, record);
  const list: Pick<StoredFile, "from" | "parts">[] = record.fileList === undefined
    ? []
    : [{ parts: [record.fileList] }];
  const objects = new Map<string, PayloadObject>();
  for (const file of list.concat(record.files)) {
    for (const part of file.parts ?? []) {
      const place = placeOf(file, part) ?? own;
      objects.set(`${place}/${part.object}`, [place, part.object]);
    }
  }
  return [...objects.values()];
}

/** A record with its long list of files, where it has one; undefined where the list is gone. */
export async function withFiles(
  store: Store,
  record: VersionRecord,
  signal?: AbortSignal,
): Promise<VersionRecord | undefined> {
  if (record.fileList === undefined) return record;
  const { from = ownPlace(store, record), object } = record.fileList;
  const key = payloadKey(record.name, from, object);
  const list = await getPart(store.backend, key, record.fileList, { signal });
  return list && { ...record, files: parseFileList(record, await list.bytes(), key) };
}

/** The files of a record that keeps its list apart, from the bytes of that list. */
export function parseFileList(
  { name, version, fileList, size }: VersionRecord,
  bytes: Uint8Array,
  key: string,
): StoredFile[] {
  const corrupt = (problem: string) =>
    fault({
      code: "Corrupt",
      action: "read the files of",
      subject: `"${name}@${version}"`,
      state: problem,
      ...saveAgain("The stored bytes changed.", "them"),
      key,
    });
  if (sha256(bytes) !== fileList?.sha256) throw corrupt("the SHA-256 of their list does not match");
  let files: StoredFile[];
  try {
    files = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw corrupt("their list is not JSON"); // what the parser says would quote it
  }
  const problem = filesProblem(files, size);
  if (problem !== undefined) throw corrupt(problem);
  return files;
}

/** Returns the objects of others that the record of these files will rest on. */
export function sharedObjects(name: string, files: readonly StoredFile[]): string[] {
  const objects = files.flatMap(({ from: ofFile, parts = [] }) =>
    parts.flatMap(({ object, from = ofFile }) =>
      from === undefined ? [] : [payloadKey(name, from, object)]
    )
  );
  return [...new Set(objects)];
}

export function placedUnder(from: string | undefined, files: StoredFile[]): StoredFile[] {
  if (from === undefined) return files;
  return files.map((file) =>
    file.parts === undefined || file.from !== undefined ? file : { ...file, from }
  );
}

export function fileListOf(
  operation: Operation,
  files: readonly StoredFile[],
): Uint8Array | undefined {
  if (files.reduce((sum, { parts = [] }) => sum + 1 + parts.length, 0) < FEW_ENTRIES) {
    return undefined;
  }
  const bytes = new TextEncoder().encode(JSON.stringify(files));
  if (bytes.byteLength > MAX_FILE_LIST_BYTES) {
    throw tooManyFiles(operation, files.length, bytes.byteLength);
  }
  return bytes.byteLength > MAX_LIST_BYTES ? bytes : undefined;
}

function tooManyFiles({ action }: Operation, files: number, bytes: number): RegistryError {
  return fault({
    code: "Invalid",
    action,
    state: `the list of its ${files} files has ${bytes} bytes, ${MAX_FILE_LIST_BYTES} are allowed`,
    hint: "Save them as several artifacts, or as one archive.",
  });
}
