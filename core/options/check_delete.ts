// Whether a deletion says how much it means.
import { fault } from "../errors.ts";
import { shown } from "../naming/names.ts";
import type { Ref } from "../naming/refs.ts";
import type { DeleteOptions } from "../registry.ts";

/**
 * Throws `Invalid` for a bare name without `allVersions`, and for a version with it. In a registry without versions a
 * bare name is its one value.
 */
export function checkDelete(
  { name, bare }: Ref,
  { allVersions }: Pick<DeleteOptions, "allVersions">,
  { versioned }: { versioned: boolean },
): void {
  if (bare ? allVersions === true || !versioned : allVersions !== true) return;
  throw fault({
    code: "Invalid",
    action: "delete",
    subject: shown(name),
    state: bare ? "no version is named" : "a version is named, and allVersions given",
    hint:
      `Delete one version, "name@version", or every one of a bare name with { allVersions: true }.`,
  });
}
