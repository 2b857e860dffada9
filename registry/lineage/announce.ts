// Noting what a version is made from before its record says so, so that what is made from a version
// is found without reading all records: whatever a record says is noted already. What is noted may
// have come to nothing: readers look at the record. A note is never taken back by its writer, for
// that request might arrive when the same note counts.
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import type { Version } from "../../core/naming/versions.ts";
import type { ArtifactInput } from "../../core/record/record.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import type { Operation } from "../cell/operation.ts";
import { lineageFolder, lineageKey, orderSegment, UNPINNED } from "../layout.ts";
import type { Context } from "../opening/context.ts";
import { readInput } from "./inputs.ts";

export interface Announcement {
  name: string;
  version: Version;
  inputs: readonly ArtifactInput[];
}

export function lineageKeys(
  context: Pick<Context, "settings">,
  { name, version, commit, inputs }: Announcement & { commit: string },
): string[] {
  const { versioned } = context.settings;
  const place = { order: orderSegment(version, versioned), commit };
  const keys = new Set<string>();
  for (const given of inputs) {
    const input = readInput(context, given);
    if (input.name === undefined) continue;
    const order = input.version === undefined ? UNPINNED : orderSegment(input.version, versioned);
    keys.add(lineageKey(lineageFolder(input.name, order), name, place));
  }
  return [...keys];
}

/** Notes what the version is made from that this operation is about to write: all of it before the record is sent. */
export async function announceInputs(
  context: Context,
  operation: Operation,
  version: Announcement,
): Promise<void> {
  if (version.inputs.length === 0) return;
  const { commit, signal } = operation;
  await forEachAtOnce(lineageKeys(context, { ...version, commit }), async (key) => {
    operation.checkSend();
    try {
      const sent = await context.backend.put(key, new Uint8Array(), { signal });
      if (sent.written) operation.noteReply(sent.info);
    } catch (error) {
      throw isRegistryError(error) && !signal?.aborted ? notNoted(operation, error) : error;
    }
  });
}

/** Whatever became of the note: nothing is committed by it. */
function notNoted({ action, commit }: Operation, error: RegistryError): RegistryError {
  if (!error.maybeWritten && error.code !== "Unknown") return error;
  const { key, backend } = error;
  return fault({
    code: "Unavailable",
    action,
    state: "the store did not say whether its inputs are noted, so nothing was committed",
    hint: "Try again.",
    key,
    backend,
    commit,
    cause: error,
  });
}
