// The options that extensions add to commands.
import type { Registry } from "../../../../mod.ts";
import type { CommandContext, OptionDefinition } from "../command.ts";
import type { Adding, Extension } from "../extension.ts";

/** Returns what extensions add to a command. */
export function addedTo(command: string, extensions: readonly Extension[]): readonly Adding[] {
  return extensions.flatMap(({ adding = [] }) => adding).filter(({ to }) => to.includes(command));
}

/** Returns the options of a command, with those of extensions. The command itself reads its own. */
export function withAdded<Own extends readonly OptionDefinition[]>(
  own: Own,
  command: string,
  extensions: readonly Extension[],
): Own {
  const added = addedTo(command, extensions).flatMap(({ options }) => options);
  return [...own, ...added] as readonly OptionDefinition[] as Own;
}

/** Returns a registry that refuses what the options of a line refuse, by all that extensions add. */
export async function readThrough(
  added: readonly Adding[],
  registry: Registry,
  flags: unknown,
  context: CommandContext,
): Promise<Registry> {
  for (const { through } of added) {
    registry = await through?.(registry, flags, context) ?? registry;
  }
  return registry;
}
