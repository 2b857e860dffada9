// Rules that protect names and aliases from a save.
import { conflict } from "../../../core/errors.ts";
import { checkName, shown } from "../../../core/naming/names.ts";
import { newAliases } from "../../../core/naming/refs.ts";
import { FIRST_VERSION, parseVersion } from "../../../core/naming/versions.ts";
import type { SaveOptions } from "../../../core/registry.ts";
import { ruleFor, rulesFor } from "../../../core/registry/rules.ts";
import { listAliases, putBack } from "../aliases.ts";
import type { Context } from "../context.ts";
import { checkUnprotected, checkUnprotectedAlias, rulesNow } from "../protection.ts";

/** Throws `Conflict` for a save that sets a protected alias. */
export async function checkAliasesUnprotected(
  context: Context,
  name: string,
  { alias: aliases, signal }: SaveOptions,
): Promise<void> {
  for (const alias of newAliases(aliases)) {
    await checkUnprotectedAlias(context, { action: "set alias", name, alias }, signal);
  }
}

/**
 * Adds `overwrite` as the default in a mutable registry without versions, where a second save can
 * mean nothing else; not for a protected name.
 */
export async function withOverwrite<O extends SaveOptions>(
  context: Context,
  name: string,
  options: O,
): Promise<O> {
  const { versioned, mutable } = context.settings;
  const { onConflict, ifCommit, signal } = options;
  if (versioned || !mutable || onConflict !== undefined || ifCommit !== undefined) return options;
  checkName(name);
  if (ruleFor(await rulesNow(context, signal), name)?.protect) return options;
  return { ...options, onConflict: "overwrite" };
}

/**
 * Throws `Conflict` for a save that overwrites a protected name, or the version of a protected
 * alias.
 */
export async function checkOverwriteUnprotected(
  context: Context,
  name: string,
  { version, onConflict, ifCommit, signal }: SaveOptions,
  isWritten = false,
): Promise<void> {
  if (onConflict !== "overwrite" && ifCommit === undefined) return;
  if (!isWritten) await checkUnprotected(context, { action: "overwrite", name }, signal);
  const isNew = version === undefined && context.settings.versioned;
  const rules = rulesFor(await rulesNow(context, signal), name);
  if (isNew || !rules.some(({ protectAliases }) => protectAliases)) return;
  const { canonical } = version === undefined ? FIRST_VERSION : parseVersion(version);
  for await (const entry of listAliases(context, name, { signal })) {
    if (entry.version !== canonical) continue;
    try {
      await checkUnprotectedAlias(context, { action: "overwrite", name, ...entry }, signal);
    } catch (error) {
      if (!isWritten) throw error;
      await putBack(context, { name, ...entry }, signal);
      const state = "it was set to the version meanwhile, which is overwritten: it is put back";
      throw conflict("keep alias", shown(`${name}@${entry.alias}`), state, {
        hint: "Check the version, and set the alias again.",
        maybeWritten: true,
      });
    }
  }
}
