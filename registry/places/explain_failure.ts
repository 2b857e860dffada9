// Errors of opening a registry that name its location and origin.
import { isRegistryError, joinHints, retold } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { type FoundRegistry, originOf, registryInside } from "./find_registry.ts";

/**
 * Adds the origin of the location to the hint, and a registry inside the folder if there is one.
 */
export function explainFailure(error: unknown, found: FoundRegistry): unknown {
  if (!isRegistryError(error)) return error;
  const inside = error.code === "NotFound" ? registryInside(found) : undefined;
  const origin = originOf(found);
  if (inside === undefined && origin === undefined) return error;
  const advice = inside === undefined ? error : { hint: `Use the registry in ${shown(inside)}.` };
  const place = origin === undefined ? {} : { hint: `The location ${origin}.` };
  return retold(error, { ...joinHints(place, advice), cause: error }); // commands come last
}
