// The state of a draft, and the two create-only objects that decide it. See FORMAT.md, section 6.1.
import { isPrefix } from "../../core/backend.ts";
import { fault, isRegistryError, type RegistryError, retold } from "../../core/errors.ts";
import type { VersionRecord } from "../../core/record/record.ts";
import { retry } from "../../core/retry.ts";
import { settle } from "../cell/settle.ts";
import { draftEndingKey, draftEndKey, draftFolder, parseDraftKey } from "./keys.ts";
import type { Context } from "../opening/context.ts";
import { findSaved } from "../target/keyed.ts";
import { isStale } from "./draft_age.ts";
import { draftKey, spoken } from "./look.ts";
import type { DraftLook, DraftName } from "./look.ts";
import { decodeEnd, encodeMark } from "./note.ts";
import type { DraftEnd } from "./note.ts";

export type DecidedParts = ReadonlyMap<string, string>;

export type DraftState =
  | { state: "open" | "discarded" }
  /** A commit has begun. It may have decided on the parts; its version is not there yet. */
  | { state: "committing"; parts?: DecidedParts }
  /** `parts` is absent when the collector has removed the draft. */
  | { state: "committed"; version: string; parts?: DecidedParts };

/** Returns the state of a draft. */
export async function stateOf(
  context: Context,
  draft: DraftName,
  { look: { end, ending, parts }, signal }: {
    look: Omit<DraftLook, "newest">;
    signal?: AbortSignal;
  },
): Promise<DraftState> {
  const decision = end && await readEnd(context, draft, signal);
  if (decision?.state === "discarded") return { state: "discarded" };
  if (decision === undefined && ending === undefined && parts.size > 0) return { state: "open" };
  const decided = decision && new Map(decision.parts);
  // The collector removes a draft that was committed long ago. A part that is added now would be in no version.
  const saved = await findSaved(context, { name: draft.name, key: draftKey(draft) }, signal);
  if (saved !== undefined) {
    return { state: "committed", version: (saved.record as VersionRecord).version, parts: decided };
  }
  return decision === undefined && ending === undefined
    ? { state: "open" }
    : { state: "committing", parts: decided };
}

/** Reads the object that decides how a draft ends; undefined if there is none. */
export async function readEnd(
  context: Context,
  draft: DraftName,
  signal?: AbortSignal,
): Promise<DraftEnd | undefined> {
  const { backend } = context;
  const key = draftEndKey(draftFolder(draft.name, draft.id));
  const object = await backend.get(key, { signal });
  if (object === undefined) return undefined;
  const end = decodeEnd(await object.bytes());
  if (end !== undefined) return end;
  throw fault({
    code: "Corrupt",
    action: "use",
    subject: spoken(draft),
    state: "the object that records how it ended is damaged",
    hint: "Restore the object from a copy, or open another draft with another id.",
    key,
    backend: backend.location,
  });
}

/** Decides how a draft ends, unless it is already decided. Returns the decision that counts. */
export async function decideEnd(
  context: Context,
  draft: DraftName,
  { end, signal }: { end: DraftEnd; signal?: AbortSignal },
): Promise<DraftEnd> {
  const key = draftEndKey(draftFolder(draft.name, draft.id));
  if (await createMark(context, { key, bytes: encodeMark(end), signal })) return end;
  // What is there may be the own decision: a request may be repeated on its way.
  const found = await orMaybeWritten(readEnd(context, draft, signal));
  if (found !== undefined) return found;
  throw ended(draft, { state: "discarded" }); // the collector has removed it
}

/** Closes a draft: later parts are not acknowledged, so a listing from now on has all acknowledged parts. */
export async function closeDraft(
  context: Context,
  draft: DraftName,
  signal?: AbortSignal,
): Promise<void> {
  const key = draftEndingKey(draftFolder(draft.name, draft.id));
  await createMark(context, { key, bytes: encodeMark({ state: "ending" }), signal });
}

/** Creates an object. Returns false if it exists, which this call may have created. Either way it is durable then. */
async function createMark(
  context: Context,
  { key, bytes, signal }: { key: string; bytes: Uint8Array; signal?: AbortSignal },
): Promise<boolean> {
  const { backend, system, retryForMs } = context;
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

/** Reads something after a write of this operation may have landed: the error of a failed read says so. */
export async function orMaybeWritten<T>(reading: Promise<T>): Promise<T> {
  return await reading.catch((error) => Promise.reject(afterWrite(error)));
}

/** The error of an operation that may have changed the draft before it failed. */
export function afterWrite(error: unknown): unknown {
  return isRegistryError(error) ? retold(error, { maybeWritten: true }) : error;
}

/**
 * Returns the state of a draft after a part was added. Call it once the part is stored: as long as there is no mark,
 * each later commit has the part.
 */
export async function stateAfterPart(
  context: Context,
  draft: DraftName,
  signal?: AbortSignal,
): Promise<DraftState> {
  const { backend, system, retryForMs } = context;
  return await retry(async () => {
    const look: Pick<DraftLook, "parts" | "end" | "ending"> = { parts: new Map() };
    for await (
      const entry of backend.list(draftEndKey(draftFolder(draft.name, draft.id)), { signal })
    ) {
      const mark = isPrefix(entry) ? undefined : parseDraftKey(entry.key)?.mark;
      if (mark !== undefined && !isPrefix(entry)) look[mark] = entry;
    }
    const isOpen = look.end === undefined && look.ending === undefined;
    return isOpen ? { state: "open" } : await stateOf(context, draft, { look, signal });
  }, { system, retryForMs, signal });
}

/** Throws `Conflict` if nothing was added to a draft for so long that `gc` may be removing it. */
export function checkFresh(
  context: Context,
  draft: DraftName,
  { look, now }: { look: DraftLook; now: number },
): void {
  if (!isStale(context, look, now)) return;
  throw fault({
    code: "Conflict",
    action: "use",
    subject: spoken(draft),
    state: "nothing was added to it for so long that `gc` may be removing it",
    hint: "Open another draft with another id.",
  });
}

/** The error of a draft that takes no more parts, or cannot be committed. */
export function ended(draft: DraftName, state: DraftState): RegistryError {
  const how = state.state === "committed"
    ? `it was committed as ${state.version}`
    : state.state === "discarded"
    ? "it was discarded"
    : "it is being committed";
  return fault({
    code: "Conflict",
    action: "use",
    subject: spoken(draft),
    state: how,
    hint: state.state === "committing"
      ? "Commit it to get its version, and open another draft with another id for further parts."
      : "Open another draft with another id.",
  });
}
