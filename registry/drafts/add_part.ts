/**
 * Adding a part to a draft: payload first, then one object that says what is there.
 *
 * @module
 */
import { RegistryError } from "../../core/errors.ts";
import type { FilesToSave } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import type { AddedPart, AddPartOptions } from "../../core/record/draft.ts";
import type { StoredFile } from "../../core/record/record.ts";
import { MAX_FILE_LIST_BYTES } from "../../core/record/record_shape.ts";
import { startOperation } from "../cell/operation.ts";
import type { Operation } from "../cell/operation.ts";
import { settle } from "../cell/settle.ts";
import type { Context } from "../opening/context.ts";
import { draftFolder, draftPartKey, draftPlace, payloadFolder } from "../layout.ts";
import { checkEncoding } from "../payload/encoding.ts";
import { createPayload } from "../payload/write.ts";
import { checkOpen, lookAtPart, spoken } from "./look.ts";
import type { DraftName } from "./look.ts";
import { encodePart } from "./note.ts";
import { partObjects, readPart } from "./read_parts.ts";

/** What is added. */
export interface PartToAdd extends AddPartOptions {
  /** The part. */
  part: string;
  /** Its files; called only where the part is not there. */
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
    await checkOpen(context, draft, { look: seen, now, signal });
    operation.views.draft = seenAt;
    return seen;
  };
  const additions = (await look()).parts.get(part);
  const there = additions && await readPart(context, draft, { part, additions, signal });
  if (there !== undefined) {
    await settle(context, [there.addition.info.key, ...partObjects(draft.name, there)], signal);
    return added(false, there.note.files);
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
    if (operation.ageMs(operation.views.draft!) > operation.deadlineMs / 2) await look();
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
  const { files } = payload;
  const result = await context.backend.put(key, bytes, { size: bytes.byteLength, signal });
  if (result.written && !operation.landedLate(result.info)) return added(true, files);
  throw new RegistryError({
    code: "Unavailable",
    message: `Cannot ${operation.action}: the store took so long that it does not count`,
    hint: "Add it again.",
    key,
    backend: context.backend.location,
  });
}

function added(isNew: boolean, files: readonly StoredFile[]): AddedPart {
  return { added: isNew, files: files.length, size: files.reduce((sum, { size }) => sum + size, 0) };
}

function tooLong({ action }: Operation, files: number): RegistryError {
  return new RegistryError({
    code: "Invalid",
    message: `Cannot ${action}: the list of its ${files} files is too long`,
    hint: "Add them as several parts, or as one archive.",
  });
}
