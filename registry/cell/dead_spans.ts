/**
 * Spans: stretches of a name's versions of which none is alive, as the janitor notes them, so that whoever looks for
 * what is alive need not pass by each of the dead. Whoever creates a version within one ends the note before: the put of
 * his record asks for notes when its stage is there, and the janitor, having begun a note, waits for the stages that
 * are there. So one of the two always sees the other. FORMAT.md section 7.2 says the same step by step.
 *
 * @module
 */
import { isPrefix } from "../../core/backend.ts";
import type { ObjectInfo, PutGuard } from "../../core/backend.ts";
import { isRegistryError, retold } from "../../core/errors.ts";
import type { RegistryError } from "../../core/errors.ts";
import { decodeNote, encodeNote } from "../../core/text/noted.ts";
import {
  afterFolder,
  nameSegment,
  parseSpanKey,
  positionOf,
  spanFolder,
  spanKeys,
} from "../layout.ts";
import type { Context } from "../opening/context.ts";
import { isOfStore, stampOf } from "../opening/stamp.ts";

/** A stretch of versions, by the positions of its highest and its lowest (see {@linkcode positionOf}). */
export interface Span {
  /** The highest. */
  first: string;
  /** The lowest; in the same folder. */
  last: string;
}

/** A note of spans, as the listing of its two objects shows it. */
export interface SpanNote {
  /** What the janitor named it by. */
  id: string;
  /** When it was begun, store time, if it was not removed: only then it may count. */
  begunAt?: number;
  /** Whether it was made sure that nothing in its spans is alive, or it was ended. */
  decided: boolean;
}

/** A longer note says something else. */
const MAX_NOTE_BYTES = 1 << 20;

/** Whether the registry has notes of spans. */
export function hasSpans({ settings }: Pick<Context, "settings">): boolean {
  return settings.layout === "folded";
}

/** The notes of a name, given as its encoded segment. */
export async function listSpanNotes(
  { backend }: Context,
  name: string,
  signal?: AbortSignal,
): Promise<SpanNote[]> {
  const notes = new Map<string, SpanNote>();
  for await (const entry of backend.list(spanFolder(name), { signal })) {
    const found = isPrefix(entry) ? undefined : parseSpanKey(entry.key);
    if (found === undefined) continue;
    const note = notes.get(found.id) ?? { id: found.id, decided: false };
    notes.set(found.id, note);
    if (found.begun) note.begunAt = (entry as ObjectInfo).modifiedAt;
    else note.decided = true;
  }
  return [...notes.values()];
}

/** A note as it is stored; one that was ended has no spans. It holds for this registry alone, and for no copy of it. */
export function encodeSpans(context: Context, name: string, spans: readonly Span[]): Uint8Array {
  return encodeNote({
    ...stampOf(context),
    name,
    spans: spans.map(({ first, last }) => [first, last]),
  });
}

/** What an object of a note says; undefined where it is gone, or not to be believed. */
export async function readSpanNote(
  context: Context,
  name: string,
  key: string,
  signal?: AbortSignal,
): Promise<Span[] | undefined> {
  const object = await context.backend.get(key, { signal });
  if (object === undefined) return undefined;
  if (object.info.size > MAX_NOTE_BYTES) return void await object.body.cancel();
  const note = decodeNote(await object.bytes()) as
    | Partial<Record<string, unknown>>
    | null
    | undefined;
  if (!isOfStore(context, note) || note?.name !== name) return undefined;
  const { spans } = note;
  return Array.isArray(spans) && spans.every(isSpan)
    ? spans.map(([first, last]) => ({ first, last }))
    : undefined;
}

function isSpan(value: unknown): value is [string, string] {
  if (!Array.isArray(value) || value.length !== 2 || value.some((end) => typeof end !== "string")) {
    return false;
  }
  const [first, last] = value as [string, string];
  return first <= last && folderOf(first) === folderOf(last);
}

/** `final`, or `prerelease`. */
export function folderOf(position: string): string {
  return position.slice(0, position.indexOf("/"));
}

