// Hints that several errors of the registry share.
import type { Advice } from "../../core/errors.ts";

/** What to do about stored bytes that cannot be restored by the registry itself. */
export function saveAgain(found: string, what: "them" | "the object"): Advice {
  const told = (way: string) =>
    `${found} Restore ${what} from a copy, or save the value again with ${way}.`;
  return {
    hint: told("base: null, which shares nothing with it"),
    hints: { cli: told("--no-share") },
  };
}
