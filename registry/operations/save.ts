// Saving: payload first, then one record.
import { fault, isRegistryError, messageOf } from "../../core/errors.ts";
import type { Executor } from "../../core/executor.ts";
import { checkMaterializer, type FilesToSave } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import { artifactDigest } from "../../core/bytes/artifact_digest.ts";
import { encodeRecord } from "../format/record_codec.ts";
import type { StoredFile, VersionRecord } from "../../core/record.ts";
import type { SavedArtifact, SaveOptions, TransferProgress } from "../../core/registry.ts";
import { withDeadline } from "../../core/retry.ts";
import { FIRST_VERSION, parseVersion } from "../../core/naming/versions.ts";
import { createRecord, pause } from "../cell/cell.ts";
import { checkSave, type UserFields, userFields } from "./save_options.ts";
import type { Context } from "./context.ts";
import type { FoundRecord } from "../cell/heads.ts";
import {
  encodePlace,
  orderSegment,
  payloadFolder,
  type PayloadPlace,
  recordKey,
} from "../format/layout.ts";
import { announceInputs } from "./lineage/inputs.ts";
import { type Operation, startOperation } from "../cell/operation.ts";
import { settle, settleVersion } from "../cell/settle.ts";
import type { PayloadJobs } from "../payload/job_kinds.ts";
import type { Base } from "../payload/base.ts";
import { Payload, type ValueToStore } from "../payload/write.ts";
import { fileListOf, placedUnder, sharedObjects } from "./save/file_list.ts";
import { isLive, loadBase } from "./save/find_base.ts";
import { automaticTarget, explicitTarget } from "./target/target.ts";
import type { Target, TargetChooser } from "./target/target.ts";
import { keyedTarget } from "./target/keyed.ts";

/** What is saved: the files of a materializer, or of another version. */
export interface FilesOfArtifact {
  name: string;
  materializer: { id: string; formatVersion: number };
  members?: Partial<VersionRecord>;
  /** Written above this generation of a named version: nothing counts there, nor below, so nothing is replaced. */
  above?: number;
  /** Whether its files are those of the base. @default false */
  wholeBase?: boolean;
  /** The files; called again only when the base was deleted under a very long upload. */
  produce(operation: Operation): FilesToSave | Promise<Awaited<FilesToSave> | ValueToStore>;
  /** Looks at what was stored, before the record says so. What it throws is the end: nothing is committed. */
  check?(files: readonly StoredFile[]): void;
}

export async function saveValue(
  context: Context,
  name: string,
  value: unknown,
  options: SaveOptions,
): Promise<SavedArtifact> {
  const { materializer = context.materializers.forValue(value), signal } = options;
  const produce = () => materializer.save(value, { signal });
  return await saveFiles(context, { name, materializer, produce }, options);
}

/** Saves files as a version. A base that went under a very long upload is done without. */
export async function saveFiles(
  context: Context,
  artifact: FilesOfArtifact,
  options: SaveOptions,
  executor: Executor<PayloadJobs> = context.executor,
): Promise<SavedArtifact> {
  const { name } = artifact;
  checkMaterializer(artifact.materializer);
  checkSave(context, name, options);
  const how = { executor, given: userFields(options) };
  let told = 0;
  const onProgress = options.onProgress && (({ bytes, ...progress }: TransferProgress) => {
    options.onProgress!({ ...progress, bytes: told = Math.max(told, bytes) });
  });
  const saved = await trySave(context, artifact, { ...options, onProgress }, how) ??
    await trySave(context, artifact, { ...options, onProgress, base: null }, how);
  return saved!; // without a base none can go
}

