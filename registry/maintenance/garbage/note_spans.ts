/**
 * The janitor's notes of spans: where many versions of a name are dead, readers need not pass by each of them.
 *
 * @module
 */
import { isPrefix } from "../../../core/backend.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { decodeName } from "../../../core/naming/names.ts";
import { removeObjects } from "../../../core/work/remove_objects.ts";
import {
  encodeSpans,
  endNote,
  endSpans,
  folderOf,
  hasSpans,
  inOrder,
  listSpanNotes,
  readCounting,
  spanAround,
} from "../../cell/dead_spans.ts";
import type { Span, SpanNote } from "../../cell/dead_spans.ts";
import { isDead } from "../../cell/heads.ts";
import { settle } from "../../cell/settle.ts";
import { DEAD, positionOf, spanFolder, spanKeys } from "../../layout.ts";
import type { Context } from "../../opening/context.ts";
import type { Collection } from "../collection.ts";
import type { Cell } from "./known_name.ts";
import { listCells } from "./listed.ts";

/** Fewer dead versions in a row take a reader less than a millisecond. */
const MIN_DEAD = 64;
/** So many spans of a name are noted, the highest. */
const MAX_SPANS = 1_000;
/** So many records are settled at once. */
const BATCH = 1_000;

/**
 * Notes the spans of a name, given as its encoded segment, where much is dead that is in none, and removes the notes
 * that do not count. What cannot be noted costs readers time; what cannot be ended is reported.
 */
