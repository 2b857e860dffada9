// Committing a draft: one create-only object decides on its parts, then one record is put over
// payload that is there.
import { isPrefix } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import type { CommitDraftOptions } from "../../core/record/draft.ts";
import type { StoredFile, VersionRecord } from "../../core/record/record.ts";
import type { SavedArtifact, SaveOptions } from "../../core/record/saving.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import type { Operation } from "../cell/operation.ts";
import { settle, settleVersion } from "../cell/settle.ts";
import type { Context } from "../opening/context.ts";
import { draftPlace, encodePlace, payloadFolder, payloadKey } from "../layout.ts";
import { draftEndKey, draftFolder } from "./keys.ts";
import { PlacedContent } from "../payload/placed_content.ts";
import { StoredContent } from "../payload/stored_content.ts";
import { savedArtifact, saveFiles } from "../save.ts";
import { findSaved } from "../target/keyed.ts";
import { draftKey, lookAtDraft, spoken } from "./look.ts";
import type { DraftLook, DraftName } from "./look.ts";
import { listed, partObjects, readDecided, readParts } from "./read_parts.ts";
import type { FoundPart } from "./read_parts.ts";
import { checkFresh, closeDraft, decideEnd, ended, readEnd, stateOf } from "./state.ts";
import type { DecidedParts } from "./state.ts";
import { fileFacts } from "../../core/record/file_facts.ts";

/** Saves what is in a draft as one version, however often it is called. */
export async function commitDraft(
  context: Context,
  draft: DraftName,
  options: CommitDraftOptions,
): Promise<SavedArtifact> {
  const { parts, materializer = { id: "folder", formatVersion: 1 }, ...given } = options;
  const { name } = draft;
  const idempotencyKey = draftKey(draft);
  const artifact = {
    name,
    materializer: { id: materializer.id, formatVersion: materializer.formatVersion },
    produce: (operation: Operation) => filesOfDraft(context, draft, operation, parts),
  };
  try {
    return await saveFiles(context, artifact, { ...given as SaveOptions, idempotencyKey });
  } catch (error) {
    if (!isRegistryError(error, "NotFound", "Conflict", "Corrupt")) throw error;
    const earlier = await findSaved(context, { name, key: idempotencyKey }, options.signal);
    if (earlier === undefined) throw error;
    const end = await readEnd(context, draft, options.signal);
    if (end?.state === "committed") checkSame(draft, parts, new Map(end.parts));
    await settleVersion(context, earlier, options.signal);
    return savedArtifact(earlier.record as VersionRecord, true);
  }
}

/** Returns the files of the parts that the draft ends with. Decides on these parts if no commit has. */
async function filesOfDraft(
  context: Context,
  draft: DraftName,
  operation: Operation,
  only: readonly string[] | undefined,
): Promise<FileToSave[]> {
  const { signal } = operation;
  operation.checkSend();
  const seenAt = operation.moment();
  const look = await lookAtDraft(context, draft, signal);
  const state = await stateOf(context, draft, { look, signal });
  if (state.state === "discarded" || state.state === "committed") throw ended(draft, state);
  checkFresh(context, draft, { look, now: seenAt.store ?? seenAt.wall });
  operation.views.draft = seenAt;
  const parts = state.state === "committing" && state.parts !== undefined
    ? await goOn(context, draft, { decided: state.parts, only, signal })
    : await decideParts(context, draft, { look, only, signal });
  return mergeFolders(parts.flatMap(filesOfPart)).sort((a, b) => compareUtf8(a.path, b.path));
}

/** The parts that another commit decided on. */
async function goOn(
  context: Context,
  draft: DraftName,
  { decided, only, signal }: {
    decided: DecidedParts;
    only?: readonly string[];
    signal?: AbortSignal;
  },
): Promise<FoundPart[]> {
  checkSame(draft, only, decided);
  await settle(context, [draftEndKey(draftFolder(draft.name, draft.id))], signal);
  const parts = await readDecided(context, draft, { parts: decided, signal });
  await checkParts(context, draft, parts, signal);
  return parts;
}

/**
 * Decides which parts are in the version: the named ones, or all that are acknowledged. For all of them, it closes the
 * draft and lists it again: from then on, only parts in this listing are acknowledged.
 */
