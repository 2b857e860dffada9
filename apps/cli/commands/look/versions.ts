import { authorText } from "../../../../core/naming/author.ts";
import type { ArtifactInfo, Registry, VersionEntry } from "../../../../mod.ts";
import type { AliasEntry } from "../../../../registry/mod.ts";
import { orMissing } from "../../../../core/errors.ts";
import { fieldReader, parseCondition } from "../../../../core/registry/conditions.ts";
import type { Condition } from "../../../../core/registry/conditions.ts";
import { sortByField } from "../../../difference/sort_by_field.ts";
import { TextNumbers } from "../../../metadata_text.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { Damage, damageJson, damageMark } from "../../terminal/damage.ts";
import type { Column } from "../../terminal/table.ts";
import { noteTextNumbers, printTable, type Row } from "../../program/print_table.ts";
import { invalid, noName, shellWord } from "../../terminal/hints.ts";
import { refuseRef } from "../../program/refusals.ts";
import { formatBytes, formatTime, parseCount } from "../../terminal/units.ts";

interface VersionsFlags {
  range?: string;
  limit?: number;
  where?: Condition[];
  sort?: string;
  columns?: string[];
  deleted?: boolean;
}

const COLUMNS: Record<string, Column> = {
  version: { title: "VERSION" },
  size: { title: "SIZE", align: "right" },
  saved: { title: "SAVED", drops: 1 },
  digest: { title: "DIGEST", drops: 2 },
  aliases: { title: "ALIASES", shrinks: true },
};

export const versions: Command = defineCommand({
  name: "versions",
  summary: "List the versions of a name, newest first.",
  details:
    "--quiet prints only the versions, without reading records. --sort and --columns take version, " +
    "size, kind, by, metadata.KEY and labels.KEY; --columns also saved, digest and aliases.",
  args: [{ usage: "<name>", text: "the artifact", completes: "name" }],
  options: [
    { flags: "--range <range>", text: "only versions in this range: ^1.2, '>=1 <3', 1.x" },
    { flags: "--limit <count>", text: "at most this many", parse: parseCount },
    {
      flags: "--where <condition>",
      text: "only matches, as in ls --where: 'metadata.accuracy > 0.9'",
      parse: (text) => parseCondition(text),
      repeat: true,
    },
    {
      flags: "--sort <field>",
      text: "by this field, the smallest first; -field: the largest first",
    },
    {
      flags: "--columns <fields>",
      text: "the columns, separated by commas: version,metadata.accuracy",
      parse: (text) => text.split(","),
    },
    { flags: "--deleted", text: "the deleted versions that undelete can restore, and until when" },
  ],
  examples: [
    ["holdfast versions my:model", "all"],
    ["holdfast versions my:model --range '^1.2' --limit 5", "the newest five in a range"],
    ["holdfast versions my:model --sort -metadata.accuracy --limit 1", "the best"],
    ["holdfast versions my:model --json", "one JSON object per line"],
  ],
  whenUnread: "end",
  async run([name], flags, context) {
    const { limit, sort, columns: fields = Object.keys(COLUMNS) } = flags;
    const { io, shared } = context;
    refuseRef(name, "list versions of", "versions");
    const registry = await context.open();
    if (flags.deleted) return await printDeleted(registry, name, flags, context);
    checkFields([...fields, ...sort === undefined ? [] : [sortedBy(sort)]]);
    const columns = fields.map((field) => COLUMNS[field] ?? { title: field });
    const damage = new Damage();
    const compared = (flags.where ?? []).flatMap(({ numberFields }) => numberFields);
    const textNumbers = new TextNumbers(
      sort === undefined ? compared : [sortedBy(sort), ...compared],
    );
    const isBare = shared.quiet ?? false;
    const missing = new Set(isBare ? [] : fields.filter(isOwnKey));
    const options = { ...flags, fields, damage, textNumbers, missing, signal: io.signal, isBare };
    const rows = rowsOf(registry, name, options);
    const count = await printTable(context, shared.quiet ? undefined : columns, rows);
    damage.end();
    await noteTextNumbers(context, textNumbers);
    if (count > 0) return await noteMissing(context, name, missing);
    if (await registry.has(name, { signal: io.signal })) {
      return await context.note(limit === 0 ? "The limit is 0" : `No version of "${name}" matches`);
    }
    throw await noName(registry, name, "list versions of");
  },
});

