// The state of a draft, and the create-only objects that decide it. See FORMAT.md, section 6.1.
import { isPrefix } from "../../../core/backend.ts";
import { isRegistryError, type RegistryError, retold } from "../../../core/errors.ts";
import type { VersionRecord } from "../../../core/record.ts";
import { retry } from "../../../core/retry.ts";
import { settle } from "../../cell/settle.ts";
import { findSaved } from "../target/keyed.ts";
import { decodeEnd, type DraftEnd, draftEndingKey, encodeMark, parseDraftKey } from "./note.ts";
import type { DraftCall, DraftLook } from "./look.ts";

/** The commits that added each part. */
export type DecidedParts = ReadonlyMap<string, string>;

export type DraftState =
  | { state: "open" | "discarded"; parts?: undefined }
  /** A commit has begun and may have decided on the parts; its version does not exist yet. */
  | { state: "committing"; parts?: DecidedParts }
  /** `parts` is absent after garbage collection. */
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
  // After garbage collection of a committed draft, no version would contain a new part.
  const saved = await findSavedDraft(draft);
  if (saved !== undefined) {
    return { state: "committed", version: (saved.record as VersionRecord).version, parts: decided };
  }
  return isOpen ? { state: "open" } : { state: "committing", parts: decided };
}

export function findSavedDraft({ context, name, idempotencyKey: key, signal }: DraftCall) {
  return findSaved(context, { name, key }, signal);
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
    "Restore the object from a copy, or open another draft with another id.",
    endKey,
  );
}

/** Decides how a draft ends, unless that is decided. Returns the decision that counts. */
export async function decideEnd(draft: DraftCall, end: DraftEnd): Promise<DraftEnd> {
  if (await createMark(draft, draft.endKey, encodeMark(end))) return end;
  // The existing decision may be our own: requests can be repeated on their way.
  const found = await orMaybeWritten(readEnd(draft));
  if (found !== undefined) return found;
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

/** Returns an error with `maybeWritten`. */
export function afterWrite(error: unknown): unknown {
  return isRegistryError(error) ? retold(error, { maybeWritten: true }) : error;
}

/**
 * Returns the state after a part was stored. As long as there is no mark, each later commit has the
 * part.
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
  const conflict = (reason: string, hint: string) => draft.fault("Conflict", "use", reason, hint);
  if (state.state === "committing") {
    return conflict("it is being committed", "Commit it, and open another draft for more parts.");
  }
  const reason = state.state === "committed"
    ? `it was committed as ${state.version}`
    : "it was discarded";
  return conflict(reason, "Open another draft with another id.");
}
