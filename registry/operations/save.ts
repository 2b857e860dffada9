// Saving: the payload first, then one record.
//
//   registry.save = saveMethod(context, suggest); // which finds the materializer of a value
//   const attempt = startAttempt(context, artifact, options, parts);
//   await gather(attempt); // true if all files fit into the record
//   await place(attempt); // otherwise chooses a folder, to which its payload is sent
//   await commit(attempt); // creates the record, and the version is there
//   await endSave(context, done, options); // notes and aliases
//
// If an attempt fails before its commit, what it stored is removed, or is garbage for `gc`. Errors
// of the store are thrown as they are; `Unknown` means that the version may exist.
import type { Executor } from "../../core/executor.ts";
import { isRegistryError } from "../../core/errors.ts";
import { checkMaterializer, namedBy } from "../../core/materializer.ts";
import { checkNewName, shown } from "../../core/naming/names.ts";
import type { VersionRecord } from "../../core/record.ts";
import { type CheckedOptions, savedArtifact } from "../../core/registry/operations/saving.ts";
import type { Registry, SavedArtifact, SaveOptions } from "../../core/registry.ts";
import type { TransferProgress } from "../../core/registry.ts";
import { isPassing, withDeadline } from "../../core/retry.ts";
import { changedOnDisk } from "../../core/work/source_change.ts";
import type { FoundRecord } from "../cell/heads.ts";
import { startOperation, unknownOutcome } from "../cell/operation.ts";
import { settleVersion } from "../cell/settle.ts";
import { materializerFor } from "../contract/make_value.ts";
import { contentFailure } from "../payload/content_failure.ts";
import { writesZstd } from "../payload/encoding.ts";
import type { PayloadJobs } from "../payload/job_kinds.ts";
import { createSaveProgress, Payload } from "../payload/write.ts";
import { storePayload } from "../payload/writing/store_payload.ts";
import type { Context } from "./context.ts";
import { arePinned, pinInputs } from "./lineage/pin_inputs.ts";
import type { Suggest } from "./look/suggesting.ts";
import type { Attempt, Ending, FilesOfArtifact } from "./saving/attempt.ts";
import { checkSave, type UserFields, userFields } from "./saving/check_options.ts";
import {
  checkAliasesUnprotected,
  checkOverwriteUnprotected,
  withOverwrite,
} from "./saving/check_protected.ts";
import { commit, listFiles } from "./saving/commit.ts";
import { type Done, endSave } from "./saving/end_save.ts";
import { loadBase, place, shareWithBase } from "./saving/place.ts";
import { createChooser } from "./target/keyed.ts";

/** Returns the method of a registry that saves a value. */
export function saveMethod(context: Context, suggest: Suggest): Registry["save"] {
  return (artifact, value, options = {}) => {
    const [name, settings] = namedBy(artifact, options);
    const { as, signal } = settings;
    const materializer = materializerFor(context.materializers, name, value, as);
    const produce = () => materializer.save(value, { signal });
    const files = { name, materializer, produce };
    const saving = withOverwrite(context, name, settings)
      .then((asked) => saveFiles(context, files, asked));
    return suggest(saving, undefined, { signal });
  };
}

/** Saves files as a version. A file or folder on disk that changes meanwhile is saved once more. */
export async function saveFiles(
  context: Context,
  artifact: FilesOfArtifact,
  options: SaveOptions & CheckedOptions,
  executor: Executor<PayloadJobs> = context.executor,
): Promise<SavedArtifact> {
  const { name, materializer } = artifact;
  checkMaterializer(materializer);
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
  let done: Done | undefined;
  for (let isLast = false; done === undefined; isLast = true) {
    try {
      done = await save(startAttempt(context, artifact, { ...options, onProgress }, parts));
    } catch (error) {
      if (isLast || !changedOnDisk(materializer, error)) throw error;
    }
  }
  await endSave(context, done, options);
  return done.saved;
}

/** False for mirrors, which keep old names and follow their source, and for restored versions. */
function isOwnChange({ members, deleted }: FilesOfArtifact): boolean {
  return members?.origin === undefined && deleted === undefined;
}

interface AttemptParts {
  executor: Executor<PayloadJobs>;
  userFields: UserFields;
  /** Its base was deleted: it shares nothing, whatever the options are. @default false */
  isAlone?: boolean;
}

