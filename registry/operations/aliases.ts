// Aliases: names for versions that may change what they name.
import { isPrefix } from "../../core/backend.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { checkName, shown } from "../../core/naming/names.ts";
import type { Origin } from "../../core/record.ts";
import { encodeRecord } from "../format/record_codec.ts";
import { checkAlias, parseRef } from "../../core/naming/refs.ts";
import type {
  AliasChange,
  HistoryOptions,
  SetAliasOptions,
  SignalOptions,
} from "../../core/registry.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import { type KnownHead, writeCell } from "../cell/cell.ts";
import { checkWritable, type Context } from "./context.ts";
import { asGeneration, liveHeads, readRecord, recordOfKind } from "../cell/heads.ts";
import type { FoundRecord, Head } from "../cell/heads.ts";
import { aliasCell, aliasesFolder, parseCellKey } from "../format/layout.ts";
import { settle, settleVersion } from "../cell/settle.ts";
import { startOperation } from "../cell/operation.ts";
import { locate, readAlias, versionNamed } from "./resolve.ts";

export async function setAlias(
  context: Context,
  names: { name: string; alias: string; version: string; origin?: Origin },
  options: SetAliasOptions = {},
): Promise<void> {
  const { name, alias, origin } = names;
  const { signal, expected } = options;
  checkWritable(context, `set alias ${shown(alias)}`);
  checkAlias(alias);
  const { record, found } = await locate(context, parseRef(name, names.version), signal);
  await settleVersion(context, found, signal); // the alias shall not outlive what it names
  const version = parseVersion(record.version).canonical;
  const check = createCheck(context, { name, alias, expected, action: "set" });
  const operation = startOperation(context, `set alias "${name}@${alias}" to ${version}`, signal);
  await writeCell(context, operation, aliasCell(name, alias), {
    next(head) {
      check(head);
      const base = operation.recordBase((head?.generation ?? 0) + 1, head?.previous);
      return encodeRecord({
        ...base,
        kind: "alias",
        name,
        alias,
        version,
        ...(origin && { origin }),
      });
    },
  });
}

export async function deleteAlias(
  context: Context,
  { name, alias }: { name: string; alias: string },
  { expected, signal }: SetAliasOptions = {},
): Promise<boolean> {
  checkWritable(context, `delete alias ${shown(alias)}`);
  checkName(name);
  checkAlias(alias);
  const operation = startOperation(context, `delete alias "${name}@${alias}"`, signal);
  const check = createCheck(context, { name, alias, expected, action: "delete" });
  let gone: string | undefined; // the tombstone that is there already
  const generation = await writeCell(context, operation, aliasCell(name, alias), {
    next(head) {
      check(head);
      gone = head?.found?.info.key;
      if (head === undefined || head.dead) return undefined;
      return encodeRecord({
        ...operation.recordBase(head.generation + 1, head.previous),
        kind: "deleted",
      });
    },
  });
  if (generation === undefined && gone !== undefined) await settle(context, [gone], signal);
  return generation !== undefined;
}

export async function listAliases(
  context: Context,
  name: string,
  { signal }: SignalOptions = {},
): Promise<Record<string, string>> {
  checkName(name);
  return Object.fromEntries(await readAliases(context, name, { signal }));
}

export type KnownAliases = Map<string, string>;

/**
 * Reads which versions the aliases of a name point to. Only aliases that are not in `known`, to which it adds, are
 * read: a record never changes.
 */
export async function readAliases(
  context: Context,
  name: string,
  { known = new Map(), signal }: SignalOptions & { known?: KnownAliases } = {},
): Promise<[alias: string, version: string][]> {
  const aliases: [string, string][] = [];
  for await (const head of liveHeads(context, aliasesFolder(name), { signal })) {
    const alias = parseCellKey(head.key)?.label;
    if (alias === undefined) continue;
    const version = known.get(head.key) ?? await readListed(context, { name, alias, head }, signal);
    if (version === undefined) continue;
    known.set(head.key, version);
    aliases.push([alias, version]);
  }
  return aliases;
}

/** Returns the version that an alias named when it was listed; if that record is gone, the one that it names now. */
async function readListed(
  context: Context,
  { name, alias, head }: { name: string; alias: string; head: Head },
  signal?: AbortSignal,
): Promise<string | undefined> {
  const found = await readRecord(context, head, signal);
  if (found === undefined) return await readAlias(context, name, alias, signal);
  return versionNamed(found, name, alias);
}

function namedBy(head: KnownHead | undefined): string | undefined {
  return head === undefined || head.dead || head.found === undefined
    ? undefined
    : recordOfKind(head.found, "alias").version;
}

/** Throws `Conflict` if an alias does not name the expected version, or names any where null is expected. */
function createCheck(
  { backend }: Context,
  { name, alias, expected, action }: {
    name: string;
    alias: string;
    expected?: string | null;
    action: string;
  },
): (head: KnownHead | undefined) => void {
  const wanted = typeof expected === "string" ? parseVersion(expected).canonical : expected;
  return (head) => {
    const now = namedBy(head) ?? null;
    if (wanted === undefined || wanted === now) return;
    throw fault({
      code: "Conflict",
      action,
      subject: `alias "${name}@${alias}"`,
      state: `it names ${now ?? "nothing"}, not ${wanted ?? "nothing"} as expected`,
      hint: "Read the aliases again, and decide whether your change still applies.",
      backend: backend.location,
    });
  };
}

/** What an alias named before: its cell keeps all its generations. */
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
    const isSet = found.record.kind !== "deleted";
    yield { ...(isSet && { version: versionNamed(found, name, alias) }), ...timesOf(found) };
  }
  if (count === 0 && limit > 0) throw neverSet(context, name, alias);
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
    hints: {
      cli: `holdfast alias ${name} lists those that there are now.`,
      http: `GET /artifacts/${encodeURIComponent(name)}/aliases lists those that there are now.`,
    },
    backend: backend.location,
  });
}
