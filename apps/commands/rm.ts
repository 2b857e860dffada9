/**
 * `holdfast rm`
 *
 * @module
 */
import { isRegistryError, parseRef, RegistryError } from "../../mod.ts";
import type { Registry } from "../../mod.ts";
import { defineCommand } from "../program/command.ts";
import type { Command, CommandContext } from "../program/command.ts";
import { lookUp, nearestHint, shellWord, withHints } from "../program/hints.ts";
import { formatBytes, formatCount, formatTime } from "../terminal/units.ts";

interface RmFlags {
  all?: boolean;
  force?: boolean;
  yes?: boolean;
}

const IN_USE = { Conflict: "Look again. Where an alias names it: set the alias to another version, or add --force." };

/** Deletes a version or a name. */
export const rm: Command = defineCommand<[ref: string], RmFlags>({
  name: "rm",
  summary: "Delete a version, or with --all every version of a name.",
  details:
    "Asks first; scripts pass --yes. In an immutable registry, which is the default, the number of a deleted version " +
    "is never used again; in a mutable one only save --on-conflict overwrite uses it again. Space is freed by gc, " +
    "after the registry's grace period.",
  args: [{ usage: "<ref>", text: "name@version, or a bare name with --all", completes: "ref" }],
  options: [
    { flags: "--all", text: "every version of the name" },
    { flags: "-f, --force", text: "also where an alias names it, or where it is damaged" },
    { flags: "-y, --yes", text: "do not ask" },
  ],
  examples: [
    ["holdfast rm my:model@1.0.0", "one version"],
    ["holdfast rm old:model --all --yes", "every version, without asking"],
    ["holdfast rm my:model@production --force", "the version that an alias names"],
  ],
  async run([ref], flags, context) {
    const { bare, selector, name } = parseRef(ref);
    if (!bare && flags.all) throw refusal(ref, "--all takes a bare name", `Write: holdfast rm ${name} --all`);
    if (selector.kind === "range") {
      throw refusal(
        ref,
        "a range may mean another version tomorrow",
        `See: holdfast versions ${name} --range '${selector.text}'`,
      );
    }
    const registry = await context.open({ write: true });
    if (bare && !flags.all && registry.settings.versioned) {
      throw refusal(ref, "it is a bare name", `Write ${name}@VERSION, or add --all for every version.`);
    }
    return await (flags.all ? removeAll(registry, name, flags, context) : removeOne(registry, ref, flags, context));
  },
});

async function removeOne(registry: Registry, ref: string, flags: RmFlags, context: CommandContext): Promise<number> {
  const { signal } = context.io;
  const { exact, what, commit } = await withHints(target(registry, ref, flags, signal), lookUp(ref, registry));
  if (!flags.yes && !await context.confirm(`Delete ${exact} (${what})?`)) return await kept(context);
  if (!await withHints(registry.delete(exact, { force: flags.force, ifCommit: commit, signal }), IN_USE)) {
    throw new RegistryError({
      code: "NotFound",
      message: `Cannot delete "${exact}": it was deleted meanwhile`,
      hint: "There is nothing left to do.",
    });
  }
  const { name, selector } = parseRef(exact);
  const version = selector.kind === "version" ? selector.version.canonical : undefined;
  await context.result({ deleted: [{ name, version }] }, context.shared.quiet ? undefined : `Deleted ${exact}`);
  return 0;
}

interface Target {
  /** The exact version. */
  exact: string;
  /** What the question says about it. */
  what: string;
  /** What it is now; not known where it is damaged. */
  commit?: string;
}

/** The version that a ref means. With `force` it may be one that cannot be read. */
async function target(registry: Registry, ref: string, { force }: RmFlags, signal: AbortSignal): Promise<Target> {
  try {
    const { name, version, size, createdAt, commit } = await registry.info(ref, { signal });
    const what = `${formatBytes(size)}, saved ${formatTime(createdAt)}`;
    return { exact: `${name}@${version}`, what, commit };
  } catch (error) {
    if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
    const { name, selector } = parseRef(ref);
    let version = selector.kind === "version" ? selector.version.canonical : undefined;
    if (selector.kind === "alias") version = (await registry.aliases(name, { signal }))[selector.alias];
    if (!registry.settings.versioned) version = "1.0.0";
    const exact = version && `${name}@${version}`;
    if (exact && force) return { exact, what: "damaged: it cannot be read" };
    throw new RegistryError({
      code: error.code,
      message: `Cannot delete "${ref}": its record cannot be read`,
      hint: exact
        ? `Delete it as it is: holdfast rm ${shellWord(exact)} --force`
        : `Name the version: holdfast versions ${shellWord(name)}`,
      key: error.key,
      cause: error,
    });
  }
}

async function removeAll(registry: Registry, name: string, flags: RmFlags, context: CommandContext): Promise<number> {
  const { signal } = context.io;
  const versions: string[] = [];
  for await (const { version } of registry.versions(name, { signal })) versions.push(version);
  if (versions.length === 0) {
    throw new RegistryError({
      code: "NotFound",
      message: `Cannot delete "${name}": there is no such name`,
      hint: await nearestHint(registry, name),
    });
  }
  const count = formatCount(versions.length, "version");
  if (!flags.yes && !await context.confirm(`Delete all of ${name} (${count})?`)) return await kept(context);
  await withHints(registry.delete(name, { allVersions: true, force: flags.force, signal }), IN_USE);
  const text = `Deleted ${name} (${count})`;
  await context.result(
    { deleted: versions.map((version) => ({ name, version })) },
    context.shared.quiet ? undefined : text,
  );
  return 0;
}

async function kept(context: CommandContext): Promise<number> {
  await context.note("Nothing was deleted");
  return 1;
}

function refusal(ref: string, why: string, hint: string): RegistryError {
  return new RegistryError({ code: "Invalid", message: `Cannot delete "${ref}": ${why}`, hint });
}
