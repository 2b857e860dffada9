/**
 * Drafts: while one may be committed, the payload of its parts is needed, though no record says so.
 *
 * @module
 */
import type { ObjectInfo } from "../../../core/backend.ts";
import { decodeName, shown } from "../../../core/naming/names.ts";
import { draftMemoryMs } from "../../drafts/draft_age.ts";
import { draftPlace, DRAFTS, encodePlace, parseDraftKey } from "../../layout.ts";
import type { Collection, DraftNeeds, GarbageItem } from "../collection.ts";
import { listReadable } from "../readable.ts";

/** What the store has of a draft. */
interface ListedDraft {
  /** Its objects: additions, and what says that it has ended. */
  objects: ObjectInfo[];
  /** Places of the payload of its parts. */
  places: string[];
  /** Store time of what was written last. */
  newest: number;
  /** What says that it has ended. */
  end?: ObjectInfo;
}

const ENDED = "committed or discarded";
const NONE: readonly string[] = [];

/**
 * Removes drafts that ended, or were left alone for long, and tells what the others need. All of that is listed after
 * the mark was taken, and before any payload: of a part that is not in the listing, no payload is old.
 *
 * Where something of a name cannot be listed, it may need anything of that name: nothing of that goes.
 */
export async function collectDrafts(collection: Collection): Promise<DraftNeeds> {
  const { context, signal } = collection;
  const names = new Set<string>();
  const needed = new Map<string, string[]>();
  const unreadable = new Map<string, Error>();
  const onFailure = (error: Error, key: string) => {
    const name = key.slice(DRAFTS.length).split("/")[0];
    if (name !== "") names.add(name); // else all of them: no name is empty, and stores differ in what they say of one
    unreadable.set(name, error);
  };
  let current: { name: string; draft: string; listed: ListedDraft } | undefined;
  for await (const entry of listReadable(context, DRAFTS, { signal, onFailure })) {
    const key = parseDraftKey(entry.key);
    if (key === undefined) continue;
    if (current?.name !== key.name || current.draft !== key.draft) {
      await settle();
      current = { name: key.name, draft: key.draft, listed: { objects: [], places: [], newest: 0 } };
    }
    const { listed } = current;
    listed.objects.push(entry);
    listed.newest = Math.max(listed.newest, entry.modifiedAt);
    if (key.added === undefined) listed.end = entry;
    else listed.places.push(encodePlace(draftPlace(key.added.commit)));
  }
  await settle();
  return {
    names,
    placesOf(name) {
      const error = unreadable.get(name) ?? unreadable.get("");
      if (error !== undefined) throw error;
      return needed.get(name) ?? NONE;
    },
  };

  /** What it needs stays; it too, as long as nobody can say that it will never be committed. */
  function keep(name: string, { places, objects, newest, end }: ListedDraft): void {
    needed.set(name, [...needed.get(name) ?? [], ...places]);
    if (end === undefined) return;
    const items = objects.map(({ key, size }): GarbageItem => ({ what: "draft", key, size, why: ENDED }));
    collection.waits(items, newest + collection.graceMs);
  }

  /** A draft was listed whole. */
  async function settle(): Promise<void> {
    if (current === undefined) return;
    const { name, draft, listed } = current;
    names.add(name);
    if (unreadable.has(name)) return;
    const why = whyGone(collection, listed);
    if (why === undefined) keep(name, listed);
    else await removeDraft(collection, listed, `${why}: draft ${shown(decodeName(draft)!)}`);
  }
}

/** Why a draft may go; undefined where it is needed. Ended or not, nobody has begun anything with it for long. */
function whyGone({ isOld, markAt, context }: Collection, { end, newest }: ListedDraft): string | undefined {
  if (end !== undefined) return isOld(newest) ? ENDED : undefined;
  return newest < markAt() - draftMemoryMs(context.settings.graceMs) ? "left alone for long" : undefined;
}

/** What says that it has ended goes last: what is left of a draft must not look like one. */
async function removeDraft(collection: Collection, { objects, end }: ListedDraft, why: string): Promise<void> {
  const items = objects.map(({ key, size }): GarbageItem => ({ what: "draft", key, size, why }));
  const isEnd = ({ key }: GarbageItem) => key === end?.key;
  const additions = items.filter((item) => !isEnd(item));
  if (await collection.remove(additions)) await collection.remove(items.filter(isEnd));
}
