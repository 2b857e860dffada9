// What is registered, in one shape.
import type { PluginClass, PluginContext, PluginDefinition, PluginSource } from "../contract.ts";
import { fault } from "../../core/errors.ts";
import { described } from "../../core/materializer.ts";
import { checkContract, type Contract } from "../interface.ts";

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
