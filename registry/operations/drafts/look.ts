// The stored state of a draft.
import { isPrefix, type ObjectInfo } from "../../../core/backend.ts";
import { type ErrorCode, fault, type RegistryError } from "../../../core/errors.ts";
import { encodeName, shown } from "../../../core/naming/names.ts";
import type { Context } from "../context.ts";
import { draftEndKey, draftFolder, parseDraftKey } from "./note.ts";

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

/** Returns how long an untouched draft is kept, milliseconds. */
export function draftMemoryMs(graceMs: number): number {
  return Math.max(WEEK_MS, 7 * graceMs);
}

export class DraftCall {
  readonly context: Context;
  readonly name: string;
  readonly id: string;
  readonly signal?: AbortSignal;
  readonly folder: string;
  readonly endKey: string;
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

/** One addition of a part. */
export interface Addition {
  /** Also the commit of its payload. */
  commit: string;
  info: ObjectInfo;
}

/** The result of listing a draft. */
export interface DraftLook {
  /** Additions of each part in the order of commits. The first that is whole and in time counts. */
  parts: Map<string, Addition[]>;
  /** The object that decides how the draft ends. */
  end?: ObjectInfo;
  /** The object after which no part is acknowledged. */
  ending?: ObjectInfo;
  /** Store time of the last write, milliseconds. */
  newest?: number;
}

export async function lookAtDraft({ context, folder, signal }: DraftCall): Promise<DraftLook> {
  const look: DraftLook = { parts: new Map() };
  for await (const entry of context.backend.list(folder, { signal })) {
    if (!isPrefix(entry)) take(look, entry);
  }
  return look;
}

/** Number of objects to list before only those of the part are listed. */
const FEW_OBJECTS = 100;

/**
 * Lists enough of a draft to add a part: whether it ended or is stale at store time `now`, and the
 * part's additions.
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

/** Records an object of a draft; false for a foreign object. */
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
 * True if a draft is too old to start anything with it: two graces before garbage collection may
 * remove it, so that earlier operations have landed or are late.
 */
export function isStale({ context }: DraftCall, { newest }: DraftLook, now: number): boolean {
  const { graceMs } = context.settings;
  return newest !== undefined && now - newest > draftMemoryMs(graceMs) - 2 * graceMs;
}

/** Throws `Conflict` if a draft is so old that `gc` may be removing it. */
export function checkFresh(draft: DraftCall, look: DraftLook, now: number): void {
  if (!isStale(draft, look, now)) return;
  const state = "nothing was added to it for so long that `gc` may be removing it";
  throw draft.fault("Conflict", "use", state, "Open another draft with another id.");
}
