/**
 * What happened to a name, from its records.
 *
 * @module
 */
import { isRegistryError, RegistryError } from "../../core/errors.ts";
import { checkName, shown } from "../../core/naming/names.ts";
import { rememberedLog } from "../../core/record/log.ts";
import type { LogEntry, LogOptions } from "../../core/record/log.ts";
import type { Registry, SignalOptions, VersionEntry } from "../../core/registry.ts";
import { mapAtOnce } from "../../core/work/at_once.ts";
import { liveHeads } from "../cell/heads.ts";
import { aliasesFolder, parseCellKey } from "../layout.ts";
import { knownContext } from "../opening/context.ts";
import type { Context } from "../opening/context.ts";
import { deletions } from "./past.ts";

/** What `logOf` of `registry/tools.ts` does. */
export async function logOf(registry: Registry, name: string, options: LogOptions): Promise<LogEntry[]> {
  const { limit = Infinity, signal } = options;
  checkName(name);
  const told = rememberedLog(registry);
  if (told !== undefined) return await Array.fromAsync(told(name, { limit, signal }));
  const context = knownContext(registry);
  const entries: LogEntry[] = [];
  for await (const entry of savedVersions(registry, name, { signal })) entries.push(entry);
  if (context !== undefined) {
    for await (const entry of deletedVersions(context, name, { signal })) entries.push(entry);
  }
  const aliases = context === undefined
    ? Object.keys(await registry.aliases(name, { signal }))
    : await allAliases(context, name, { signal });
  for (const alias of aliases) {
    for await (const { version, createdAt, commit } of registry.history(name, alias, { signal })) {
      const event = version === undefined ? "unaliased" : "aliased";
      entries.push({ event, name, ...(version === undefined ? {} : { version }), alias, at: createdAt, commit });
    }
  }
  if (entries.length === 0) throw noSuchName(registry, name);
  // What happened in one millisecond stays in its order: a version is saved before an alias names it.
  return entries.reverse().sort((a, b) => b.at.getTime() - a.at.getTime()).slice(0, limit);
}

async function* savedVersions(registry: Registry, name: string, options: SignalOptions): AsyncGenerator<LogEntry> {
  const entryOf = async ({ version, modifiedAt }: VersionEntry): Promise<LogEntry | undefined> => {
    try {
      const { createdAt, size, commit } = await registry.info(`${name}@${version}`, options);
      return { event: "saved", name, version, at: createdAt, size, commit };
    } catch (error) {
      if (isRegistryError(error, "NotFound")) return undefined; // deleted since it was listed
      if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
      return { event: "saved", name, version, at: modifiedAt };
    }
  };
  for await (const entry of mapAtOnce(registry.versions(name, options), entryOf)) if (entry !== undefined) yield entry;
}

async function* deletedVersions(context: Context, name: string, { signal }: SignalOptions): AsyncGenerator<LogEntry> {
  for await (const { version: { canonical: version }, deletedAt, savedAt } of deletions(context, name, signal)) {
    yield { event: "deleted", name, version, at: deletedAt };
    if (savedAt !== undefined) yield { event: "saved", name, version, at: savedAt };
  }
}

/** The aliases that there are and those that were removed. */
async function allAliases(context: Context, name: string, { signal }: SignalOptions): Promise<string[]> {
  const aliases: string[] = [];
  for await (const head of liveHeads(context, aliasesFolder(name), { deleted: true, signal })) {
    const alias = parseCellKey(head.key)?.label;
    if (alias !== undefined) aliases.push(alias);
  }
  return aliases;
}

function noSuchName({ location }: Registry, name: string): RegistryError {
  return new RegistryError({
    code: "NotFound",
    message: `Cannot find ${shown(name)}: nothing was ever saved under it`,
    hint: "Check the spelling; registry.names() lists the names that there are.",
    backend: location,
  });
}
