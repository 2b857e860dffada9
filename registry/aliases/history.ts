// What an alias named before: its cell keeps all its generations.
import { isPrefix } from "../../core/backend.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { checkName, shown } from "../../core/naming/names.ts";
import { checkAlias } from "../../core/naming/refs.ts";
import type { AliasChange, HistoryOptions } from "../../core/registry.ts";
import { asGeneration, misplaced, readRecord, recordOfKind } from "../cell/heads.ts";
import type { FoundRecord } from "../cell/heads.ts";
import type { Context } from "../opening/context.ts";
import { aliasCell } from "../layout.ts";

export async function* aliasHistory(
  context: Context,
  { name, alias }: { name: string; alias: string },
  { limit = Infinity, signal }: HistoryOptions = {},
): AsyncGenerator<AliasChange> {
  checkName(name);
  checkAlias(alias);
  let count = 0;
  for await (const entry of context.backend.list(aliasCell(name, alias), { signal })) {
    if (count >= limit) return;
    const listed = isPrefix(entry) ? undefined : asGeneration(entry);
    const found = listed && await readRecord(context, listed.key, signal);
    if (found === undefined) continue; // not one of its records
    count++;
    yield { ...versionOf(found, name, alias), ...timesOf(found) };
  }
  if (count === 0 && limit > 0) throw neverSet(context, name, alias);
}

function versionOf(found: FoundRecord, name: string, alias: string): Pick<AliasChange, "version"> {
  if (found.record.kind === "deleted") return {};
  const record = recordOfKind(found, "alias");
  if (record.name !== name || record.alias !== alias) throw misplaced(found.info.key, record);
  return { version: record.version };
}

function timesOf({ record, info }: FoundRecord): Omit<AliasChange, "version"> {
  const { commit, generation, createdAt } = record;
  return {
    commit,
    generation,
    changedAt: new Date(info.modifiedAt),
    createdAt: new Date(createdAt),
  };
}

function neverSet({ backend }: Context, name: string, alias: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "tell the history of",
    subject: `"${name}@${alias}"`,
    state: "there never was such an alias",
    hint: `registry.aliases(${shown(name)}) lists those that there are now.`,
    backend: backend.location,
  });
}
