// Resolves the inputs of a save to the versions that they mean now.
import { parseRef } from "../../../core/naming/refs.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import type { ArtifactInput } from "../../../core/record.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { readHead } from "../../cell/heads.ts";
import { versionCell } from "../../format/layout.ts";
import type { Context } from "../context.ts";
import { absentInput, isAbsent, locate, versionNotFound } from "../resolve.ts";
import { type GivenInput, readInput } from "./inputs.ts";

/** Returns true if inputs are recorded as they are, without a lookup. */
export function arePinned(context: Context, inputs: readonly GivenInput[]): boolean {
  return inputs.every((input) =>
    typeof input !== "string" &&
    (input.digest === null ||
      input.digest !== undefined && readInput(context, input.ref).version !== undefined)
  );
}

/**
 * Returns the inputs to record. A version named by its number is recorded if it exists or was
 * deleted. Any other ref is recorded as the version that it means now, with its digest; as it is if
 * it was given with another digest, which identifies the content.
 *
 * @throws {RegistryError} `NotFound` for an unknown ref without a digest
 */
export async function pinInputs(
  context: Context,
  name: string,
  inputs: readonly GivenInput[],
  signal?: AbortSignal,
): Promise<ArtifactInput[]> {
  const pinned: ArtifactInput[] = [];
  await forEachAtOnce(inputs.entries(), async ([i, input]) => {
    pinned[i] = await pinInput(context, name, input, signal);
  });
  return pinned;
}

async function pinInput(
  context: Context,
  name: string,
  input: GivenInput,
  signal?: AbortSignal,
): Promise<ArtifactInput> {
  const { ref, digest }: { ref: string; digest?: string | null } = typeof input === "string"
    ? { ref: input }
    : input;
  if (digest === null) return ref;
  const { version } = readInput(context, ref);
  if (version !== undefined && digest !== undefined) return { ref, digest };
  const parsed = parseRef(ref);
  try {
    if (version !== undefined) {
      const cell = versionCell(parsed.name, version, context.settings.versioned);
      if (await readHead(context, cell, signal) !== undefined) return ref;
      throw await versionNotFound(context, parsed.name, version, signal);
    }
    const { record } = await locate(context, parsed, { signal });
    if (digest !== undefined && digest !== record.digest) return { ref, digest };
    const exact = `${parsed.name}@${parseVersion(record.version).canonical}`;
    return { ref: exact, digest: record.digest };
  } catch (error) {
    if (!isAbsent(error)) throw error;
    if (digest !== undefined) return { ref, digest };
    throw absentInput(error, { name, ref, missing: parsed });
  }
}