/** Saves files, or comes to nothing where the version that it shares files with went meanwhile. */
async function trySave(
  context: Context,
  artifact: FilesOfArtifact,
  options: SaveOptions,
  { executor, given }: { executor: Executor<PayloadJobs>; given: UserFields },
): Promise<SavedArtifact | undefined> {
  const { name, members, materializer: { id, formatVersion } } = artifact;
  const { version, signal, compress, onProgress, skipIfUnchanged = false } = options;
  const action = `save ${shown(version === undefined ? name : `${name}@${version}`)}`;
  const operation = startOperation(context, action, signal);
  const chooser = createChooser(context, operation, artifact, options);
  const payload = new Payload(context, operation, { executor, compress, onProgress });
  let place: PayloadPlace | undefined;
  const earlier = skipIfUnchanged ? await chooser.recall?.() : undefined; // a repeat needs no base
  if (earlier !== undefined) return await existingArtifact(context, earlier, signal);
  let base = skipIfUnchanged ? await loadBase(context, operation, name, options.base) : undefined;

  try {
    const existing = await storeFiles();
    if (existing !== undefined) return await give(existing);
    artifact.check?.(payload.files);
    const list = fileListOf(operation, placedUnder(place && encodePlace(place), payload.files));
    if (list !== undefined && place === undefined) {
      const existing = await begin();
      if (existing !== undefined) return await give(existing);
    }
    const digest = artifactDigest({ id, formatVersion }, payload.files);
    const same = skipIfUnchanged && base?.answers && base.record.digest === digest && !base.damaged
      ? base
      : undefined;
    const unchanged = same && await isLive(context, operation, same) ? same.found : undefined;
    if (payload.sharing && !await isLive(context, operation, base!)) {
      await payload.discard();
      return undefined;
    }
    if (!payload.sharing) delete operation.views.base;
    const outcome = await commit(digest, unchanged, list && await payload.append(list));
    return "existing" in outcome
      ? await give(outcome.existing)
      : savedArtifact(outcome.saved, false, outcome.addedBytes);
  } catch (error) {
    await payload.discard();
    throw error;
  }

  /** Stores what does not fit into the record, or finds that the version is there. */
  async function storeFiles(): Promise<FoundRecord | undefined> {
    const produce = async () => await artifact.produce(operation);
    const fits = await ofContent(async () =>
      await payload.gather(await withDeadline(produce(), { signal }))
    );
    const existing = fits ? undefined : await begin();
    if (!fits && existing === undefined) await ofContent(() => payload.send());
    return existing;
  }

  async function ofContent<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw contentFailure(operation, error);
    }
  }

  async function begin(): Promise<FoundRecord | undefined> {
    const choice = await chooser.choose(true);
    if ("existing" in choice) return choice.existing;
    place = {
      order: orderSegment(choice.target.version, context.settings.versioned),
      commit: operation.commit,
    };
    base ??= await loadBase(context, operation, name, options.base);
    payload.begin({ folder: payloadFolder(name, place), base, wholeBase: artifact.wholeBase });
  }

  async function give(existing: FoundRecord): Promise<SavedArtifact> {
    await payload.discard();
    return await existingArtifact(context, existing, signal);
  }

  async function commit(
    digest: string,
    unchanged: FoundRecord | undefined,
    list: VersionRecord["fileList"],
  ): Promise<{ saved: VersionRecord; addedBytes: number } | { existing: FoundRecord }> {
    const { files, inline, size } = payload;
    const fields = {
      kind: "version" as const,
      name,
      materializer: { id, formatVersion },
      digest,
      size,
    };
    const { inputs = [] } = { ...given, ...members };
    // What is likely to be there is looked for before anything is noted of it.
    const look = inputs.length > 0 && options.onConflict === "skip" && given.key === undefined;
    await settle(context, sharedObjects(name, files), signal);
    for (let losses = 1;; losses++) {
      const choice = unchanged === undefined
        ? await chooser.choose(look)
        : await chooser.keep(unchanged);
      if ("existing" in choice) return choice;
      const { target } = choice;
      await announceInputs(context, operation, { name, version: target.version, inputs });
      const record: VersionRecord = {
        ...operation.recordBase(target.generation, target.previous),
        ...fields,
        ...given,
        ...(target.since && { since: target.since }),
        ...members,
        version: fullVersion(target),
        ...placedFiles(target, files, list),
      };
      const bytes = encodeRecord(record, inline);
      const existing = await create(target, bytes);
      const sentBytes = bytes.byteLength -
        inline.reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (existing === "won") return { saved: record, addedBytes: payload.addedBytes + sentBytes };
      if (existing !== undefined) return { existing };
      await pause(context, operation, losses);
    }
  }

  /** `won`, or what the chooser makes of the loss. */
  async function create(
    target: Target,
    bytes: Uint8Array,
  ): Promise<"won" | FoundRecord | undefined> {
    const outcome = await createRecord(
      context,
      operation,
      recordKey(target.cell, target.generation),
      bytes,
    );
    return outcome.won ? "won" : await chooser.lost(target, outcome.found);
  }

  /** With the build metadata that was asked for, if it is that version: the target of an idempotency key may be another. */
  function fullVersion(target: Target): string {
    const asked = version === undefined || !context.settings.versioned
      ? target.version
      : parseVersion(version);
    return asked.canonical === target.version.canonical ? asked.full : target.version.full;
  }

  /** The files, or where their list is. What lies under another version's order says so. */
  function placedFiles(
    target: Target,
    files: StoredFile[],
    list: VersionRecord["fileList"],
  ): Pick<VersionRecord, "files" | "fileList"> {
    const from = place === undefined ? undefined : encodePlace(place);
    const here = place?.order === orderSegment(target.version, context.settings.versioned);
    if (list !== undefined) return { files: [], fileList: here ? list : { ...list, from } };
    return { files: here ? files : placedUnder(from, files) };
  }
}

/** The error of content that could not be read. What the registry says itself, and an abort, stay as they are. */
function contentFailure(operation: Operation, error: unknown): unknown {
  if (isRegistryError(error) || operation.signal?.aborted) return error;
  return fault({
    code: "TaskFailed",
    action: operation.action,
    state: `its content failed: ${messageOf(error)}`,
    hint: "Nothing was saved. The cause says what the materializer or the stream met.",
    cause: error,
  });
}

function createChooser(
  context: Context,
  operation: Operation,
  { name, above }: FilesOfArtifact,
  options: SaveOptions,
): TargetChooser {
  const { version, bump, ifCommit, idempotencyKey: key } = options;
  const { onConflict = ifCommit === undefined ? "fail" : "overwrite" } = options;
  const automatic = version === undefined && context.settings.versioned;
  const named = { name, version: version === undefined ? FIRST_VERSION : parseVersion(version) };
  const chooser = automatic
    ? automaticTarget(context, operation, name, bump)
    : explicitTarget(context, operation, named, { onConflict, ifCommit, above });
  const { skipIfUnchanged: undecided = false } = options;
  return key === undefined
    ? chooser
    : keyedTarget(context, operation, { name, key, undecided }, chooser);
}

/** What a save returns that ends in a version which is there already. */
async function existingArtifact(
  context: Context,
  found: FoundRecord,
  signal?: AbortSignal,
): Promise<SavedArtifact> {
  await settleVersion(context, found, signal);
  return savedArtifact(found.record as VersionRecord, true);
}

export function savedArtifact(
  record: VersionRecord,
  skipped: boolean,
  addedBytes = 0,
): SavedArtifact {
  const { name, version, commit, digest, size, createdAt } = record;
  return {
    name,
    version,
    commit,
    digest,
    size,
    createdAt: new Date(createdAt),
    skipped,
    addedBytes,
  };
}
