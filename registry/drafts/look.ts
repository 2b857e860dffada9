// What the store has of one draft.
import { isPrefix } from "../../core/backend.ts";
import type { ObjectInfo } from "../../core/backend.ts";
import { encodeName, shown } from "../../core/naming/names.ts";
import type { Context } from "../opening/context.ts";
import { draftEndKey, draftFolder, parseDraftKey } from "./keys.ts";
import { isStale } from "./draft_age.ts";

export interface DraftName {
  name: string;
  id: string;
}

export interface Addition {
  commit: string;
  info: ObjectInfo;
}

export interface DraftLook {
  /** What was added for each part, in the order of commits. The first that is whole and not late counts. */
  parts: Map<string, Addition[]>;
  end?: ObjectInfo;
  ending?: ObjectInfo;
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
    look[key.mark!] = entry;
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

/** A draft in a message. */
export function spoken({ name, id }: DraftName): string {
  return `draft ${shown(id)} of ${shown(name)}`;
}