export async function noteSpans(
  collection: Collection,
  name: string,
  cells: readonly Cell[],
): Promise<void> {
  const { context, dryRun, measure, signal } = collection;
  if (!hasSpans(context) || !mayNote(context) || dryRun || measure !== undefined) return;
  const versions = cells.filter(({ kind }) => kind === "version");
  const spans = deadSpans(versions);
  let notes: SpanNote[];
  try {
    notes = await listSpanNotes(context, name, signal);
    // Only what was put there, or whose tombstone was taken away, by hand is alive in a span that counts.
    if (notes.length > 0) {
      await endSpans(context, name, (noted) => hasLiving(versions, noted), signal);
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (!isRegistryError(error)) throw error;
    return collection.fail(spanFolder(name), error.message);
  }
  if (spans.length === 0 && notes.length === 0) return;
  try {
    await renewNotes(collection, name, { versions, spans, notes });
  } catch (error) {
    signal?.throwIfAborted();
    if (!isRegistryError(error)) throw error;
    context.logger.warn(
      `collect garbage: notes nothing of what is dead of "${name}": ${error.message}`,
    );
  }
}

/** Only who waits for the disk: after a power cut, what one was told rests on what the other had not brought there. */
function mayNote({ backend }: Context): boolean {
  return backend.drain !== undefined && backend.sync !== undefined;
}

/** What was found of a name. */
interface Found {
  versions: readonly Cell[];
  spans: readonly Span[];
  notes: readonly SpanNote[];
}

async function renewNotes(
  collection: Collection,
  name: string,
  { versions, spans, notes }: Found,
): Promise<void> {
  const { context, signal, isOld } = collection;
  const counting = new Map<SpanNote, Span[]>();
  for (const note of notes) {
    const noted = await readCounting(context, name, note, signal);
    if (noted.length > 0) counting.set(note, noted);
  }
  const lacking = cellsIn(versions, spans).length -
    cellsIn(versions, [...counting.values()].flat()).length;
  const added = (lacking >= MIN_DEAD || counting.size > 1) &&
    await addNote(collection, name, spans);
  for (const note of notes) {
    // Another janitor may be about to decide what it has begun: if that came back with a power cut, it would count.
    const isPending = note.begunAt !== undefined && !note.decided && !isOld(note.begunAt);
    if (!isPending && (added || !counting.has(note))) await removeNote(collection, name, note);
  }
}

/** Begins a note, makes sure of it, and says so. False where it came to nothing. */
async function addNote(
  collection: Collection,
  name: string,
  spans: readonly Span[],
): Promise<boolean> {
  const { context, signal } = collection;
  const { backend, system } = context;
  if (!await isDrained(collection)) return false;
  const id = system.id();
  const { begun, decided } = spanKeys(name, id);
  const bytes = encodeSpans(context, name, spans);
  await backend.put(begun, bytes, { mode: "create", signal });
  // From here on, whoever creates a version there finds it, and ends it. Who looked before is waited for, then seen.
  const versions = await isDrained(collection) ? await listCells(collection, name) : undefined;
  if (versions === undefined || hasLiving(versions, spans)) {
    await backend.delete(begun, { signal });
    return false;
  }
  // A deletion that was not acknowledged yet might not survive a power cut.
  const heads = cellsIn(versions, spans).map(({ generations }) => generations[0].key);
  for (let at = 0; at < heads.length; at += BATCH) {
    await settle(context, heads.slice(at, at + BATCH), signal);
  }
  return (await backend.put(decided, bytes, { mode: "create", signal })).written;
}

/** Waits for those who write, once for all names where one takes long. */
async function isDrained(collection: Collection): Promise<boolean> {
  const { context: { backend, logger }, signal } = collection;
  if (collection.isHeldUp) return false;
  if (await backend.drain!({ signal })) return true;
  logger.warn(
    "collect garbage: what is dead is not noted: somebody writes for long, or the folder is another user's",
  );
  collection.isHeldUp = true;
  return false;
}

/** Removes the notes of names that the store has nothing of. */
export async function removeSpanNotes(collection: Collection): Promise<void> {
  const { context, dryRun, names, signal } = collection;
  if (!hasSpans(context) || !mayNote(context) || dryRun) return;
  for await (const entry of context.backend.list(DEAD, { delimiter: "/", signal })) {
    const name = isPrefix(entry) ? entry.prefix.slice(DEAD.length, -1) : "";
    if (decodeName(name) === undefined || names.has(name)) continue;
    for (const note of await listSpanNotes(context, name, signal)) {
      if (note.begunAt === undefined || collection.isOld(note.begunAt)) {
        await removeNote(collection, name, note);
      }
    }
  }
}

/** Removes a note. It is ended first: after a power cut it may be back. */
async function removeNote(
  { context, fail, signal }: Collection,
  name: string,
  note: SpanNote,
): Promise<void> {
  await endNote(context, name, note, signal);
  const { begun, decided } = spanKeys(name, note.id);
  for (const key of [begun, decided]) { // while it is begun, the other one keeps its janitor from deciding it
    const failure = (await removeObjects(context.backend, [key], signal)).get(key);
    if (failure !== undefined) return fail(key, failure.message);
  }
}

/** The stretches of many versions in a row that are dead, the highest first. */
function deadSpans(versions: readonly Cell[]): Span[] {
  const found: (Span & { count: number })[] = [];
  let open: Span & { count: number } | undefined;
  for (const { cell, generations: [head] } of versions) {
    const position = positionOf(cell);
    if (open !== undefined && isDead(head) && folderOf(open.first) === folderOf(position)) {
      open.last = position;
      open.count++;
    } else if (isDead(head)) found.push(open = { first: position, last: position, count: 1 });
    else open = undefined;
  }
  const long = found.filter(({ count }) => count >= MIN_DEAD).slice(0, MAX_SPANS);
  return long.map(({ first, last }) => ({ first, last }));
}

function hasLiving(cells: readonly Cell[], spans: readonly Span[]): boolean {
  return cellsIn(cells, spans).some(({ generations: [head] }) => !isDead(head));
}

/** The versions that are in a span. */
function cellsIn(cells: readonly Cell[], spans: readonly Span[]): Cell[] {
  const ahead = inOrder(spans);
  return cells.filter(({ kind, cell }) =>
    kind === "version" && spanAround(ahead, positionOf(cell)) !== undefined
  );
}
