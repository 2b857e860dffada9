// The state of a draft: its parts, and the create-only objects that decide how it ends. See FORMAT.md,
// section 6.1.
import { isRegistryError, type RegistryError, retold } from "../../../core/errors.ts";
import { encodeName, shown } from "../../../core/naming/names.ts";
import { valueAt } from "../../../core/faults/present.ts";
import type { VersionRecord } from "../../../core/record.ts";
import { retry } from "../../../core/retry.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { settle } from "../../cell/settle.ts";
import { isLate } from "../../cell/voids.ts";
import { draftPlace, encodePlace, payloadKey } from "../../format/layout.ts";
import { findSaved } from "../target/keyed.ts";
import type { DraftCall } from "./draft_look.ts";
import type { Addition, DraftLook } from "./draft_view.ts";
import { decodeEnd, decodePart, type DraftEnd, draftEndingKey, draftPartKey } from "./note.ts";
import { encodeMark, type PartNote } from "./note.ts";

/**
 * Reads the marks of a draft, `.ending` first: a commit that creates it later takes all parts that
 * are stored by now.
 */
async function findMarks(
  { context: { backend }, folder, endKey, signal }: DraftCall,
): Promise<Pick<DraftLook, "end" | "ending">> {
  const ending = await backend.head(draftEndingKey(folder), { signal });
  return { ending, end: await backend.head(endKey, { signal }) };
}

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
    const addition = await readAddition(draft, part, commit);
    if (addition === undefined) continue; // garbage collected
    // The payload of a late one may have been collected before.
    const landed = { record: addition.note, info: addition.addition.info };
    if (!await isLate(draft.context, landed, draft.signal)) return addition;
    draft.context.logger.warn(`"${info.key}" is ignored: it landed too late`);
  }
}

/** Returns all parts that count, or the given ones, in the order of their encoded names. */
export async function readParts(
  draft: DraftCall,
  look: DraftLook,
  only?: readonly string[],
): Promise<FoundPart[]> {
  const byName = new Map<string, FoundPart>();
  const wanted = new Set(only ?? look.parts.keys());
  await forEachAtOnce(wanted, async (part) => {
    const read = await readPart(draft, part, look.parts.get(part));
    if (read !== undefined) byName.set(part, read);
  });
  const missing = [...wanted].filter((part) => !byName.has(part));
  if (only !== undefined && missing.length > 0) throw notThere(draft, missing);
  const order = (a: string, b: string) => encodeName(a) < encodeName(b) ? -1 : 1;
  return [...byName.keys()].sort(order).map((part) => valueAt(byName, part));
}

/** Reads the parts of a decision, in order. Throws `NotFound` if one is missing. */
export async function readDecided(draft: DraftCall, parts: DecidedParts): Promise<FoundPart[]> {
  const decided: FoundPart[] = [];
  await forEachAtOnce([...parts].entries(), async ([at, [part, commit]]) => {
    const read = await readAddition(draft, part, commit);
    if (read === undefined) throw notThere(draft, [part]);
    decided[at] = read;
  });
  return decided;
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
  const decoded = await decodePart(await object.bytes(), { name, draft: id, part });
  if (decoded !== undefined) return { ...decoded, addition: { commit, info: object.info } };
  throw draft.fault(
    "Corrupt",
    `read part ${shown(part)} of`,
    "the stored part is damaged",
    "Open another draft with another id.",
    key,
  );
}

