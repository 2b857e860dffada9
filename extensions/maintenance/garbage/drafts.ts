// Drafts. While one may be committed, the payload of its parts is needed without any record.
import type { ObjectInfo } from "../../../backends/mod.ts";
import { shown } from "../../../core/kernel.ts";
import { LAYOUT, StoredDraft } from "../../../registry/records.ts";
import type { Collection, DraftNeeds, DraftPlaces, GarbageItem } from "./collection.ts";
import { NO_PLACES } from "./collection.ts";

type DraftKey = NonNullable<ReturnType<typeof LAYOUT.parseDraftKey>>;

interface ListedDraft {
  /** Its additions and marks. */
  objects: ObjectInfo[];
  places: string[];
  newest: number;
  end?: ObjectInfo;
}

const { isDiscarded, memoryMs } = StoredDraft;

const COMMITTED = "committed";
const DISCARDED = "discarded";

/**
 * Removes drafts that ended or were abandoned, and returns what the others need. Lists drafts after
 * the mark and before any payload, so payload of parts that are not listed is never old. If drafts
 * of a name cannot be listed, all payload of that name is kept. A draft that a second list shows
 * otherwise stays.
 */
export async function collectDrafts(collection: Collection): Promise<DraftNeeds> {
  const { context, signal } = collection;
  const names = new Set<string>();
  const places = new Map<string, Record<keyof DraftPlaces, string[]>>();
  const unreadable = new Map<string, Error>();
  const onFailure = (error: Error, key: string) => {
    const [name = ""] = key.slice(LAYOUT.DRAFTS.length).split("/");
    if (name !== "") names.add(name); // else the failure concerns all names
    unreadable.set(name, error);
  };
  let current: { name: string; draft: string; listed: ListedDraft } | undefined;
  for await (const entry of context.list(LAYOUT.DRAFTS, { signal, onFailure })) {
    const key = LAYOUT.parseDraftKey(entry.key);
    if (key === undefined) continue;
    if (current?.name !== key.name || current.draft !== key.draft) {
      await endDraft();
      current = { name: key.name, draft: key.draft, listed: noneListed() };
    }
    take(current.listed, entry, key);
  }
  await endDraft();
  return {
    names,
    placesOf(name) {
      const error = unreadable.get(name) ?? unreadable.get("");
      if (error !== undefined) throw error;
      return places.get(name) ?? NO_PLACES;
    },
  };

  /** Keeps a draft and its payload: its commit may start or continue. */
  function keep(name: string, listed: ListedDraft): void {
    const { objects, newest, end } = listed;
    note(name, "needed", listed.places);
    if (end === undefined) return;
    const why = isDiscarded(end) ? DISCARDED : COMMITTED;
    const items = objects.filter((object) => object !== end || isDiscarded(end))
      .map(({ key, size }): GarbageItem => ({ what: "draft", key, size, why }));
    collection.waits(items, newest + keptForMs(collection, end));
  }

  function note(name: string, as: keyof DraftPlaces, noted: readonly string[]): void {
    const known = places.get(name) ?? { needed: [], released: [], committed: [] };
    places.set(name, known);
    for (const place of noted) known[as].push(place);
  }

  async function endDraft(): Promise<void> {
    if (current === undefined) return;
    const { name, draft, listed } = current;
    names.add(name);
    if (unreadable.has(name)) return;
    const { end } = listed;
    if (end !== undefined && !isDiscarded(end)) {
      note(name, "committed", [LAYOUT.decodeName(draft)!]);
    }
    if (!isGone(collection, listed)) return keep(name, listed);
    const again = noneListed();
    const folder = `${LAYOUT.DRAFTS}${name}/${draft}/`;
    for await (const entry of context.list(folder, { signal, onFailure })) {
      const key = LAYOUT.parseDraftKey(entry.key);
      if (key !== undefined) take(again, entry, key);
    }
    if (unreadable.has(name)) return;
    if (again.objects.length > listed.objects.length) return keep(name, again);
    if (end === undefined && await context.backend.head(LAYOUT.draftEndKey(folder), { signal })) {
      return keep(name, again); // lists omit its end
    }
    const why = end === undefined ? "abandoned" : isDiscarded(end) ? DISCARDED : COMMITTED;
    if (why !== COMMITTED) note(name, "released", listed.places); // else the version says what it needs
    await removeDraft(collection, listed, `${why}: draft ${shown(LAYOUT.decodeName(draft)!)}`);
  }
}

function noneListed(): ListedDraft {
  return { objects: [], places: [], newest: 0 };
}

function take(listed: ListedDraft, entry: ObjectInfo, { mark, added }: DraftKey): void {
  listed.objects.push(entry);
  listed.newest = Math.max(listed.newest, entry.modifiedAt);
  if (mark === "end") listed.end = entry;
  if (added !== undefined) listed.places.push(LAYOUT.encodePlace(LAYOUT.draftPlace(added.commit)));
}

/** Returns true for a draft that no operation uses any more. */
function isGone(collection: Collection, { end, newest }: ListedDraft): boolean {
  return end !== undefined && isDiscarded(end)
    ? collection.isOld(newest)
    : newest < collection.markAt() - keptForMs(collection, end);
}

/**
 * Returns how long a draft stays after the last write to it, milliseconds. A committed draft may
 * not have its version yet: its commit can be continued as long as an open draft can be used.
 */
function keptForMs({ context, graceMs }: Collection, end: ObjectInfo | undefined): number {
  return end !== undefined && isDiscarded(end) ? graceMs : memoryMs(context.settings.graceMs);
}

/**
 * Removes a draft, its end last, so that the rest never looks like an open draft. The end of a
 * committed draft lists the parts of the version and stays as long as its idempotency key.
 */
async function removeDraft(
  collection: Collection,
  { objects, end, newest }: ListedDraft,
  why: string,
): Promise<void> {
  const items = objects.map(({ key, size }): GarbageItem => ({ what: "draft", key, size, why }));
  const isEnd = ({ key }: GarbageItem) => key === end?.key;
  if (!await collection.remove(items.filter((item) => !isEnd(item)))) return;
  if (end !== undefined && !isDiscarded(end) && !collection.isForgettable(newest)) return;
  await collection.remove(items.filter(isEnd));
}
