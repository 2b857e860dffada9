// `holdfast alias`
import { isRegistryError, type Registry, type RegistryError } from "../../../mod.ts";
import { isUnreadable } from "../../../core/errors.ts";
import { AS_OF_OPTION, type AsOfFlags, expandNames, refOptions } from "../look/expand_names.ts";
import { type Command, type CommandContext, defineCommand } from "../program/command.ts";
import {
  invalid,
  lookUp,
  nearestHint,
  noName,
  notFound,
  shellWord,
  withHints,
} from "../program/hints.ts";
import { printTable } from "../terminal/print_table.ts";
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
  also?: string[];
  dryRun?: boolean;
  expected?: string;
}

export const alias: Command = defineCommand<
  [name: string, alias?: string, version?: string],
  AliasFlags
>({
  name: "alias",
  summary: "Show, set or delete the aliases of a name.",
  details:
    "With a version it sets the alias, otherwise it shows it. To set or delete, the name may be " +
    "a pattern, as in rm; all names are resolved before anything is changed.",
  args: [
    { usage: "<name>", text: "the artifact; a pattern to set or delete", completes: "name" },
    {
      usage: "[alias]",
      text: "a word such as production (default: show all)",
      completes: "alias",
    },
    { usage: "[version]", text: "the version to set", completes: "version" },
  ],
  options: [
    { flags: "-d, --delete", text: "delete the alias" },
    {
      flags: "--also <ref>",
      text: "also set or delete it for this name or pattern; name@version sets that version",
      repeat: true,
    },
    { flags: "--history", text: "list the versions that it pointed to, newest first" },
    { flags: "--rollback", text: "point it back to the version before" },
    AS_OF_OPTION,
    { flags: "-n, --dry-run", text: "only show what would be set or deleted" },
    {
      flags: "--expected <version>",
      text: "set it only if it points to this version now; none: only if it does not exist",
    },
  ],
  examples: [
    ["holdfast alias my:model production 2.1", "set it"],
    ["holdfast alias 'team:*' production 2.1", "set it for several names"],
    ["holdfast alias my:model production 2.1 --also my:data@1.4", "for several at once"],
    ["holdfast alias my:model", "show all"],
    ["holdfast alias my:model canary --delete", "delete it"],
    ["holdfast alias my:model production --history", "what it pointed to, and since when"],
    ["holdfast alias my:model production --rollback", "back to the version before"],
    ["holdfast alias my:model production 2.2 --expected 2.1", "only if it did not change"],
  ],
  async run([name, alias, version], flags, context) {
    refuseRef(name, "look up aliases of", "alias");
    refuseMixture(alias, version, flags);
    if (flags.delete) {
      for (const ref of flags.also ?? []) refuseRef(ref, "delete aliases of", "alias");
    }
    if (alias === undefined) return await showAll(name, context);
    refuseOddAlias(alias);
    const named = { name, alias };
    if (version !== undefined || flags.delete) await changeEach(named, version, flags, context);
    else if (flags.history) await showHistory(named, context);
    else if (flags.rollback) await rollBack(named, context);
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
  const changes = version !== undefined || remove;
  const rules: [isWrong: boolean | undefined, why: string][] = [
    [remove && !isOne, "--delete takes a name and an alias"],
    [flags.also !== undefined && !changes, "--also needs a version to set, or --delete"],
    [flags.expected !== undefined && version === undefined, "--expected needs a version to set"],
    [history && !isOne, "--history takes a name and an alias"],
    [rollback && !isOne, "--rollback takes a name and an alias"],
    [asOf !== undefined && !isOne, "--as-of takes a name and an alias"],
    [
      [remove, history, rollback, asOf].filter((flag) => flag !== undefined).length > 1,
      "--delete, --history, --rollback and --as-of exclude each other",
    ],
    [flags.dryRun && !changes, "--dry-run needs a version to set, or --delete"],
  ];
  const state = rules.find(([isWrong]) => isWrong)?.[1];
  if (state !== undefined) {
    throw invalid("change aliases", state, 'See "holdfast alias --help".');
  }
}

/** Sets or deletes the alias of each name, after all are found. */
async function changeEach(
  { name, alias }: Named,
  version: string | undefined,
  flags: AliasFlags,
  context: CommandContext,
): Promise<void> {
  const { signal } = context.io;
  const registry = await context.open({ write: !flags.dryRun });
  const refs = await expandNames(registry, [name, ...flags.also ?? []], signal);
  const changes = refs.map((ref): AliasToChange => {
    const [name = "", own] = ref.split(/@(.*)/s);
    return { name, alias, version: version && (own ?? version) };
  });
  const found = new Map<AliasToChange, FoundAlias>();
  if (changes.length > 1 || flags.dryRun) {
    for (const change of changes) found.set(change, await findAlias(registry, change, context));
  }
  if (flags.dryRun) {
    for (const [change, alias] of found) await showChange(change, alias, context);
  } else {
    for (const change of changes) await changeOne(registry, change, flags.expected, context);
  }
}

interface AliasToChange extends Named {
  /** Undefined to delete the alias. */
  version: string | undefined;
}

interface FoundAlias {
  now?: string;
  /** The exact version to set. */
  to?: string;
}

async function findAlias(
  registry: Registry,
  { version, ...named }: AliasToChange,
  context: CommandContext,
): Promise<FoundAlias> {
  const now = await namedBy(registry, named, context);
  if (version === undefined && now === undefined) throw await noAlias(registry, named);
  if (!version) return { now };
  const ref = `${named.name}@${version}`;
  const { signal } = context.io;
  return { now, to: (await withHints(registry.info(ref, { signal }), lookUp(ref))).version };
}

async function showChange(
  { name, alias }: Named,
  { now, to }: FoundAlias,
  context: CommandContext,
): Promise<void> {
  const before = now === undefined ? "new" : `now ${now}`;
  const ref = `${name}@${alias}`;
  const text = `Would ${to === undefined ? `delete ${ref}` : `set ${ref} to ${to}`} (${before})`;
  await context.result({ dryRun: true, name, alias, version: to, now }, text);
}

async function changeOne(
  registry: Registry,
  { name, alias, version }: AliasToChange,
  asked: string | undefined,
  context: CommandContext,
): Promise<void> {
  const { signal } = context.io;
  const ref = `${name}@${alias}`;
  if (version === undefined) {
    if (await registry.deleteAlias(name, alias, { signal })) {
      return await context.done({ name, alias, deleted: true }, `Deleted ${ref}`);
    }
    throw await noAlias(registry, { name, alias });
  }
  const expected = asked === "none" ? null : asked;
  const setting = registry.setAlias(name, alias, version, { signal, expected });
  await withHints(setting, lookUp(`${name}@${version}`));
  const is = await namedBy(registry, { name, alias }, context) ?? version;
  await context.done({ name, alias, version: is }, `${ref} is ${is}`);
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
  const rows = async function* () {
    for await (const change of changesOf(registry, { name, alias }, context)) {
      const { version, createdAt, commit, generation } = change;
      yield {
        json: { name, alias, version: version ?? null, createdAt, commit, generation },
        cells: [version ?? "(removed)", formatTime(createdAt), commit],
      };
    }
  };
  await printTable(context, ["VERSION", "SINCE", "COMMIT"], rows());
}

/** Sets an alias to the version that it named before, unless it changes meanwhile. */
async function rollBack({ name, alias }: Named, context: CommandContext): Promise<void> {
  const registry = await context.open({ write: true });
  let now: { version?: string } | undefined;
  let before: string | undefined;
  for await (const { version } of changesOf(registry, { name, alias }, context)) {
    now ??= { version };
    if (version === undefined || version === now.version) continue;
    before = version;
    break;
  }
  const see = `holdfast alias ${shellWord(name)} ${shellWord(alias)} --history`;
  if (before === undefined) {
    const state = "it never pointed to another version";
    throw notFound(`roll back "${name}@${alias}"`, state, `See its history: ${see}`);
  }
  const was = now?.version;
  const { signal } = context.io;
  const setting = registry.setAlias(name, alias, before, { expected: was ?? null, signal });
  await withHints(setting, {
    ...lookUp(`${name}@${before}`),
    Conflict: `It was changed meanwhile. See: ${see}`,
  });
  await context.done(
    { name, alias, version: before, was: was ?? null },
    `${name}@${alias} is ${before} again (it was ${was ?? "removed"})`,
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
    for await (
      const { version, createdAt } of registry.history(name, alias, { limit, signal })
    ) {
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
