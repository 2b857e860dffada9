// Verification of records: each is read, and must belong where it lies. Of a version, what counts is
// read with its files.
import type { ObjectInfo } from "../../core/backend.ts";
import { fault, isRegistryError, type RegistryError, retold } from "../../core/errors.ts";
import { decodeName, shown } from "../../core/naming/names.ts";
import type { AnyRecord } from "../../core/record.ts";
import { artifactDigest } from "../../core/bytes/artifact_digest.ts";
import { TOMBSTONE_BYTES } from "../format/record_codec.ts";
import { parseVersion, type Version } from "../../core/naming/versions.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { type Head, misplaced, readHead, readRecord } from "../cell/heads.ts";
import type { Context } from "../operations/context.ts";
import { cellOf, parseCellKey, parseGeneration, SETTINGS, versionCell } from "../format/layout.ts";
import type { CellKey } from "../format/layout.ts";
import { danglingAlias, locateVersion, readAlias, readCell } from "../operations/resolve.ts";
import { asPartial, listReadable } from "./readable.ts";
import { asProblem, type VerifyRecordsOptions, type VerifyReport } from "./verify_report.ts";
import { payloadSource } from "../operations/load.ts";
import { createArtifact, readThrough } from "../cache/read.ts";

/** So many records are held at once. */
const BATCH = 128;

/** So many versions are read at once: each may hold a pack of files in memory. */
const VERSIONS_AT_ONCE = 4;

interface Place {
  info: ObjectInfo;
  /** What its key says; absent for the settings. */
  key?: CellKey;
  /** Whether it is the newest of its cell, as it was listed. */
  newest: boolean;
}

/** Looks at every record below a prefix, some at once; the report has the problems in the order of the keys. */
export async function verifyRecords(
  context: Context,
  prefix: string,
  report: VerifyReport,
  options: VerifyRecordsOptions,
): Promise<void> {
  let batch: Place[] = [];
  let cell = "";
  const onFailure = async (error: RegistryError, at: string) => {
    await verifyBatch(context, batch, report, options);
    batch = [];
    report.problems.push(asProblem(nameOf(at), at, error));
  };
  for await (const info of listReadable(context, prefix, { signal: options.signal, onFailure })) {
    const key = parseCellKey(info.key);
    if (!(prefix === SETTINGS ? isSettings(info.key) : key !== undefined && isOurs(context, key))) {
      report.unseen.strangers++;
      continue;
    }
    batch.push({ info, key, newest: cell !== cellOf(info.key) });
    cell = cellOf(info.key);
    if (batch.length < BATCH) continue;
    await verifyBatch(context, batch, report, options);
    batch = [];
  }
  await verifyBatch(context, batch, report, options);
}

/** What a folder or a file is of, where its key says no more. */
function nameOf(key: string): string {
  const [top, name = ""] = key.split("/");
  return top === "names" ? decodeName(name) ?? name : top;
}

function isSettings(key: string): boolean {
  return cellOf(key) === SETTINGS && parseGeneration(key.slice(SETTINGS.length)) !== undefined;
}

/** A version's cell may lie in one folder only. */
function isOurs({ settings }: Context, { kind, name, version, cell }: CellKey): boolean {
  return kind !== "version" || versionCell(name, version!, settings.versioned) === cell;
}

async function verifyBatch(
  context: Context,
  batch: readonly Place[],
  report: VerifyReport,
  options: VerifyRecordsOptions,
): Promise<void> {
  const problems = new Map<Place, RegistryError>();
  const isVersion = ({ key, newest, info }: Place) =>
    newest && key?.kind === "version" && info.size !== TOMBSTONE_BYTES;
  await forEachAtOnce(batch.filter((place) => !isVersion(place)), async (place) => {
    const problem = await verifyRecord(context, place, report, options);
    if (problem !== undefined) problems.set(place, problem);
  });
  await forEachAtOnce(batch.filter(isVersion), async (place) => {
    const { name, version, generation } = place.key!;
    const head = { ...place.info, generation, dead: false };
    const problem = await verifyVersion(
      context,
      { name, version: version!, head },
      report,
      options,
    );
    if (problem !== undefined) problems.set(place, problem);
  }, { concurrency: options.deep ? VERSIONS_AT_ONCE : undefined });
  report.records += batch.length;
  for (const place of batch) {
    const problem = problems.get(place);
    if (problem === undefined) continue;
    const found = asProblem(refOf(place), place.info.key, aboutRecord(place, problem));
    const last = report.problems.at(-1); // below a void head the same record is met again
    if (last?.ref !== found.ref || last.key !== found.key) report.problems.push(found);
  }
}

