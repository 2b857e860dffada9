// Adding a part to a draft: its payload first, then one object that lists its files. The part is
// acknowledged if the draft has not ended by then.
import type { ObjectInfo } from "../../../core/backend.ts";
import { fault, isRegistryError, type RegistryError } from "../../../core/errors.ts";
import type { FilesToSave } from "../../../core/materializer.ts";
import { shown } from "../../../core/naming/names.ts";
import type { AddedPart, AddPartOptions } from "../../../core/registry/draft.ts";
import type { StoredFile } from "../../../core/record.ts";
import { MAX_FILE_LIST_BYTES } from "../../format/record_shape.ts";
import { isPassing, retry } from "../../../core/retry.ts";
import { type Moment, type Operation, startOperation } from "../../cell/operation.ts";
import { settle } from "../../cell/settle.ts";
import type { Context } from "../context.ts";
import { draftPlace, payloadFolder } from "../../format/layout.ts";
import { draftPartKey, encodePart } from "./note.ts";
import { checkEncoding } from "../../payload/encoding.ts";
import { Payload } from "../../payload/write.ts";
import { PayloadFolder } from "../../payload/writing/payload_folder.ts";
import { createSaveProgress } from "../../payload/writing/send_queue.ts";
import { checkFresh, type DraftCall, lookAtPart } from "./draft_state.ts";
import { type DraftState, partKeys, readAddition, readPart } from "./draft_state.ts";
import { afterWrite, ended, orMaybeWritten, stateAfterPart, stateOf } from "./draft_state.ts";

export async function addPart(
  draft: DraftCall,
  { part, produce, compress, onProgress }: Omit<AddPartOptions, "signal"> & {
    part: string;
    /** Called only if the part does not exist. */
    produce(): FilesToSave | Promise<FilesToSave>;
  },
): Promise<AddedPart> {
  const { context, signal, name } = draft;
  if (compress !== undefined) checkEncoding(compress);
  const operation = startOperation(context, `add part ${shown(part)} to ${draft.spoken}`, signal);
  const isOld = (seenAt: Moment) => operation.ageMs(seenAt) > operation.deadlineMs / 2;
  const view = async () => {
    const seenAt = operation.moment();
    const now = seenAt.store ?? seenAt.wall;
    const look = await lookAtPart(draft, part, now);
    const state = await stateOf(draft, look);
    if (state.state === "open") checkFresh(draft, look, now);
    operation.views.draft = seenAt;
    return { look, state };
  };
  const { look: { parts }, state } = await view();
  if (state.state !== "open") return await addedBefore(draft, part, state);
  const present = await readPart(draft, part, parts.get(part));
  if (present !== undefined) {
    await settle(context, partKeys(draft, present), signal);
    return await confirm(present.note.files);
  }

  const settings = { compress, signal, progress: createSaveProgress(onProgress) };
  const payload = new Payload(settings);
  let folder: PayloadFolder | undefined;
  let key: string;
  let bytes: Uint8Array;
  try {
    if (!await payload.gather(await produce())) {
      const { executor } = context;
      const to = { folder: payloadFolder(name, draftPlace(operation.commit)), executor };
      folder = new PayloadFolder(context, operation, { ...settings, ...to });
      await folder.store(payload);
    }
    key = draftPartKey(draft.folder, part, operation.commit);
    if (isOld(operation.views.draft!)) {
      const { state } = await view();
      if (state.state !== "open") throw ended(draft, state);
    }
    operation.checkCommit();
    const { startedAt } = operation.recordBase(1);
    const note = { name, draft: draft.id, part, startedAt, files: payload.files };
    bytes = await encodePart(note, payload.inline);
    if (bytes.byteLength > MAX_FILE_LIST_BYTES) throw tooLong(operation, payload.files.length);
  } catch (error) {
    await payload.drop();
    await folder?.discard();
    throw error;
  }
  // From here on the part may exist, whatever the reply: its payload stays.
  const info = await putNote(context, operation, key, bytes)
    .catch((error) => Promise.reject(operation.unresolved ? afterWrite(error) : error));
  if (operation.landedLate(info)) throw tooSlow(context, operation, key);
  return await confirm(payload.files, operation.commit);

  /** Acknowledges an existing part if every later commit, or the current one, contains it. */
  async function confirm(files: readonly StoredFile[], own?: string): Promise<AddedPart> {
    const looking = stateAfterPart(draft);
    const state = await (own === undefined ? looking : orMaybeWritten(looking));
    const isOwn = own !== undefined && state.parts?.get(part) === own;
    const isOpen = state.state === "open";
    // Later, the draft may have ended and been garbage collected.
    const isLate = operation.ageMs(operation.views.draft!) > context.settings.leastGraceMs;
    if (isOpen && isLate) throw afterWrite(tooSlow(context, operation, draft.folder));
    if (isOpen || isOwn) return added(own !== undefined, files);
    return await addedBefore(draft, part, state);
  }
}

/** Acknowledges a part if the commit of its ended draft contains it, else throws `Conflict`. */
async function addedBefore(draft: DraftCall, part: string, state: DraftState): Promise<AddedPart> {
  const commit = state.parts?.get(part);
  const present = commit && await readAddition(draft, part, commit);
  if (!present) throw ended(draft, state);
  return added(false, present.note.files);
}

/**
 * Creates the object of a part. Its key is unique, and it is never overwritten: a late repeat must
 * not change its time.
 */
async function putNote(
  context: Context,
  operation: Operation,
  key: string,
  bytes: Uint8Array,
): Promise<ObjectInfo> {
  const { backend, system, retryForMs } = context;
  const { signal } = operation;
  let isOver = false; // errors of `checkCommit` are final
  return await retry(async () => {
    isOver = true;
    operation.checkCommit();
    isOver = false;
    const wasUnresolved = operation.unresolved;
    operation.unresolved = true;
    const result = await backend.put(key, bytes, { mode: "create", size: bytes.byteLength, signal })
      .catch((error) => {
        if (isRegistryError(error) && !error.maybeWritten) operation.unresolved = wasUnresolved;
        throw error;
      });
    if (result.written) return result.info;
    const info = await backend.head(key, { signal });
    if (info === undefined) throw tooSlow(context, operation, key); // garbage collected
    await settle(context, [key], signal);
    return info;
  }, { system, retryForMs, signal, passes: (error) => !isOver && isPassing(error) });
}

function tooSlow({ backend }: Context, { action }: Operation, key: string): RegistryError {
  const state = "the store took too long, so the part was not added";
  const hint = "Add it again.";
  return fault({ code: "Unavailable", action, state, hint, key, backend: backend.location });
}

function added(isNew: boolean, files: readonly StoredFile[]): AddedPart {
  const size = files.reduce((sum, { size }) => sum + size, 0);
  return { added: isNew, files: files.length, size };
}

function tooLong({ action }: Operation, files: number): RegistryError {
  const state = `the list of its ${files} files is too long`;
  const hint = "Add them as several parts, or as one archive.";
  return fault({ code: "Invalid", action, state, hint });
}
