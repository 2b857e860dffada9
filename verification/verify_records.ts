// Verifies records: each is read and must belong to its place. The valid version of a cell is read
// with its files.
import type { ObjectInfo } from "../core/backend.ts";
import {
  corrupt,
  createLimit,
  forEachAtOnce,
  isRegistryError,
  notFound,
  parseVersion,
  retold,
  shown,
} from "../core/kernel.ts";
import type { RegistryError } from "../core/kernel.ts";
import { decodeName } from "../core/naming/names.ts";
import type { Version } from "../core/naming/versions.ts";
import type { AnyRecord } from "../core/record.ts";
import { drain, readThrough } from "../core/work/read_through.ts";
import {
  asPartial,
  cellOf,
  corruptRecord,
  createArtifact,
  danglingAlias,
  listReadable,
  locateVersion,
  misplaced,
  parseCellKey,
  parseGeneration,
  parseReleasedMark,
  readAlias,
  readCell,
  readHead,
  readRecord,
  SETTINGS,
  StoreReader,
  TOMBSTONE_BYTES,
  versionCell,
} from "../registry/record_reads.ts";
import type { CellKey, Context, Head, PayloadSource } from "../registry/record_reads.ts";
import { groupedFiles } from "./file_groups.ts";
import { ListedObjects } from "./listed_objects.ts";
import type { ObjectsOfName } from "./listed_objects.ts";
import { addProblem, asProblem } from "./report.ts";
import type { VerifyRecordsOptions, VerifyReport } from "./report.ts";
import type { Amounts } from "./selection.ts";

/** Records in memory at the same time. */
const BATCH = 128;

/** Versions read at the same time: each may need the memory of a pack. */
const VERSIONS_AT_ONCE = 4;

interface Place {
  info: ObjectInfo;
  /** The parsed key; absent for settings. */
  key?: CellKey;
  /** True for the newest record of its cell, as listed. */
  newest: boolean;
  /** False for a record of another shard: it tells which bytes belong to this one. */
  isOwn: boolean;
  /** The listed payload of its name, if sizes are compared. */
  objects?: ObjectsOfName;
}

/** True for a record whose version is read. */
function isVersion({ key, newest, info }: Place): boolean {
  return newest && key?.kind === "version" && info.size !== TOMBSTONE_BYTES;
}

/** Verifies every record below a prefix, and reports problems in the order of keys. */
export async function verifyRecords(
  context: Context,
  prefix: string,
  report: VerifyReport,
  options: VerifyRecordsOptions,
): Promise<void> {
  const { selection, verified } = options;
  let batch: Place[] = [];
  let cell = "";
  let isOwn = true;
  const listed = report.listed && prefix !== SETTINGS
    ? new ListedObjects(context, prefix, report.listed, options.signal)
    : undefined;
  const onFailure = async (error: RegistryError, at: string) => {
    await verifyBatch(context, batch, report, options);
    batch = [];
    verified.isPartial = true; // each shard has records there
    addProblem(report, asProblem(nameOf(at), at, error), options);
  };
  try {
    for await (const info of listReadable(context, prefix, { signal: options.signal, onFailure })) {
      if (parseReleasedMark(info.key) !== undefined) continue;
      const key = parseCellKey(info.key);
      if (
        !(prefix === SETTINGS ? isSettings(info.key) : key !== undefined && isOurs(context, key))
      ) {
        if (selection.owns(info.key)) report.unseen.strangers++;
        continue;
      }
      const newest = cell !== cellOf(info.key);
      if (newest) isOwn = selection.owns(cell = cellOf(info.key));
      const objects = key && await listed?.of(key.name);
      const place = { info, key, newest, isOwn, objects };
      if (!isOwn && !(options.deep && isVersion(place))) continue;
      batch.push(place);
      if (batch.length < BATCH) continue;
      await verifyBatch(context, batch, report, options);
      batch = [];
    }
    await verifyBatch(context, batch, report, options);
  } finally {
    await listed?.end();
  }
}

/** Names the subject of a file or folder without a record key. */
function nameOf(key: string): string {
  const [top = "", name = ""] = key.split("/");
  return top === "names" ? decodeName(name) ?? name : top;
}

function isSettings(key: string): boolean {
  return cellOf(key) === SETTINGS && parseGeneration(key.slice(SETTINGS.length)) !== undefined;
}

/** Returns true if a cell is in the right folder. */
function isOurs({ settings }: Context, { kind, name, version, cell }: CellKey): boolean {
  return kind !== "version" || versionCell(name, version!, settings.versioned) === cell;
}

