import { authorText } from "../../../core/naming/author.ts";
import { isRegistryError, type Registry, type RegistryError } from "../../../mod.ts";
import { isUnreadable } from "../../../core/errors.ts";
import { isVersion, parseVersion } from "../../../core/naming/versions.ts";
import { AS_OF_OPTION, type AsOfFlags, refOptions } from "../look/expand_names.ts";
import { type Command, type CommandContext, defineCommand } from "../program/command.ts";
import {
  invalid,
  lookUp,
  nearestHint,
  noName,
  notFound,
  shellWord,
  withHints,
} from "../terminal/hints.ts";
import { printTable } from "../program/print_table.ts";
import { formatTime } from "../terminal/units.ts";
import { refuseOddAlias, refuseRef } from "../program/refusals.ts";

interface Named {
  name: string;
  alias: string;
}

interface AliasFlags extends AsOfFlags {
  history?: boolean;
  rollback?: boolean;
  delete?: boolean;
  expected?: string;
  force?: boolean;
}

export const alias: Command = defineCommand({
  name: "alias",
  summary: "Show, set or delete the aliases of a name.",
  details: "With a version it sets the alias, otherwise it shows it. To move the aliases of " +
    "several names together, publish a release and set an alias of that.",
  args: [
    { usage: "<name>", text: "the artifact", completes: "name" },
    { usage: "[alias]", text: "a word such as production (default: show all)", completes: "alias" },
    { usage: "[version]", text: "the version to set", completes: "version" },
  ],
  options: [
    { flags: "-d, --delete", text: "delete the alias" },
    { flags: "--history", text: "list the versions that it pointed to, newest first" },
    { flags: "--rollback", text: "point it back to the version before" },
    AS_OF_OPTION,
    {
      flags: "--expected <version>",
      text: "set it only if it points to this version now; none: only if it does not exist",
    },
    { flags: "--force", text: "change an alias that a rule protects" },
  ],
  examples: [
    ["holdfast alias my:model production 2.1", "set it"],
    ["holdfast alias my:model", "show all"],
    ["holdfast alias my:model canary --delete", "delete it"],
    ["holdfast alias my:model production --history", "what it pointed to, and since when"],
    ["holdfast alias my:model production --rollback", "back to the version before"],
    ["holdfast alias my:model production 2.2 --expected 2.1", "only if it did not change"],
  ],
  async run([name, alias, version], flags, context) {
    refuseRef(name, "look up aliases of", "alias");
    refuseMixture(alias, version, flags);
    if (alias === undefined) return await showAll(name, context);
    refuseOddAlias(alias);
    const named = { name, alias };
    if (version !== undefined) await set(named, version, flags, context);
    else if (flags.delete) await remove(named, flags, context);
    else if (flags.history) await showHistory(named, context);
    else if (flags.rollback) await rollBack(named, flags, context);
    else await showOne(named, refOptions(flags, context.io).asOf, context);
  },
});

function refuseMixture(
  alias: string | undefined,
  version: string | undefined,
  flags: AliasFlags,
): void {
  const { delete: remove, history, rollback, asOf } = flags;
  const isOne = alias !== undefined && version === undefined;
  const rules: [isWrong: boolean | undefined, why: string][] = [
    [remove && !isOne, "--delete takes a name and an alias"],
    [flags.expected !== undefined && version === undefined, "--expected needs a version to set"],
    [history && !isOne, "--history takes a name and an alias"],
    [rollback && !isOne, "--rollback takes a name and an alias"],
    [asOf !== undefined && !isOne, "--as-of takes a name and an alias"],
    [
      [remove, history, rollback, asOf].filter((flag) => flag !== undefined).length > 1,
      "--delete, --history, --rollback and --as-of exclude each other",
    ],
  ];
  const state = rules.find(([isWrong]) => isWrong)?.[1];
  if (state !== undefined) throw invalid("change aliases", state, 'See "holdfast alias --help".');
}

async function set(
  { name, alias }: Named,
  version: string,
  { expected: asked, force }: AliasFlags,
  context: CommandContext,
): Promise<void> {
  const { signal } = context.io;
  const registry = await context.open({ write: true });
  const expected = asked === "none" ? null : asked;
  // Found before: afterwards, the alias may already be another writer's.
  const chosen = isVersion(version)
    ? Promise.resolve({ version: parseVersion(version).canonical })
    : registry.info(name, { version, signal });
  const { version: exact } = await withHints(chosen, lookUp(`${name}@${version}`));
  const setting = registry.setAlias(name, alias, exact, { signal, expected, force });
  await withHints(setting, lookUp(`${name}@${version}`));
  await context.done({ name, alias, version: exact }, `${name}@${alias} is ${exact}`);
}

