// What the store has of one draft.
import { isPrefix, type ObjectInfo } from "../../../core/backend.ts";
import { type ErrorCode, fault, type RegistryError } from "../../../core/errors.ts";
import { encodeName, shown } from "../../../core/naming/names.ts";
import type { Context } from "../context.ts";
import { draftEndKey, draftFolder, parseDraftKey } from "./note.ts";

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

/** How long nothing may be added to a draft before the janitor collects it, milliseconds. */
export function draftMemoryMs(graceMs: number): number {
  return Math.max(WEEK_MS, 7 * graceMs);
}

export class DraftCall {
  readonly context: Context;
  readonly name: string;
  readonly id: string;
  readonly signal?: AbortSignal;
  readonly folder: string;
  /** The object that decides how it ends. */
  readonly endKey: string;
  /** The idempotency key of what it becomes. */
  readonly idempotencyKey: string;
  readonly spoken: string;

  constructor(context: Context, name: string, id: string, signal?: AbortSignal) {
    this.context = context;
    this.name = name;
    this.id = id;
    this.signal = signal;
    this.folder = draftFolder(name, id);
    this.endKey = draftEndKey(this.folder);
    this.idempotencyKey = `draft:${id}`;
    this.spoken = `draft ${shown(id)} of ${shown(name)}`;
  }

  fault(code: ErrorCode, action: string, state: string, hint: string, key?: string): RegistryError {
    const at = key === undefined ? {} : { key, backend: this.context.backend.location };
    return fault({ code, action, subject: this.spoken, state, hint, ...at });
  }
}

export interface Addition {
  /** The commit, which is that of its payload too. */
  commit: string;
  info: ObjectInfo;
}

/** What one listing shows of a draft. */
export interface DraftLook {
  /** What was added for each part, in the order of commits. The first that is whole and not late counts. */
  parts: Map<string, Addition[]>;
  /** The object that decides how it ends. */
  end?: ObjectInfo;
  /** The object after which no part is acknowledged. */
  ending?: ObjectInfo;
  /** Store time of what was written last, milliseconds. */
  newest?: number;
}

export async function lookAtDraft({ context, folder, signal }: DraftCall): Promise<DraftLook> {
  const look: DraftLook = { parts: new Map() };
  for await (const entry of context.backend.list(folder, { signal })) {
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
export async function lookAtPart(draft: DraftCall, part: string, now: number): Promise<DraftLook> {
  const { context: { backend }, folder, signal } = draft;
  const look: DraftLook = { parts: new Map() };
  let count = 0;
  for await (const entry of backend.list(folder, { signal })) {
    if (isPrefix(entry) || !take(look, entry)) continue;
    const mayHaveEnded = entry.key < draft.endKey;
    if (++count < FEW_OBJECTS || mayHaveEnded || isStale(draft, look, now)) continue;
    look.parts.clear();
    for await (const other of backend.list(`${folder}${encodeName(part)}/`, { signal })) {
      if (!isPrefix(other)) take(look, other);
    }
    break;
  }
  return look;
}

/** Notes an object of a draft; false for what no registry has put there. */
function take(look: DraftLook, info: ObjectInfo): boolean {
  const key = parseDraftKey(info.key);
  if (key === undefined) return false;
  look.newest = Math.max(look.newest ?? 0, info.modifiedAt);
  if (key.added === undefined) {
    look[key.mark!] = info;
    return true;
  }
  const { part, commit } = key.added;
  if (!look.parts.has(part)) look.parts.set(part, []);
  look.parts.get(part)!.push({ commit, info });
  return true;
}

/**
 * Whether a draft was left alone for so long that nobody may begin anything with it. That is two graces before the
 * janitor may collect it: what was begun before has landed by then, or is late and does not count.
 */
export function isStale({ context }: DraftCall, { newest }: DraftLook, now: number): boolean {
  const { graceMs } = context.settings;
  return newest !== undefined && now - newest > draftMemoryMs(graceMs) - 2 * graceMs;
}

/** Throws `Conflict` if nothing was added to a draft for so long that `gc` may be removing it. */
export function checkFresh(draft: DraftCall, look: DraftLook, now: number): void {
  if (!isStale(draft, look, now)) return;
  throw draft.fault(
    "Conflict",
    "use",
    "nothing was added to it for so long that `gc` may be removing it",
    "Open another draft with another id.",
  );
}