async function verifyBatch(
  context: Context,
  batch: readonly Place[],
  report: VerifyReport,
  options: VerifyRecordsOptions,
): Promise<void> {
  const problems = new Map<Place, readonly Damage[]>();
  const inTurn = createLimit(VERSIONS_AT_ONCE);
  try {
    await forEachAtOnce(batch.filter((place) => !isVersion(place)), async (place) => {
      const error = await verifyRecord(context, place, report, options);
      if (error !== undefined) problems.set(place, [{ error }]);
    });
    await forEachAtOnce(batch.filter(isVersion), async (place) => {
      const { name, version, generation } = place.key!;
      const head = { ...place.info, generation, dead: false };
      const { isOwn, objects } = place;
      const listed = { name, version: version!, head, isOwn, objects };
      const found = await verifyVersion(context, listed, report, { ...options, inTurn });
      problems.set(place, place.isOwn ? found : found.filter(concernsBytes));
    });
    report.records += batch.filter(({ isOwn }) => isOwn).length;
  } finally {
    for (const place of batch) addProblems(place, problems.get(place) ?? [], report, options);
  }
}

function addProblems(
  place: Place,
  found: readonly Damage[],
  report: VerifyReport,
  options: VerifyRecordsOptions,
): void {
  for (const { error, path } of found) {
    const problem = asProblem(refOf(place), place.info.key, aboutRecord(place, error), path);
    const last = report.problems.at(-1); // below an expired head, the same record is verified again
    const isSame = last?.ref === problem.ref && last.key === problem.key && last.path === path;
    if (!isSame) addProblem(report, problem, options);
  }
}

/** True if it may be no problem for another shard, which has the record: a file, or a refusal. */
function concernsBytes({ path, error }: Damage): boolean {
  return path !== undefined || isRegistryError(error, "Denied", "Unavailable");
}

/** Rewords damage of a record that is not the newest: it stops the collector, but no reader. */
function aboutRecord({ info, newest }: Place, error: RegistryError): RegistryError {
  if (error.code !== "Corrupt" || newest || (error.key ?? info.key) !== info.key) return error;
  const hint = "Restore the object from a backup. Readers use a newer record, but `gc` keeps all " +
    "data of the name until then.";
  return retold(error, { hint });
}

/** Rewords damage of an alias: it can also be set again. */
function damagedAlias({ name, label }: CellKey, error: RegistryError): RegistryError {
  return retold(error, {
    hint: "Restore the object from a backup, or set the alias again: " +
      `registry.setAlias(${shown(name)}, ${shown(label!)}, version)`,
    reason: { kind: "alias_damaged", name, alias: label! },
  });
}

function refOf({ key }: Place): string {
  if (key === undefined) return "settings";
  const { kind, name, version, label } = key;
  const part = version?.canonical ?? label;
  return kind === "key" || part === undefined ? name : `${name}@${part}`;
}

/** Verifies a record other than a version's newest. A missing one was collected or replaced. */
async function verifyRecord(
  context: Context,
  place: Place,
  { unseen }: VerifyReport,
  { signal, onRecord }: VerifyRecordsOptions,
): Promise<RegistryError | undefined> {
  const { info, key, newest } = place;
  try {
    const record = (await readRecord(context, info.key, signal))?.record;
    if (record === undefined) return undefined;
    if (!belongs(context, record, place)) return misplaced(info.key, record);
    if (record.kind === "version") unseen.generations++, onRecord?.(record);
    if (record.kind === "alias" && newest) {
      return await verifyAlias(context, key!, record.version, signal);
    }
  } catch (error) {
    const partial = await asPartial(context, error, signal);
    return partial.code === "Corrupt" && newest && key?.kind === "alias"
      ? damagedAlias(key, partial)
      : partial;
  }
}

/** Returns true if a record is in its own cell. Tombstones name none. */
function belongs({ id, settings }: Context, record: AnyRecord, { key }: Place): boolean {
  if (key === undefined) {
    return record.kind === "settings" &&
      (record.generation === 1 ? record.commit : record.registry) === id;
  }
  if (record.kind === "deleted") return key.kind !== "key";
  if (record.kind === "scrubbed") return key.kind === "version" && record.generation === 1;
  if (record.kind !== key.kind || record.name !== key.name) return false;
  if (record.kind === "alias") return record.alias === key.label;
  if (record.kind === "key") return record.key === key.label;
  if (record.kind === "note") {
    return (record.version && parseVersion(record.version).canonical) === key.version?.canonical;
  }
  return versionCell(record.name, parseVersion(record.version), settings.versioned) === key.cell;
}

/** Verifies that an alias has a version, unless it is set to another one meanwhile. */
async function verifyAlias(
  context: Context,
  { name, label }: CellKey,
  version: string,
  signal?: AbortSignal,
): Promise<RegistryError | undefined> {
  const alias = label!;
  try {
    if (await locateVersion(context, name, parseVersion(version), signal) !== undefined) {
      return undefined;
    }
  } catch (error) {
    await asPartial(context, error, signal);
    return undefined;
  }
  if (await readAlias(context, name, alias, signal) !== version) return undefined;
  return await danglingAlias(context, { name, alias, version }, signal);
}

interface Damage {
  error: RegistryError;
  path?: string;
}

