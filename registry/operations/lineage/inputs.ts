// Inputs of versions: checks, and the index from inputs to versions.
//
// An index entry is written before the record, so that lineage needs no full scan. It may be stale:
// readers check the record. Writers never delete entries, because the request could arrive after
// the same entry became valid.
import { fault, isRegistryError, type RegistryError } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import { parseRef } from "../../../core/naming/refs.ts";
import { FIRST_VERSION, type Version } from "../../../core/naming/versions.ts";
import type { ArtifactInput } from "../../../core/record.ts";
import { RELEASE } from "../../../core/registry/release.ts";
import type { Registry, SaveOptions } from "../../../core/registry.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import type { Operation } from "../../cell/operation.ts";
import {
  lineageFolder,
  lineageKey,
  orderSegment,
  releasedMark,
  UNPINNED,
} from "../../format/layout.ts";
import { isInput } from "../../format/record_shape.ts";
import type { Context } from "../context.ts";

const MAX_INPUTS = 1_000;

export type GivenInput = NonNullable<SaveOptions["inputs"]>[number];

/** Throws `Invalid` for inputs that a save cannot record. */
export function checkInputs(name: string, inputs: readonly GivenInput[]): void {
  const invalid = (state: string, hint: string) =>
    fault({ code: "Invalid", action: "save", subject: shown(name), state, hint });
  if (!Array.isArray(inputs) || inputs.length > MAX_INPUTS) {
    const hint = "Pass fewer refs: save a long list as a separate artifact, and pass its ref.";
    throw invalid(`inputs must be an array of at most ${MAX_INPUTS} refs`, hint);
  }
  for (const input of inputs) {
    const { ref, digest, ...more }: Exclude<GivenInput, string> = typeof input === "string"
      ? { ref: input }
      : input ?? {};
    if (!isInput(digest === null ? ref : input) || Object.keys(more).length > 0) {
      throw invalid(
        `${shown(input)} is not an input`,
        "Pass a ref, or { ref, digest } with the digest of registry.info(ref).",
      );
    }
    parseRef(ref);
  }
}

export interface NamedInput {
  ref: string;
  digest?: string;
  /** Absent for an invalid ref, which only another program records. */
  name?: string;
  /** Absent unless the ref is exact. */
  version?: Version;
}

/** A date, which early programs took for a version: `data@2026-11-25` is 2026.0.0-11-25. */
const EARLY_DATE = /(?<=^[^@]*@)(\d{4})-(?=\d)/;

export function readInput(
  { settings }: Pick<Registry, "settings">,
  input: ArtifactInput,
): NamedInput {
  const { ref, digest } = typeof input === "string" ? { ref: input } : input;
  const named = { ref, ...(digest === undefined ? {} : { digest }) };
  try {
    const { name, selector } = parseRef(ref.replace(EARLY_DATE, "$1.0.0-"));
    const isOnly = !settings.versioned && selector.kind === "latest";
    const exact = selector.kind === "version" ? selector.version : undefined;
    const version = isOnly ? FIRST_VERSION : exact;
    return version === undefined ? { ...named, name } : { ...named, name, version };
  } catch (error) {
    if (!isRegistryError(error, "Invalid")) throw error;
    return named;
  }
}

interface Announcement {
  name: string;
  version: Version;
  materializer: { id: string };
  inputs: readonly ArtifactInput[];
}

/** Returns the keys to put before the record of a version: a release also marks its members. */
export function lineageKeys(
  context: Pick<Context, "settings">,
  { name, version, commit, inputs, materializer }: Announcement & { commit: string },
): string[] {
  const { versioned } = context.settings;
  const place = { order: orderSegment(version, versioned), commit };
  const keys = new Set<string>();
  for (const stored of inputs) {
    const input = readInput(context, stored);
    if (input.name === undefined) continue;
    const order = input.version === undefined ? UNPINNED : orderSegment(input.version, versioned);
    keys.add(lineageKey(lineageFolder(input.name, order), name, place));
    if (materializer.id === RELEASE) keys.add(releasedMark(input.name, name));
  }
  return [...keys];
}

/** Writes the index entries of a version before its record. */
export async function announceInputs(
  context: Context,
  operation: Operation,
  version: Announcement,
): Promise<void> {
  const { commit, signal } = operation;
  await forEachAtOnce(lineageKeys(context, { ...version, commit }), async (key) => {
    try {
      operation.checkSend();
      const sent = await context.backend.put(key, new Uint8Array(), { signal });
      if (sent.written) operation.noteReply(sent.info);
    } catch (error) {
      throw isRegistryError(error) && !signal?.aborted ? notNoted(operation, error) : error;
    }
  });
}

/** An unknown outcome of an entry commits nothing, so the error becomes `Unavailable`. */
function notNoted({ action, commit }: Operation, error: RegistryError): RegistryError {
  if (!error.maybeWritten && error.code !== "Unknown") return error;
  const { key, backend } = error;
  const state = "the store did not confirm the lineage notes, so nothing was committed";
  const hint = "Try again.";
  return fault({ code: "Unavailable", action, state, hint, key, backend, commit, cause: error });
}
