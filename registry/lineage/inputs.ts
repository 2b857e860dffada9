// What a version is made from, as a record says it: what may be said, and what it names.
import { fault, isRegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { parseRef } from "../../core/naming/refs.ts";
import { FIRST_VERSION } from "../../core/naming/versions.ts";
import type { Version } from "../../core/naming/versions.ts";
import type { ArtifactInput } from "../../core/record/record.ts";
import { isInput } from "../../core/record/record_shape.ts";
import type { Registry } from "../../core/registry.ts";

const MAX_INPUTS = 1_000;

/** Throws `Invalid` unless a save may say that its value was made from these. */
export function checkInputs(name: string, inputs: readonly ArtifactInput[]): void {
  const invalid = (state: string, hint: string) =>
    fault({ code: "Invalid", action: "save", subject: shown(name), state, hint });
  if (!Array.isArray(inputs) || inputs.length > MAX_INPUTS) {
    throw invalid(
      `inputs is not a list of up to ${MAX_INPUTS} refs`,
      "Save a longer lineage as an artifact of its own.",
    );
  }
  for (const input of inputs) {
    const { ref, digest: _, ...more } = typeof input === "string" ? { ref: input } : input ?? {};
    if (!isInput(input) || Object.keys(more).length > 0) {
      throw invalid(
        `${shown(input)} is not an input`,
        "An input is a ref, or { ref, digest } with the digest that registry.info(ref) gives.",
      );
    }
    parseRef(ref);
  }
}

export interface NamedInput {
  ref: string;
  /** The digest that it had, where that was given. */
  digest?: string;
  /** The name; absent where the ref is none, which only a record of another program has. */
  name?: string;
  /** The version, where the ref says one. */
  version?: Version;
}

export function readInput(
  { settings }: Pick<Registry, "settings">,
  input: ArtifactInput,
): NamedInput {
  const { ref, digest } = typeof input === "string" ? { ref: input } : input;
  const given = { ref, ...(digest === undefined ? {} : { digest }) };
  try {
    const { name, selector } = parseRef(ref);
    const isOnly = !settings.versioned && selector.kind === "latest";
    const version = isOnly
      ? FIRST_VERSION
      : selector.kind === "version"
      ? selector.version
      : undefined;
    return version === undefined ? { ...given, name } : { ...given, name, version };
  } catch (error) {
    if (!isRegistryError(error, "Invalid")) throw error;
    return given;
  }
}