interface ListedVersion {
  name: string;
  version: Version;
  head: Head;
  isOwn: boolean;
  objects?: ObjectsOfName;
}

interface VerifyVersionOptions extends VerifyRecordsOptions {
  /** Limits how many versions are read. */
  inTurn: ReturnType<typeof createLimit>;
}

async function verifyVersion(
  context: Context,
  { name, version, head, isOwn, objects }: ListedVersion,
  report: VerifyReport,
  { deep, verified, inTurn, signal, onProgress, onRecord }: VerifyVersionOptions,
): Promise<Damage[]> {
  const cell = cellOf(head.key);
  let listed: Head | undefined = head;
  for (;; listed = undefined) { // the listing is used in the first attempt only
    try {
      const located = await readCell(context, cell, { head: listed, signal });
      const problem = context.voids.has(head.key) ? expiredRecord(head.key) : undefined;
      if (located === undefined) {
        return damageBy(problem ?? await scrubbedHead(context, head, signal));
      }
      if (isOwn) onRecord?.(located.record);
      return await inTurn(async () => {
        const { count, digest, groups } = await groupedFiles(context, located, signal);
        if (isOwn && await digest() !== located.record.digest) {
          const { key } = located.found.info;
          verified.isPartial = true;
          return counted(corruptRecord(key, "its digest does not match its files"));
        }
        if (!deep && objects === undefined) {
          report.unseen.files += count;
          return counted(problem);
        }
        const damaged = await readFiles(groups());
        return [...damaged, ...counted(damaged.length === 0 ? problem : undefined)];
      });
    } catch (error) {
      if (isRegistryError(error, "Conflict")) continue; // overwritten or expired meanwhile
      verified.isPartial = true;
      return counted(await asPartial(context, error, signal));
    }
  }

  async function readFiles(groups: AsyncIterable<PayloadSource>): Promise<Damage[]> {
    const damaged: Damage[] = [], total = { bytes: 0, later: 0, files: 0, unseen: 0 };
    for await (const source of groups) {
      const differing = await objects?.check(source, isOwn);
      for (const [file, error] of differing ?? []) {
        if (isOwn) damaged.push({ path: file.path, error });
        verified.passOver(source, file, { cell, record: head.key, isOwn });
      }
      const rest = source.files.filter((file) => !differing?.has(file));
      if (deep) await readGroup({ ...source, files: rest }, damaged, total);
      else total.unseen += source.files.length;
    }
    report.bytes += total.bytes;
    report.files += total.files;
    report.unseen.files += total.unseen;
    if (report.later !== undefined) report.later.bytes += total.later;
    return damaged.sort((a, b) => a.path! < b.path! ? -1 : 1);
  }

  async function readGroup(
    source: PayloadSource,
    damaged: Damage[],
    total: { bytes: number; later: number; files: number; unseen: number },
  ): Promise<void> {
    const reading = { verify: "integrity" as const, signal };
    const reader = new StoreReader(context, source, reading);
    const artifact = createArtifact(context, source, reading);
    const amounts = new Map<string, Amounts>();
    const onFile = (path: string, its: Amounts) => void amounts.set(path, its);
    const verify = verified.reading(source, reader, { cell, onFile, signal });
    await readThrough(artifact, drain, async (file, readAll) => {
      try {
        await verify(file, readAll);
      } catch (error) {
        if (!isRegistryError(error, "Corrupt")) throw error;
        damaged.push({ error, path: file.path });
        amounts.delete(file.path);
      }
    });
    for (const { first, now, later } of amounts.values()) {
      total.bytes += now;
      total.later += later;
      if (first === "now") total.files++;
      if (first === "later") total.unseen++;
    }
  }

  function counted(problem: RegistryError | undefined): Damage[] {
    if (isOwn) report.versions++;
    onProgress?.({
      versions: report.versions,
      bytes: report.bytes,
      ref: `${name}@${version.canonical}`,
    });
    return damageBy(problem);
  }
}

function damageBy(error: RegistryError | undefined): Damage[] {
  return error === undefined ? [] : [{ error }];
}

/** Makes the error of a record without content that is the newest: records above it are lost. */
async function scrubbedHead(
  context: Context,
  { key }: Head,
  signal?: AbortSignal,
): Promise<RegistryError | undefined> {
  const record = (await readRecord(context, key, signal))?.record;
  if (record?.kind !== "scrubbed" || (await readHead(context, cellOf(key), signal))?.key !== key) {
    return undefined;
  }
  const state = "its content was collected as garbage, so a newer record is missing";
  const hint = "Restore the newer records of this version from a backup.";
  return corrupt("find records above", `"${key}"`, state, { hint, key });
}

function expiredRecord(key: string): RegistryError {
  const state =
    "the record is expired: its payload was collected as garbage before the record was written";
  const hint = "The save failed. Save it again if you need it; earlier records are valid.";
  return notFound("use record", `"${key}"`, state, { hint, key });
}
