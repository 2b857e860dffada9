// The commit of a save: the record of its version, over a payload that is stored.
import { artifactDigest } from "../../../core/artifact_digest.ts";
import { sortedByPath } from "../../../core/bytes/bytes.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { parseRef } from "../../../core/naming/refs.ts";
import { FIRST_VERSION, nextVersion, parseVersion } from "../../../core/naming/versions.ts";
import type { VersionRecord } from "../../../core/record.ts";
import { slicesInTurns } from "../../../core/work/next_turn.ts";
import { createRecord, pause } from "../../cell/cell.ts";
import type { FoundRecord } from "../../cell/heads.ts";
import { objectsOf, placedUnder, sharedObjects } from "../../cell/objects.ts";
import { settle } from "../../cell/settle.ts";
import { isLate } from "../../cell/voids.ts";
import { encodePlace, orderSegment, recordKey } from "../../format/layout.ts";
import { decodeRecord, encodeRecord, encodeShortList } from "../../format/record_codec.ts";
import { PAGED_FORMAT, VALUES_FORMAT } from "../../format/record_shape.ts";
import { isLive } from "../../payload/base.ts";
import { readOnce } from "../../payload/content_failure.ts";
import { storePages } from "../../payload/writing/store_pages.ts";
import { announceInputs } from "../lineage/inputs.ts";
import { locate } from "../resolve.ts";
import type { Choice, Target } from "../target/target.ts";
import type { Attempt, Ending } from "./attempt.ts";

/** The digest of a save, an existing version with this digest, and the list of files. */
interface Content {
  digest: string;
  unchanged?: FoundRecord;
  fileList?: VersionRecord["fileList"];
  /** Keys of pages of the list that other versions have. */
  sharedPages?: string[];
}

/** A longer list of files becomes a payload object. */
const MAX_LIST_BYTES = 128 * 1024;
/** No file takes less in a list: its SHA-256. */
const LEAST_ENTRY_BYTES = 64;

/** A list of files that does not fit into the record: the bytes of an object, or it is in pages. */
type LongList = Uint8Array | "pages";

/** Returns the list of the files if it does not fit into the record, and is not stored yet. */
export async function listFiles(attempt: Attempt): Promise<LongList | undefined> {
  if (attempt.listed !== undefined) return undefined;
  const { context: { pageLimits: { listBytes } }, payload: { files } } = attempt;
  if (files.length * LEAST_ENTRY_BYTES > listBytes) return "pages";
  const list = await encodeShortList(placedUnder(folderOf(attempt), files), listBytes);
  if (list === undefined) return "pages";
  return list.byteLength > MAX_LIST_BYTES ? list : undefined;
}

/** Stores a long list of files. */
async function storeList(
  { context, operation, payload, placed }: Attempt,
  list: LongList,
): Promise<Omit<Content, "digest">> {
  const { folder, shelves } = placed!;
  if (list !== "pages") {
    const fileList = {
      object: await folder.put(list),
      size: list.byteLength,
      sha256: sha256(list),
    };
    return { fileList };
  }
  const { action, signal } = operation;
  const { pageLimits: limits } = context;
  const place = { store: context, action, folder, base: shelves.base, limits, signal };
  const { fileList, shared } = await storePages(slicesInTurns(payload.files), place);
  return { fileList, sharedPages: shared };
}

/** Commits the payload of an attempt, unless its version exists or its base was deleted. */
export async function commit(attempt: Attempt, list?: LongList): Promise<Ending> {
  const { context, artifact, operation, payload } = attempt;
  const { listed } = attempt;
  // for the digest and the pages
  if (list === "pages") payload.files = sortedByPath(payload.files);
  const digest = listed?.digest ?? await artifactDigest(artifact.materializer, payload.files);
  const { digest: expected = digest } = artifact;
  if (digest !== expected) throw readOnce(operation);
  const unchanged = await unchangedBase(attempt, digest);
  const stored = listed ?? (list && await storeList(attempt, list));
  const base = attempt.placed?.shelves.base ?? attempt.base; // mirrors have only the first
  const shared = base?.isShared ? base : undefined;
  if (shared && !await isLive(context, operation, shared)) return { state: "baseGone", digest };
  if (!shared) delete operation.views.base;
  return await createVersion(attempt, { ...stored, digest, unchanged });
}