/** Returns the keys of all objects of a part: its note and its payload. */
export function partKeys({ name }: DraftCall, { note, addition }: FoundPart): string[] {
  const place = encodePlace(draftPlace(addition.commit));
  const objects = new Set(note.files.flatMap(({ parts = [] }) => parts.map((p) => p.object)));
  return [addition.info.key, ...Array.from(objects, (object) => payloadKey(name, place, object))];
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

/** The commits that added each part. */
export type DecidedParts = ReadonlyMap<string, string>;

export type DraftState =
  | { state: "open" | "discarded"; parts?: undefined }
  /** A commit has begun and may have decided on the parts; its version does not exist yet. */
  | { state: "committing"; parts?: DecidedParts }
  /** `parts` is absent after garbage collection. */
  | {
    state: "committed";
    version: string;
    metadata: Record<string, unknown>;
    parts?: DecidedParts;
  };

export async function stateOf(
  draft: DraftCall,
  { end, ending, newest }: Omit<DraftLook, "parts">,
): Promise<DraftState> {
  const decision = end && await readEnd(draft);
  if (decision?.state === "discarded") return { state: "discarded" };
  const isOpen = decision === undefined && ending === undefined;
  if (isOpen && newest !== undefined) return { state: "open" };
  const decided = decision && new Map(decision.parts);
  // After garbage collection of a committed draft, no version would contain a new part.
  const saved = await findSavedDraft(draft);
  if (saved !== undefined) {
    const { version, metadata } = saved.version.record as VersionRecord;
    return { state: "committed", version, metadata, parts: decided };
  }
  return isOpen ? { state: "open" } : { state: "committing", parts: decided };
}

function findSavedDraft({ context, name, idempotencyKey: key, signal }: DraftCall) {
  return findSaved(context, { name, key, lasting: true }, signal);
}

/** Returns how a draft ended; undefined if it has not. */
export async function readEnd(draft: DraftCall): Promise<DraftEnd | undefined> {
  const { context: { backend }, endKey, signal } = draft;
  const object = await backend.get(endKey, { signal });
  if (object === undefined) return undefined;
  const end = decodeEnd(await object.bytes());
  if (end !== undefined) return end;
  throw draft.fault(
    "Corrupt",
    "use",
    "the object that records how it ended is damaged",
    "Open another draft with another id.",
    endKey,
  );
}

/** Decides how a draft ends, unless that is decided. Returns the decision that counts. */
export async function decideEnd(draft: DraftCall, end: DraftEnd): Promise<DraftEnd> {
  if (await createMark(draft, draft.endKey, encodeMark(end))) return end;
  // The existing decision may be our own: requests can be repeated on their way.
  const ending = await orMaybeWritten(readEnd(draft));
  if (ending !== undefined) return ending;
  throw ended(draft, { state: "discarded" }); // garbage collected
}

/** Closes a draft: a listing from now on contains all parts that are ever acknowledged. */
export async function closeDraft(draft: DraftCall): Promise<void> {
  await createMark(draft, draftEndingKey(draft.folder), encodeMark({ state: "ending" }));
}

/** Creates an object; false if it exists, possibly by this call. Either way it is durable. */
async function createMark(draft: DraftCall, key: string, bytes: Uint8Array): Promise<boolean> {
  const { context, signal } = draft;
  const { backend, system, retryForMs } = context;
  context.draftViews.delete(draft.folder); // it ends
  const put = () => backend.put(key, bytes, { mode: "create", size: bytes.byteLength, signal });
  let isLost = false;
  const onRetry = (error: unknown) =>
    void (isLost ||= (error as RegistryError).maybeWritten === true);
  const sent = retry(put, { system, retryForMs, signal, onRetry });
  const { written } = await sent.catch((error) =>
    Promise.reject(isLost ? afterWrite(error) : error)
  );
  if (!written) await orMaybeWritten(settle(context, [key], signal));
  return written;
}

/** Waits for a read after a possible write of this operation: a failure reports `maybeWritten`. */
export async function orMaybeWritten<T>(reading: Promise<T>): Promise<T> {
  return await reading.catch((error) => Promise.reject(afterWrite(error)));
}

export function afterWrite(error: unknown): unknown {
  return isRegistryError(error) ? retold(error, { maybeWritten: true }) : error;
}

/**
 * Returns the state after a part was stored. As long as there is no mark, each later commit has the
 * part.
 */
export async function stateAfterPart(draft: DraftCall): Promise<DraftState> {
  const { context: { system, retryForMs }, signal } = draft;
  return await retry(async () => {
    const marks = await findMarks(draft);
    const isOpen = marks.end === undefined && marks.ending === undefined;
    return isOpen ? { state: "open" } : await stateOf(draft, marks);
  }, { system, retryForMs, signal });
}

export function ended(draft: DraftCall, state: DraftState): RegistryError {
  const { noun } = draft;
  const [commit, committed] = noun === "run" ? ["Finish", "finished"] : ["Commit", "committed"];
  if (state.state === "committing") {
    const hint = `${commit} it, and open another ${noun} for more parts.`;
    return draft.fault("Conflict", "use", `it is being ${committed}`, hint);
  }
  const reason = state.state === "committed"
    ? `it was ${committed} as ${state.version}`
    : "it was discarded";
  return draft.fault("Conflict", "use", reason, `Open another ${noun} with another id.`);
}
