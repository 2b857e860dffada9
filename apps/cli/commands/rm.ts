import { parseRef, type Registry } from "../../../mod.ts";
import { fault, isUnreadable } from "../../../core/errors.ts";
import { mapAtOnce } from "../../../core/work/at_once.ts";
import { expandNames } from "../look/expand_names.ts";
import { defineCommand, YES_OPTION } from "../program/command.ts";
import type { Command, CommandContext } from "../program/command.ts";
import { tryEach } from "../program/try_each.ts";
import { invalid, lookUp, noName, notFound, shellWord, withHints } from "../terminal/hints.ts";
import { formatBytes, formatCount, formatTime } from "../terminal/units.ts";

interface RmFlags {
  all?: boolean;
  force?: boolean;
  yes?: boolean;
  dryRun?: boolean;
}

/** Names or versions that are read or deleted at once. */
const AT_ONCE = 16;

const CHANGED = { Conflict: "Another program changed it: inspect it, and try again." };

export const rm: Command = defineCommand({
  name: "rm",
  summary: "Delete versions, or with --all every version of a name.",
  details:
    "Asks first; scripts pass --yes. Checks all versions before it deletes one: delete a release " +
    "before its members. In a pattern, * matches anything but /, and **/ any folders; quote it " +
    "for the shell. undelete restores a version until gc frees its space, after the grace period. " +
    "Its number is never used for other content, except in a mutable registry by save " +
    "--on-conflict overwrite.",
  args: [{
    usage: "<refs...>",
    text: "name@version, or names with --all; names may be patterns",
    completes: "ref",
  }],
  options: [
    { flags: "--all", text: "every version of the names" },
    { flags: "-f, --force", text: "even if an alias or a release names it, or it is damaged" },
    { flags: "-n, --dry-run", text: "only show what would be deleted" },
    YES_OPTION,
  ],
  examples: [
    ["holdfast rm my:model@1.0.0 my:model@1.1.0", "two versions"],
    ["holdfast rm old:model --all --yes", "every version, without asking"],
    ["holdfast rm 'tmp:*' --all", "every name that begins with tmp:"],
    ["holdfast rm my:model@production --force", "the version of an alias"],
  ],
  async run([refs], flags, context) {
    for (const ref of refs) refuseUnclear(ref, flags);
    const registry = await context.open({ write: !flags.dryRun });
    const toRemove = new Map<string, Removal>();
    const expanded = await expandNames(registry, refs, context.io.signal);
    const found = mapAtOnce(expanded, async (ref) => {
      if (!flags.all && registry.settings.versioned && parseRef(ref).bare) {
        const name = shellWord(ref);
        const hint = `Pick one: holdfast versions ${name}. For all: holdfast rm ${name} --all`;
        throw invalid(`delete "${ref}"`, "the ref has no version", hint);
      }
      return await (flags.all ? allOf : oneOf)(registry, ref, flags, context);
    });
    for await (const removal of found) toRemove.set(removal.label, removal);
    const removals = [...toRemove.values()];
    await Array.fromAsync(mapAtOnce(removals, ({ remove }) => remove(true)));
    if (flags.dryRun) {
      const text = removals.map(({ label, what }) => `Would delete ${label} (${what})`).join("\n");
      const wouldDelete = removals.map(({ label }) => label);
      return await context.result({ dryRun: true, wouldDelete }, text);
    }
    if (!flags.yes && !await isConfirmed(removals, context)) {
      await context.note("Nothing was deleted");
      return 1;
    }
    await removeEach(removals, context);
  },
});

interface Removal {
  /** `name@version`, or `all of name`. */
  label: string;
  what: string;
  done: string;
  /** Returns the deleted versions. A dry run only fails as the deletion would. */
  remove(dryRun: boolean): Promise<{ name: string; version?: string }[]>;
}

