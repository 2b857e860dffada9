// The place of a payload: a folder of the version that it is for, and the stored files that it may
// share.
import { isRegistryError } from "../../../core/errors.ts";
import { parseRef } from "../../../core/naming/refs.ts";
import { ONLY_CHECKED } from "../../../core/registry/operations/saving.ts";
import { isOnDisk } from "../../../core/work/source_change.ts";
import { noteKeeper } from "../../cache/cached_records.ts";
import { orderSegment, payloadFolder } from "../../format/layout.ts";
import { type Base, createBase } from "../../payload/base.ts";
import { SeenFiles } from "../../payload/seen_files.ts";
import { Unfinished } from "../../payload/unfinished.ts";
import { PayloadFolder } from "../../payload/writing/payload_folder.ts";
import { payloadSource } from "../load.ts";
import { locate, tryLocate } from "../resolve.ts";
import type { Attempt, Ending } from "./attempt.ts";

/** Chooses a folder for the payload. Returns the end of the save if its version exists. */
export async function place(attempt: Attempt): Promise<Ending | undefined> {
  const { context, artifact, options, operation, settings } = attempt;
  const choice = await attempt.chooser.choose(true);
  if ("existing" in choice) return { state: "existing", found: choice.existing };
  const { name, members, materializer } = artifact;
  const order = orderSegment(choice.target.version, context.settings.versioned);
  const place = { order, commit: operation.commit };
  attempt.base ??= await loadBase(attempt);
  const base = attempt.sharesNothing ? undefined : attempt.base;
  const key = payloadFolder(name, place);
  const folder = new PayloadFolder(context, operation, { ...settings, key });
  const keepsNotes = members?.origin === undefined && !options[ONLY_CHECKED];
  const keeper = keepsNotes ? noteKeeper(context.cache, "unfinished", name) : undefined;
  const left = await Unfinished.open(context, keeper, folder);
  const notes = isOnDisk(materializer) && keepsNotes ? context.openNotes?.() : undefined;
  const seen = await SeenFiles.open(noteKeeper(notes, "seen", name), attempt.startedAt);
  attempt.placed = { place, folder, shelves: { base, left, seen } };
}

/** Returns the version whose files can be shared or equal: the given one, else the latest. */
export async function loadBase(
  { context, artifact, operation, options, sharesNothing }: Attempt,
): Promise<Base | undefined> {
  const { name, deleted } = artifact;
  if (deleted !== undefined) return await deleted.loadBase(operation);
  const { base: ref, skipIfUnchanged: expectsEqual = false } = options;
  if (sharesNothing && !expectsEqual) return undefined;
  operation.checkSend();
  const seenAt = operation.moment();
  const { signal } = operation;
  try {
    const located = ref === undefined
      ? await tryLocate(context, parseRef(name), signal)
      : await locate(context, parseRef(ref), signal);
    if (located === undefined) return undefined;
    const { files } = await payloadSource(context, located, signal);
    operation.views.base = seenAt;
    return await createBase(context, located.found, files, { name, expectsEqual, signal });
  } catch (error) {
    if (ref !== undefined || !isRegistryError(error, "Corrupt", "Unsupported", "Conflict")) {
      throw error;
    }
    const state = `shares nothing with the latest version: ${error.message}`;
    context.logger.warn(`${operation.action}: ${state}`);
    return undefined; // a damaged version must not prevent the next save
  }
}
