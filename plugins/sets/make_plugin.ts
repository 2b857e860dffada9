// Making a plugin of what was registered: its definition, its settings, and the plugin itself.
import { inspect } from "node:util";
import { fault, isRegistryError, messageOf } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type {
  PluginClass,
  PluginConfig,
  PluginContext,
  PluginDefinition,
  PluginSource,
} from "../contract.ts";
import { checkContract, type Contract } from "../interface.ts";
import { described } from "../../core/text/described.ts";
import { type SchemaResult, shownIssue } from "../../core/standard_schema.ts";
import type { System } from "../../core/system.ts";

export interface PluginOrder {
  contract: Contract;
  name: string;
  definition: AnyDefinition;
  config: PluginConfig;
}

/** Settings that were checked: what its schema made of them, and what it was given. */
export interface CheckedOrder extends PluginOrder {
  checked: unknown;
  filled: Settings;
}

export async function checkOrder(
  order: PluginOrder,
  { system }: Pick<PluginContext, "system">,
): Promise<CheckedOrder> {
  const { contract, name, definition, config } = order;
  const action = `create plugin ${shown(name)} of ${contract.name}`;
  const filled = fillConfig(definition, config, { action, system });
  return { ...order, filled, checked: await validateConfig(definition, filled, action) };
}

export async function makePlugin(order: CheckedOrder, context: PluginContext): Promise<unknown> {
  const { contract, name, definition, filled, checked } = order;
  const action = `create plugin ${shown(name)} of ${contract.name}`;
  const plugin = await callCreate(definition, checked, context).catch((error) => {
    if (isRegistryError(error)) throw error;
    const whole = inspect(error, { depth: 10 });
    const showsSecret = withoutSecrets(definition, filled, whole) !== whole;
    throw fault({
      code: "TaskFailed",
      action,
      state: withoutSecrets(definition, filled, messageOf(error)).replace(/\.$/, ""),
      hint: showsSecret
        ? "Making it failed; the error underneath is left out, as it shows a secret."
        : "Making it failed; its cause is the error underneath.",
      ...(showsSecret ? {} : { cause: error }),
    });
  });
  checkContract(contract, plugin, action);
  return plugin;
}

/** A definition of any plugin. */
// deno-lint-ignore no-explicit-any -- a set holds plugins of all kinds, with configurations of all kinds
export type AnyDefinition = PluginDefinition<any, any>;

/** Any source of plugins. */
// deno-lint-ignore no-explicit-any -- a set holds plugins of all kinds, with configurations of all kinds
export type AnySource = PluginSource<any, any>;

/** What was given as a definition. A class is looked at now; what a function makes, when it is made. */
export function toDefinition(source: AnySource, contract: Contract, action: string): AnyDefinition {
  const definition: AnyDefinition = typeof source === "object" && source !== null
    ? source
    : { create: source };
  if (typeof definition.create !== "function") {
    throw fault({
      code: "Invalid",
      action,
      state: `${described(source)} makes nothing`,
      hint:
        "Give a class, a function (config, context) that gives a plugin, or { create, config, … } with one of both.",
    });
  }
  if (isClass(definition.create)) checkContract(contract, definition.create.prototype, action);
  return definition;
}

export async function callCreate(
  { create }: AnyDefinition,
  config: unknown,
  context: PluginContext,
): Promise<unknown> {
  return isClass(create) ? new create(config, context) : await create(config, context);
}

/** A class, told from a function: its prototype cannot be exchanged. */
// deno-lint-ignore no-explicit-any -- what a class is made with is its own affair
function isClass(value: unknown): value is PluginClass<any, any> {
  return typeof value === "function" &&
    Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false;
}

export type Settings = Record<string, unknown>;

/** Copies lists and objects of data, all the way down, and freezes the copies; all else stays as it is. */
export function frozenCopy<T>(value: T): T {
  return copied(value, Object.freeze) as T;
}

function ownCopy<T>(value: T): T {
  return copied(value, (copy) => copy) as T;
}

function ownMember(value: unknown): unknown {
  return (ownCopy([value]) as unknown[])[0];
}

function copied(
  value: unknown,
  finish: (copy: object) => object,
  inside: readonly object[] = [],
): unknown {
  if (typeof value !== "object" || value === null) return value;
  // The settings themselves are copied, whatever is among them; a cycle ends where it closes: none travels.
  if (inside.length > 0 && !isContainer(value) || inside.includes(value)) return value;
  const copy = (member: unknown) => copied(member, finish, [...inside, value]);
  if (Array.isArray(value)) return finish(value.map(copy));
  return finish(
    Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copy(member)])),
  );
}

export function checkSettings(config: unknown, action: string): asserts config is Settings {
  if (typeof config === "object" && config !== null && !Array.isArray(config)) return;
  throw fault({
    code: "Invalid",
    action,
    state: `its configuration is ${Array.isArray(config) ? "a list" : described(config)}`,
    hint: 'Settings are given by name: { bucket: "files" }.',
  });
}

/** Settings under the names that the plugin uses, with what the environment says of those that are not given. */
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
    const name = Object.hasOwn(aliases, key) ? aliases[key] : key;
    if (Object.hasOwn(filled, name)) {
      throw fault({
        code: "Invalid",
        action,
        state: `${name} is given twice, also as ${key === name ? otherName(aliases, name) : key}`,
        hint: "Both are names of one setting: keep one.",
      });
    }
    filled[name] = ownMember(value);
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

/** What the schema makes of settings. Issues are `Invalid`, and show no secret. */
export function validateConfig(
  definition: AnyDefinition,
  settings: Settings,
  action: string,
): unknown | Promise<unknown> {
  if (definition.config === undefined) return settings;
  const outputOf = (result: SchemaResult<unknown>) => {
    if (result.issues === undefined) return result.value;
    const issues = result.issues.map(shownIssue).join("; ");
    throw fault({
      code: "Invalid",
      action,
      state: withoutSecrets(definition, settings, issues).replace(/\.$/, ""),
      hint: hintOf(definition),
    });
  };
  const result = definition.config["~standard"].validate(settings);
  return result instanceof Promise ? result.then(outputOf) : outputOf(result);
}

function hintOf({ env = {} }: AnyDefinition): string {
  const variables = Object.entries(env).map(([name, variable]) => `${name} by ${variable}`);
  const else_ = variables.length === 0 ? "" : ` Or by the environment: ${variables.join(", ")}.`;
  return `Correct the settings of the plugin.${else_}`;
}

/** All spellings of the settings that are secrets. */
export function secretNames({ secrets = [], aliases = {} }: AnyDefinition): Set<string> {
  return new Set([
    ...secrets,
    ...Object.keys(aliases).filter((key) => secrets.includes(aliases[key])),
  ]);
}

/** A text in which the values of secrets are not shown. */
export function withoutSecrets(
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
  return text.replaceAll(secret, "…").replaceAll(encodeURIComponent(secret.toWellFormed()), "…"); // also in a URL
}

/** Lists and plain objects that hold data. What has functions is used as it is: it may know itself, as schemas do. */
function isContainer(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null || "~standard" in value) return false;
  return Object.values(Object.getOwnPropertyDescriptors(value)).every((member) => isData(member));
}

function isData({ value, get }: PropertyDescriptor): boolean {
  return get === undefined && typeof value !== "function";
}
