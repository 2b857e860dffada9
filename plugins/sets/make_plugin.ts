// Making a plugin of what was registered.
import { inspect } from "node:util";
import { fault, isRegistryError, messageOf } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { PluginConfig, PluginContext } from "../contract.ts";
import { checkContract, type Contract } from "../interface.ts";
import { fillConfig, type Settings, validateConfig, withoutSecrets } from "./config.ts";
import { type AnyDefinition, callCreate } from "./definition.ts";

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
