// The options that extensions add to commands.
import type { Registry } from "../../../../mod.ts";
import type { CommandContext, OptionDefinition } from "../command.ts";
import type { Extension, Reading } from "../extension.ts";

/** Returns a registry that refuses what the options of a line refuse, by all extensions. */
export async function readThrough(
  extensions: readonly Extension[],
  registry: Registry,
  flags: unknown,
  context: CommandContext,
): Promise<Registry> {
  for (const { reading } of extensions) {
    if (reading !== undefined) registry = await reading.through(registry, flags, context);
  }
  return registry;
}

/** Returns the options of a command that reads versions; the command itself reads its own. */
export function readingOptions<Own extends readonly OptionDefinition[]>(
  own: Own,
  extensions: readonly Extension[],
): Own {
  return withOptions(own, extensions.map(({ reading }) => reading));
}

/** Returns the options of `holdfast verify`. */
export function verifyingOptions<Own extends readonly OptionDefinition[]>(
  own: Own,
  extensions: readonly Extension[],
): Own {
  const further = extensions.map(({ reading }) => ({ options: reading?.verifying ?? [] }));
  return withOptions(readingOptions(own, extensions), further);
}

/** Returns the options of `holdfast download`. */
export function downloadOptions<Own extends readonly OptionDefinition[]>(
  own: Own,
  extensions: readonly Extension[],
): Own {
  const parts = extensions.map(({ downloading }) => downloading);
  return withOptions(readingOptions(own, extensions), parts);
}

/** Returns the options of `holdfast save` and `import files`. */
export function savingOptions<Own extends readonly OptionDefinition[]>(
  own: Own,
  extensions: readonly Extension[],
): Own {
  return withOptions(own, extensions.map(({ saving }) => saving));
}

/** Returns the options of `holdfast rules set`. */
export function rulingOptions<Own extends readonly OptionDefinition[]>(
  own: Own,
  extensions: readonly Extension[],
): Own {
  return withOptions(own, extensions.map(({ ruling }) => ruling));
}

function withOptions<Own extends readonly OptionDefinition[]>(
  own: Own,
  parts: readonly (Pick<Reading, "options"> | undefined)[],
): Own {
  const all: readonly OptionDefinition[] = [
    ...own,
    ...parts.flatMap((part) => part?.options ?? []),
  ];
  return all as Own;
}
