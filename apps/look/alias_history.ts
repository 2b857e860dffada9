// What an alias named: its history, a moment of it, and the way back.
import { type AliasChange, isRegistryError, type Registry } from "../../mod.ts";
import { fault } from "../../core/errors.ts";
import type { CommandContext } from "../program/command.ts";
import { lookUp, shellWord, withHints } from "../program/hints.ts";
import { nearestRef } from "../program/nearest.ts";
import { printTable } from "../terminal/print_table.ts";
import { formatTime } from "../terminal/units.ts";

/** An alias of a name. */
export interface NamedAlias {
  name: string;
  alias: string;
}

/** Lists what an alias named, the newest first. */
export async function showHistory(
  registry: Registry,
  { name, alias }: NamedAlias,
  context: CommandContext,
) {
  const changes = changesOf(registry, { name, alias }, context);
  const rows = async function* () {
    for await (const { version, createdAt, commit, generation } of changes) {
      yield {
        json: { name, alias, version: version ?? null, createdAt, commit, generation },
        cells: [version ?? "(removed)", formatTime(createdAt), commit],
      };
    }
  };
  await printTable(
    context,
    [{ title: "VERSION" }, { title: "SINCE" }, { title: "COMMIT" }],
    rows(),
  );
}

/** What an alias named at a moment; undefined where it was not there. */
export async function namedAt(
  registry: Registry,
  alias: NamedAlias,
  { asOf, context }: { asOf: Date; context: CommandContext },
): Promise<string | undefined> {
  for await (const { version, createdAt } of changesOf(registry, alias, context)) {
    if (createdAt <= asOf) return version;
  }
}

/** Lets an alias name what it named before, unless somebody changes it meanwhile. */
export async function rollBack(
  registry: Registry,
  { name, alias }: NamedAlias,
  context: CommandContext,
) {
  const [now, before] = await lastTwo(changesOf(registry, { name, alias }, context));
  if (before === undefined) {
    throw fault({
      code: "NotFound",
      action: "roll back",
      subject: `"${name}@${alias}"`,
      state: "it never named another version",
      hint: `See what it named: holdfast alias ${shellWord(name)} ${shellWord(alias)} --history`,
    });
  }
  const { signal } = context.io;
  const setting = registry.setAlias(name, alias, before, { expected: now ?? null, signal });
  await withHints(setting, {
    ...lookUp(`${name}@${before}`),
    Conflict: `Somebody changed it meanwhile. See: holdfast alias ${shellWord(name)} ${
      shellWord(alias)
    } --history`,
  });
  const text = `${name}@${alias} is ${before} again (it was ${now ?? "removed"})`;
  await context.result(
    { name, alias, version: before, was: now ?? null },
    context.shared.quiet ? undefined : text,
  );
}

/** What is named now, and the last other version that was. */
async function lastTwo(
  changes: AsyncIterable<AliasChange>,
): Promise<[now?: string, before?: string]> {
  let first: { version?: string } | undefined;
  for await (const { version } of changes) {
    first ??= { version };
    if (version !== undefined && version !== first.version) return [first.version, version];
  }
  return [first?.version];
}

/** The hint for an alias that is not there: one that is like it, and where to look. */
export async function aliasHint(registry: Registry, name: string, alias: string): Promise<string> {
  const near = await nearestRef(registry, `${name}@${alias}`);
  const meant = near === undefined ? "" : `Did you mean ${shellWord(near)}? `;
  return `${meant}See what there is: holdfast alias ${shellWord(name)}`;
}

async function* changesOf(
  registry: Registry,
  { name, alias }: NamedAlias,
  { io: { signal } }: CommandContext,
) {
  try {
    yield* registry.history(name, alias, { signal });
  } catch (error) {
    if (!isRegistryError(error, "NotFound")) throw error;
    throw fault({
      code: "NotFound",
      action: "find alias",
      subject: `"${alias}" of "${name}"`,
      state: "there never was one",
      hint: await aliasHint(registry, name, alias),
      cause: error,
    });
  }
}