function startAttempt(
  context: Context,
  artifact: FilesOfArtifact,
  options: SaveOptions & CheckedOptions,
  { executor, userFields, isAlone = false }: AttemptParts,
): Attempt {
  const { name } = artifact;
  const { version, signal, compress, onProgress } = options;
  const ref = shown(version === undefined ? name : `${name}@${version}`);
  const startedAt = context.system.now();
  const action = `${artifact.deleted ? "undelete" : "save"} ${ref}`;
  const operation = startOperation(context, action, signal);
  // Later versions may share the same, whether or not this save shares anything.
  const cut = shareOf(context, options);
  const progress = createSaveProgress(onProgress);
  const settings = { executor, compress, share: cut, progress, signal };
  return {
    context,
    artifact,
    options,
    userFields,
    operation,
    chooser: createChooser(context, operation, artifact, options),
    sharesNothing: isAlone || options.share === "none",
    settings,
    payload: new Payload(settings),
    startedAt,
    checkUnprotected: async (isWritten) => {
      if (isOwnChange(artifact)) await checkOverwriteUnprotected(context, name, options, isWritten);
    },
  };
}

/** Returns what files share: the default of the registry, unless the save asks for something else. */
function shareOf({ share: known }: Context, { share }: SaveOptions) {
  if (share !== undefined && share !== "none") return share;
  return known === "values" && (share === "none" || !writesZstd()) ? "bytes" : known;
}

/** Saves. If the base is deleted during a very long upload, saves again without it. */
async function save(attempt: Attempt): Promise<Done> {
  const { context, artifact, options, userFields, operation, settings } = attempt;
  const earlier = await prepare(attempt);
  if (earlier !== undefined) return await existing(attempt, earlier);
  const fail = (error: unknown) => Promise.reject(contentFailure(operation, error));
  let ending: Ending | undefined;
  try {
    const { wholeBase, storeListed } = artifact;
    if (storeListed !== undefined || !await gather(attempt).catch(fail)) {
      ending = await place(attempt);
      if (ending === undefined && storeListed !== undefined) {
        attempt.listed = await storeListed(attempt).catch(fail);
      } else if (ending === undefined) {
        const storing = { ...settings, wholeBase };
        await storePayload(attempt.payload, attempt.placed!, storing).catch(fail);
      }
    }
    if (ending === undefined) artifact.onShared?.(await shareWithBase(attempt));
    const list = ending === undefined ? await listFiles(attempt) : undefined;
    if (list !== undefined && attempt.placed === undefined) ending = await place(attempt);
    ending ??= await commit(attempt, list);
    if (ending.state !== "saved") await discard(attempt);
  } catch (error) {
    await discard(attempt, { goesOn: isPassing(error) || options.signal?.aborted });
    throw error;
  }
  if (ending.state === "existing") return await existing(attempt, ending.found);
  if (ending.state === "saved") {
    const { record, addedBytes } = ending;
    if (record.generation > 1) {
      await attempt.checkUnprotected(true).catch((error) => { // the record is written
        if (isRegistryError(error, "Conflict")) throw error;
        throw unknownOutcome(context.backend, operation, error);
      });
    }
    return { saved: savedArtifact(record, false, addedBytes), shelves: attempt.placed?.shelves };
  }
  const again = { ...artifact, digest: ending.digest };
  const { executor } = settings;
  return await save(startAttempt(context, again, options, { executor, userFields, isAlone: true }));
}

/** Pins inputs and reads the base. Returns the version of a repeat, which needs neither. */
async function prepare(attempt: Attempt): Promise<FoundRecord | undefined> {
  const { context, artifact, options, userFields } = attempt;
  const { skipIfUnchanged = false, signal } = options;
  const { inputs = [] } = userFields;
  if (skipIfUnchanged || !arePinned(context, inputs)) {
    const earlier = await attempt.chooser.recall?.();
    if (earlier !== undefined) return earlier;
  }
  if (userFields.inputs !== undefined) {
    userFields.pinned ??= await pinInputs(context, artifact.name, inputs, signal);
  }
  if (skipIfUnchanged) attempt.base = await loadBase(attempt);
  return undefined;
}

/** Reads the files into the payload while they fit into the record. True if all of them do. */
async function gather({ artifact, operation, options, payload }: Attempt): Promise<boolean> {
  const { signal } = options;
  const produce = async () => await artifact.produce(operation);
  return await payload.gather(await withDeadline(produce(), { signal }));
}

/** Ends with a version that exists. */
async function existing(
  { context, options, chooser, placed }: Attempt,
  found: FoundRecord,
): Promise<Done> {
  await settleVersion(context, found, options.signal);
  const saved = savedArtifact(found.record as VersionRecord, true);
  return { saved, shelves: placed?.shelves, repeats: chooser.repeats };
}

/**
 * Removes what was written, if possible, unless the record may have been committed. `goesOn` leaves
 * the objects that the next save finds again.
 */
async function discard(
  { payload, operation, placed }: Attempt,
  { goesOn = false }: { goesOn?: boolean } = {},
): Promise<void> {
  await payload.drop();
  if (placed === undefined || operation.unresolved) return;
  const { folder, shelves: { left } } = placed;
  await folder.discard(goesOn ? left?.own : undefined);
  await (goesOn ? left?.written() : left?.end());
}
