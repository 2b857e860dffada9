/**
 * What the store has of one draft.
 *
 * @module
 */
import { isPrefix } from "../../core/backend.ts";
import type { ObjectInfo } from "../../core/backend.ts";
import { RegistryError } from "../../core/errors.ts";
import { encodeName, shown } from "../../core/naming/names.ts";
import type { VersionRecord } from "../../core/record/record.ts";
import type { Context } from "../opening/context.ts";
import { draftEndKey, draftFolder, parseDraftKey } from "../layout.ts";
import { findSaved } from "../target/keyed.ts";
import { decodeEnd } from "./note.ts";
import type { DraftEnd } from "./note.ts";
import { isStale } from "./draft_age.ts";

/** Which draft. */
export interface DraftName {
  /** The artifact. */
  name: string;
  /** The draft's id. */
  id: string;
}

/** A part as one commit added it. */
export interface Addition {
  /** The commit, which is that of its payload too. */
  commit: string;
  /** Its object. */
  info: ObjectInfo;
}

/** What one listing shows of a draft. */
export interface DraftLook {
  /** What was added for each part, in the order of commits. The first that is whole and not late counts. */
  parts: Map<string, Addition[]>;
  /** What says that it has ended. */
  end?: ObjectInfo;
  /** Store time of what was written last, milliseconds. */
  newest?: number;
}

/** Lists a draft. */
export async function lookAtDraft(
  { backend }: Context,
  { name, id }: DraftName,
  signal?: AbortSignal,
): Promise<DraftLook> {
  const folder = draftFolder(name, id);
  const look: DraftLook = { parts: new Map() };
  for await (const entry of backend.list(folder, { signal })) {
    if (!isPrefix(entry)) take(look, entry);
  }
  return look;
}

/** So many objects are listed to see one part: in a draft of many the rest is passed by. */
const FEW_OBJECTS = 100;

/**
 * What has to be known of a draft to add a part: whether it has ended, that something of it is not old, and what was
 * added for the part. Of a draft with many parts no more is listed.
 *
 * @param now the store's time, milliseconds
 */
export async function lookAtPart(
  context: Context,
  draft: DraftName,
  { part, now, signal }: { part: string; now: number; signal?: AbortSignal },
): Promise<DraftLook> {
  const folder = draftFolder(draft.name, draft.id);
  const look: DraftLook = { parts: new Map() };
  let count = 0;
  for await (const entry of context.backend.list(folder, { signal })) {
    if (isPrefix(entry) || !take(look, entry)) continue;
    const mayHaveEnded = entry.key < draftEndKey(folder);
    if (++count < FEW_OBJECTS || mayHaveEnded || isStale(context, look, now)) continue;
    look.parts.clear();
    for await (const other of context.backend.list(`${folder}${encodeName(part)}/`, { signal })) {
      if (!isPrefix(other)) take(look, other);
    }
    break;
  }
  return look;
}

/** Notes an object of a draft; false for what no registry has put there. */
function take(look: DraftLook, entry: ObjectInfo): boolean {
  const key = parseDraftKey(entry.key);
  if (key === undefined) return false;
  look.newest = Math.max(look.newest ?? 0, entry.modifiedAt);
  if (key.added === undefined) {
    look.end = entry;
    return true;
  }
  const { part, commit } = key.added;
  const additions = look.parts.get(part);
  if (additions === undefined) look.parts.set(part, [{ commit, info: entry }]);
  else additions.push({ commit, info: entry });
  return true;
}

/** The idempotency key of what a draft becomes. */
export function draftKey({ id }: DraftName): string {
  return `draft:${id}`;
}

/** How a draft ended; undefined where it has not. A damaged end is one all the same. */
export async function endOf(
  context: Context,
  draft: DraftName,
  { look: { end, parts }, signal }: { look: DraftLook; signal?: AbortSignal },
): Promise<DraftEnd | undefined> {
  const object = end && await context.backend.get(end.key, { signal });
  if (object !== undefined) return decodeEnd(await object.bytes()) ?? { state: "discarded" };
  if (parts.size > 0) return undefined;
  // Of one that was committed the janitor leaves nothing. What is added to it again would be in no version.
  const saved = await findSaved(context, { name: draft.name, key: draftKey(draft) }, signal);
  return saved && { state: "committed", version: (saved.record as VersionRecord).version };
}

/**
 * Refuses a draft that nothing can be done with any more.
 *
 * @param now the store's time, milliseconds
 */
export async function checkOpen(
  context: Context,
  draft: DraftName,
  { look, now, signal }: { look: DraftLook; now: number; signal?: AbortSignal },
): Promise<void> {
  const end = await endOf(context, draft, { look, signal });
  if (end !== undefined) throw ended(draft, end);
  if (!isStale(context, look, now)) return;
  throw new RegistryError({
    code: "Conflict",
    message: `Cannot use ${spoken(draft)}: nothing was added to it for so long that it may be being collected`,
    hint: "Begin another draft, with another id.",
  });
}

function ended(draft: DraftName, end: DraftEnd): RegistryError {
  const how = end.state === "committed" ? `it was committed as ${end.version}` : "it was discarded";
  return new RegistryError({
    code: "Conflict",
    message: `Cannot use ${spoken(draft)}: ${how}`,
    hint: "Begin another draft, with another id.",
  });
}

/** A draft in a message. */
export function spoken({ name, id }: DraftName): string {
  return `draft ${shown(id)} of ${shown(name)}`;
}
