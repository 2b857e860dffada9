// Reading the parts of a draft.
import type { RegistryError } from "../../../core/errors.ts";
import { encodeName, shown } from "../../../core/naming/names.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { draftPlace, encodePlace, payloadKey } from "../../format/layout.ts";
import { decodePart, draftPartKey, type PartNote } from "./note.ts";
import type { Addition, DraftCall, DraftLook } from "./look.ts";
import type { DecidedParts } from "./state.ts";

/** A part that counts, with the bytes of its small files. */
export interface FoundPart {
  note: PartNote;
  inline: Uint8Array;
  addition: Addition;
}

/** Returns the addition of a part that counts; undefined if all of them landed too late. */
export async function readPart(
  draft: DraftCall,
  part: string,
  additions: readonly Addition[] = [],
): Promise<FoundPart | undefined> {
  for (const { commit, info } of additions) {
    const found = await readAddition(draft, part, commit);
    if (found === undefined) continue; // garbage collected
    if (!isLate(draft, found)) return found;
    draft.context.logger.warn(`"${info.key}" is ignored: it landed too late`);
  }
}

/** Returns all parts that count, or the given ones, in the order of their encoded names. */
export async function readParts(
  draft: DraftCall,
  look: DraftLook,
  only?: readonly string[],
): Promise<FoundPart[]> {
  const found = new Map<string, FoundPart>();
  const wanted = new Set(only ?? look.parts.keys());
  await forEachAtOnce(wanted, async (part) => {
    const read = await readPart(draft, part, look.parts.get(part));
    if (read !== undefined) found.set(part, read);
  });
  const missing = [...wanted].filter((part) => !found.has(part));
  if (only !== undefined && missing.length > 0) throw notThere(draft, missing);
  const order = (a: string, b: string) => encodeName(a) < encodeName(b) ? -1 : 1;
  return [...found.keys()].sort(order).map((part) => found.get(part)!);
}

/** Reads the parts of a decision, in order. Throws `NotFound` if one is missing. */
export async function readDecided(draft: DraftCall, parts: DecidedParts): Promise<FoundPart[]> {
  const found: FoundPart[] = [];
  await forEachAtOnce([...parts].entries(), async ([at, [part, commit]]) => {
    const read = await readAddition(draft, part, commit);
    if (read === undefined) throw notThere(draft, [part]);
    found[at] = read;
  });
  return found;
}

export async function readAddition(
  draft: DraftCall,
  part: string,
  commit: string,
): Promise<FoundPart | undefined> {
  const { context: { backend }, name, id, signal } = draft;
  const key = draftPartKey(draft.folder, part, commit);
  const object = await backend.get(key, { signal });
  if (object === undefined) return undefined;
  const found = decodePart(await object.bytes(), { name, draft: id, part });
  if (found !== undefined) return { ...found, addition: { commit, info: object.info } };
  throw draft.fault(
    "Corrupt",
    `read part ${shown(part)} of`,
    "the stored part is damaged",
    "Restore the object from a copy, or open another draft with another id.",
    key,
  );
}

/** Returns the keys of all objects of a part: its note and its payload. */
export function partKeys({ name }: DraftCall, { note, addition }: FoundPart): string[] {
  const place = encodePlace(draftPlace(addition.commit));
  const objects = new Set(note.files.flatMap(({ parts = [] }) => parts.map((p) => p.object)));
  return [addition.info.key, ...Array.from(objects, (object) => payloadKey(name, place, object))];
}

/** True if a part landed so late that its payload may have been garbage collected before. */
function isLate({ context }: DraftCall, { note, addition }: FoundPart): boolean {
  const began = Date.parse(note.startedAt);
  return context.createdAt <= began &&
    addition.info.modifiedAt > began + context.settings.leastGraceMs / 2;
}

const MAX_LISTED = 5;

export function listed(parts: readonly string[]): string {
  const more = parts.length > MAX_LISTED ? ` and ${parts.length - MAX_LISTED} more` : "";
  return `${parts.slice(0, MAX_LISTED).map(shown).join(", ")}${more}`;
}

function notThere(draft: DraftCall, missing: readonly string[]): RegistryError {
  return draft.fault(
    "NotFound",
    "commit",
    `missing: ${listed(missing)}`,
    "Add the missing parts, and commit again.",
  );
}
