// What somebody has to know who is told that a registry cannot be opened: which place was tried,
// and why that one.
import { isRegistryError, joinHints, retold } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { type FoundRegistry, originOf, registryInside } from "./find_registry.ts";

/** The same failure; its hint says who named the place, and names the registry in the folder that was taken for one. */
export function explainFailure(error: unknown, found: FoundRegistry): unknown {
  if (!isRegistryError(error)) return error;
  const inside = error.code === "NotFound" ? registryInside(found) : undefined;
  const origin = originOf(found);
  if (inside === undefined && origin === undefined) return error;
  const advice = inside === undefined
    ? error
    : { hint: `There is one in ${shown(inside)}: name that.` };
  const place = origin === undefined ? {} : { hint: `The place ${origin}.` };
  return retold(error, { ...joinHints(place, advice), cause: error }); // commands stand at the end
}
