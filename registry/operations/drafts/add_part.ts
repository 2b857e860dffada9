// Adding a part to a draft: its payload first, then one object that lists its files. The part is
// acknowledged if the draft has not ended by then.
import type { ObjectInfo } from "../../../core/backend.ts";
import { MAX_FILE_LIST_BYTES } from "../../../core/calls/file_limit.ts";
import { fault, isRegistryError, type RegistryError } from "../../../core/errors.ts";
import type { FilesToSave } from "../../../core/materializer.ts";
import { shown } from "../../../core/naming/names.ts";
import type { AddedPart, AddPartOptions } from "../../../core/registry/draft.ts";
import type { StoredFile } from "../../../core/record.ts";
import { isPassing, retry } from "../../../core/retry.ts";
import { type Moment, type Operation, startOperation } from "../../cell/operation.ts";
import { settle } from "../../cell/settle.ts";
import type { Context } from "../context.ts";
import { draftPlace, payloadFolder } from "../../format/layout.ts";
import { draftPartKey, encodePart } from "./note.ts";
import { checkEncoding } from "../../payload/encoding.ts";
import { createSaveProgress, Payload } from "../../payload/write.ts";
import { PayloadFolder } from "../../payload/writing/payload_folder.ts";
import { storePayload } from "../../payload/writing/store_payload.ts";
import { checkFresh, type DraftCall, lookAtPart } from "./draft_look.ts";
import type { Addition, DraftView } from "./draft_view.ts";
import { type DraftState, partKeys, readAddition, readPart } from "./draft_state.ts";
import { afterWrite, ended, orMaybeWritten, stateAfterPart, stateOf } from "./draft_state.ts";

interface AddOptions extends Omit<AddPartOptions, "signal"> {
  part: string;
  /** Called only if the part does not exist. */
  produce(): FilesToSave | Promise<FilesToSave>;
  /** True for a part of the commit that has closed the draft, and names it in its decision. */
  byCommit?: boolean;
  /**
   * True for small files of which only one program may add the part: `added` is false for all
   * others, and all programs read the same. Otherwise two may add one part at once.
   */
  once?: boolean;
}

/** The commit of a part that is added once: its key is the same for all programs. */
const ONCE = "00000000-0000-7000-8000-000000000000";

