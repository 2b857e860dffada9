// Saving: the payload first, then one record.
import { contentFailure, readOnce } from "../payload/content_failure.ts";
import type { Executor } from "../../core/executor.ts";
import { checkMaterializer, namedBy } from "../../core/materializer.ts";
import type { DefinedArtifact, FilesToSave } from "../../core/materializer.ts";
import { checkNewName, shown } from "../../core/naming/names.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import { artifactDigest } from "../../core/artifact_digest.ts";
import { encodeRecord } from "../format/record_codec.ts";
import type { StoredFile, VersionRecord } from "../../core/record.ts";
import { parseRef } from "../../core/naming/refs.ts";
import { FIRST_VERSION, nextVersion, parseVersion } from "../../core/naming/versions.ts";
import type { SavedArtifact, SaveOptions, TransferProgress } from "../../core/registry.ts";
import {
  type CheckedOptions,
  ONLY_CHECKED,
  savedArtifact,
} from "../../core/registry/operations/saving.ts";
import { isOnDisk, saveAgainIfChanged } from "../../core/work/source_change.ts";
import { isPassing, withDeadline } from "../../core/retry.ts";
import { createRecord, pause } from "../cell/cell.ts";
import { checkAliasesUnprotected, checkOverwriteUnprotected } from "./saving/check_protected.ts";
import { type Done, endSave } from "./saving/end_save.ts";
import type { DeletedContent } from "./undelete/deleted_version.ts";
import { checkSave, type UserFields, userFields } from "./saving/check_options.ts";
import type { Context } from "./context.ts";
import type { FoundRecord } from "../cell/heads.ts";
import { encodePlace, orderSegment, payloadFolder, recordKey } from "../format/layout.ts";
import type { PayloadPlace } from "../format/layout.ts";
import { materializerFor } from "../contract/make_value.ts";
import { announceInputs } from "./lineage/inputs.ts";
import { arePinned, pinInputs } from "./lineage/pin_inputs.ts";
import { tryLocate } from "./resolve.ts";
import { cutting, isLive, loadBase } from "./saving/load_base.ts";
import { type Operation, startOperation } from "../cell/operation.ts";
import { settle, settleVersion } from "../cell/settle.ts";
import type { PayloadJobs } from "../payload/job_kinds.ts";
import type { Base } from "../payload/base.ts";
import { Payload, type ValueToStore } from "../payload/write.ts";
import { PayloadFolder, type PayloadFolderOptions } from "../payload/writing/payload_folder.ts";
import { createSaveProgress } from "../payload/writing/send_queue.ts";
import { noteKeeper } from "../cache/cached_records.ts";
import { SeenFiles } from "../payload/seen_files.ts";
import { Unfinished } from "../payload/unfinished.ts";
import { fileListOf, objectsOf, placedUnder, sharedObjects } from "../cell/objects.ts";
import { isLate } from "../cell/voids.ts";
import type { Target, TargetChooser } from "./target/target.ts";
import { createChooser } from "./target/keyed.ts";

/** Content to save: files of a materializer or of another version. */
export interface FilesOfArtifact {
  name: string;
  materializer: { id: string; formatVersion: number };
  members?: Partial<VersionRecord>;
  /** Generation of the named version to write above: nothing counts there or below. */
  above?: number;
  deleted?: DeletedContent; // to restore
  /** True if the files are those of the base. @default false */
  wholeBase?: boolean;
  /** Digest that the files must have. A value that can be read only once has another on a retry. */
  digest?: string;
  /** Returns the files. Called again only if the base was deleted during a very long upload. */
  produce(operation: Operation): FilesToSave | Promise<Awaited<FilesToSave> | ValueToStore>;
  /** Adds members to the stored files before the record is written. */
  complete?(files: readonly StoredFile[]): void;
}

export function saveValue(
  context: Context,
  artifact: string | DefinedArtifact<unknown>,
  value: unknown,
  options: SaveOptions = {},
): Promise<SavedArtifact> {
  const [name, settings] = namedBy(artifact, options);
  const { as: materializer = materializerFor(context.materializers, name, value), signal } =
    settings;
  const produce = () => materializer.save(value, { signal });
  return saveFiles(context, { name, materializer, produce }, settings);
}

