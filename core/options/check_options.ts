/**
 * Options that nobody knows: mistyped, they would have no effect, and nobody would be told.
 *
 * @module
 */
import { RegistryError } from "../errors.ts";
import { nearest } from "../text/nearest.ts";

/** Every option of a kind, by name: the compiler says which one is missing. */
export type OptionNames<O> = { readonly [K in keyof Required<O>]: true };

/**
 * Throws `Invalid` for an option that is not known, and for options that are no object. What is undefined is not given.
 * Returns them, as a plain object: what a class or a prototype gives would be lost where they are spread.
 *
 * @param action what was asked for, as in `load "model"`
 *
 * @example
 * ```ts
 * import { checkOptions } from "./check_options.ts";
 * import { assertThrows } from "@std/assert";
 *
 * const known = { version: true } as const;
 * assertThrows(() => checkOptions("load", { versoin: "1" }, known), "versoin: did you mean version?");
 * ```
 */
export function checkOptions<O>(action: string, options: O, known: Readonly<Record<string, true>>): O {
  if (options === undefined) return options;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new RegistryError({
      code: "Invalid",
      message: `Cannot ${action}: its options are ${nameOf(options)}, not an object`,
      hint: Object.keys(known).length === 0 ? "It takes none." : `Write them as { ${Object.keys(known)[0]}: … }.`,
    });
  }
  for (const name in options) {
    if (known[name] === true && Object.hasOwn(known, name)) continue;
    if ((options as Record<string, unknown>)[name] === undefined) continue;
    throw unknownOption(action, name, Object.keys(known));
  }
  return isPlain(options) ? options : plain(options as Record<string, unknown>, known) as O;
}

function isPlain(options: object): boolean {
  const prototype = Object.getPrototypeOf(options);
  return prototype === Object.prototype || prototype === null;
}

function plain(options: Record<string, unknown>, known: Readonly<Record<string, true>>): Record<string, unknown> {
  const given = Object.keys(known).map((name) => [name, options[name]]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

function unknownOption(action: string, name: string, known: string[]): RegistryError {
  const meant = nearest(name, known);
  return new RegistryError({
    code: "Invalid",
    message: `Cannot ${action}: there is no option ${name}${meant === undefined ? "" : `: did you mean ${meant}?`}`,
    hint: known.length === 0 ? "It takes none." : `Options are ${known.join(", ")}.`,
  });
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
