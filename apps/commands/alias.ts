// `holdfast alias`
import { isRegistryError, type Registry, type RegistryError } from "../../mod.ts";
import { fault } from "../../core/errors.ts";
import { aliasHint, namedAt, rollBack, showHistory } from "../look/alias_history.ts";
import { AS_OF_OPTION, type AsOfFlags, refOptions } from "../look/as_of.ts";
import { expandNames } from "../look/expand_names.ts";
import { type Command, type CommandContext, defineCommand } from "../program/command.ts";
import { lookUp, nearestHint, shellWord, withHints } from "../program/hints.ts";
import { printTable } from "../terminal/print_table.ts";
import { formatTime } from "../terminal/units.ts";
import { refuseOddAlias, refuseRef } from "../program/refusals.ts";

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
    if (alias !== undefined) refuseOddAlias(alias);
    if (alias !== undefined && (version !== undefined || flags.delete)) {
      return await changeEach({ name, alias, version }, flags, context);
    }
    if (flags.dryRun) return await sayOnly({ name, alias, version }, flags, context);
    if (flags.history) {
      await showHistory(await context.open(), { name, alias: alias! }, context);
    } else if (flags.rollback) {
      await rollBack(await context.open({ write: true }), { name, alias: alias! }, context);
    } else await show(name, alias, { context, asOf: refOptions(flags, context.io).asOf });
  },
});

/** Sets or deletes the alias of each name that is meant; all that it takes is found before anything is changed. */
async function changeEach(
  { name, alias, version }: { name: string; alias: string; version?: string },
  flags: AliasFlags,
  context: CommandContext,
): Promise<void> {
  const { signal } = context.io;
  const registry = await context.open({ write: !flags.dryRun });
  const refs = await expandNames(registry, [name, ...flags.also ?? []], signal);
  const changes = refs.map((ref) => {
    const [name, own] = ref.split(/@(.*)/s);
    return { name, alias, version: version && (own ?? version) };
  });
  if (changes.length > 1) {
    for (const { name, alias, version } of changes) {
      if (version !== undefined) {
        await withHints(
          registry.info(`${name}@${version}`, { signal }),
          lookUp(`${name}@${version}`, registry),
        );
      } else if (await namedBy(registry, { name, alias }, context) === undefined) {
        throw await noAlias(registry, name, alias);
      }
    }
  }
  for (const { name, alias, version } of changes) {
    if (flags.dryRun) await sayOnly({ name, alias, version }, flags, context);
    else if (version === undefined) await deleteOne(registry, { name, alias }, context);
    else await setOne(registry, { name, alias, version, expected: flags.expected }, context);
  }
}

async function deleteOne(
  registry: Registry,
  { name, alias }: { name: string; alias: string },
  context: CommandContext,
): Promise<void> {
  const { signal } = context.io;
  if (!await registry.deleteAlias(name, alias, { signal })) {
    throw await noAlias(registry, name, alias);
  }
  await context.result(
    { name, alias, deleted: true },
    context.shared.quiet ? undefined : `Deleted ${name}@${alias}`,
  );
}

async function setOne(
  registry: Registry,
  { name, alias, version, expected }: {
    name: string;
    alias: string;
    version: string;
    expected?: string;
  },
  context: CommandContext,
): Promise<void> {
  const { signal } = context.io;
  await withHints(
    registry.setAlias(name, alias, version, {
      signal,
      expected: expected === "none" ? null : expected,
    }),
    lookUp(`${name}@${version}`, registry),
  );
  const named = await namedBy(registry, { name, alias }, context) ?? version;
  await context.result(
    { name, alias, version: named },
    context.shared.quiet ? undefined : `${name}@${alias} is ${named}`,
  );
}

async function show(
  name: string,
  alias: string | undefined,
  { context, asOf }: { context: CommandContext; asOf?: Date },
): Promise<void> {
  const registry = await context.open();
  if (alias !== undefined) {
    const named = { name, alias };
    const version = asOf === undefined
      ? await namedBy(registry, named, context)
      : await namedAt(registry, named, { asOf, context });
    if (version === undefined) {
      throw asOf === undefined
        ? await noAlias(registry, name, alias)
        : notYet({ name, alias, asOf });
    }
    const deleted = await isDeleted(registry, `${name}@${version}`, context);
    if (deleted) await context.note(`"${name}@${version}" is deleted`);
    return await context.result({ name, alias, version, deleted }, version);
  }
  const aliases = await registry.aliases(name, { signal: context.io.signal });
  const toRow = async ([alias, version]: [string, string]) => {
    const deleted = await isDeleted(registry, `${name}@${version}`, context);
    return {
      json: { name, alias, version, deleted },
      cells: [alias, version + (deleted ? " (deleted)" : "")],
    };
  };
  const rows = await Array.fromAsync(Object.entries(aliases), toRow);
  if (rows.length === 0) {
    if (!await registry.has(name, { signal: context.io.signal })) {
      throw await noName(registry, name);
    }
    await context.note(`"${name}" has no aliases`);
  }
  await printTable(context, [{ title: "ALIAS" }, { title: "VERSION" }], rows);
}