/** Saves files as a version. */
export async function saveFiles(
  context: Context,
  artifact: FilesOfArtifact,
  options: SaveOptions & CheckedOptions,
  executor: Executor<PayloadJobs> = context.executor,
): Promise<SavedArtifact> {
  const { name } = artifact;
  checkMaterializer(artifact.materializer);
  checkSave(context, name, options);
  if (isOwnChange(artifact)) {
    checkNewName(name);
    await checkOverwriteUnprotected(context, name, options); // before anything is uploaded
    await checkAliasesUnprotected(context, name, options);
  }
  const parts = { executor, userFields: userFields(options) };
  let movedBytes = 0; // never decreases, even in a second attempt
  const onProgress = options.onProgress && (({ bytes, ...progress }: TransferProgress) => {
    options.onProgress!({ ...progress, bytes: movedBytes = Math.max(movedBytes, bytes) });
  });
  const attempt = () => new SaveAttempt(context, artifact, { ...options, onProgress }, parts).run();
  const done = await saveAgainIfChanged(artifact.materializer, attempt);
  await endSave(context, done, options);
  return done.saved;
}

/** False for mirrors, which keep old names and follow their source, and for restored versions. */
function isOwnChange({ members, deleted }: FilesOfArtifact): boolean {
  return members?.origin === undefined && deleted === undefined;
}

type Ending =
  | { state: "saved"; record: VersionRecord; addedBytes: number }
  | { state: "existing"; found: FoundRecord }
  | { state: "baseGone"; digest: string };

/** The folder of the payload, once it has one. */
interface Placed {
  place: PayloadPlace;
  folder: PayloadFolder;
}

/** The digest of a save, an existing version with this digest, and the list of files. */
interface Content {
  digest: string;
  unchanged?: FoundRecord;
  fileList?: VersionRecord["fileList"];
}

class SaveAttempt {
  readonly #context: Context;
  readonly #artifact: FilesOfArtifact;
  readonly #options: SaveOptions & CheckedOptions;
  readonly #userFields: UserFields;
  readonly #operation: Operation;
  readonly #chooser: TargetChooser;
  readonly #sharesNothing: boolean;
  readonly #settings: Omit<PayloadFolderOptions, "folder">;
  readonly #payload: Payload;
  readonly #startedAt: number;
  #base?: Base;
  #placed?: Placed;

  constructor(
    context: Context,
    artifact: FilesOfArtifact,
    options: SaveOptions & CheckedOptions,
    { executor, userFields, isAlone = false }: {
      executor: Executor<PayloadJobs>;
      userFields: UserFields;
      /** Its base was deleted: it shares nothing, whatever the options are. @default false */
      isAlone?: boolean;
    },
  ) {
    const { name } = artifact;
    const { version, signal, compress, onProgress } = options;
    const ref = shown(version === undefined ? name : `${name}@${version}`);
    const action = `${artifact.deleted ? "undelete" : "save"} ${ref}`;
    this.#context = context;
    this.#startedAt = context.system.now();
    this.#artifact = artifact;
    this.#options = options;
    this.#userFields = userFields;
    this.#operation = startOperation(context, action, signal);
    this.#chooser = createChooser(context, this.#operation, artifact, options);
    this.#sharesNothing = isAlone || options.share === "none";
    const share = cutting(context, options);
    this.#settings = { executor, compress, share, progress: createSaveProgress(onProgress) };
    this.#payload = new Payload({ ...this.#settings, signal });
  }

