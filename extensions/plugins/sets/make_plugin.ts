// Creates plugins from registered definitions and settings.
import { inspect } from "node:util";
import type { SchemaResult } from "../../../registry/mod.ts";
import type { System } from "../../../mod.ts";
import {
  described,
  invalid,
  isRegistryError,
  messageOf,
  shown,
  shownIssues,
  taskFailed,
} from "../../../core/kernel.ts";
import type { PluginClass, PluginConfig, PluginContext } from "../contract.ts";
import type { PluginDefinition, PluginSource } from "../contract.ts";
import { checkMethods, type Interface } from "../interface.ts";

interface PluginOrder {
  kind: Interface;
  name: string;
  definition: AnyDefinition;
  config: PluginConfig;
}

/** An order with the settings before (`filled`) and after its schema. */
export interface CheckedOrder extends PluginOrder {
  checked: unknown;
  filled: Settings;
}

export async function checkOrder(
  order: PluginOrder,
  { system }: Pick<PluginContext, "system">,
): Promise<CheckedOrder> {
  const { kind, name, definition, config } = order;
  const action = `create plugin ${shown(name)} of ${kind.name}`;
  const filled = fillConfig(definition, config, { action, system });
  return { ...order, filled, checked: await validateConfig(definition, filled, action) };
}

export async function makePlugin(order: CheckedOrder, context: PluginContext): Promise<unknown> {
  const { kind, name, definition, filled, checked } = order;
  const action = `create plugin ${shown(name)} of ${kind.name}`;
  const { create } = definition;
  let plugin: unknown;
  try {
    plugin = isClass(create) ? new create(checked, context) : await create(checked, context);
  } catch (error) {
    if (isRegistryError(error)) throw error;
    const whole = inspect(error, { depth: 10 });
    const showsSecret = withoutSecrets(definition, filled, whole) !== whole;
    const state = withoutSecrets(definition, filled, messageOf(error)).replace(/\.$/, "");
    const hint = showsSecret
      ? "Check its settings; the cause is omitted because it contains a secret."
      : "Check its settings and the cause.";
    throw taskFailed(action, undefined, state, { hint, ...(showsSecret ? {} : { cause: error }) });
  }
  checkMethods(kind, plugin, action);
  return plugin;
}

// deno-lint-ignore no-explicit-any -- a set has plugins of all kinds
export type AnyDefinition = PluginDefinition<any, any>;

// deno-lint-ignore no-explicit-any -- as above
export type AnySource = PluginSource<any, any>;

/** Returns the definition of a source. Checks a class now; the result of a function later. */
export function toDefinition(source: AnySource, kind: Interface, action: string): AnyDefinition {
  const definition: AnyDefinition = typeof source === "object" && source !== null
    ? source
    : { create: source };
  if (typeof definition.create !== "function") {
    throw invalid(action, undefined, `${described(source)} is not a plugin source`, {
      hint: "Pass a class, a function (config, context) => plugin, or { create, config, … }.",
    });
  }
  if (isClass(definition.create)) checkMethods(kind, definition.create.prototype, action);
  return definition;
}

/** Returns true for a class: unlike that of a function, its prototype is read-only. */
// deno-lint-ignore no-explicit-any -- constructors may take anything
function isClass(value: unknown): value is PluginClass<any, any> {
  return typeof value === "function" &&
    Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false;
}

export type Settings = Record<string, unknown>;

/** Copies lists and plain objects deeply and freezes the copies. */
export function frozenCopy<T>(value: T): T {
  return copied(value, { isFrozen: true });
}

function copied<T>(
  value: T,
  { isFrozen = false, inside = [] }: { isFrozen?: boolean; inside?: readonly unknown[] } = {},
): T {
  if (typeof value !== "object" || value === null) return value;
  // Always copies the outermost value. Cycles are kept as they are.
  if (inside.length > 0 && !isContainer(value) || inside.includes(value)) return value;
  const copy: T & object = Array.isArray(value) ? Object.assign([], value) : { ...value };
  const options = { isFrozen, inside: [...inside, value] };
  for (const key in copy) copy[key] = copied(copy[key], options);
  if (isFrozen) Object.freeze(copy);
  return copy;
}