async function decideParts(
  context: Context,
  draft: DraftName,
  { look, only, signal }: { look: DraftLook; only?: readonly string[]; signal?: AbortSignal },
): Promise<FoundPart[]> {
  let parts = await usableParts(context, draft, { look, only, signal });
  if (only === undefined) {
    await closeDraft(context, draft, signal);
    const closed = await lookAtDraft(context, draft, signal);
    if (!sameParts(look, closed)) {
      parts = await usableParts(context, draft, { look: closed, signal });
    }
  }
  const keys = parts.flatMap((part) => [part.addition.info.key, ...partObjects(draft.name, part)]);
  await settle(context, keys, signal); // the parts must be durable before they are decided on
  const decision = parts.map((
    { note, addition },
  ): [string, string] => [note.part, addition.commit]);
  const end = await decideEnd(context, draft, {
    end: { state: "committed", parts: decision },
    signal,
  });
  if (end.state === "discarded") throw ended(draft, end);
  const decided = new Map(end.parts);
  const isOwn = decided.size === decision.length &&
    decision.every(([part, commit]) => decided.get(part) === commit);
  return isOwn ? parts : await goOn(context, draft, { decided, only, signal });
}

/** Whether two listings show the same parts. */
function sameParts(one: DraftLook, other: DraftLook): boolean {
  const keys = ({ parts }: DraftLook) =>
    [...parts.values()].flat().map(({ info }) => info.key).join(" ");
  return keys(one) === keys(other);
}

/** Reads parts. Throws if they do not make a version. */
async function usableParts(
  context: Context,
  draft: DraftName,
  { look, only, signal }: { look: DraftLook; only?: readonly string[]; signal?: AbortSignal },
): Promise<FoundPart[]> {
  const parts = await readParts(context, draft, { look, only, signal });
  if (parts.length === 0) throw empty(draft);
  await checkParts(context, draft, parts, signal);
  return parts;
}

async function checkParts(
  context: Context,
  draft: DraftName,
  parts: readonly FoundPart[],
  signal?: AbortSignal,
): Promise<void> {
  checkPaths(draft, parts);
  await forEachAtOnce(parts, (part) => checkPayload(context, draft, part, signal));
}

/** Throws `Conflict` if a draft was committed with other parts than the named ones. */
function checkSame(
  draft: DraftName,
  only: readonly string[] | undefined,
  parts: DecidedParts,
): void {
  if (only === undefined) return;
  const named = new Set(only);
  if (named.size === parts.size && [...named].every((part) => parts.has(part))) return;
  throw fault({
    code: "Conflict",
    action: "commit",
    subject: spoken(draft),
    state: `it was committed with other parts (${listed([...parts.keys()])})`,
    hint: "Commit it without `parts` to get its version, or open another draft with another id.",
  });
}

/** Parts may have a folder in common: its time is the last that is told. */
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

/** A small file: its bytes are with what was read already. */
function inNote(file: StoredFile, inline: Uint8Array): StoredContent {
  const [offset, length] = file.inline ?? [0, 0];
  const bytes = inline.subarray(offset, offset + length);
  return new StoredContent(
    { ...file, inline: [offset, length] },
    { storedBytes: () => Promise.resolve(bytes), storedChunks: () => once(bytes) },
  );
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

/** Two parts with one path are a mistake of whoever divided the work: nobody can tell which one is meant. */
function checkPaths(draft: DraftName, parts: readonly FoundPart[]): void {
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

/** Looks whether the payload of a part is there: a version that nobody can read must not be acknowledged. */
async function checkPayload(
  { backend }: Context,
  { name, id }: DraftName,
  { note, addition }: FoundPart,
  signal?: AbortSignal,
): Promise<void> {
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
  throw fault({
    code: "Corrupt",
    action: "commit",
    subject: spoken({ name, id }),
    state: `part ${shown(note.part)} has lost some of its bytes`,
    hint:
      "Something else deleted them. Restore the object from a copy, or open another draft with another id.",
    key: lost,
    backend: backend.location,
  });
}

function samePath(draft: DraftName, path: string, parts: string[]): RegistryError {
  return fault({
    code: "Invalid",
    action: "commit",
    subject: spoken(draft),
    state: `parts ${parts.map(shown).join(" and ")} both have ${shown(path)}`,
    hint:
      "Give files of different parts different paths, or name the parts that are meant: { parts }.",
  });
}

function empty(draft: DraftName): RegistryError {
  return fault({
    code: "NotFound",
    action: "commit",
    subject: spoken(draft),
    state: "nothing was added to it",
    hint: "Add a part first. Drafts belong to a name: look whether it is this one, and the id.",
  });
}