/** The error of a record. A damaged one that is not the newest of its cell stops no reader, but the collector. */
function aboutRecord({ info, newest }: Place, error: RegistryError): RegistryError {
  if (error.code !== "Corrupt" || newest || (error.key ?? info.key) !== info.key) return error;
  const hint =
    "There is a newer record of the same place: what reads that one goes on. Restore the object from a copy; " +
    "until then nothing of its name is collected.";
  return retold(error, { hint });
}

/** The error of an alias that cannot be read. It may also be set over the damage. */
function damagedAlias({ name, label }: CellKey, error: RegistryError): RegistryError {
  const told = (set: string) => `Restore the object from a copy, or set the alias anew: ${set}`;
  return retold(error, {
    hint: told(`registry.setAlias(${shown(name)}, ${shown(label!)}, version)`),
    hints: { cli: told(`holdfast alias ${name} ${label} VERSION`) },
  });
}

function refOf({ key }: Place): string {
  if (key === undefined) return "settings";
  const { kind, name, version, label } = key;
  return kind === "key" ? name : `${name}@${kind === "version" ? version!.canonical : label}`;
}

/** What is wrong with a record that is no version's newest. One that is gone was collected meanwhile, or replaced. */
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

/** Whether a record is of the cell that it lies in. A deletion names nothing; only a first generation is ever scrubbed. */
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
  return versionCell(record.name, parseVersion(record.version), settings.versioned) === key.cell;
}

/** What a live alias names must be there, unless it names something else by now. Damage of that is its own. */
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

/** A version by the newest record of its cell. */
interface ListedVersion {
  name: string;
  version: Version;
  head: Head;
}

async function verifyVersion(
  context: Context,
  { name, version, head }: ListedVersion,
  report: VerifyReport,
  { deep, signal, onProgress, onRecord }: VerifyRecordsOptions,
): Promise<RegistryError | undefined> {
  const cell = cellOf(head.key);
  let listed: Head | undefined = head;
  for (;; listed = undefined) { // the listing is believed once
    try {
      const located = await readCell(context, cell, { head: listed, signal });
      const problem = context.voids.has(head.key) ? voidRecord(head.key) : undefined;
      if (located === undefined) return problem ?? await scrubbedHead(context, head, signal);
      onRecord?.(located.record);
      const source = await payloadSource(context, located, signal);
      const { materializer, files, digest } = source.info;
      if (artifactDigest(materializer, files) !== digest) {
        return counted(wrongDigest(located.found.info.key));
      }
      if (!deep) {
        report.unseen.files += files.length;
        return counted(problem);
      }
      const bytes = await readThrough(
        createArtifact(context, source, { verify: "integrity", signal }),
      );
      report.bytes += bytes;
      report.files += files.length;
      return counted(problem);
    } catch (error) {
      if (isRegistryError(error, "Conflict")) continue; // overtaken by a writer, or void: what counts now
      return counted(await asPartial(context, error, signal));
    }
  }

  function counted(problem: RegistryError | undefined): RegistryError | undefined {
    report.versions++;
    onProgress?.({
      versions: report.versions,
      bytes: report.bytes,
      ref: `${name}@${version.canonical}`,
    });
    return problem;
  }
}

/** Only what was replaced is ever scrubbed: where it is the newest, what replaced it is lost. */
async function scrubbedHead(
  context: Context,
  { key }: Head,
  signal?: AbortSignal,
): Promise<RegistryError | undefined> {
  const record = (await readRecord(context, key, signal))?.record;
  if (record?.kind !== "scrubbed" || (await readHead(context, cellOf(key), signal))?.key !== key) {
    return undefined;
  }
  return fault({
    code: "Corrupt",
    action: "find what replaced record",
    subject: `"${key}"`,
    state: "its content was collected, and nothing lies above it",
    hint: "Something else deleted it. Restore the newer records of this version from a copy.",
    key,
  });
}

function wrongDigest(key: string): RegistryError {
  return fault({
    code: "Corrupt",
    action: "trust record",
    subject: `"${key}"`,
    state: "its digest does not match its files",
    hint: "Restore the object from a copy.",
    key,
  });
}

function voidRecord(key: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "count record",
    subject: `"${key}"`,
    state: "it landed too late, when its payload was collected already",
    hint:
      "Its writer never heard of a success. The version before it counts, if there is one; nothing is to be done.",
    key,
  });
}
