/**
 * Making a plugin of what was registered.
 *
 * @module
 */
import { isRegistryError, messageOf, RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { PluginConfig, PluginContext } from "../contract.ts";
import { checkContract } from "../interface.ts";
import type { Contract } from "../interface.ts";
import { fillConfig, validateConfig, withoutSecrets } from "./config.ts";
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

/** Makes a plugin, and gives the settings that it was made with. */
export async function makePlugin(
  { contract, name, definition, config }: PluginOrder,
  context: PluginContext,
): Promise<{ plugin: unknown; config: unknown }> {
  const action = `create plugin ${shown(name)} of ${contract.name}`;
  const filled = fillConfig(definition, config, { action, system: context.system });
  const checked = await validateConfig(definition, filled, action);
  const plugin = await callCreate(definition, checked, context).catch((error) => {
    if (isRegistryError(error)) throw error;
    throw new RegistryError({
      code: "TaskFailed",
      message: `Cannot ${action}: ${withoutSecrets(definition, filled, messageOf(error)).replace(/\.$/, "")}`,
      hint: "Making it failed; its cause is the error underneath.",
      cause: error,
    });
  });
  checkContract(contract, plugin, action);
  return { plugin, config: checked };
}
