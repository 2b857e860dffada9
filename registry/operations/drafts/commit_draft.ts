// Committing a draft: one create-only object decides on its parts, then a record is written over
// existing payload.
import { isPrefix } from "../../../core/backend.ts";
import { sortedByPath } from "../../../core/bytes/bytes.ts";
import { isRegistryError, type RegistryError } from "../../../core/errors.ts";
import type { FileToSave } from "../../../core/materializer.ts";
import { shown } from "../../../core/naming/names.ts";
import type { CommitDraftOptions } from "../../../core/registry/draft.ts";
import { fileFacts } from "../../../core/registry/file_facts.ts";
import type { StoredFile, VersionRecord } from "../../../core/record.ts";
import { savedArtifact } from "../../../core/registry/operations/saving.ts";
import type { SavedArtifact, SaveOptions } from "../../../core/registry/operations/saving.ts";
import { removeObjects } from "../../../core/work/remove_objects.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { findSaved, isDeleted } from "../target/keyed.ts";
import type { Operation } from "../../cell/operation.ts";
import { settle, settleVersion } from "../../cell/settle.ts";
import { draftPlace, encodePlace, payloadFolder, payloadKey } from "../../format/layout.ts";
import { inMemory } from "../../payload/file_bytes.ts";
import { PlacedContent, StoredContent } from "../../payload/stored_content.ts";
import { saveFiles } from "../save.ts";
import { endSave } from "../saving/end_save.ts";
import { checkFresh, type DraftCall, lookAtDraft } from "./draft_look.ts";
import type { DraftLook } from "./draft_view.ts";
import { type FoundPart, listed, partKeys, readDecided, readParts } from "./draft_state.ts";
import { closeDraft, decideEnd, ended, readEnd, stateOf } from "./draft_state.ts";
import type { DecidedParts } from "./draft_state.ts";

/** Time limit for the removal of objects that a version does not need. */
const REMOVAL_MS = 5_000;

/** Saves the content of a draft as one version, idempotently. */
export async function commitDraft(
  draft: DraftCall,
  { parts, as: materializer = { id: "folder", formatVersion: 1 }, ...saveOptions }:
    CommitDraftOptions,
): Promise<SavedArtifact> {
  const { context, name, idempotencyKey, signal } = draft;
  context.materializers.remember(materializer);
  let shared: string[] = [];
  const artifact = {
    name,
    materializer: { id: materializer.id, formatVersion: materializer.formatVersion },
    onShared: (keys: string[]) => shared = keys,
    produce: (operation: Operation) => filesOfDraft(draft, operation, parts),
  };
  try {
    const options = { ...saveOptions as SaveOptions, idempotencyKey };
    const saved = await saveFiles(context, artifact, options);
    // Runs may still be read by their parts. What stays here, `gc` removes a week later.
    const unneeded = saved.skipped || draft.noun === "run" ? [] : shared;
    const removing = removeObjects(context.backend, unneeded, AbortSignal.timeout(REMOVAL_MS));
    await removing.catch((error) => context.logger.debug(`${draft.spoken}: left for gc`, error));
    return saved;
  } catch (error) {
    if (!isRegistryError(error, "NotFound", "Conflict", "Corrupt")) throw error;
    const before = await findSaved(context, { ...saveOptions, name, key: idempotencyKey }, signal);
    if (before === undefined || await isDeleted(context, before.version, signal)) throw error;
    const { version, used } = before;
    const end = await readEnd(draft);
    if (end?.state === "committed") checkSame(draft, parts, new Map(end.parts));
    await settleVersion(context, version, signal);
    const saved = savedArtifact(version.record as VersionRecord, true);
    await endSave(context, { saved, repeats: used }, saveOptions as SaveOptions);
    return saved;
  }
}

/** Returns the files of a draft. Decides on its parts if no commit has. */
async function filesOfDraft(
  draft: DraftCall,
  operation: Operation,
  only: readonly string[] | undefined,
): Promise<FileToSave[]> {
  operation.checkSend();
  const seenAt = operation.moment();
  const look = await lookAtDraft(draft);
  const state = await stateOf(draft, look);
  if (state.state === "discarded" || state.state === "committed") throw ended(draft, state);
  await checkFresh(draft, look, seenAt);
  operation.views.draft = seenAt;
  const parts = state.parts === undefined
    ? await decideParts(draft, look, only)
    : await goOn(draft, state.parts, only);
  return sortedByPath(mergeFolders(parts.flatMap(filesOfPart)));
}

async function goOn(
  draft: DraftCall,
  decided: DecidedParts,
  only?: readonly string[],
): Promise<FoundPart[]> {
  checkSame(draft, only, decided);
  await settle(draft.context, [draft.endKey], draft.signal);
  const parts = await readDecided(draft, decided);
  await checkParts(draft, parts);
  return parts;
}

/**
 * Decides on the parts of the version: the named ones, or all acknowledged ones. The latter needs a
 * second listing after the draft is closed: only parts in it are acknowledged from then on.
 */
