// `holdfast rm`
import { parseRef, type Registry, type RegistryError } from "../../../mod.ts";
import { fault, isUnreadable } from "../../../core/errors.ts";
import { expandNames } from "../look/expand_names.ts";
import {
  type Command,
  type CommandContext,
  defineCommand,
  YES_OPTION,
} from "../program/command.ts";
import { lookUp, noName, shellWord, withHints } from "../program/hints.ts";
import { formatBytes, formatCount, formatTime } from "../terminal/units.ts";

interface RmFlags {
  all?: boolean;
  force?: boolean;
  yes?: boolean;
  dryRun?: boolean;
}

const IN_USE = {
  Conflict:
    "Look again. Where an alias names it: set the alias to another version, or add --force.",
};

export const rm: Command = defineCommand<[refs: string[]], RmFlags>({
  name: "rm",
  summary: "Delete versions, or with --all every version of names.",
  details:
    "Asks first; scripts pass --yes. Of several, all are found before anything is deleted. In a pattern * stands for " +
    "anything but /, and **/ for any folders: quote it, so that the shell does not take it. In an immutable registry, which " +
    "is the default, the number of a deleted version is never used again; in a mutable one only save --on-conflict " +
    "overwrite uses it again. Space is freed by gc, after the registry's grace period.",
  args: [{
    usage: "<refs...>",
    text: "name@version, or bare names with --all; or patterns of names",
    completes: "ref",
  }],
  options: [
    { flags: "--all", text: "every version of the names" },
    { flags: "-f, --force", text: "also where an alias names it, or where it is damaged" },
    { flags: "-n, --dry-run", text: "only say what would be deleted" },
    YES_OPTION,
  ],
  examples: [
    ["holdfast rm my:model@1.0.0 my:model@1.1.0", "two versions"],
    ["holdfast rm old:model --all --yes", "every version, without asking"],
    ["holdfast rm 'tmp:*' --all", "every name that begins with tmp:"],
    ["holdfast rm my:model@production --force", "the version that an alias names"],
  ],
  async run([refs], flags, context) {
    for (const ref of refs) refuseUnclear(ref, flags);
    const registry = await context.open({ write: !flags.dryRun });
    const meant = await expandNames(registry, refs, context.io.signal);
    const found = new Map<string, Removal>();
    for (const ref of meant) {
      if (!flags.all && registry.settings.versioned && parseRef(ref).bare) {
        throw refusal(
          ref,
          "it is a bare name",
          `Write ${parseRef(ref).name}@VERSION, or add --all for every version.`,
        );
      }
      const removal = await (flags.all ? allOf : oneOf)(registry, ref, flags, context);
      found.set(removal.label, removal);
    }
    const removals = [...found.values()];
    if (flags.dryRun) {
      const text = removals.map(({ label, what }) => `Would delete ${label} (${what})`).join("\n");
      const wouldDelete = removals.map(({ label }) => label);
      return await context.result({ dryRun: true, wouldDelete }, text);
    }
    if (!flags.yes && !await isMeant(removals, context)) {
      await context.note("Nothing was deleted");
      return 1;
    }
    await removeEach(removals, context);
  },
});

interface Removal {
  /** What it is called: `name@version`, or `all of name`. */
  label: string;
  what: string;
  done: string;
  remove(): Promise<{ name: string; version?: string }[]>;
}

/** Refuses what cannot be meant, before the registry is asked. */
function refuseUnclear(ref: string, { all }: RmFlags): void {
  const { bare, selector, name } = parseRef(ref);
  if (!bare && all) {
    throw refusal(ref, "--all takes a bare name", `Write: holdfast rm ${shellWord(name)} --all`);
  }
  if (selector.kind !== "range") return;
  const hint = `See: holdfast versions ${shellWord(name)} --range '${selector.text}'`;
  throw refusal(ref, "a range may mean another version tomorrow", hint);
}

async function isMeant(removals: readonly Removal[], context: CommandContext): Promise<boolean> {
  const [{ label, what }] = removals;
  if (removals.length === 1) return await context.confirm(`Delete ${label} (${what})?`);
  for (const { label, what } of removals) await context.note(`${label} (${what})`);
  return await context.confirm(`Delete these ${removals.length}?`);
}

async function removeEach(removals: readonly Removal[], context: CommandContext): Promise<void> {
  const deleted: { name: string; version?: string }[] = [];
  const done: string[] = [];
  try {
    for (const removal of removals) {
      deleted.push(...await removal.remove());
      done.push(`Deleted ${removal.done}`);
    }
  } catch (error) {
    if (done.length > 0) await context.note(done.join("\n"));
    throw error;
  }
  await context.done({ deleted }, done.join("\n"));
}

async function oneOf(
  registry: Registry,
  ref: string,
  flags: RmFlags,
  context: CommandContext,
): Promise<Removal> {
  const { signal } = context.io;
  const { name, version, what, commit } = await withHints(
    target(registry, ref, flags, signal),
    lookUp(ref),
  );
  const exact = `${name}@${version}`;
  return {
    label: exact,
    what,
    done: exact,
    async remove() {
      const how = { force: flags.force, ifCommit: commit, signal };
      if (await withHints(registry.delete(exact, how), IN_USE)) return [{ name, version }];
      throw fault({
        code: "NotFound",
        action: "delete",
        subject: `"${exact}"`,
        state: "it was deleted meanwhile",
        hint: "There is nothing left to do.",
      });
    },
  };
}

interface Target {
  name: string;
  version: string;
  what: string;
  /** What it is now; not known where it is damaged. */
  commit?: string;
}

/** The version that a ref means. With `force` it may be one that cannot be read. */
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
      version = (await registry.aliases(name, { signal }))[selector.alias];
    }
    if (!registry.settings.versioned) version = "1.0.0";
    if (version && force) return { name, version, what: "damaged: it cannot be read" };
    throw fault({
      code: error.code,
      action: "delete",
      subject: `"${ref}"`,
      state: "its record cannot be read",
      hint: version
        ? `Delete it as it is: holdfast rm ${shellWord(`${name}@${version}`)} --force`
        : `Name the version: holdfast versions ${shellWord(name)}`,
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
    async remove() {
      await withHints(registry.delete(name, { allVersions: true, force, signal }), IN_USE);
      return versions.map((version) => ({ name, version }));
    },
  };
}

function refusal(ref: string, why: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "delete", subject: `"${ref}"`, state: why, hint });
}