/** Creates the record, again after each lost race that is not final. */
async function createVersion(attempt: Attempt, content: Content): Promise<Ending> {
  const { context, operation, artifact, options, userFields, chooser } = attempt;
  const { name, members, materializer } = artifact;
  const { files, inline } = attempt.payload;
  const { inputs = userFields.pinned ?? [] } = members ?? {};
  // Look for an existing version before index entries of the inputs are written.
  const look = inputs.length > 0 && options.onConflict === "skip" &&
    userFields.fields.key === undefined;
  const shared = [...sharedObjects(name, files), ...content.sharedPages ?? []];
  await settle(context, shared, operation.signal);
  for (let losses = 1;; losses++) {
    const choice = await choose(attempt, content, look);
    if ("existing" in choice) return { state: "existing", found: choice.existing };
    const { target } = choice;
    const { version } = target;
    await announceInputs(context, operation, { name, version, inputs, materializer });
    if (target.generation > 1) await attempt.checkUnprotected(); // promoted meanwhile
    const record = recordOf(attempt, target, content);
    const bytes = encodeRecord(record, inline);
    const key = recordKey(target.cell, target.generation);
    if (record.format === VALUES_FORMAT) decodeRecord(bytes, key); // else it could not be read
    const outcome = await createRecord(context, operation, key, bytes);
    if (outcome.won) {
      const addedBytes = bytes.byteLength + (attempt.placed?.folder.addedBytes(files) ?? 0);
      return { state: "saved", record, addedBytes };
    }
    content.unchanged = await asUnchanged(attempt, outcome.found, content);
    if (content.unchanged !== undefined) continue; // another save of the same content won
    const existing = await chooser.lost(target, outcome.found);
    if (existing !== undefined) return { state: "existing", found: existing };
    await pause(context, operation, losses);
  }
}

/** Chooses what to create, or an existing version with the same content. */
async function choose(attempt: Attempt, content: Content, look: boolean): Promise<Choice> {
  const { chooser } = attempt;
  const choice = content.unchanged === undefined
    ? await chooser.choose(look)
    : await chooser.keep(content.unchanged);
  if ("existing" in choice) return choice;
  const newer = await newerUnchanged(attempt, choice.target, content);
  return newer === undefined ? choice : await chooser.keep(newer);
}

/** Returns the base if it has the same content and still counts. */
async function unchangedBase(
  { context, operation, options, base }: Attempt,
  digest: string,
): Promise<FoundRecord | undefined> {
  const { skipIfUnchanged = false } = options;
  const same = skipIfUnchanged && base?.answers && base.record.digest === digest && !base.damaged;
  return same && await isLive(context, operation, base) ? base.found : undefined;
}

/** Returns a version that was saved after the base was read, if it has the same content. */
async function newerUnchanged(
  attempt: Attempt,
  target: Target,
  content: Content,
): Promise<FoundRecord | undefined> {
  const { context, operation, options: { version, bump } } = attempt;
  const { record } = attempt.base ?? {};
  if (!comparesLatest(attempt) || version !== undefined || !context.settings.versioned) return;
  const above = record ? nextVersion(parseVersion(record.version), bump) : FIRST_VERSION;
  if (target.version.canonical === above.canonical) return;
  operation.checkSend();
  const latest = await locate(context, parseRef(attempt.artifact.name), {
    ifThere: true,
    signal: operation.signal,
  });
  if (latest?.record.commit === record?.commit) return; // what lies between was deleted
  return latest && await asUnchanged(attempt, latest.found, content);
}

/** Returns a record if a save that skips unchanged content may return its version. */
async function asUnchanged(
  attempt: Attempt,
  object: FoundRecord,
  { digest }: Content,
): Promise<FoundRecord | undefined> {
  const { context, operation } = attempt;
  const { record } = object;
  if (!comparesLatest(attempt) || record.kind !== "version" || record.digest !== digest) return;
  const mayExpire = objectsOf(context, record).length > 0 &&
    await isLate(context, object, operation.signal);
  return mayExpire ? undefined : object;
}

function comparesLatest({ options: { skipIfUnchanged = false, base } }: Attempt): boolean {
  return skipIfUnchanged && base === undefined;
}

function recordOf(
  attempt: Attempt,
  target: Target,
  { digest, fileList }: Content,
): VersionRecord {
  const { artifact, operation, payload, userFields: { fields, pinned } } = attempt;
  const { name, members, deleted, materializer: { id, formatVersion } } = artifact;
  const base = operation.recordBase(target.generation, target.previous);
  const { by } = operation;
  const hasValues = attempt.listed?.hasValues || payload.files.some(({ values }) => values);
  return {
    ...base,
    by,
    kind: "version",
    name,
    materializer: { id, formatVersion },
    digest,
    size: attempt.listed?.size ?? payload.size,
    ...fields,
    ...(pinned && { inputs: pinned }),
    ...(target.since && { since: target.since }),
    ...members,
    ...(deleted && { restored: deleted.restoredBy({ ...base, by }) }),
    version: target.version.full,
    ...placedFiles(attempt, target, fileList),
    ...(fileList?.levels && { format: PAGED_FORMAT }),
    ...(hasValues && { format: VALUES_FORMAT }),
  };
}

/** Returns the files or their list, with `from` if they are in another version's folder. */
function placedFiles(
  attempt: Attempt,
  { version }: Target,
  fileList: VersionRecord["fileList"],
): Pick<VersionRecord, "files" | "fileList"> {
  const { context, placed, payload: { files } } = attempt;
  const from = folderOf(attempt);
  const here = placed?.place.order === orderSegment(version, context.settings.versioned);
  if (fileList !== undefined) {
    return { files: [], fileList: here ? fileList : { ...fileList, from } };
  }
  return { files: here ? files : placedUnder(from, files) };
}

function folderOf({ placed }: Attempt): string | undefined {
  return placed && encodePlace(placed.place);
}