async function decideParts(
  draft: DraftCall,
  look: DraftLook,
  only?: readonly string[],
): Promise<FoundPart[]> {
  let parts = await usableParts(draft, look, only);
  if (only === undefined) {
    await closeDraft(draft);
    const closed = await lookAtDraft(draft);
    if (!sameParts(look, closed)) parts = await usableParts(draft, closed);
  }
  const keys = parts.flatMap((part) => partKeys(draft, part));
  await settle(draft.context, keys, draft.signal); // a decision needs durable parts
  const decision = parts.map((
    { note, addition },
  ): [string, string] => [note.part, addition.commit]);
  const end = await decideEnd(draft, { state: "committed", parts: decision });
  if (end.state === "discarded") throw ended(draft, end);
  const decided = new Map(end.parts);
  const isOwn = decided.size === decision.length &&
    decision.every(([part, commit]) => decided.get(part) === commit);
  return isOwn ? parts : await goOn(draft, decided, only);
}

function sameParts(one: DraftLook, other: DraftLook): boolean {
  const keys = ({ parts }: DraftLook) =>
    [...parts.values()].flat().map(({ info }) => info.key).join(" ");
  return keys(one) === keys(other);
}

/** Reads parts. Throws if they cannot become a version. */
async function usableParts(
  draft: DraftCall,
  look: DraftLook,
  only?: readonly string[],
): Promise<FoundPart[]> {
  const parts = await readParts(draft, look, only);
  if (parts.length === 0) {
    const hint = "Check the name and the id of the draft, and add a part first.";
    throw draft.fault("NotFound", "commit", "nothing was added to it", hint);
  }
  await checkParts(draft, parts);
  return parts;
}

async function checkParts(draft: DraftCall, parts: readonly FoundPart[]): Promise<void> {
  checkPaths(draft, parts);
  await forEachAtOnce(parts, (part) => checkPayload(draft, part));
}

/** Throws `Conflict` if a draft was committed with other parts. */
function checkSame(
  draft: DraftCall,
  only: readonly string[] | undefined,
  parts: DecidedParts,
): void {
  if (only === undefined) return;
  const named = new Set(only);
  if (named.size === parts.size && [...named].every((part) => parts.has(part))) return;
  throw draft.fault(
    "Conflict",
    "commit",
    `it was committed with other parts (${listed([...parts.keys()])})`,
    "Commit it without `parts` to get its version, or open another draft with another id.",
  );
}

/** Keeps one entry per folder, with the latest time, because parts can share folders. */
function mergeFolders(files: FileToSave[]): FileToSave[] {
  const folders = new Map<string, FileToSave>();
  for (const file of files) {
    if (file.mode !== "folder") continue;
    const { modifiedAt = "" } = folders.get(file.path) ?? {};
    if (!folders.has(file.path) || (file.modifiedAt ?? "") > modifiedAt) {
      folders.set(file.path, file);
    }
  }
  return files.filter((file) => file.mode !== "folder" || folders.get(file.path) === file);
}

function filesOfPart({ note, inline, addition }: FoundPart): FileToSave[] {
  const from = encodePlace(draftPlace(addition.commit));
  return note.files.map((file): FileToSave => {
    const { path, parts } = file;
    const content = parts === undefined
      ? inNote(file, inline)
      : new PlacedContent({ ...file, parts, from });
    return { path, ...fileFacts(file), content };
  });
}

/** Returns a small file, whose bytes are already read. */
function inNote(file: StoredFile, inline: Uint8Array): StoredContent {
  const [offset, length] = file.inline ?? [0, 0];
  const bytes = inline.subarray(offset, offset + length);
  return new StoredContent({ ...file, inline: [offset, length] }, {
    stored: () => inMemory(() => bytes),
  });
}

/** Throws `Invalid` if two parts have the same path. */
function checkPaths(draft: DraftCall, parts: readonly FoundPart[]): void {
  const owners = new Map<string, string>();
  for (const { note: { part, files } } of parts) {
    for (const { path, mode } of files) {
      const other = owners.get(path);
      if (mode === "folder" && other === undefined) continue;
      if (other !== undefined) throw samePath(draft, path, [other, part]);
      owners.set(path, part);
    }
  }
}

/** Throws `Corrupt` if the payload of a part is missing: the version would be unreadable. */
async function checkPayload(draft: DraftCall, { note, addition }: FoundPart): Promise<void> {
  const { context: { backend }, name, signal } = draft;
  const place = draftPlace(addition.commit);
  const ends = new Map<string, number>();
  for (const { parts = [] } of note.files) {
    for (const { object, offset = 0, size } of parts) {
      const key = payloadKey(name, encodePlace(place), object);
      ends.set(key, Math.max(ends.get(key) ?? 0, offset + size));
    }
  }
  if (ends.size === 0) return;
  for await (const entry of backend.list(payloadFolder(name, place), { signal })) {
    if (!isPrefix(entry) && entry.size >= (ends.get(entry.key) ?? Infinity)) ends.delete(entry.key);
  }
  const [lost] = ends.keys();
  if (lost === undefined) return;
  throw draft.fault(
    "Corrupt",
    "commit",
    `part ${shown(note.part)} has lost some of its bytes`,
    "Open another draft with another id.",
    lost,
  );
}

function samePath(draft: DraftCall, path: string, parts: string[]): RegistryError {
  return draft.fault(
    "Invalid",
    "commit",
    `parts ${parts.map(shown).join(" and ")} both have ${shown(path)}`,
    "Change the path of one, or commit only some parts: { parts }.",
  );
}
