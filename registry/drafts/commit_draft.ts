/**
 * Committing a draft: one record over payload that is there already.
 *
 * @module
 */
import { isPrefix } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { isRegistryError, RegistryError } from "../../core/errors.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import type { CommitDraftOptions } from "../../core/record/draft.ts";
import type { StoredFile, VersionRecord } from "../../core/record/record.ts";
import type { SavedArtifact, SaveOptions } from "../../core/record/saving.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import type { Operation } from "../cell/operation.ts";
import { settleVersion } from "../cell/settle.ts";
import type { Context } from "../opening/context.ts";
import { draftEndKey, draftFolder, draftPlace, encodePlace, payloadFolder, payloadKey } from "../layout.ts";
import { PlacedContent } from "../payload/placed_content.ts";
import { StoredContent } from "../payload/stored_content.ts";
import { savedArtifact, saveFiles } from "../save.ts";
import { findSaved } from "../target/keyed.ts";
import { checkOpen, draftKey, lookAtDraft, spoken } from "./look.ts";
import type { DraftName } from "./look.ts";
import { encodeEnd } from "./note.ts";
import { readParts } from "./read_parts.ts";
import type { FoundPart } from "./read_parts.ts";
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
  let saved: SavedArtifact;
  try {
    saved = await saveFiles(context, artifact, { ...given as SaveOptions, idempotencyKey });
  } catch (error) {
    if (!isRegistryError(error, "NotFound", "Conflict", "Corrupt")) throw error;
    const earlier = await findSaved(context, { name, key: idempotencyKey }, options.signal);
    if (earlier === undefined) throw error;
    await settleVersion(context, earlier, options.signal);
    saved = savedArtifact(earlier.record as VersionRecord, true); // it ended there
  }
  const key = draftEndKey(draftFolder(name, draft.id));
  await context.backend.put(key, encodeEnd({ state: "committed", version: saved.version })).catch((error) => {
    context.logger.debug(`commit ${spoken(draft)}: it is committed, but not said to have ended`, error);
  });
  return saved;
}

/** The files of a draft as they are now; the operation relies on that. */
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
  await checkOpen(context, draft, { look, now: seenAt.store ?? seenAt.wall, signal });
  operation.views.draft = seenAt;
  const parts = await readParts(context, draft, { look, only, signal });
  if (parts.length === 0) throw empty(draft);
  checkPaths(draft, parts);
  await forEachAtOnce(parts, (part) => checkPayload(context, draft, part, signal));
  return mergeFolders(parts.flatMap(filesOfPart)).sort((a, b) => compareUtf8(a.path, b.path));
}

/** Parts may have a folder in common: its time is the last that is told. */
function mergeFolders(files: FileToSave[]): FileToSave[] {
  const folders = new Map<string, FileToSave>();
  for (const file of files) {
    if (file.mode !== "folder") continue;
    const { modifiedAt = "" } = folders.get(file.path) ?? {};
    if (!folders.has(file.path) || (file.modifiedAt ?? "") > modifiedAt) folders.set(file.path, file);
  }
  return files.filter((file) => file.mode !== "folder" || folders.get(file.path) === file);
}

function filesOfPart({ note, inline, addition }: FoundPart): FileToSave[] {
  const from = encodePlace(draftPlace(addition.commit));
  return note.files.map((file): FileToSave => {
    const { path, parts } = file;
    const content = parts === undefined ? inNote(file, inline) : new PlacedContent({ ...file, parts, from });
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
  throw new RegistryError({
    code: "Corrupt",
    message: `Cannot commit ${spoken({ name, id })}: part ${shown(note.part)} has lost some of its bytes`,
    hint: "Something else deleted them. Restore the object from a copy, or begin another draft, with another id.",
    key: lost,
    backend: backend.location,
  });
}

function samePath(draft: DraftName, path: string, parts: string[]): RegistryError {
  return new RegistryError({
    code: "Invalid",
    message: `Cannot commit ${spoken(draft)}: parts ${parts.map(shown).join(" and ")} both have ${shown(path)}`,
    hint: "Give files of different parts different paths, or name the parts that are meant: { parts }.",
  });
}

function empty(draft: DraftName): RegistryError {
  return new RegistryError({
    code: "NotFound",
    message: `Cannot commit ${spoken(draft)}: nothing was added to it`,
    hint: "Add a part first. Drafts belong to a name: look whether it is this one, and the id.",
  });
}