async function remove(
  { name, alias }: Named,
  { force }: AliasFlags,
  context: CommandContext,
): Promise<void> {
  const registry = await context.open({ write: true });
  if (!await registry.deleteAlias(name, alias, { force, signal: context.io.signal })) {
    throw await noAlias(registry, { name, alias });
  }
  await context.done({ name, alias, deleted: true }, `Deleted ${name}@${alias}`);
}

async function showOne(
  { name, alias }: Named,
  asOf: Date | undefined,
  context: CommandContext,
): Promise<void> {
  const registry = await context.open();
  const version = await namedBy(registry, { name, alias }, context, asOf);
  if (version === undefined) {
    const state = asOf === undefined ? undefined : `it did not exist at ${formatTime(asOf)}`;
    throw await noAlias(registry, { name, alias }, state);
  }
  const deleted = await isDeleted(registry, `${name}@${version}`, context);
  if (deleted) await context.note(`"${name}@${version}" is deleted`);
  await context.result({ name, alias, version, deleted }, version);
}

async function showAll(name: string, context: CommandContext): Promise<void> {
  const { signal } = context.io;
  const registry = await context.open();
  const aliases = registry.aliases(name, { signal });
  const rows = await Array.fromAsync(aliases, async ({ alias, version }) => {
    const deleted = await isDeleted(registry, `${name}@${version}`, context);
    return {
      json: { name, alias, version, deleted },
      cells: [alias, version + (deleted ? " (deleted)" : "")],
    };
  });
  if (rows.length === 0) {
    if (!await registry.has(name, { signal })) {
      throw await noName(registry, name, "list aliases of");
    }
    await context.note(`"${name}" has no aliases`);
  }
  await printTable(context, ["ALIAS", "VERSION"], rows);
}

async function showHistory({ name, alias }: Named, context: CommandContext): Promise<void> {
  const registry = await context.open();
  const changes = await Array.fromAsync(changesOf(registry, { name, alias }, context));
  const isKnown = changes.some(({ by }) => by);
  const rows = changes.map(({ version, createdAt, commit, generation, by }) => ({
    json: { name, alias, version: version ?? null, createdAt, commit, generation, by },
    cells: [
      version ?? "(removed)",
      formatTime(createdAt),
      ...isKnown ? [by ? authorText(by) : ""] : [],
      commit,
    ],
  }));
  const columns = ["VERSION", "SINCE", ...isKnown ? ["BY"] : [], "COMMIT"];
  await printTable(context, columns, rows);
}

async function rollBack(
  { name, alias }: Named,
  { force }: AliasFlags,
  context: CommandContext,
): Promise<void> {
  const registry = await context.open({ write: true });
  const { signal } = context.io;
  const rolledBack = registry.rollbackAlias(name, alias, { force, signal }).catch(async (error) => {
    const isUnknown = isRegistryError(error, "NotFound") && error.reason?.kind === "alias_unknown";
    throw isUnknown ? await noAlias(registry, { name, alias }, "it never existed") : error;
  });
  const see = `holdfast alias ${shellWord(name)} ${shellWord(alias)} --history`;
  const { version, was } = await withHints(rolledBack, {
    Conflict: `It was changed meanwhile. See: ${see}`,
  });
  await context.done(
    { name, alias, version, was: was ?? null },
    `${name}@${alias} is ${version} again (it was ${was ?? "removed"})`,
  );
}

async function* changesOf(registry: Registry, named: Named, { io: { signal } }: CommandContext) {
  try {
    yield* registry.history(named.name, named.alias, { signal });
  } catch (error) {
    if (!isRegistryError(error, "NotFound")) throw error;
    throw await noAlias(registry, named, "it never existed");
  }
}

/** Returns the version of an alias, now or at a time, without reading other aliases. */
async function namedBy(
  registry: Registry,
  { name, alias }: Named,
  { io: { signal } }: CommandContext,
  asOf?: Date,
): Promise<string | undefined> {
  const limit = asOf === undefined ? 1 : undefined;
  try {
    for await (const { version, createdAt } of registry.history(name, alias, { limit, signal })) {
      if (asOf === undefined || createdAt <= asOf) return version;
    }
  } catch (error) {
    if (!isRegistryError(error, "NotFound")) throw error;
  }
}

/** Returns true for a deleted version; an unreadable one still exists. */
async function isDeleted(
  registry: Registry,
  ref: string,
  { io: { signal } }: CommandContext,
): Promise<boolean> {
  try {
    return !await registry.has(ref, { signal });
  } catch (error) {
    if (isUnreadable(error)) return false;
    throw error;
  }
}

async function noAlias(
  registry: Registry,
  { name, alias }: Named,
  state = "no such alias",
): Promise<RegistryError> {
  const hint = await nearestHint(registry, `${name}@${alias}`);
  return notFound(`find alias "${alias}" of "${name}"`, state, hint);
}
