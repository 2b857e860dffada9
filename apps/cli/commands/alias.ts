// `holdfast alias`
import { isRegistryError, type Registry, type RegistryError } from "../../../mod.ts";
import { fault, isUnreadable } from "../../../core/errors.ts";
import { AS_OF_OPTION, type AsOfFlags, refOptions } from "../look/as_of.ts";
import { expandNames } from "../look/expand_names.ts";
import { type Command, type CommandContext, defineCommand } from "../program/command.ts";
import { lookUp, nearestHint, noName, shellWord, withHints } from "../program/hints.ts";
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
  details: "With a version the alias is set, whatever it named before; without one it is shown. " +
    "To set and to delete, the name may be a pattern, as of rm: all that it takes is found before anything is changed.",
  args: [
    {
      usage: "<name>",
      text: "the artifact, or to set and delete a pattern of names",
      completes: "name",
    },
    { usage: "[alias]", text: "a word such as production (default: show all)" },
    { usage: "[version]", text: "the version that it shall name" },
  ],
  options: [
    { flags: "-d, --delete", text: "delete the alias" },
    {
      flags: "--also <ref>",
      text: "set or delete it for this name or pattern too, at name@version for one",
      repeat: true,
    },
    { flags: "--history", text: "list what the alias named, the newest first" },
    { flags: "--rollback", text: "let the alias name what it named before" },
    AS_OF_OPTION,
    { flags: "-n, --dry-run", text: "only say what would be set or deleted" },
    {
      flags: "--expected <version>",
      text: "set it only if it names this version now (none: only if there is none)",
    },
  ],
  examples: [
    ["holdfast alias my:model production 2.1", "set it"],
    ["holdfast alias 'team:*' production 2.1", "set it for several names"],
    ["holdfast alias my:model production 2.1 --also my:data@1.4", "for several at once"],
    ["holdfast alias my:model", "show all"],
    ["holdfast alias my:model canary --delete", "delete it"],
    ["holdfast alias my:model production --history", "what it named, and since when"],
    ["holdfast alias my:model production --rollback", "back to what it named before"],
    [
      "holdfast alias my:model production 2.2 --expected 2.1",
      "only if nobody changed it meanwhile",
    ],
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
    [flags.also !== undefined && !changes, "--also belongs to setting and deleting one"],
    [flags.expected !== undefined && version === undefined, "--expected belongs to setting one"],
    [history && !isOne, "--history takes a name and an alias"],
    [rollback && !isOne, "--rollback takes a name and an alias"],
    [asOf !== undefined && !isOne, "--as-of takes a name and an alias"],
    [
      [remove, history, rollback, asOf].filter((flag) => flag !== undefined).length > 1,
      "--delete, --history, --rollback and --as-of stand alone",
    ],
    [flags.dryRun && !changes, "--dry-run goes with a version to set, or with --delete"],
  ];
  const state = rules.find(([isWrong]) => isWrong)?.[1];
  if (state === undefined) return;
  const hint = 'See "holdfast alias --help".';
  throw fault({ code: "Invalid", action: "change aliases", state, hint });
}

/** Sets or deletes the alias of each name that is meant; all that it takes is found before anything is changed. */
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
    const [name, own] = ref.split(/@(.*)/s);
    return { name, alias, version: version && (own ?? version) };
  });
  const found: FoundAlias[] = [];
  if (changes.length > 1 || flags.dryRun) {
    for (const change of changes) found.push(await findAlias(registry, change, context));
  }
  for (const [i, change] of changes.entries()) {
    if (flags.dryRun) await sayOnly(change, found[i], context);
    else await changeOne(registry, change, flags.expected, context);
  }
}

interface AliasToChange extends Named {
  /** The version that it shall name; undefined to delete it. */
  version: string | undefined;
}

interface FoundAlias {
  now?: string;
  /** The version that it shall name, in full. */
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

async function sayOnly(
  { name, alias }: Named,
  { now, to }: FoundAlias,
  context: CommandContext,
): Promise<void> {
  const before = now === undefined ? "there is none now" : `it is ${now} now`;
  const change = to === undefined ? "delete" : `let ${to} be`;
  const text = `Would ${change} ${name}@${alias} (${before})`;
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
    const state = asOf === undefined ? undefined : `it named nothing at ${formatTime(asOf)}`;
    throw await noAlias(registry, { name, alias }, state);
  }
  const deleted = await isDeleted(registry, `${name}@${version}`, context);
  if (deleted) await context.note(`"${name}@${version}" is deleted`);
  await context.result({ name, alias, version, deleted }, version);
}

async function showAll(name: string, context: CommandContext): Promise<void> {
  const { signal } = context.io;
  const registry = await context.open();
  const aliases = Object.entries(await registry.aliases(name, { signal }));
  const rows = await Array.fromAsync(aliases, async ([alias, version]) => {
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

/** Lets an alias name what it named before, unless somebody changes it meanwhile. */
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
    throw fault({
      code: "NotFound",
      action: "roll back",
      subject: `"${name}@${alias}"`,
      state: "it never named another version",
      hint: `See what it named: ${see}`,
    });
  }
  const was = now?.version;
  const { signal } = context.io;
  const setting = registry.setAlias(name, alias, before, { expected: was ?? null, signal });
  await withHints(setting, {
    ...lookUp(`${name}@${before}`),
    Conflict: `Somebody changed it meanwhile. See: ${see}`,
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
    throw await noAlias(registry, named, "there never was one");
  }
}

/** What an alias names now, or named at a moment; other aliases, which may be damaged, are not read. */
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

/** A version that cannot be read is there nevertheless. */
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
  state = "there is none",
): Promise<RegistryError> {
  return fault({
    code: "NotFound",
    action: "find alias",
    subject: `"${alias}" of "${name}"`,
    state,
    hint: await nearestHint(registry, `${name}@${alias}`),
  });
}
