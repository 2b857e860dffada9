// Refuses unknown options: a mistyped option would have no effect.
import { fault } from "../../core/errors.ts";
import { nearest } from "../../core/text/nearest.ts";

/** All options by name. The compiler reports a missing one. */
export type Names<O> = Readonly<Record<keyof O, true>>;

/** Throws `Invalid` for options that are not an object, or that have an unknown member. */
export function checkKnown(
  action: string,
  options: object,
  known: Readonly<Record<string, true>>,
): void {
  const names = Object.keys(known);
  const refused = (state: string, hint: string) => fault({ code: "Invalid", action, state, hint });
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw refused("its options are no object", `Write them as { ${names[0]}: … }.`);
  }
  const unknown = Object.entries(options).find(([name, value]) =>
    value !== undefined && !Object.hasOwn(known, name)
  );
  if (unknown === undefined) return;
  const meant = nearest(unknown[0], names);
  throw refused(
    `there is no option ${unknown[0]}${meant === undefined ? "" : `: did you mean ${meant}?`}`,
    `Options are ${names.join(", ")}.`,
  );
}
