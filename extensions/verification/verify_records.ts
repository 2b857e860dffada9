// Verifies records: each is read and must belong to its place. `verify_version.ts` reads the valid
// version of a cell with its files.
import type { ObjectInfo } from "../../backends/mod.ts";
import {
  createLimit,
  forEachAtOnce,
  isRegistryError,
  parseRef,
  parseVersion,
  retold,
  shown,
} from "../../core/kernel.ts";
import type { RegistryError } from "../../core/kernel.ts";
import type { AnyRecord, CellKey } from "../../registry/extending.ts";
import { corruptRecord, headIn, LAYOUT, type Records } from "../../registry/records.ts";
import { ListedObjects, type ObjectsOfName } from "./listed_objects.ts";
import { addProblem, asProblem, type VerifyRecordsOptions, type VerifyReport } from "./report.ts";
import { type Damage, verifyVersion } from "./verify_version.ts";
import { verificationReasons } from "./reasons.ts";

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
  return newest && key?.kind === "version" && !headIn(info)?.dead;
}

/** Verifies every record below a prefix, and reports problems in the order of keys. */
export async function verifyRecords(
  context: Records,
  prefix: string,
  report: VerifyReport,
  options: VerifyRecordsOptions,
): Promise<void> {
  const { selection, verified } = options;
  let batch: Place[] = [];
  let cell = "";
  let isOwn = true;
  const listed = report.listed && prefix !== LAYOUT.SETTINGS
    ? new ListedObjects(context, prefix, report.listed, options.signal)
    : undefined;
  const onFailure = async (error: RegistryError, at: string) => {
    await verifyBatch(context, batch, report, options);
    batch = [];
    verified.isPartial = true; // each shard has records there
    addProblem(report, asProblem(nameOf(at), at, error), options);
  };
  try {
    for await (const info of context.list(prefix, { signal: options.signal, onFailure })) {
      if (LAYOUT.parseReleasedMark(info.key) !== undefined) continue;
      const key = LAYOUT.parseCellKey(info.key);
      if (
        !(prefix === LAYOUT.SETTINGS
          ? isSettings(info.key)
          : key !== undefined && isOurs(context, key))
      ) {
        if (selection.owns(info.key)) report.unseen.strangers++;
        continue;
      }
      const newest = cell !== LAYOUT.cellOf(info.key);
      if (newest) isOwn = selection.owns(cell = LAYOUT.cellOf(info.key));
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
  return top === "names" ? LAYOUT.decodeName(name) ?? name : top;
}

function isSettings(key: string): boolean {
  return LAYOUT.cellOf(key) === LAYOUT.SETTINGS &&
    LAYOUT.parseGeneration(key.slice(LAYOUT.SETTINGS.length)) !== undefined;
}

/** Returns true if a cell is in the right folder. */
function isOurs({ settings }: Records, { kind, name, version, cell }: CellKey): boolean {
  return kind !== "version" || LAYOUT.versionCell(name, version!, settings.versioned) === cell;
}

async function verifyBatch(
  context: Records,
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
    reason: verificationReasons.of("alias_damaged", { name, alias: label! }),
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
  context: Records,
  place: Place,
  { unseen }: VerifyReport,
  { signal, onRecord }: VerifyRecordsOptions,
): Promise<RegistryError | undefined> {
  const { info, key, newest } = place;
  try {
    const record = (await context.read(info.key, signal))?.record;
    if (record === undefined) return undefined;
    if (!belongs(context, record, place)) {
      const { kind, generation } = record;
      return corruptRecord(
        info.key,
        `generation ${generation} of kind "${kind}" belongs elsewhere`,
      );
    }
    if (record.kind === "version") unseen.generations++, onRecord?.(record);
    if (record.kind === "alias" && newest) {
      return await verifyAlias(context, key!, signal);
    }
  } catch (error) {
    const partial = await context.asPartial(error, signal);
    return partial.code === "Corrupt" && newest && key?.kind === "alias"
      ? damagedAlias(key, partial)
      : partial;
  }
}

/** Returns true if a record is in its own cell. Tombstones name none. */
function belongs({ id, settings }: Records, record: AnyRecord, { key }: Place): boolean {
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
  return LAYOUT.versionCell(record.name, parseVersion(record.version), settings.versioned) ===
    key.cell;
}

/** Verifies that an alias of a name with versions leads to one. */
async function verifyAlias(
  context: Records,
  { name, label }: CellKey,
  signal?: AbortSignal,
): Promise<RegistryError | undefined> {
  try {
    await context.find(parseRef(name, label!), { signal });
    return undefined;
  } catch (error) {
    if (!isRegistryError(error, "NotFound")) {
      await context.asPartial(error, signal);
      return undefined; // reported with the version
    }
    if (error.reason?.kind !== "alias_dangling") return undefined; // deleted meanwhile
    for await (const _ of context.ofName(name).heads({ signal })) return error;
    return undefined; // deleted with its name
  }
}
