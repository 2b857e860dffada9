// Which payload objects a record refers to.
import { sha256 } from "../../core/bytes/digest.ts";
import { fault } from "../../core/errors.ts";
import { saveAgain } from "../format/record_codec.ts";
import { filesProblem } from "../format/record_shape.ts";
import type { AnyRecord, Part, StoredFile, VersionRecord } from "../../core/record.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import type { Store } from "./store.ts";
import { encodePlace, orderSegment, payloadKey } from "../format/layout.ts";
import { getPart } from "./part_runs.ts";

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
