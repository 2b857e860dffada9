// Adding a part to a draft: payload first, then one object that lists it. The part is acknowledged
// if the draft has not ended after that.
import type { ObjectInfo } from "../../core/backend.ts";
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import type { FilesToSave } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import type { AddedPart, AddPartOptions } from "../../core/record/draft.ts";
import type { StoredFile } from "../../core/record/record.ts";
import { MAX_FILE_LIST_BYTES } from "../../core/record/record_shape.ts";
import { isPassing, retry } from "../../core/retry.ts";
import { startOperation } from "../cell/operation.ts";
import type { Operation } from "../cell/operation.ts";
import { settle } from "../cell/settle.ts";
import type { Context } from "../opening/context.ts";
import { draftPlace, payloadFolder } from "../layout.ts";
import { draftFolder, draftPartKey } from "./keys.ts";
import { checkEncoding } from "../payload/encoding.ts";
import { createPayload } from "../payload/write.ts";
import { lookAtPart, spoken } from "./look.ts";
import type { DraftName } from "./look.ts";
import { encodePart } from "./note.ts";
import { partObjects, readAddition, readPart } from "./read_parts.ts";
import { afterWrite, checkFresh, ended, orMaybeWritten, stateAfterPart, stateOf } from "./state.ts";
import type { DraftState } from "./state.ts";

export interface PartToAdd extends AddPartOptions {
  part: string;
  produce(): FilesToSave | Promise<FilesToSave>;
}

/** Adds a part, unless it is there. */
export async function addPart(
  context: Context,
  draft: DraftName,
  { part, produce, compress, onProgress, signal }: PartToAdd,
): Promise<AddedPart> {
  const { executor } = context;
  if (compress !== undefined) checkEncoding(compress);
  const operation = startOperation(context, `add part ${shown(part)} to ${spoken(draft)}`, signal);
  const look = async () => {
    const seenAt = operation.moment();
    const now = seenAt.store ?? seenAt.wall;
    const seen = await lookAtPart(context, draft, { part, now, signal });
    const state = await stateOf(context, draft, { look: seen, signal });
    if (state.state === "open") checkFresh(context, draft, { look: seen, now });
    operation.views.draft = seenAt;
    return { seen, state };
  };
  const { seen, state } = await look();
  if (state.state !== "open") return await addedBefore(context, draft, { part, state, signal });
  const additions = seen.parts.get(part);
  const there = additions && await readPart(context, draft, { part, additions, signal });
  if (there !== undefined) {
    await settle(context, [there.addition.info.key, ...partObjects(draft.name, there)], signal);
    return await confirm(there.note.files);
  }

  const payload = createPayload(context, operation, { executor, compress, onProgress });
  let key: string;
  let bytes: Uint8Array;
  try {
    const fits = await payload.gather(await produce());
    if (!fits) {
      payload.begin({ folder: payloadFolder(draft.name, draftPlace(operation.commit)) });
      await payload.send();
    }
    key = draftPartKey(draftFolder(draft.name, draft.id), part, operation.commit);
    if (operation.ageMs(operation.views.draft!) > operation.deadlineMs / 2) {
      const { state } = await look();
      if (state.state !== "open") throw ended(draft, state);
    }
    operation.checkCommit();
    const { startedAt } = operation.recordBase(1);
    const note = { name: draft.name, draft: draft.id, part, startedAt, files: payload.files };
    bytes = encodePart(note, payload.inline);
    if (bytes.byteLength > MAX_FILE_LIST_BYTES) throw tooLong(operation, payload.files.length);
  } catch (error) {
    await payload.discard();
    throw error;
  }
  // From here on the part may be there, whatever becomes of the reply: its payload stays.
  const info = await putNote(context, operation, key, bytes)
    .catch((error) => Promise.reject(operation.unresolved ? afterWrite(error) : error));
  if (operation.landedLate(info)) throw tooSlow(context, operation, key);
  return await confirm(payload.files, operation.commit);

  /** Acknowledges a part that is there, if every later commit has it, or the one that has begun does. */
  async function confirm(files: readonly StoredFile[], own?: string): Promise<AddedPart> {
    const looking = stateAfterPart(context, draft, signal);
    const state = await (own === undefined ? looking : orMaybeWritten(looking));
    const isOwn = state.state !== "open" && own !== undefined && decidedOn(state, part) === own;
    if (state.state === "open" || isOwn) return added(own !== undefined, files);
    return await addedBefore(context, draft, { part, state, signal });
  }
}

function decidedOn(state: DraftState, part: string): string | undefined {
  return "parts" in state ? state.parts?.get(part) : undefined;
}

/** A part of a draft that has ended: acknowledged if its commit decided on it, otherwise `Conflict`. */
async function addedBefore(
  context: Context,
  draft: DraftName,
  { part, state, signal }: { part: string; state: DraftState; signal?: AbortSignal },
): Promise<AddedPart> {
  const commit = decidedOn(state, part);
  const there = commit === undefined
    ? commit
    : await readAddition(context, draft, { part, commit, signal });
  if (there === undefined) throw ended(draft, state);
  return added(false, there.note.files);
}

/**
 * Writes the object of a part. Its key has the commit of this operation, so no other one writes it. It is created and
 * never overwritten: a repeated request that arrives later must not change the time of the object.
 */
async function putNote(
  context: Context,
  operation: Operation,
  key: string,
  bytes: Uint8Array,
): Promise<ObjectInfo> {
  const { backend, system, retryForMs } = context;
  const { signal } = operation;
  let isOver = false;
  return await retry(async () => {
    isOver = true; // errors of `checkCommit` are final
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
    if (info === undefined) throw tooSlow(context, operation, key); // the collector removed it
    await settle(context, [key], signal);
    return info;
  }, { system, retryForMs, signal, passes: (error) => !isOver && isPassing(error) });
}

function tooSlow({ backend }: Context, { action }: Operation, key: string): RegistryError {
  return fault({
    code: "Unavailable",
    action,
    state: "the store took too long, so the part does not count",
    hint: "Add it again.",
    key,
    backend: backend.location,
  });
}

function added(isNew: boolean, files: readonly StoredFile[]): AddedPart {
  return {
    added: isNew,
    files: files.length,
    size: files.reduce((sum, { size }) => sum + size, 0),
  };
}

function tooLong({ action }: Operation, files: number): RegistryError {
  return fault({
    code: "Invalid",
    action,
    state: `the list of its ${files} files is too long`,
    hint: "Add them as several parts, or as one archive.",
  });
}
