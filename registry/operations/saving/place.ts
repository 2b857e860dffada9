// The place of a payload: a folder of the version that it is for, and the stored files that it may
// share.
import { isRegistryError } from "../../../core/errors.ts";
import type { StoredFile } from "../../../core/record.ts";
import { parseRef } from "../../../core/naming/refs.ts";
import { ONLY_CHECKED } from "../../../core/registry/operations/saving.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { isOnDisk } from "../../../core/work/source_change.ts";
import { noteKeeper } from "../../cache/cached_records.ts";
import { orderSegment, payloadFolder } from "../../format/layout.ts";
import { sharedObjects } from "../../cell/objects.ts";
import { SMALL_FILE_BYTES } from "../../payload/content.ts";
import { pointTo } from "../../payload/known.ts";
import { type Base, createBase } from "../../payload/base.ts";
import { SeenFiles } from "../../payload/seen_files.ts";
import { Unfinished } from "../../payload/unfinished.ts";
import { PayloadFolder } from "../../payload/writing/payload_folder.ts";
import { payloadSource } from "../load.ts";
import { locate } from "../resolve.ts";
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
      ? await locate(context, parseRef(name), { ifThere: true, signal })
      : await locate(context, parseRef(ref), { signal });
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

/**
 * Points large files of a draft, whose payload is in its place, to equal ones of the base. Returns
 * the keys of the objects that the version does not need.
 */
export async function shareWithBase(attempt: Attempt): Promise<string[]> {
  const { artifact: { name }, payload: { files }, sharesNothing } = attempt;
  const large = files.filter(({ from, size }) => from !== undefined && size > SMALL_FILE_BYTES);
  if (sharesNothing || large.length === 0) return [];
  const base = attempt.base ??= await loadBase(attempt);
  if (!base?.lends) return [];
  const before = sharedObjects(name, large);
  await forEachAtOnce(large, async (file) => {
    const shared: StoredFile = { ...file };
    if (!await base.take(shared)) return;
    // Of several objects, or of a pack, the version might use too little.
    const [key = "", ...others] = sharedObjects(name, [{ ...shared, chunks: undefined }]);
    if (others.length > 0 || 2 * file.size < (base.sizes.get(key) ?? 0)) return;
    const { chunks, from } = file;
    if (chunks !== undefined && shared.chunks === chunks) shared.chunks = { ...chunks, from };
    pointTo(file, shared);
  });
  const needed = new Set(sharedObjects(name, files));
  return before.filter((key) => !needed.has(key));
}