/** What an alias names now; other aliases, which may be damaged, are not read. */
async function namedBy(
  registry: Registry,
  { name, alias }: { name: string; alias: string },
  { io: { signal } }: CommandContext,
): Promise<string | undefined> {
  try {
    for await (const { version } of registry.history(name, alias, { limit: 1, signal })) {
      return version;
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
    if (isRegistryError(error, "Corrupt", "Unsupported")) return false;
    throw error;
  }
}

function refuseMixture(
  alias: string | undefined,
  version: string | undefined,
  flags: AliasFlags,
): void {
  const why = flags.delete && (alias === undefined || version !== undefined)
    ? "--delete takes a name and an alias"
    : flags.also !== undefined && version === undefined && !flags.delete
    ? "--also belongs to setting and deleting one"
    : flags.expected !== undefined && version === undefined
    ? "--expected belongs to setting one"
    : (flags.history || flags.rollback) && (alias === undefined || version !== undefined)
    ? `${flags.history ? "--history" : "--rollback"} takes a name and an alias`
    : flags.asOf !== undefined && (alias === undefined || version !== undefined)
    ? "--as-of takes a name and an alias"
    : [flags.delete, flags.history, flags.rollback, flags.asOf].filter((flag) => flag !== undefined)
        .length > 1
    ? "--delete, --history, --rollback and --as-of stand alone"
    : undefined;
  if (why === undefined) return;
  throw fault({
    code: "Invalid",
    action: "change aliases",
    state: why,
    hint: `See "holdfast alias --help".`,
  });
}

async function noName(registry: Registry, name: string): Promise<RegistryError> {
  return fault({
    code: "NotFound",
    action: "list aliases of",
    subject: JSON.stringify(name),
    state: "there is no such name",
    hint: await nearestHint(registry, name),
  });
}

function notYet({ name, alias, asOf }: { name: string; alias: string; asOf: Date }): RegistryError {
  return fault({
    code: "NotFound",
    action: "find alias",
    subject: `"${alias}" of "${name}"`,
    state: `it named nothing at ${formatTime(asOf)}`,
    hint: `See what it named, and since when: holdfast alias ${shellWord(name)} ${
      shellWord(alias)
    } --history`,
  });
}

async function noAlias(registry: Registry, name: string, alias: string): Promise<RegistryError> {
  return fault({
    code: "NotFound",
    action: "find alias",
    subject: `"${alias}" of "${name}"`,
    state: "there is none",
    hint: await aliasHint(registry, name, alias),
  });
}

/** What would become of an alias; what the setting would refuse is refused here too. */
async function sayOnly(
  { name, alias, version }: { name: string; alias?: string; version?: string },
  flags: AliasFlags,
  context: CommandContext,
): Promise<void> {
  if (
    alias === undefined || flags.history || flags.rollback ||
    (version === undefined && !flags.delete)
  ) {
    throw fault({
      code: "Invalid",
      action: "try",
      subject: JSON.stringify(name),
      state: "--dry-run goes with a version to set, or with --delete",
      hint: `Write: holdfast alias ${shellWord(name)} ALIAS VERSION --dry-run`,
    });
  }
  const registry = await context.open();
  const now = await namedBy(registry, { name, alias }, context);
  if (flags.delete && now === undefined) throw await noAlias(registry, name, alias);
  const ref = `${name}@${version}`;
  const { signal } = context.io;
  const to = flags.delete
    ? undefined
    : (await withHints(registry.info(ref, { signal }), lookUp(ref))).version;
  const before = now === undefined ? "there is none now" : `it is ${now} now`;
  const text = `Would ${to === undefined ? "delete" : `let ${to} be`} ${name}@${alias} (${before})`;
  await context.result({ dryRun: true, name, alias, version: to, now }, text);
}