  /** Saves. If the base is deleted during a very long upload, saves again without it. */
  async run(): Promise<Done> {
    const { skipIfUnchanged = false, signal } = this.#options;
    const context = this.#context, userFields = this.#userFields;
    const { inputs = [] } = userFields;
    if (skipIfUnchanged || !arePinned(context, inputs)) {
      const earlier = await this.#chooser.recall?.(); // a repeat needs no base and no inputs
      if (earlier !== undefined) return await this.#found(earlier);
    }
    if (userFields.inputs !== undefined) {
      userFields.pinned ??= await pinInputs(context, this.#artifact.name, inputs, signal);
    }
    if (skipIfUnchanged) this.#base = await this.#loadBase();
    let ending: Ending;
    try {
      ending = await this.#write();
      if (ending.state !== "saved") await this.#discard();
    } catch (error) {
      await this.#discard({ goesOn: isPassing(error) || signal?.aborted });
      throw error;
    }
    if (ending.state === "baseGone") {
      const artifact = { ...this.#artifact, digest: ending.digest };
      const { executor } = this.#settings;
      const parts = { executor, userFields: this.#userFields, isAlone: true };
      return await new SaveAttempt(context, artifact, this.#options, parts).run();
    }
    return ending.state === "saved"
      ? this.#done(savedArtifact(ending.record, false, ending.addedBytes))
      : await this.#found(ending.found);
  }

  /** Ends with a version that exists. */
  async #found(existing: FoundRecord): Promise<Done> {
    await settleVersion(this.#context, existing, this.#options.signal);
    return this.#done(savedArtifact(existing.record as VersionRecord, true));
  }

  #done(saved: SavedArtifact): Done {
    const repeats = saved.skipped ? this.#chooser.repeats : undefined;
    return { saved, folder: this.#placed?.folder, repeats };
  }

  async #write(): Promise<Ending> {
    const operation = this.#operation, payload = this.#payload;
    const fail = (error: unknown) => Promise.reject(contentFailure(operation, error));
    if (!await this.#gather().catch(fail)) { // the files do not fit into the record
      const existing = await this.#begin();
      if (existing !== undefined) return { state: "existing", found: existing };
      await this.#placed!.folder.store(payload).catch(fail);
    }
    this.#artifact.complete?.(payload.files);
    const list = await fileListOf(operation, placedUnder(this.#folder, payload.files));
    if (list !== undefined && this.#placed === undefined) {
      const stored = await this.#begin();
      if (stored !== undefined) return { state: "existing", found: stored };
    }
    const digest = await artifactDigest(this.#artifact.materializer, payload.files);
    const { digest: expected = digest } = this.#artifact;
    if (digest !== expected) throw readOnce(operation);
    const unchanged = await this.#findUnchanged(digest);
    const { folder } = this.#placed ?? {};
    if (folder?.sharing && !await isLive(this.#context, operation, this.#base!)) {
      return { state: "baseGone", digest };
    }
    if (!folder?.sharing) delete operation.views.base;
    const fileList = list &&
      { object: await folder!.put(list), size: list.byteLength, sha256: sha256(list) };
    return await this.#commit({ digest, unchanged, fileList });
  }

  async #gather(): Promise<boolean> {
    const { signal } = this.#options;
    const produce = async () => await this.#artifact.produce(this.#operation);
    return await this.#payload.gather(await withDeadline(produce(), { signal }));
  }

  /** Removes what was written, if possible, unless the record may have been committed. */
  async #discard(options?: { goesOn?: boolean }): Promise<void> {
    await this.#payload.drop();
    if (!this.#operation.unresolved) await this.#placed?.folder.discard(options);
  }

  /** Chooses a folder for the payload. Returns the version if it exists. */
  async #begin(): Promise<FoundRecord | undefined> {
    const choice = await this.#chooser.choose(true);
    if ("existing" in choice) return choice.existing;
    const { name, wholeBase, members, materializer } = this.#artifact;
    const { versioned } = this.#context.settings;
    const order = orderSegment(choice.target.version, versioned);
    const place = { order, commit: this.#operation.commit };
    this.#base ??= await this.#loadBase();
    const base = this.#sharesNothing ? undefined : this.#base;
    const key = payloadFolder(name, place);
    const context = this.#context;
    const keepsNotes = members?.origin === undefined && !this.#options[ONLY_CHECKED];
    const keeper = keepsNotes ? noteKeeper(context.cache, "unfinished", name) : undefined;
    const unfinished = await Unfinished.open(context, keeper, key);
    const notes = isOnDisk(materializer) && keepsNotes ? context.openNotes?.() : undefined;
    const seenFiles = await SeenFiles.open(noteKeeper(notes, "seen", name), this.#startedAt);
    const folderOptions = {
      ...this.#settings,
      folder: key,
      base,
      wholeBase,
      unfinished,
      seenFiles,
    };
    this.#placed = { place, folder: new PayloadFolder(context, this.#operation, folderOptions) };
  }

  #loadBase(): Promise<Base | undefined> {
    const { deleted } = this.#artifact;
    if (deleted !== undefined) return deleted.loadBase(this.#operation);
    const options = this.#sharesNothing
      ? { ...this.#options, share: "none" as const }
      : this.#options;
    return loadBase(this.#context, this.#operation, this.#artifact.name, options);
  }

  /** Returns the base if it has the same content and still counts. */
  async #findUnchanged(digest: string): Promise<FoundRecord | undefined> {
    const { skipIfUnchanged = false } = this.#options;
    const base = this.#base;
    const same = skipIfUnchanged && base?.answers && base.record.digest === digest && !base.damaged;
    return same && await isLive(this.#context, this.#operation, base) ? base.found : undefined;
  }

  /** Returns a version that was saved after the base was read, if it has the same content. */
  async #newerUnchanged(target: Target, content: Content): Promise<FoundRecord | undefined> {
    const { version, bump } = this.#options;
    const { record } = this.#base ?? {};
    const context = this.#context, operation = this.#operation;
    if (!this.#comparesLatest || version !== undefined || !context.settings.versioned) return;
    const above = record ? nextVersion(parseVersion(record.version), bump) : FIRST_VERSION;
    if (target.version.canonical === above.canonical) return;
    operation.checkSend();
    const latest = await tryLocate(context, parseRef(this.#artifact.name), operation.signal);
    if (latest?.record.commit === record?.commit) return; // what lies between was deleted
    return latest && await this.#asUnchanged(latest.found, content);
  }

  /** Returns a record if a save that skips unchanged content may return its version. */
  async #asUnchanged(object: FoundRecord, { digest }: Content): Promise<FoundRecord | undefined> {
    const { record } = object;
    if (!this.#comparesLatest || record.kind !== "version" || record.digest !== digest) return;
    const mayExpire = objectsOf(this.#context, record).length > 0 &&
      await isLate(this.#context, object, this.#operation.signal);
    return mayExpire ? undefined : object;
  }

  get #comparesLatest(): boolean {
    const { skipIfUnchanged = false, base } = this.#options;
    return skipIfUnchanged && base === undefined;
  }

  /** Creates the record, again after each lost race that is not final. */
  async #commit(content: Content): Promise<Ending> {
    const { name, members, materializer } = this.#artifact;
    const { files, inline } = this.#payload;
    const context = this.#context, operation = this.#operation;
    const { inputs = this.#userFields.pinned ?? [] } = members ?? {};
    // Look for an existing version before index entries of the inputs are written.
    const look = inputs.length > 0 && this.#options.onConflict === "skip" &&
      this.#userFields.fields.key === undefined;
    await settle(context, sharedObjects(name, files), operation.signal);
    for (let losses = 1;; losses++) {
      let choice = content.unchanged === undefined
        ? await this.#chooser.choose(look)
        : await this.#chooser.keep(content.unchanged);
      const newer = "target" in choice && await this.#newerUnchanged(choice.target, content);
      if (newer) choice = await this.#chooser.keep(newer);
      if ("existing" in choice) return { state: "existing", found: choice.existing };
      const { target } = choice;
      const { version } = target;
      await announceInputs(context, operation, { name, version, inputs, materializer });
      if (target.generation > 1 && isOwnChange(this.#artifact)) { // promoted meanwhile
        await checkOverwriteUnprotected(context, name, this.#options);
      }
      const record = this.#recordOf(target, content);
      const bytes = encodeRecord(record, inline);
      const key = recordKey(target.cell, target.generation);
      const outcome = await createRecord(context, operation, key, bytes);
      if (outcome.won) {
        const addedBytes = bytes.byteLength + (this.#placed?.folder.addedBytes(files) ?? 0);
        return { state: "saved", record, addedBytes };
      }
      content.unchanged = await this.#asUnchanged(outcome.found, content);
      if (content.unchanged !== undefined) continue; // another save of the same content won
      const existing = await this.#chooser.lost(target, outcome.found);
      if (existing !== undefined) return { state: "existing", found: existing };
      await pause(context, operation, losses);
    }
  }

  #recordOf(target: Target, { digest, fileList }: Content): VersionRecord {
    const { name, members, deleted, materializer: { id, formatVersion } } = this.#artifact;
    const { fields, pinned } = this.#userFields;
    const base = this.#operation.recordBase(target.generation, target.previous);
    return {
      ...base,
      by: this.#operation.by,
      kind: "version",
      name,
      materializer: { id, formatVersion },
      digest,
      size: this.#payload.size,
      ...fields,
      ...(pinned && { inputs: pinned }),
      ...(target.since && { since: target.since }),
      ...members,
      ...(deleted && { restored: deleted.restoredBy({ ...base, by: this.#operation.by }) }),
      version: target.version.full,
      ...this.#placedFiles(target, fileList),
    };
  }

  /** Returns the files or their list, with `from` if they are in another version's folder. */
  #placedFiles(
    { version }: Target,
    fileList: VersionRecord["fileList"],
  ): Pick<VersionRecord, "files" | "fileList"> {
    const { files } = this.#payload;
    const from = this.#folder;
    const { versioned } = this.#context.settings;
    const here = this.#placed?.place.order === orderSegment(version, versioned);
    if (fileList !== undefined) {
      return { files: [], fileList: here ? fileList : { ...fileList, from } };
    }
    return { files: here ? files : placedUnder(from, files) };
  }

  get #folder(): string | undefined {
    return this.#placed && encodePlace(this.#placed.place);
  }
}
