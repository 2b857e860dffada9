// The payload objects of files, and of a record as far as it names them.
import type { AnyRecord, Part, StoredFile, VersionRecord } from "../../core/record.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import type { Store } from "./store.ts";
import { encodePlace, orderSegment, payloadKey } from "../format/layout.ts";

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
  const list = record.fileList && { parts: [record.fileList] };
  return objectsOfFiles(list ? [list, ...record.files] : record.files, own);
}

/** Returns the payload objects of files. */
export function objectsOfFiles(
  files: readonly Pick<StoredFile, "from" | "parts" | "chunks">[],
  own: string,
): PayloadObject[] {
  const objects = new Map<string, PayloadObject>();
  for (const file of files) {
    for (const part of allParts(file)) {
      const place = placeOf(file, part) ?? own;
      objects.set(`${place}/${part.object}`, [place, part.object]);
    }
  }
  return [...objects.values()];
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