/** Refuses ambiguous refs before the registry is opened. */
function refuseUnclear(ref: string, { all }: RmFlags): void {
  const { bare, selector, name } = parseRef(ref);
  if (!bare && all) {
    const hint = `Write: holdfast rm ${shellWord(name)} --all`;
    throw invalid(`delete "${ref}"`, "--all takes a name without a version", hint);
  }
  if (selector.kind !== "range") return;
  const hint = `Pick one: holdfast versions ${shellWord(name)} --range '${selector.text}'`;
  throw invalid(`delete "${ref}"`, "a range may match another version tomorrow", hint);
}

async function isConfirmed(
  removals: readonly Removal[],
  context: CommandContext,
): Promise<boolean> {
  const lines = removals.map(({ label, what }) => `${label} (${what})`);
  if (lines.length === 1) return await context.confirm(`Delete ${lines.join()}?`);
  for (const line of lines) await context.note(line);
  return await context.confirm(`Delete these ${removals.length}?`);
}

async function removeEach(removals: readonly Removal[], context: CommandContext): Promise<void> {
  const { done, failed } = await tryEach(
    removals,
    async (removal) => {
      return { deleted: await removal.remove(false), text: `Deleted ${removal.done}` };
    },
    context,
    AT_ONCE,
  );
  if (done.length > 0) {
    const deleted = done.flatMap(({ deleted }) => deleted);
    await context.done({ deleted }, done.map(({ text }) => text).join("\n"));
  }
  if (failed !== undefined) throw failed.error;
}

async function oneOf(
  registry: Registry,
  ref: string,
  flags: RmFlags,
  context: CommandContext,
): Promise<Removal> {
  const { signal } = context.io;
  const finding = target(registry, ref, flags, signal);
  const { name, version, what, commit } = await withHints(finding, lookUp(ref));
  const exact = `${name}@${version}`;
  return {
    label: exact,
    what,
    done: exact,
    async remove(dryRun) {
      const settings = { force: flags.force, ifCommit: commit, dryRun, signal };
      if (await withHints(registry.delete(exact, settings), CHANGED)) return [{ name, version }];
      const state = "another program already deleted it";
      throw notFound(`delete "${exact}"`, state, "Nothing is left to do.");
    },
  };
}

interface Target {
  name: string;
  version: string;
  what: string;
  /** Undefined if it is damaged. */
  commit?: string;
}

/** Finds the version of a ref. With `force` it may be unreadable. */
async function target(
  registry: Registry,
  ref: string,
  { force }: RmFlags,
  signal: AbortSignal,
): Promise<Target> {
  try {
    const { name, version, size, createdAt, commit } = await registry.info(ref, { signal });
    const what = `${formatBytes(size)}, saved ${formatTime(createdAt)}`;
    return { name, version, what, commit };
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const { name, selector } = parseRef(ref);
    let version = selector.kind === "version" ? selector.version.canonical : undefined;
    if (selector.kind === "alias") {
      const aliases = await Array.fromAsync(registry.aliases(name, { signal }));
      version = aliases.find(({ alias }) => alias === selector.alias)?.version;
    }
    if (!registry.settings.versioned) version = "1.0.0";
    if (version && force) return { name, version, what: "damaged" };
    throw fault({
      code: error.code,
      action: `delete "${ref}"`,
      state: "its record cannot be read",
      hint: version
        ? `Delete it anyway: holdfast rm ${shellWord(`${name}@${version}`)} --force`
        : `Pick a version: holdfast versions ${shellWord(name)}`,
      key: error.key,
      cause: error,
    });
  }
}

async function allOf(
  registry: Registry,
  name: string,
  { force }: RmFlags,
  { io: { signal } }: CommandContext,
): Promise<Removal> {
  const versions: string[] = [];
  for await (const { version } of registry.versions(name, { signal })) versions.push(version);
  if (versions.length === 0) throw await noName(registry, name, "delete");
  const count = formatCount(versions.length, "version");
  return {
    label: `all of ${name}`,
    what: count,
    done: `${name} (${count})`,
    async remove(dryRun) {
      const settings = { allVersions: true, force, dryRun, signal };
      await withHints(registry.delete(name, settings), CHANGED);
      return versions.map((version) => ({ name, version }));
    },
  };
}