/** Returns true for a key that users chose. */
function isOwnKey(field: string): boolean {
  return /^(metadata|labels)\./.test(field);
}

async function noteMissing(
  context: CommandContext,
  name: string,
  missing: ReadonlySet<string>,
): Promise<void> {
  if (missing.size === 0) return;
  const fields = [...missing].join(", ");
  await context.note(
    `None of these versions has ${fields}. Keys of the latest: holdfast info ${shellWord(name)}`,
  );
}

const DELETED_COLUMNS: readonly Column[] = [
  { title: "VERSION" },
  { title: "SIZE", align: "right" },
  { title: "DELETED" },
  { title: "KEPT UNTIL" },
  { title: "BY", drops: 1 },
];

async function printDeleted(
  registry: Registry,
  name: string,
  flags: VersionsFlags,
  context: CommandContext,
): Promise<void> {
  const { range, limit } = flags;
  const { io: { signal }, shared: { quiet = false } } = context;
  const { where, sort, columns } = flags;
  if (where ?? sort ?? columns) {
    const state = "--deleted takes only --range and --limit";
    throw invalid("list versions", state, "Omit the other options.");
  }
  const entries = registry.versions(name, { deleted: true, details: !quiet, range, limit, signal });
  async function* rows(): AsyncGenerator<Row> {
    for await (const { version, deleted, info } of entries) {
      const size = info?.size;
      const cells = [
        version,
        size === undefined ? "" : formatBytes(size),
        deleted === undefined ? "damaged" : formatTime(deleted.at),
        deleted === undefined ? "" : formatTime(deleted.until),
        deleted?.by === undefined ? "" : authorText(deleted.by),
      ];
      yield { json: { name, version, size, deleted }, cells: quiet ? [version] : cells };
    }
  }
  const count = await printTable(context, quiet ? undefined : DELETED_COLUMNS, rows());
  if (count === 0) await context.note(`No deleted version of "${name}" can be restored`);
}

/** Throws `Invalid` for a field that versions do not have. */
function checkFields(fields: readonly string[]): void {
  const odd = fields.find((field) => !Object.hasOwn(COLUMNS, field) && !fieldReader(field));
  if (odd === undefined) return;
  const hint = `Use ${Object.keys(COLUMNS).join(", ")}, kind, by, metadata.KEY or labels.KEY.`;
  throw invalid("list versions", `unknown field ${JSON.stringify(odd)}`, hint);
}

interface Options extends VersionsFlags {
  fields: readonly string[];
  isBare: boolean;
  signal: AbortSignal;
  damage: Damage;
  textNumbers: TextNumbers;
  /** Columns that no version has had so far. */
  missing: Set<string>;
}

/** Returns the field of `--sort`, without the order. */
function sortedBy(sort: string): string {
  return sort.replace(/^-/, "");
}

interface VersionRow extends Row {
  version: string;
  aliases: readonly string[];
  info?: ArtifactInfo;
}

