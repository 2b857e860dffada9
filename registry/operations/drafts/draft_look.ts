// A draft as lists show it: its parts, the objects that end it, and its age. See FORMAT.md, section 6.1.
import { isPrefix, type ObjectInfo } from "../../../core/backend.ts";
import { type ErrorCode, fault, type RegistryError } from "../../../core/errors.ts";
import { encodeName } from "../../../core/naming/names.ts";
import { keepNewest } from "../../../core/work/keep_newest.ts";
import type { Moment } from "../../cell/operation.ts";
import { SCRATCH } from "../../format/layout.ts";
import type { Context } from "../context.ts";
import { runIdOf, spokenDraft } from "../../../core/naming/draft_ids.ts";
import type { Addition, DraftLook, DraftView } from "./draft_view.ts";
import { draftEndKey, draftFolder, parseDraftEntry } from "./note.ts";

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

/** Returns how long an untouched draft is kept, milliseconds. */
export function draftMemoryMs(graceMs: number): number {
  return Math.max(WEEK_MS, 7 * graceMs);
}

/** Drafts whose view is kept. */
const MOST_VIEWS = 1000;

export class DraftCall {
  readonly context: Context;
  readonly name: string;
  readonly id: string;
  readonly signal?: AbortSignal;
  readonly folder: string;
  readonly endKey: string;
  readonly idempotencyKey: string;
  /** The draft, as errors name it. */
  readonly spoken: string;
  readonly noun: "draft" | "run";
  /** The draft as it was seen last: by a call of this registry, or by the `StoredDraft` of this one. */
  view?: DraftView;

  constructor(context: Context, { name, id }: { name: string; id: string }, signal?: AbortSignal) {
    this.context = context;
    this.name = name;
    this.id = id;
    this.signal = signal;
    this.folder = draftFolder(name, id);
    this.endKey = draftEndKey(this.folder);
    this.idempotencyKey = `draft:${id}`;
    this.spoken = spokenDraft({ name, id });
    this.noun = runIdOf(id) === undefined ? "draft" : "run";
    this.view = context.draftViews.get(this.folder);
  }

  /** Notes a part that was added, and that the draft was open at a moment after that. A whole view gets the part. */
  noteAddition(part: string, addition: Addition, at: Moment): void {
    const { look = { parts: new Map() }, isWhole = false }: Partial<DraftView> = this.view ?? {};
    look.newest = Math.max(look.newest ?? 0, addition.info.modifiedAt);
    this.view = { at, look, isWhole };
    if (!isWhole) {
      this.context.draftViews.set(this.folder, this.view);
      keepNewest(this.context.draftViews, MOST_VIEWS);
    } else if (!look.parts.get(part)?.push(addition)) look.parts.set(part, [addition]);
  }

  fault(code: ErrorCode, action: string, state: string, hint: string, key?: string): RegistryError {
    const at = key === undefined ? {} : { key, backend: this.context.backend.location };
    return fault({ code, action, subject: this.spoken, state, hint, ...at });
  }
}

export async function lookAtDraft({ context, folder, signal }: DraftCall): Promise<DraftLook> {
  const look: DraftLook = { parts: new Map() };
  for await (const entry of context.backend.list(folder, { signal })) {
    if (!isPrefix(entry)) take(look, entry, folder);
  }
  return look;
}

/** Number of objects to list before only those of the part are listed. */
const FEW_OBJECTS = 100;

/**
 * Lists enough of a draft to add a part: the part's additions, and whether the draft has ended or is
 * stale at store time `now`. It was open after a write at store time `recent`, if there is one.
 */
export async function lookAtPart(
  draft: DraftCall,
  part: string,
  { now, recent }: { now: number; recent?: number },
): Promise<DraftLook> {
  const { context: { backend }, folder, signal } = draft;
  const look: DraftLook = { parts: new Map(), newest: recent };
  let isKnownOpen = recent !== undefined, count = 0;
  for await (const entry of isKnownOpen ? [] : backend.list(folder, { signal })) {
    if (isPrefix(entry) || !take(look, entry, folder)) continue;
    const mayHaveEnded = entry.key < draft.endKey;
    isKnownOpen = ++count >= FEW_OBJECTS && !mayHaveEnded && !isStale(draft, look, now);
    if (isKnownOpen) break;
  }
  if (!isKnownOpen) return look; // the whole draft
  look.parts.clear();
  for await (const entry of backend.list(`${folder}${encodeName(part)}/`, { signal })) {
    if (!isPrefix(entry)) take(look, entry, folder);
  }
  return look;
}

/** Records an object of a draft; false for a foreign object. */
function take(look: DraftLook, info: ObjectInfo, folder: string): boolean {
  const key = parseDraftEntry(info.key.slice(folder.length));
  if (key === undefined) return false;
  look.newest = Math.max(look.newest ?? 0, info.modifiedAt);
  if (key.added === undefined) {
    look[key.mark!] = info;
    return true;
  }
  const { part, commit } = key.added;
  if (!look.parts.get(part)?.push({ commit, info })) look.parts.set(part, [{ commit, info }]);
  return true;
}

/**
 * True if a draft is too old to start anything with it: two graces of writers before garbage
 * collection may remove it, so that earlier operations have landed or are late.
 */
export function isStale(draft: DraftCall, look: DraftLook, now: number): boolean {
  return isWithin(2 * draft.context.settings.leastGraceMs, draft, look, now);
}

/** True if garbage collection may remove a draft in this time. */
function isWithin(
  ms: number,
  { context }: DraftCall,
  { newest }: DraftLook,
  now: number,
): boolean {
  return newest !== undefined && now - newest > draftMemoryMs(context.settings.graceMs) - ms;
}

/**
 * Throws `Conflict` if a draft is so old that `gc` may be removing it. Unless the time of the store is
 * known, it asks for it near that age, because the clock of this machine may be hours behind, and
 * after that clock was set or stood still, because it may be off by any time.
 */
export async function checkFresh(
  draft: DraftCall,
  look: DraftLook,
  { store, wall }: Moment,
): Promise<void> {
  const { clockOffset, settings } = draft.context;
  const isUnsure = store === undefined && clockOffset !== undefined;
  const isNear = isUnsure || isWithin(2 * settings.graceMs, draft, look, store ?? wall);
  if (!isNear || !isStale(draft, look, store ?? await readStoreTime(draft))) return;
  const state = "nothing was added to it for so long that `gc` may be removing it";
  throw draft.fault("Conflict", "use", state, `Open another ${draft.noun} with another id.`);
}

async function readStoreTime({ context, signal }: DraftCall): Promise<number> {
  const { backend, system } = context;
  const key = `${SCRATCH}time-${system.id()}`;
  const sent = await backend.put(key, new Uint8Array(), { useReserve: true, signal });
  await backend.delete(key, { signal });
  return sent.written ? sent.info.modifiedAt : system.now();
}
