// Reads the records of a name, before the garbage collector removes anything of it.
import { corrupt, forEachAtOnce, isRegistryError, parseVersion } from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import type {
  AnyRecord,
  Head,
  KeyRecord,
  TombstoneRecord,
  VersionRecord,
} from "../../../registry/extending.ts";
import { encodeRecord, LAYOUT, type Records, sinceOf } from "../../../registry/records.ts";
import type { Collection } from "./collection.ts";
import type { DeletionTimes, Kept, KnownRecord, KnownRecords, Remains } from "./known.ts";
import type { Note } from "./note.ts";
import { encodeObjects } from "./referred.ts";

/**
 * Reads every record that is not noted. Throws for a damaged one, which may be of any kind. Of a
 * version with a damaged list of files, only the payload is unknown.
 */
export async function readRecords(
  collection: Collection,
  heads: readonly Head[],
  note: Note,
): Promise<KnownRecords> {
  const { context, signal } = collection;
  const records = new Map<string, KnownRecord>();
  const unknown = heads.filter((head) => {
    const noted = note.find(head);
    if (noted !== undefined) records.set(head.key, noted);
    return noted === undefined;
  });
  await forEachAtOnce(unknown, async (head) => { // tombstones too: damaged records may look alike
    const object = await context.read(head.key, signal);
    if (object === undefined) return; // another collector was faster
    const { record, info } = object;
    const content: Content = record.kind === "version"
      ? await readContent(collection, record)
      : { objects: [] };
    const isLate = await context.mayBecomeVoid(object, signal);
    records.set(head.key, {
      ...content,
      kind: record.kind,
      objects: content.objects && encodeObjects(content.objects),
      late: isLate ? { record, info, inline: new Uint8Array() } : undefined,
      remains: head.generation === 1 ? remainsOf(record) : undefined,
      times: record.kind === "deleted" ? timesOf(record) : undefined,
      target: record.kind === "key" ? targetOf(context, record) : undefined,
    });
  });
  return records;
}

function targetOf({ settings }: Records, { name, target }: KeyRecord): string {
  const cell = LAYOUT.versionCell(name, parseVersion(target.version), settings.versioned);
  return LAYOUT.recordKey(cell, target.generation);
}

interface Content extends Pick<KnownRecord, "damage" | "version"> {
  /** Absent if an object of its list of files is missing or damaged. */
  objects?: Kept["objects"];
}

async function readContent(
  { context, measure, signal }: Collection,
  record: VersionRecord,
): Promise<Content> {
  try {
    const options = { ranges: measure !== undefined, signal };
    const { objects, isWhole, ranges } = await context.readObjects(record, options);
    if (!isWhole) return {};
    const version = measure && { size: record.size, objects, ranges };
    return { objects, version };
  } catch (error) {
    if (!isRegistryError(error, "Corrupt")) throw error;
    return { damage: error };
  }
}

/**
 * Returns the objects that a record needs, encoded. Returns an error if they are not known, unless
 * it has expired.
 */
export function neededObjects(
  context: Records,
  key: string,
  known: KnownRecord | undefined,
): readonly string[] | RegistryError {
  if (known === undefined) return [];
  const { objects, damage, late } = known;
  if (objects !== undefined) return objects;
  if (damage !== undefined) return damage; // also of a late record: it is not known to be expired
  if (late !== undefined) return encodeObjects(context.objects(late.record));
  return corrupt("read record", `"${key}"`, "the list of its files is missing", {
    hint: "Restore the object from a backup, or delete the version.",
    key,
  });
}

/** Returns the objects of a record that nothing needs any more, encoded, as far as they are known. */
export function releasedObjects(known: KnownRecord | undefined): readonly string[] {
  return known?.objects ?? [];
}

/** Returns what to keep of a first generation; undefined if it has no content, or is gone. */
export async function readRemains(
  { context, signal }: Collection,
  key: string,
  known: KnownRecord | undefined,
): Promise<Remains | undefined> {
  if (known?.kind !== "version" && known?.kind !== "scrubbed") return undefined;
  if (known.remains !== undefined) return known.remains;
  const object = await context.read(key, signal);
  return object && remainsOf(object.record);
}

function remainsOf(record: AnyRecord): Remains | undefined {
  if (record.kind !== "version" && record.kind !== "scrubbed") return undefined;
  const { generation, commit, previous, startedAt, createdAt, digest, origin } = record;
  return {
    generation,
    commit,
    previous,
    startedAt,
    createdAt,
    kind: "scrubbed",
    digest,
    origin: origin && { registry: origin.registry, commit: origin.commit },
  };
}

/** Returns the times of a tombstone; undefined if the record is gone or not a tombstone. */
export async function readTimes(
  { context, signal }: Collection,
  key: string,
  known: KnownRecord | undefined,
): Promise<DeletionTimes | undefined> {
  if (known?.kind !== "deleted") return undefined;
  if (known.times !== undefined) return known.times;
  const object = await context.read(key, signal);
  return object?.record.kind === "deleted" ? timesOf(object.record) : undefined;
}

function timesOf(record: TombstoneRecord): DeletionTimes {
  const startedAt = new Date(record.startedAt).toISOString();
  const createdAt = new Date(record.createdAt).toISOString();
  return { startedAt, createdAt, since: sinceOf(record), by: record.by };
}

/**
 * Encodes a tombstone that replaces a first generation. It keeps its cell deleted after all above
 * it is removed, and has the time and the author of the deletion. A deletion of an empty cell has no digest.
 */
export function encodeBuried(
  { previous: _, ...remains }: Remains,
  times: DeletionTimes,
): Uint8Array {
  return encodeRecord({ ...remains, ...times, kind: "deleted" });
}
