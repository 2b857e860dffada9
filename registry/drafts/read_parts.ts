// Reading the parts of a draft.
import { fault, type RegistryError } from "../../core/errors.ts";
import { encodeName, shown } from "../../core/naming/names.ts";
import { leastGraceOf } from "../../core/record/record.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { draftPlace, encodePlace, payloadKey } from "../layout.ts";
import { draftFolder, draftPartKey } from "./keys.ts";
import type { Context } from "../opening/context.ts";
import type { Addition, DraftLook, DraftName } from "./look.ts";
import { spoken } from "./look.ts";
import { decodePart } from "./note.ts";
import type { PartNote } from "./note.ts";
import type { DecidedParts } from "./state.ts";

export interface FoundPart {
  note: PartNote;
  inline: Uint8Array;
  addition: Addition;
}

/** The part that counts among what was added for it; undefined where all of it landed too late. */
export async function readPart(
  context: Context,
  draft: DraftName,
  { part, additions, signal }: {
    part: string;
    additions: readonly Addition[];
    signal?: AbortSignal;
  },
): Promise<FoundPart | undefined> {
  for (const { commit, info } of additions) {
    const found = await readAddition(context, draft, { part, commit, signal });
    if (found === undefined) continue; // the collector removed it
    if (!isLate(context, found.note, found.addition)) return found;
    context.logger.warn(`"${info.key}" does not count: it landed too late`);
  }
}

/** All parts that count, or those that are asked for, in the order of their encoded names. */
export async function readParts(
  context: Context,
  draft: DraftName,
  { look, only, signal }: { look: DraftLook; only?: readonly string[]; signal?: AbortSignal },
): Promise<FoundPart[]> {
  const found = new Map<string, FoundPart>();
  const wanted = new Set(only ?? look.parts.keys());
  await forEachAtOnce(wanted, async (part) => {
    const additions = look.parts.get(part) ?? [];
    const read = await readPart(context, draft, { part, additions, signal });
    if (read !== undefined) found.set(part, read);
  });
  const missing = [...wanted].filter((part) => !found.has(part));
  if (only !== undefined && missing.length > 0) throw notThere(draft, missing);
  const order = (a: string, b: string) => encodeName(a) < encodeName(b) ? -1 : 1;
  return [...found.keys()].sort(order).map((part) => found.get(part)!);
}

/** Reads the parts that a commit decided on, in their order. Throws `NotFound` if one is gone. */
export async function readDecided(
  context: Context,
  draft: DraftName,
  { parts, signal }: { parts: DecidedParts; signal?: AbortSignal },
): Promise<FoundPart[]> {
  const found: FoundPart[] = [];
  await forEachAtOnce([...parts].entries(), async ([at, [part, commit]]) => {
    const read = await readAddition(context, draft, { part, commit, signal });
    if (read === undefined) throw notThere(draft, [part]);
    found[at] = read;
  });
  return found;
}

/** Reads a part as one commit added it; undefined if it is gone. */
export async function readAddition(
  context: Context,
  { name, id }: DraftName,
  { part, commit, signal }: { part: string; commit: string; signal?: AbortSignal },
): Promise<FoundPart | undefined> {
  const key = draftPartKey(draftFolder(name, id), part, commit);
  const object = await context.backend.get(key, { signal });
  if (object === undefined) return undefined;
  const found = decodePart(await object.bytes(), { name, draft: id, part });
  if (found === undefined) throw damaged(context, { name, id }, part, key);
  return { ...found, addition: { commit, info: object.info } };
}

/** Keys of all objects that hold files of a part. */
export function partObjects(name: string, { note, addition }: FoundPart): string[] {
  const place = encodePlace(draftPlace(addition.commit));
  const objects = new Set(
    note.files.flatMap(({ parts = [] }) => parts.map(({ object }) => object)),
  );
  return Array.from(objects, (object) => payloadKey(name, place, object));
}

/** Whether a part landed so long after it was begun that its payload may have been collected before. */
function isLate(
  { createdAt, settings }: Context,
  { startedAt }: PartNote,
  { info }: Addition,
): boolean {
  const began = Date.parse(startedAt);
  return createdAt <= began && info.modifiedAt > began + leastGraceOf(settings) / 2;
}

const MAX_LISTED = 5;

/** Lists names of parts for a message. */
export function listed(parts: readonly string[]): string {
  const more = parts.length > MAX_LISTED ? ` and ${parts.length - MAX_LISTED} more` : "";
  return `${parts.slice(0, MAX_LISTED).map(shown).join(", ")}${more}`;
}

function notThere(draft: DraftName, missing: readonly string[]): RegistryError {
  return fault({
    code: "NotFound",
    action: "commit",
    subject: spoken(draft),
    state: `${listed(missing)} ${missing.length > 1 ? "are" : "is"} not there`,
    hint: "Add what is missing, and commit again. Nothing was saved.",
  });
}

function damaged({ backend }: Context, draft: DraftName, part: string, key: string): RegistryError {
  return fault({
    code: "Corrupt",
    action: "read part",
    subject: `${shown(part)} of ${spoken(draft)}`,
    state: "it is damaged",
    hint:
      "The stored bytes changed. Restore the object from a copy, or begin another draft, with another id.",
    key,
    backend: backend.location,
  });
}