export function checkSettings(config: unknown, action: string): asserts config is Settings {
  if (typeof config === "object" && config !== null && !Array.isArray(config)) return;
  const state = `settings must be an object, got ${
    Array.isArray(config) ? "an array" : described(config)
  }`;
  throw invalid(action, undefined, state, { hint: 'Pass settings by name: { bucket: "files" }.' });
}

/** Returns settings under their canonical names, with missing ones from the environment. */
export function fillConfig(
  definition: AnyDefinition,
  config: PluginConfig,
  { action, system }: { action: string; system: System },
): Settings {
  checkSettings(config, action);
  const { aliases = {}, env = {} } = definition;
  const filled: Settings = {};
  for (const [key, value] of Object.entries(config)) {
    if (value === undefined) continue;
    const name = Object.hasOwn(aliases, key) ? aliases[key]! : key;
    if (Object.hasOwn(filled, name)) {
      const state = `${name} is given twice, also as ${
        key === name ? otherName(aliases, name) : key
      }`;
      throw invalid(action, undefined, state, { hint: "Keep one of them." });
    }
    [filled[name]] = copied([value]);
  }
  for (const [name, variable] of Object.entries(env)) {
    const value = Object.hasOwn(filled, name) ? undefined : system.env(variable);
    if (value !== undefined && value !== "") filled[name] = value;
  }
  return filled;
}

function otherName(aliases: Readonly<Record<string, string>>, name: string): string {
  return Object.keys(aliases).find((key) => aliases[key] === name) ?? name;
}

/** Returns the output of the schema. Issues throw `Invalid`, without secrets. */
export function validateConfig(
  definition: AnyDefinition,
  settings: Settings,
  action: string,
): unknown | Promise<unknown> {
  if (definition.config === undefined) return settings;
  const outputOf = (result: SchemaResult<unknown>) => {
    if (result.issues === undefined) return result.value;
    const state = withoutSecrets(definition, settings, shownIssues(result.issues));
    throw invalid(action, undefined, state, { hint: hintOf(definition) });
  };
  const result = definition.config["~standard"].validate(settings);
  return result instanceof Promise ? result.then(outputOf) : outputOf(result);
}

function hintOf({ env = {} }: AnyDefinition): string {
  const variables = Object.entries(env).map(([name, variable]) => `${name} by ${variable}`);
  const more = variables.length === 0 ? "" : `, or set variables (${variables.join(", ")})`;
  return `Fix the settings of the plugin${more}.`;
}

export function secretNames({ secrets = [], aliases = {} }: AnyDefinition): Set<string> {
  return new Set([
    ...secrets,
    ...Object.entries(aliases).flatMap(([key, name]) => secrets.includes(name) ? [key] : []),
  ]);
}

function withoutSecrets(
  definition: AnyDefinition,
  settings: Settings,
  text: string,
): string {
  let safe = text;
  for (const name of secretNames(definition)) safe = hide(safe, settings[name]);
  return safe;
}

function hide(text: string, secret: unknown): string {
  if (typeof secret === "object" && secret !== null) {
    return Object.values(secret).reduce((safe: string, member) => hide(safe, member), text);
  }
  if (typeof secret !== "string" || secret === "") return text;
  const inUrl = encodeURIComponent(secret.toWellFormed());
  return text.replaceAll(secret, "…").replaceAll(inUrl, "…");
}

/**
 * Returns true for lists and plain objects of data. Objects with functions, as schemas, are not
 * copied.
 */
function isContainer(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null || "~standard" in value) return false;
  return Object.values(Object.getOwnPropertyDescriptors(value))
    .every(({ value, get }) => get === undefined && typeof value !== "function");
}
