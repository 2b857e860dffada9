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

/** Members of a file that locate bytes. */
type Located = Pick<StoredFile, "parts" | "chunks" | "values">;

/** Returns all parts that reading a file needs: also those of the files that it is made from. */
export function allParts({ parts = [], chunks, values }: Located): Part[] {
  if (values === undefined) return chunks === undefined ? parts : [...parts, chunks];
  const { groups, base } = values;
  return [...parts, ...chunks ? [chunks] : [], groups, ...base ? allParts(base) : []];
}

/** Returns a file with other parts, also in the files that it is made from. */
export function withParts<F extends Located>(file: F, change: <P extends Part>(part: P) => P): F {
  const { parts, chunks, values } = file;
  return {
    ...file,
    ...(parts && { parts: parts.map(change) }),
    ...(chunks && { chunks: change(chunks) }),
    ...(values && {
      values: {
        ...values,
        groups: change(values.groups),
        ...(values.base && { base: withParts(values.base, change) }),
      },
    }),
  };
}

/** Returns the stored bytes of a file that is stored by values, and its list of groups after them. */
export function planesOf({ path, from, parts = [], values }: StoredFile): StoredFile {
  const all = [...parts, values!.groups];
  return { path, size: sizeOfParts(all), sha256: "", ...(from && { from }), parts: all };
}

export function sizeOfParts(parts: readonly Pick<Part, "size">[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0);
}

/** Returns a file and those that it is made from. */
export function chainOf(file: StoredFile): StoredFile[] {
  const base = file.values?.base;
  return base === undefined ? [file] : [file, ...chainOf({ path: file.path, ...base })];
}

/** True for a file that needs bytes of other versions. */
export function sharesBytes(file: Located): boolean {
  return allParts(file).some(({ from }) => from !== undefined);
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
  files: readonly (Located & Pick<StoredFile, "from">)[],
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
