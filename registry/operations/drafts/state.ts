// The state of a draft, and the two create-only objects that decide it. See FORMAT.md, section 6.1.
import { isPrefix } from "../../../core/backend.ts";
import { isRegistryError, type RegistryError, retold } from "../../../core/errors.ts";
import type { VersionRecord } from "../../../core/record.ts";
import { retry } from "../../../core/retry.ts";
import { settle } from "../../cell/settle.ts";
import { findSaved } from "../target/keyed.ts";
import { decodeEnd, type DraftEnd, draftEndingKey, encodeMark, parseDraftKey } from "./note.ts";
import type { DraftCall, DraftLook } from "./look.ts";

/** By part, the commit that added it. */
export type DecidedParts = ReadonlyMap<string, string>;

export type DraftState =
  | { state: "open" | "discarded"; parts?: undefined }
  /** A commit has begun. It may have decided on the parts; its version is not there yet. */
  | { state: "committing"; parts?: DecidedParts }
  /** `parts` is absent when the collector has removed the draft. */
  | { state: "committed"; version: string; parts?: DecidedParts };

export async function stateOf(
  draft: DraftCall,
  { end, ending, parts }: Omit<DraftLook, "newest">,
): Promise<DraftState> {
  const decision = end && await readEnd(draft);
  if (decision?.state === "discarded") return { state: "discarded" };
  const isOpen = decision === undefined && ending === undefined;
  if (isOpen && parts.size > 0) return { state: "open" };
  const decided = decision && new Map(decision.parts);
  // The collector removes a draft that was committed long ago. A part that is added now would be in no version.
  const saved = await findSavedDraft(draft);
  if (saved !== undefined) {
    return { state: "committed", version: (saved.record as VersionRecord).version, parts: decided };
  }
  return isOpen ? { state: "open" } : { state: "committing", parts: decided };
}

export function findSavedDraft({ context, name, idempotencyKey: key, signal }: DraftCall) {
  return findSaved(context, { name, key }, signal);
}

/** Reads the object that decides how a draft ends; undefined if there is none. */
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
    "Restore the object from a copy, or open another draft with another id.",
    endKey,
  );
}

/** Decides how a draft ends, unless it is already decided. Returns the decision that counts. */
export async function decideEnd(draft: DraftCall, end: DraftEnd): Promise<DraftEnd> {
  if (await createMark(draft, draft.endKey, encodeMark(end))) return end;
  // What is there may be the own decision: a request may be repeated on its way.
  const found = await orMaybeWritten(readEnd(draft));
  if (found !== undefined) return found;
  throw ended(draft, { state: "discarded" }); // the collector has removed it
}

/** Closes a draft: later parts are not acknowledged, so a listing from now on has all acknowledged parts. */
export async function closeDraft(draft: DraftCall): Promise<void> {
  await createMark(draft, draftEndingKey(draft.folder), encodeMark({ state: "ending" }));
}

/** Creates an object. Returns false if it exists, which this call may have created. Either way it is durable then. */
async function createMark(draft: DraftCall, key: string, bytes: Uint8Array): Promise<boolean> {
  const { context, signal } = draft;
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
export async function stateAfterPart(draft: DraftCall): Promise<DraftState> {
  const { context: { backend, system, retryForMs }, signal } = draft;
  return await retry(async () => {
    const look: Pick<DraftLook, "parts" | "end" | "ending"> = { parts: new Map() };
    for await (const entry of backend.list(draft.endKey, { signal })) {
      const mark = isPrefix(entry) ? undefined : parseDraftKey(entry.key)?.mark;
      if (mark !== undefined && !isPrefix(entry)) look[mark] = entry;
    }
    const isOpen = look.end === undefined && look.ending === undefined;
    return isOpen ? { state: "open" } : await stateOf(draft, look);
  }, { system, retryForMs, signal });
}

export function ended(draft: DraftCall, state: DraftState): RegistryError {
  if (state.state === "committing") {
    const hint =
      "Commit it to get its version, and open another draft with another id for further parts.";
    return draft.fault("Conflict", "use", "it is being committed", hint);
  }
  const how = state.state === "committed"
    ? `it was committed as ${state.version}`
    : "it was discarded";
  return draft.fault("Conflict", "use", how, "Open another draft with another id.");
}