export async function addPart(
  draft: DraftCall,
  { part, produce, compress, onProgress, byCommit = false, once = false }: AddOptions,
): Promise<AddedPart> {
  const { context, signal, name } = draft;
  if (compress !== undefined) checkEncoding(compress);
  const start = () => startOperation(context, `add part ${shown(part)} to ${draft.spoken}`, signal);
  let operation = start();
  const isOpen = ({ state, parts }: DraftState) =>
    state === "open" || byCommit && state === "committing" && parts === undefined;
  const isOld = (seenAt: Moment) => operation.ageMs(seenAt) > operation.deadlineMs / 2;
  const view = async (earlier?: DraftView) => {
    const known = earlier && !isOld(earlier.at) ? earlier : undefined;
    const seenAt = known?.at ?? operation.moment(), now = seenAt.store ?? seenAt.wall;
    const look = known?.isWhole
      ? known.look
      : await lookAtPart(draft, part, { now, recent: known?.look.newest });
    const state = await stateOf(draft, look);
    if (isOpen(state)) await checkFresh(draft, look, seenAt);
    operation.views.draft = seenAt;
    return { look, state };
  };
  const { look: { parts }, state } = await view(draft.view);
  if (!isOpen(state)) return await addedBefore(draft, part, state);
  const present = await readPart(draft, part, parts.get(part));
  if (present !== undefined) {
    await settle(context, partKeys(draft, present), signal);
    return await confirm(present.note.files);
  }

  const settings = { compress, signal, progress: createSaveProgress(onProgress) };
  const payload = new Payload({ ...settings, isPart: true });
  let folder: PayloadFolder | undefined;
  let note: Note;
  try {
    if (!await payload.gather(await produce())) {
      const { executor } = context;
      const key = payloadFolder(name, draftPlace(operation.commit));
      folder = new PayloadFolder(context, operation, { ...settings, executor, key });
      await storePayload(payload, { folder }, settings);
    }
    if (isOld(operation.views.draft!)) {
      const { state } = await view();
      if (!isOpen(state)) throw ended(draft, state);
    }
    note = await noteOf(draft, operation, { part, payload, once });
  } catch (error) {
    await payload.drop();
    await folder?.discard();
    throw error;
  }
  // From here on the part may exist, whatever the reply: its payload stays.
  let info = await putNote(context, operation, note);
  const { draft: seenAt } = operation.views;
  const byOwnClock = !operation.replied && seenAt!.store === undefined;
  if (operation.landedLate(info) && byOwnClock && !isOld(seenAt!)) {
    // Only the clock of this machine is wrong. The reply has the time of the store.
    operation.noteReply(info);
    if (once) return added(false, []); // readers ignore it, and its key is used
    operation = start();
    operation.views.draft = seenAt;
    note = await noteOf(draft, operation, { part, payload });
    info = await putNote(context, operation, note).catch((e) => Promise.reject(afterWrite(e)));
  }
  if (operation.landedLate(info)) throw tooSlow(context, operation, note.key);
  operation.noteReply(info);
  const confirmed = await confirm(payload.files, { commit: commitOf(operation, once), info });
  return once ? { ...confirmed, added: await isOwn(draft, note) } : confirmed;

  /** Acknowledges an existing part if every later commit, or the current one, contains it. */
  async function confirm(files: readonly StoredFile[], own?: Addition): Promise<AddedPart> {
    const seenAt = operation.moment(), looking = stateAfterPart(draft);
    const state = await (own === undefined ? looking : orMaybeWritten(looking));
    const isOwn = own !== undefined && state.parts?.get(part) === own.commit;
    if (own !== undefined && state.state === "open") draft.noteAddition(part, own, seenAt);
    // Later, the draft may have ended and been garbage collected.
    const isLate = operation.ageMs(operation.views.draft!) > context.settings.leastGraceMs;
    if (isOpen(state) && isLate) throw afterWrite(tooSlow(context, operation, draft.folder));
    if (isOpen(state) || isOwn) return added(own !== undefined, files);
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

async function isOwn({ context: { backend }, signal }: DraftCall, { key, bytes }: Note) {
  const object = await orMaybeWritten(backend.get(key, { signal }));
  const present = await object?.bytes();
  return present?.byteLength === bytes.byteLength && present.every((byte, i) => byte === bytes[i]);
}

interface Note {
  key: string;
  bytes: Uint8Array;
}

async function noteOf(
  draft: DraftCall,
  operation: Operation,
  { part, payload, once = false }: { part: string; payload: Payload; once?: boolean },
): Promise<Note> {
  operation.checkCommit();
  const { startedAt } = operation.recordBase(1);
  const { name, id } = draft;
  const note = { name, draft: id, part, startedAt, files: payload.files };
  const bytes = await encodePart(note, payload.inline);
  if (bytes.byteLength > MAX_FILE_LIST_BYTES) throw tooLong(operation, payload.files.length);
  return { key: draftPartKey(draft.folder, part, commitOf(operation, once)), bytes };
}

function commitOf({ commit }: Operation, once: boolean): string {
  return once ? ONCE : commit;
}

/**
 * Creates the object of a part. Its key is unique, and it is never overwritten: a late repeat must
 * not change its time.
 */
async function putNote(
  context: Context,
  operation: Operation,
  { key, bytes }: Note,
): Promise<ObjectInfo> {
  const { backend, system, retryForMs } = context;
  const { signal } = operation;
  let isOver = false; // errors of `checkCommit` are final
  const put = async () => {
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
  };
  const passes = (error: unknown) => !isOver && isPassing(error);
  return await retry(put, { system, retryForMs, signal, passes })
    .catch((error) => Promise.reject(operation.unresolved ? afterWrite(error) : error));
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
