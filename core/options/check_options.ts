// Options that nobody knows: mistyped, they would have no effect, and nobody would be told.
import { fault, type RegistryError } from "../errors.ts";
import type { Registry } from "../registry.ts";
import { nearest } from "../text/nearest.ts";

/** Every option of a kind, by name: the compiler says which one is missing. */
export type OptionNames<O> = { readonly [K in keyof Required<O>]: true };

/**
 * Throws `Invalid` for an option that is not known, and for options that are no object. What is undefined is not given.
 * Returns them, as a plain object: what a class or a prototype gives would be lost where they are spread.
 *
 * @param action what was asked for, as in `load "model"`
 * @param known every option there is; without it none is refused
 * @param required those that have to be given
 */
export function checkOptions<O>(
  action: string,
  options: O,
  known?: Readonly<Record<string, true>>,
  required: readonly string[] = [],
): O {
  if (options === undefined) {
    if (required.length > 0) throw notGiven(action, required[0]);
    return options;
  }
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw fault({
      code: "Invalid",
      action,
      state: `its options are ${nameOf(options)}, not an object`,
      hint: `Write them as { ${Object.keys(known ?? {})[0] ?? required[0] ?? "option"}: … }.`,
    });
  }
  for (const name in options) {
    if (known === undefined) break;
    if (known[name] === true && Object.hasOwn(known, name)) continue;
    if ((options as Record<string, unknown>)[name] === undefined) continue;
    throw unknownOption(action, name, Object.keys(known));
  }
  for (const name of required) {
    if ((options as Record<string, unknown>)[name] === undefined) throw notGiven(action, name);
  }
  if (known === undefined || isPlain(options)) return options;
  return plain(options as Record<string, unknown>, known) as O;
}

/** The same of what works on a registry, which is checked too: its promise is the usual mistake. */
export function checkToolOptions<O>(
  action: string,
  registry: Pick<Registry, "names">,
  options: O,
  known?: Readonly<Record<string, true>>,
  required?: readonly string[],
): O {
  checkRegistry(action, registry);
  const checked = checkOptions(action, options, known, required);
  if (typeof (checked as { names?: unknown } | undefined)?.names !== "string") return checked;
  throw fault({ // each of its letters would be taken for a name
    code: "Invalid",
    action,
    state: "names is a text",
    hint: "Pass a list of names: { names: [name] }.",
  });
}

/** Throws `Invalid` for what is no registry. */
export function checkRegistry(action: string, registry: Pick<Registry, "names">): void {
  const is = typeof (registry as typeof registry | null | undefined)?.names === "function";
  checkGiven(action, registry, {
    is,
    what: "registry",
    hint: "Give what openRegistry() gives, awaited.",
  });
}

/** Throws `Invalid` for an argument that is not what it has to be; of a promise it says that it is one. */
export function checkGiven(
  action: string,
  value: unknown,
  { is, what, hint }: { is: boolean; what: string; hint: string },
): void {
  if (is) return;
  const state = value instanceof Promise
    ? `the ${what} is a promise`
    : `${nameOf(value)} is no ${what}`;
  throw fault({ code: "Invalid", action, state, hint });
}

function notGiven(action: string, name: string): RegistryError {
  return fault({
    code: "Invalid",
    action,
    state: `${name} is not given`,
    hint: `Write it as { ${name}: … }.`,
  });
}

function isPlain(options: object): boolean {
  const prototype = Object.getPrototypeOf(options);
  return prototype === Object.prototype || prototype === null;
}

function plain(
  options: Record<string, unknown>,
  known: Readonly<Record<string, true>>,
): Record<string, unknown> {
  const given = Object.keys(known).map((name) => [name, options[name]]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

function unknownOption(action: string, name: string, known: string[]): RegistryError {
  const meant = nearest(name, known);
  return fault({
    code: "Invalid",
    action,
    state: `there is no option ${name}${meant === undefined ? "" : `: did you mean ${meant}?`}`,
    hint: `Options are ${known.join(", ")}.`,
  });
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value)
    ? "a list"
    : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}
