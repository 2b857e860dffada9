// What is said of a file that a version does not have.
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";

/** How many of its files are named. */
const MOST_NAMED = 8;

/** Why a file of a version cannot be opened: it is none of the paths that there are. */
export function noSuchFile(ref: string, path: string, there: Iterable<string>): RegistryError {
  const paths = [...there];
  const named = paths.slice(0, MOST_NAMED).map(shown).join(", ");
  return fault({
    code: "NotFound",
    action: "open file",
    subject: `${shown(path)} of "${ref}"`,
    state: "no such file",
    hint: paths.length === 0
      ? "It has none."
      : `It has ${paths.length}: ${named}${paths.length > MOST_NAMED ? ", …" : ""}`,
  });
}