/** The spans that count of a cell's name, the highest first. What cannot be read costs time, nothing else. */
export async function readSpans(
  context: Context,
  cell: string,
  signal?: AbortSignal,
): Promise<Span[]> {
  const name = nameSegment(cell);
  const spans: Span[] = [];
  try {
    for (const note of await listSpanNotes(context, name, signal)) {
      if (note.begunAt !== undefined) {
        spans.push(...await readCounting(context, name, note, signal));
      }
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (!isRegistryError(error)) throw error;
    context.logger.debug(`passes by no span of "${name}": ${error.message}`);
  }
  return inOrder(spans);
}

/** The spans of a note, if it counts: what was decided does only where nobody had removed what was begun. */
export async function readCounting(
  context: Context,
  name: string,
  { id, decided: isDecided }: SpanNote,
  signal?: AbortSignal,
): Promise<Span[]> {
  if (!isDecided) return [];
  const { begun, decided } = spanKeys(name, id);
  const spans = await readSpanNote(context, name, decided, signal) ?? [];
  return spans.length === 0 || await context.backend.head(begun, { signal }) === undefined
    ? []
    : spans;
}

/** Spans, the highest first. */
export function inOrder(spans: readonly Span[]): Span[] {
  return [...spans].sort((a, b) => a.first < b.first ? -1 : 1);
}

/** The span that a version is in, of those that are ahead, the highest first; forgets what is behind. */
export function spanAround(ahead: Span[], position: string): Span | undefined {
  while (ahead.length > 0 && ahead[0].last < position) ahead.shift();
  const [span] = ahead;
  return span !== undefined && span.first <= position && folderOf(span.first) === folderOf(position)
    ? span
    : undefined;
}

/** The key behind the span that a cell is in, which is forgotten too; undefined where it is in none. */
export function behindSpan(ahead: Span[], cell: string): string | undefined {
  const position = positionOf(cell);
  if (spanAround(ahead, position) === undefined) return undefined;
  return afterFolder(`${cell.slice(0, -position.length)}${ahead.shift()!.last}`);
}

/** What a put of a version's record must not overlook; undefined where there is nothing of the kind. */
export function spanGuard(
  context: Context,
  cell: string,
  signal?: AbortSignal,
): PutGuard | undefined {
  if (!hasSpans(context)) return undefined;
  const name = nameSegment(cell);
  return {
    prefix: spanFolder(name),
    async found() {
      const position = positionOf(cell);
      try {
        await endSpans(
          context,
          name,
          (spans) => spanAround(inOrder(spans), position) !== undefined,
          signal,
        );
      } catch (error) {
        throw isRegistryError(error) ? notEnded(error) : error;
      }
    },
  };
}

/** Whatever became of the note, nothing was written of the version. */
function notEnded(cause: RegistryError): RegistryError {
  const message = `Cannot end a note of deleted versions that this one is among: ${cause.message}`;
  const lost = cause.maybeWritten
    ? { code: "Unavailable", retry: "later", maybeWritten: false } as const
    : {};
  return retold(cause, { message, cause, ...lost });
}

/** Ends the notes whose spans are concerned, and those that cannot be read. */
export async function endSpans(
  context: Context,
  name: string,
  concerns: (spans: readonly Span[]) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  for (const note of await listSpanNotes(context, name, signal)) {
    if (note.begunAt === undefined) continue;
    const spans = await readBegun(context, name, note, signal);
    if (spans === undefined || concerns(spans)) await endNote(context, name, note, signal);
  }
}

/** What notes were begun with: that never changes, and each save of their names asks. */
const begunSpans = new WeakMap<Context, Map<string, Span[]>>();
const MAX_REMEMBERED = 100;

async function readBegun(
  context: Context,
  name: string,
  { id }: SpanNote,
  signal?: AbortSignal,
): Promise<Span[] | undefined> {
  const { begun } = spanKeys(name, id);
  const known = begunSpans.get(context) ?? new Map<string, Span[]>();
  const remembered = known.get(begun);
  if (remembered !== undefined) return remembered;
  const spans = await readSpanNote(context, name, begun, signal);
  if (known.size >= MAX_REMEMBERED) known.clear();
  if (spans !== undefined) known.set(begun, spans);
  begunSpans.set(context, known);
  return spans;
}

/** Ends a note, for good: who decides it otherwise only creates that object. */
export async function endNote(
  context: Context,
  name: string,
  { id, decided: isDecided }: SpanNote,
  signal?: AbortSignal,
): Promise<void> {
  const { backend } = context;
  const { decided } = spanKeys(name, id);
  const isEnded = isDecided && (await readSpanNote(context, name, decided, signal))?.length === 0;
  if (isEnded) await backend.sync?.([decided], { signal }); // else a power cut might take it back
  else await backend.put(decided, encodeSpans(context, name, []), { signal });
}
