// Checks of options: a mistyped option must not be ignored, and a wrong value not be taken for another.
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";
import type { OptionRow, SentKind } from "../registry/operations/row.ts";
import type { Registry } from "../registry.ts";
import { nearest } from "../text/nearest.ts";
import { isPlainObject } from "../text/plain_value.ts";

/** Every option of an interface, by name. The compiler reports missing and unknown ones. */
export type OptionNames<O> = { readonly [K in keyof Required<O>]: unknown };

/** Returns the options, or their names, without some. */
export function without<O extends object, K extends keyof O>(
  options: O,
  ...names: readonly K[]
): Omit<O, K> {
  const rest = { ...options };
  for (const name of names) delete rest[name];
  return rest;
}

/**
 * Throws `Invalid` for unknown options, for values of another kind than their row has, and for
 * options that are not an object; undefined values are ignored. Returns a plain object, so that
 * spreading loses nothing that a class provides.
 *
 * @param action the failed action for messages: `load "model"`
 * @param known all options, with their rows or any other value. @default any
 * @param required options that must be present
 */
export function checkOptions<O>(
  action: string,
  options: O,
  known?: Readonly<Record<string, unknown>>,
  required: readonly string[] = [],
): O {
  if (options === undefined) {
    if (required[0] !== undefined) throw notGiven(action, required[0]);
    return options;
  }
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const example = Object.keys(known ?? {})[0] ?? required[0] ?? "option";
    throw invalid(
      action,
      `options must be an object, not ${nameOf(options)}`,
      `Pass them as { ${example}: … }.`,
    );
  }
  const values = options as Record<string, unknown>;
  if (known !== undefined) checkNames(action, values, known);
  checkUsual(action, values);
  for (const name of required) if (values[name] === undefined) throw notGiven(action, name);
  return known === undefined || isPlainObject(options) ? options : plain(values, known) as O;
}

/** Throws `Invalid` for an unknown option, also for one that is inherited. */
function checkNames(
  action: string,
  values: Record<string, unknown>,
  known: Readonly<Record<string, unknown>>,
): void {
  for (const name in values) {
    const isKnown = Object.hasOwn(known, name);
    if (!isKnown && values[name] !== undefined) {
      throw unknownOption(action, name, Object.keys(known));
    }
    if (isKnown && values[name] !== undefined) {
      checkValue(action, name, values[name], known[name] as OptionRow);
    }
  }
  checkDurations(action, values);
}

const KINDS: Readonly<Record<SentKind, [is: (value: unknown) => boolean, hint: string]>> = {
  text: [(value) => typeof value === "string", "Pass a string."],
  flag: [(value) => typeof value === "boolean", "Pass true or false."],
  count: [(value) => typeof value === "number" && !Number.isNaN(value), "Pass a number."],
  moment: [
    (value) => value instanceof Date && !Number.isNaN(value.getTime()),
    "Pass a valid Date.",
  ],
};

/** Throws `Invalid` for a value that its row does not have. `"false"` would be taken for true. */
function checkValue(
  action: string,
  name: string,
  value: unknown,
  { sent, among, orNull }: Pick<OptionRow, "sent" | "among" | "orNull">,
): void {
  if (value === null && orNull) return;
  if (among !== undefined && !among.includes(value as string)) {
    const words = among.map(shown);
    const hint = `Pass ${words.slice(0, -1).join(", ")} or ${words.at(-1)}.`;
    throw invalid(action, `${name} is ${shown(value)}`, hint);
  }
  if (sent === undefined) return;
  const [is, hint] = KINDS[sent];
  if (is(value)) return;
  const what = value instanceof Date
    ? `${Number.isNaN(value.getTime()) ? "an invalid" : "a"} date`
    : typeof value === "number"
    ? String(value)
    : nameOf(value);
  throw invalid(action, `${name} is ${what}`, hint);
}

/** Options that are of one kind wherever they are known. A signal of null is none, as for `fetch`. */
const USUAL: readonly [name: string, is: (value: unknown) => boolean, hint: string][] = [
  [
    "signal",
    (value) =>
      value === null || typeof (value as Partial<AbortSignal>).throwIfAborted === "function",
    "Pass the signal of an AbortController.",
  ],
  [
    "alias",
    (value) => typeof value === "string" || Array.isArray(value),
    "Pass an alias, or a list of them.",
  ],
];

/** Throws `Invalid` for a wrong value of a usual option. */
function checkUsual(action: string, values: Record<string, unknown>): void {
  for (const [name, is, hint] of USUAL) {
    const value = values[name];
    if (value !== undefined && !is(value)) {
      throw invalid(action, `${name} is ${nameOf(value)}`, hint);
    }
  }
}

/** Durations of at least an hour, as their own errors say. */
const LIMITED = ["graceMs", "minGraceMs"];

/**
 * Throws `Invalid` for a duration, an option whose name ends with `Ms`, that is not a number, or is
 * negative: a timer with it would fire at once, and a comparison with it is never true.
 *
 * @param finite names of durations that must end. @default others may be `Infinity`
 */
export function checkDurations(
  action: string,
  options: object,
  finite: readonly string[] = [],
): void {
  for (const [name, ms] of Object.entries(options)) {
    if (ms === undefined || !name.endsWith("Ms") || LIMITED.includes(name)) continue;
    const isLong = ms === Infinity && finite.includes(name);
    if (typeof ms === "number" && ms >= 0 && !isLong) continue;
    const value = typeof ms === "number" ? ms : nameOf(ms);
    throw invalid(action, `${name} is ${value}`, "Pass a number of milliseconds, such as 5000.");
  }
}

/** Like `checkOptions`, for a function whose first argument is a registry. */
export function checkToolOptions<O>(
  action: string,
  registry: Pick<Registry, "names">,
  options: O,
  known?: Readonly<Record<string, unknown>>,
  required?: readonly string[],
): O {
  checkRegistry(action, registry);
  const checked = checkOptions(action, options, known, required);
  if (typeof (checked as { names?: unknown } | undefined)?.names !== "string") return checked;
  // Otherwise each letter would be taken for a name.
  throw invalid(
    action,
    "`names` must be an array, got a string",
    "Pass a list of names: { names: [name] }.",
  );
}

/** Throws `Invalid` for anything but a registry. */
export function checkRegistry(action: string, registry: Pick<Registry, "names">): void {
  const is = typeof (registry as typeof registry | null | undefined)?.names === "function";
  checkGiven(action, registry, { is, what: "registry", hint: "Pass await openRegistry()." });
}

/** Throws `Invalid` for an argument of the wrong kind, with a special message for promises. */
export function checkGiven(
  action: string,
  value: unknown,
  { is, what, hint }: { is: boolean; what: string; hint: string },
): void {
  if (is) return;
  const kind = value instanceof Promise ? "a promise" : nameOf(value);
  throw invalid(action, `the ${what} is ${kind}`, hint);
}

function notGiven(action: string, name: string): RegistryError {
  return invalid(action, `option ${name} is missing`, `Pass { ${name}: … }.`);
}

function invalid(action: string, state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action, state, hint });
}

function plain(
  options: Record<string, unknown>,
  known: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const entries = Object.keys(known).map((name) => [name, options[name]]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function unknownOption(action: string, name: string, known: string[]): RegistryError {
  const similar = nearest(name, known);
  const suggestion = similar === undefined ? "" : `: did you mean ${similar}?`;
  return invalid(
    action,
    `unknown option ${name}${suggestion}`,
    `Pass only these options: ${known.join(", ")}.`,
  );
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value)
    ? "a list"
    : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}
