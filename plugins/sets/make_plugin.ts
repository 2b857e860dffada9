// Making a plugin of what was registered.
import { inspect } from "node:util";
import { fault, isRegistryError, messageOf } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { PluginConfig, PluginContext } from "../contract.ts";
import { checkContract } from "../interface.ts";
import type { Contract } from "../interface.ts";
import { fillConfig, validateConfig, withoutSecrets } from "./config.ts";
import type { Settings } from "./config.ts";
import { callCreate } from "./definition.ts";
import type { AnyDefinition } from "./definition.ts";

/** What is to be made. */
export interface PluginOrder {
  /** What it is a plugin of. */
  contract: Contract;
  /** Its name, for messages. */
  name: string;
  /** What was registered. */
  definition: AnyDefinition;
  /** Its settings. */
  config: PluginConfig;
}

/** Settings that were checked: what its schema made of them, and what it was given. */
export interface CheckedOrder extends PluginOrder {
  /** What the plugin is made with. */
  checked: unknown;
  /** The same before the schema, for what no message may show. */
  filled: Settings;
}

/** Fills and checks the settings of what is to be made. */
export async function checkOrder(
  order: PluginOrder,
  { system }: Pick<PluginContext, "system">,
): Promise<CheckedOrder> {
  const { contract, name, definition, config } = order;
  const action = `create plugin ${shown(name)} of ${contract.name}`;
  const filled = fillConfig(definition, config, { action, system });
  return { ...order, filled, checked: await validateConfig(definition, filled, action) };
}

/** Makes a plugin of settings that were checked. */
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
