// Configurations of plugins: filled, checked, and never changed.
import { fault } from "../../core/errors.ts";
import { described } from "../../core/materializer.ts";
import { type SchemaResult, shownIssue } from "../../core/standard_schema.ts";
import type { System } from "../../core/system.ts";
import type { PluginConfig } from "../contract.ts";
import type { AnyDefinition } from "./definition.ts";

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
