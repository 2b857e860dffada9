// Reading notes and labels.
import { authorOf } from "../../core/naming/author.ts";
import { parseVersion, type Version } from "../../core/naming/versions.ts";
import type { NoteRecord } from "../../core/record.ts";
import type { Annotations } from "../../core/artifact.ts";
import { liveHeads, misplaced, readHead, readRecord, recordOfKind } from "../cell/heads.ts";
import type { FoundRecord, Head } from "../cell/heads.ts";
import { noteCell, notesFolder, parseCellKey } from "../format/layout.ts";
import type { Context } from "./context.ts";

export function noteCellOf({ settings }: Context, name: string, version?: Version): string {
  return noteCell(name, version, settings.versioned);
}

export function annotationsIn(record: NoteRecord): Annotations {
  const { notes, labels, generation, createdAt } = record;
  const by = authorOf(record);
  return {
    ...notes !== undefined && { notes },
    labels,
    revision: generation,
    changedAt: new Date(createdAt),
    ...by && { by },
  };
}

/** Returns the annotations of a version or a name; undefined if there never were any. */
export async function readAnnotations(
  context: Context,
  { name, version }: { name: string; version?: Version },
  signal?: AbortSignal,
): Promise<Annotations | undefined> {
  const head = await readHead(context, noteCellOf(context, name, version), signal);
  return head === undefined ? undefined : await annotationsAt(context, head, signal);
}

/** Returns a function that reads annotations of versions, after one listing for all of a name. */
export async function annotationsOfName(
  context: Context,
  name: string,
  signal?: AbortSignal,
): Promise<(version: string) => Promise<Annotations | undefined>> {
  const heads = new Map<string | undefined, Head>();
  for await (const head of liveHeads(context, notesFolder(name), { signal })) {
    const place = parseCellKey(head.key);
    if (place !== undefined) heads.set(place.version?.canonical, head);
  }
  return async (version) => {
    const head = heads.get(parseVersion(version).canonical);
    return head === undefined ? undefined : await annotationsAt(context, head, signal);
  };
}

/** Reads the record of a head. Throws `Corrupt` for that of another version or name. */
async function annotationsAt(
  context: Context,
  head: Head,
  signal?: AbortSignal,
): Promise<Annotations | undefined> {
  const object = head.dead ? undefined : await readRecord(context, head, signal);
  return object && annotationsIn(noteIn(object));
}

/** Returns the note in a record. Throws `Corrupt` for that of another version or name. */
export function noteIn(object: FoundRecord): NoteRecord {
  const record = recordOfKind(object, "note");
  const place = parseCellKey(object.info.key);
  const version = record.version && parseVersion(record.version).canonical;
  if (record.name === place?.name && version === place.version?.canonical) return record;
  throw misplaced(object.info.key, record);
}