async function* rowsOf(
  registry: Registry,
  name: string,
  {
    isBare,
    fields,
    damage,
    textNumbers,
    missing,
    signal,
    range,
    limit = Infinity,
    where = [],
    sort,
  }: Options,
): AsyncGenerator<Row> {
  const isChosen = where.length > 0 || sort !== undefined;
  const most = isChosen || limit === Infinity ? undefined : limit;
  const versions = registry.versions(name, { range, limit: most, signal });
  if (isBare && !isChosen) {
    for await (const { version } of versions) yield { json: { name, version }, cells: [version] };
    return;
  }
  const { mapAtOnce } = await import("../../../../workers/mod.ts");
  const reading = Array.fromAsync(registry.aliases(name, { signal }));
  const { value: aliases = [] } = await damage.collect(name, reading);
  const toRow = ({ version }: VersionEntry) =>
    orMissing(row(registry, { name, version, aliases, fields }, { damage, signal })); // not if deleted
  const rows = mapAtOnce(versions, toRow);
  let count = 0;
  const isMatch = ({ info, aliases }: VersionRow) =>
    info && where.every((meets) => meets(info, aliases));
  const read = (row: VersionRow | undefined, field: string) =>
    row?.info && readerOf(field)(row.info);
  const addNumbers = (row: VersionRow | undefined) =>
    row?.info && textNumbers.add((field) => read(row, field));
  const sorted = async (sort: string) => {
    const all = await Array.fromAsync(rows);
    checkSort(name, sort, all);
    all.forEach(addNumbers);
    return sortByField(all, sort, read);
  };
  for await (const row of sort === undefined ? rows : await sorted(sort)) {
    if (sort === undefined) addNumbers(row);
    if (row === undefined || isChosen && !isMatch(row)) continue;
    if (count++ >= limit) return;
    removeKnown(missing, (field) => read(row, field) !== undefined);
    yield isBare ? { ...row, cells: [row.version] } : row;
  }
}

function removeKnown(missing: Set<string>, isKnown: (field: string) => boolean): void {
  for (const field of missing) if (isKnown(field)) missing.delete(field);
}

/** Throws `Invalid` for a field of metadata or labels that no version has. */
function checkSort(name: string, sort: string, rows: readonly (VersionRow | undefined)[]): void {
  const field = sortedBy(sort);
  const infos = rows.flatMap((row) => row?.info ?? []);
  if (!isOwnKey(field) || infos.length === 0) return;
  if (infos.some((info) => readerOf(field)(info) !== undefined)) return;
  const hint = `Sort by a field of: holdfast info ${shellWord(name)}`;
  throw invalid(`sort versions of "${name}"`, `no version has ${JSON.stringify(field)}`, hint);
}

function readerOf(field: string): (info: ArtifactInfo) => unknown {
  if (field === "saved") return ({ createdAt }) => createdAt.getTime();
  if (field === "digest") return ({ digest }) => digest;
  return fieldReader(field) ?? (() => undefined);
}

function cellOf(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value ?? "");
}

async function row(
  registry: Registry,
  { name, version, aliases, fields }: {
    name: string;
    version: string;
    aliases: readonly AliasEntry[];
    fields: readonly string[];
  },
  { damage, signal }: Pick<Options, "damage" | "signal">,
): Promise<VersionRow | undefined> {
  const own = aliases.flatMap((each) => each.version === version ? [each.alias] : []);
  const reading = registry.info(`${name}@${version}`, { annotations: true, signal });
  const { value: info, error } = await damage.collect(name, reading);
  if (info === undefined) {
    const known: Record<string, string> = { version, aliases: own.join(" ") };
    known[fields.find((field) => known[field] === undefined) ?? "version"] = damageMark(error);
    const cells = fields.map((field) => known[field] ?? "");
    return {
      version,
      aliases: own,
      json: { name, version, error: damageJson(error), aliases: own },
      cells,
    };
  }
  const { size, createdAt, by, digest, commit, materializer, metadata, annotations } = info;
  const known = { name, version, size, createdAt, by, digest, commit };
  const shown: Record<string, string> = {
    version,
    size: formatBytes(size),
    saved: formatTime(createdAt),
    digest: digest.slice(0, 12),
    aliases: own.join(" "),
  };
  return {
    info,
    version,
    aliases: own,
    json: { ...known, materializer, metadata, labels: annotations?.labels, aliases: own },
    cells: fields.map((field) => shown[field] ?? cellOf(readerOf(field)(info))),
  };
}
