import type { ArtifactInfo, Registry } from "../../../../mod.ts";
import type { NamesOptions } from "../../../../registry/mod.ts";
import { orMissing } from "../../../../core/errors.ts";
import {
  type Condition,
  fieldReader,
  parseCondition,
} from "../../../../core/registry/conditions.ts";
import { TextNumbers } from "../../../metadata_text.ts";
import { type NameFilter, nameFilter } from "../../look/expand_names.ts";
import type { Command, CommandContext, OptionDefinition } from "../../program/command.ts";
import type { SharedOptions } from "../../program/command.ts";
import { defineCommand } from "../../program/command.ts";
import type { Extension } from "../../program/extension.ts";
import { invalid } from "../../terminal/hints.ts";
import { refuseOddAlias, refuseRef } from "../../program/refusals.ts";
import { Damage, damageJson, damageMark } from "../../terminal/damage.ts";
import { looksLikeLocation } from "../../places/find_registry.ts";
import { inOrder, noteTextNumbers, printTable, type Row } from "../../program/print_table.ts";
import type { Column } from "../../terminal/table.ts";
import { formatBytes, formatCount, formatTime, momentOf } from "../../terminal/units.ts";
import { parseCount, parseMoment, type TypedMoment } from "../../terminal/units.ts";

type Order = "name" | "size" | "saved" | "versions";

const COLUMNS: readonly (Column | string)[] = [
  { title: "NAME", shrinks: true },
  "LATEST",
  { title: "VERSIONS", align: "right", drops: 1 },
  { title: "SIZE", align: "right" },
  { title: "SAVED", drops: 2 },
];
const LONG_COLUMNS: readonly (Column | string)[] = [
  ...COLUMNS,
  { title: "KIND", drops: 3 },
  { title: "DIGEST", drops: 4 },
  { title: "ALIASES", shrinks: true },
];

const LONG_OPTION = {
  flags: "-l, --long",
  text: "also kind, digest and aliases",
} as const satisfies OptionDefinition;

const OPTIONS = [
  { flags: "--limit <count>", text: "at most this many", parse: parseCount },
  { flags: "--after <name>", text: "start after this name", completes: "name" },
  {
    flags: "--where <condition>",
    text:
      "only matches: 'metadata.epochs > 3 and size < 10MiB'; also or, ( ), ~, labels.KEY, alias, state",
    parse: (text) => parseCondition(text),
    repeat: true,
  },
  {
    flags: "--since <time>",
    text: "only if saved since: 7d, 2026-03-01T14:05",
    parse: parseMoment,
  },
  {
    flags: "--all-versions",
    text: "--where and --since look at all versions, not only the latest",
  },
  { flags: "--alias <alias>", text: "only names with this alias, at its version" },
  {
    flags: "--sort <order>",
    text: "by name (default), or largest, newest or most versions first",
    choices: ["name", "size", "saved", "versions"],
  },
] as const satisfies readonly OptionDefinition[];

/** Returns the option that also lists the records of extensions. */
function allOption(such: string) {
  return { flags: "-a, --all", text: `also the records of ${such}` } as const;
}

/** Creates the command, which leaves out records of these extensions. */
export function createLs(extensions: readonly Extension[]): Command {
  const hidden = extensions.flatMap(({ records }) => records ?? []);
  const kinds = hidden.map(({ of }) => of).join(" and ");
  const such = hidden.map(({ of, such }) => `${of}, such as ${such}`).join("; ");
  return defineCommand({
    name: "ls",
    summary: "List names with latest version, number of versions and size.",
    details: (kinds === ""
      ? ""
      : `Records of ${kinds} are left out, unless you pass a prefix, a condition or an option ` +
        "that limits the list. ") +
      "More than 1,000 names are listed in the order of the store. " +
      "--json lists all. --quiet lists all names, without reading versions. " +
      "A prefix that starts with / or ./ or is a URL names the registry: holdfast ls ./r.",
    args: [{
      usage: "[prefix]",
      text: "only names that begin with this, or match this pattern; or the location of a registry",
      completes: "name",
    }],
    options: [LONG_OPTION, ...kinds === "" ? [] : [allOption(such)], ...OPTIONS],
    examples: [
      ["holdfast ls", "everything"],
      ["holdfast ls data: --long", "names that begin with data:"],
      ["holdfast ls 'team/*:model'", "names that match a pattern"],
      ["holdfast ls --where 'metadata.epochs > 3' --since 7d --sort size", "search by metadata"],
      ["holdfast ls --alias production", "the versions in production"],
      ["holdfast ls --json | jq -r .name", "for programs"],
      ["holdfast ls ./other/registry", "another registry"],
    ],
    whenUnread: "end",
    async run([text], flags, context) {
      const { long = false, after, limit, alias, allVersions = false, sort = "name" } = flags;
      if (alias !== undefined) {
        refuseOddAlias(alias);
      }
      const { io, shared } = context;
      const { location, begin } = locationOrBegin(shared, text);
      refuseRef(begin, "list", "versions");
      const registry = await context.open({ registry: location });
      const filter = await nameFilter(registry, begin, io.signal);
      const { textNumbers, ...choice } = choiceOf(flags, io.system.now());
      const { chosen } = choice;
      const { signal } = io;
      const most = chosen || sort !== "name" ? undefined : limit; // reads all to find the first
      const names = filtered(registry, filter, { after, limit: most, signal });
      const damage = new Damage();
      const forPeople = after === undefined && limit === undefined && !shared.json && !shared.quiet;
      const hides = !flags.all && !chosen && begin === "";
      const left = { count: 0 };
      const ordered = forPeople
        ? forReading(registry, names, { records: hides ? hidden : [], left })
        : names;
      const unread = { versions: 0 };
      const picks = { long, alias, allVersions, ...choice, unread };
      const picking = { ...picks, damage, signal, sort, most: limit };
      const rows = rowsOf(registry, ordered, { ...picking, quiet: shared.quiet });
      const count = await printTable(context, shared.quiet ? undefined : columnsOf(flags), rows);
      damage.end();
      await noteLeftOut(context, {
        records: left.count,
        kinds,
        versions: unread.versions,
        textNumbers,
      });
      if (count > 0 || limit === 0) {
        return;
      }
      await context.note(nothing({ chosen, after, begin, none: filter.none }));
    },
  });
}

async function noteLeftOut(
  context: CommandContext,
  { records, kinds, versions, textNumbers }: {
    records: number;
    kinds: string;
    versions: number;
    textNumbers: TextNumbers;
  },
): Promise<void> {
  if (records > 0) {
    const text = formatCount(records, "record");
    await context.note(`Left out ${text} of ${kinds}: holdfast ls --all`);
  }
  await noteTextNumbers(context, textNumbers);
  if (versions > 0) {
    await context.note("Only the latest versions were compared (--all-versions compares all)");
  }
}

function columnsOf(
  { long, allVersions }: { long?: boolean; allVersions?: boolean },
): (Column | string)[] {
  return (long ? LONG_COLUMNS : COLUMNS).with(1, allVersions ? "VERSION" : "LATEST");
}

/** Returns the condition of a version, and whether the flags choose among names at all. */
function choiceOf(
  { where = [], since, alias, allVersions }: {
    where?: Condition[];
    since?: TypedMoment;
    alias?: string;
    allVersions?: boolean;
  },
  now: number,
): Pick<RowOptions, "chosen" | "meets" | "comparesAliases"> & { textNumbers: TextNumbers } {
  if (alias !== undefined && allVersions) {
    throw invalid(
      "list names",
      "--alias names one version, --all-versions all",
      "Pass one of them.",
    );
  }
  const from = since && momentOf(since, now);
  const textNumbers = new TextNumbers(where.flatMap(({ numberFields }) => numberFields));
  const known = new WeakSet<ArtifactInfo>();
  return {
    chosen: where.length > 0 || from !== undefined || alias !== undefined,
    textNumbers,
    comparesAliases: where.some(({ comparisons }) =>
      comparisons.some(({ of }) => of.type === "aliases")
    ),
    meets(info, aliases) {
      if (from !== undefined && info.createdAt < from) return false;
      if (!known.has(info)) textNumbers.add((field) => fieldReader(field)?.(info));
      known.add(info);
      return where.every((condition) => condition(info, aliases));
    },
  };
}

function locationOrBegin(
  { registry }: SharedOptions,
  text = "",
): { location?: string; begin: string } {
  const isLocation = registry === undefined && looksLikeLocation(text);
  return isLocation ? { location: text, begin: "" } : { begin: text };
}

/** A longer list begins before all of its names are read. */
const MOST_SORTED = 1000;

/**
 * Yields names in natural order, and more than {@linkcode MOST_SORTED} as they come. Leaves out
 * these records, and counts them.
 */
async function* forReading(
  registry: Registry,
  all: AsyncIterable<string>,
  { records, left }: {
    records: readonly NonNullable<Extension["records"]>[];
    left: { count: number };
  },
): AsyncGenerator<string> {
  let first: string[] | undefined = [];
  const shown = records.reduce((names, each) => each.without(registry, names, left), all);
  for await (const name of shown) {
    if (first === undefined) yield name;
    else if (first.push(name) > MOST_SORTED) {
      yield* first;
      first = undefined;
    }
  }
  yield* inOrder(first ?? [], (name) => name);
}

async function* filtered(
  registry: Registry,
  { prefix, isGlob, test }: NameFilter,
  { limit, ...options }: NamesOptions,
): AsyncGenerator<string> {
  const names = registry.names({ ...options, prefix, limit: isGlob ? undefined : limit });
  for await (const name of names) if (test(name)) yield name;
}

function nothing(
  { chosen, after, begin, none }: { chosen: boolean; after?: string; begin: string; none: string },
): string {
  if (chosen) return "No matches";
  if (after !== undefined) return "No more names";
  return begin === "" ? "The registry is empty. Begin with: holdfast save NAME FILE" : none;
}

function nameRow(name: string): Row {
  return { json: { name }, cells: [name] };
}

interface RowsOptions extends RowOptions {
  sort: Order;
  /** @default all */
  most?: number;
  quiet?: boolean;
}

async function* rowsOf(
  registry: Registry,
  names: Iterable<string> | AsyncIterable<string>,
  { sort, most = Infinity, quiet, ...options }: RowsOptions,
): AsyncGenerator<Row> {
  if (most <= 0) return;
  let count = 0;
  if (quiet && sort === "name" && !options.chosen) {
    for await (const name of names) {
      yield nameRow(name);
      if (++count >= most) return;
    }
    return;
  }
  const { mapAtOnce } = await import("../../../../workers/mod.ts");
  const rows = mapAtOnce(names, (name) => orMissing(row(registry, name, options)));
  const sorted = sort === "name"
    ? rows
    : (await Array.fromAsync(rows)).sort((a, b) => (b?.[sort] ?? 0) - (a?.[sort] ?? 0));
  for await (const row of sorted) {
    if (row === undefined) continue;
    yield quiet ? nameRow(row.name) : row;
    if (++count >= most) return;
  }
}

interface FoundRow extends Row {
  name: string;
  size: number;
  saved: number;
  versions: number;
}

interface RowOptions {
  long: boolean;
  alias?: string;
  allVersions: boolean;
  /** Counts the older versions that a condition did not see. */
  unread: { versions: number };
  meets: (info: ArtifactInfo, aliases?: readonly string[]) => boolean;
  /** True if a condition compares aliases. */
  comparesAliases: boolean;
  /** True with any condition: unreadable rows are then omitted. */
  chosen: boolean;
  damage: Damage;
  signal: AbortSignal;
}

async function row(
  registry: Registry,
  name: string,
  options: RowOptions,
): Promise<FoundRow | undefined> {
  const { long, allVersions, chosen, damage, signal } = options;
  const readAliases = () =>
    damage.collect(name, Array.fromAsync(registry.aliases(name, { signal })));
  const known = options.comparesAliases ? (await readAliases()).value ?? [] : [];
  const aliasesOf = ({ version }: ArtifactInfo) =>
    known.flatMap((each) => isSameVersion(each.version, version) ? [each.alias] : []);
  const meets = (info: ArtifactInfo) => options.meets(info, aliasesOf(info));
  const listed = registry.versions(name, { signal });
  const versions = await Array.fromAsync(listed, ({ version }) => version);
  const count = versions.length;
  const { value: info, error } = await firstMatch(registry, name, versions, { ...options, meets });
  if (info === undefined) {
    if (chosen) return undefined;
    const latest = versions.find((version) => !version.includes("-")) ?? versions[0] ?? "";
    const shown = [name, latest, String(count), damageMark(error)];
    const cells = (long ? LONG_COLUMNS : COLUMNS).map((_, i) => shown[i] ?? "");
    const json = { name, latest, versions: count, error: damageJson(error) };
    return { json, cells, name, size: 0, saved: 0, versions: count };
  }
  if (!meets(info)) return undefined;
  const sortedBy = { name, size: info.size, saved: info.createdAt.getTime(), versions: count };
  const { size, createdAt, digest, materializer } = info;
  const [latest] = info.version.split("+") as [string];
  const which = allVersions ? { version: latest } : { latest };
  const json = { name, ...which, versions: count, size, createdAt };
  const cells = [name, latest, String(count), formatBytes(size), formatTime(createdAt)];
  if (!long) return { json, cells, ...sortedBy };
  const aliases = await readAliases();
  const pairs = aliases.value?.map(({ alias, version }) => [alias, version]);
  const shown = aliases.error === undefined
    ? pairs?.map((pair) => pair.join("=")).join(" ") ?? ""
    : damageMark(aliases.error);
  return {
    json: { ...json, digest, materializer, aliases: pairs && Object.fromEntries(pairs) },
    cells: [...cells, materializer.id, digest.slice(0, 12), shown],
    ...sortedBy,
  };
}

function isSameVersion(a: string, b: string): boolean {
  return a.split("+")[0] === b.split("+")[0];
}

/** Returns the first version that meets the condition, or the last one that was read. */
async function firstMatch(
  registry: Registry,
  name: string,
  versions: readonly string[],
  { alias, allVersions, unread, meets, chosen, damage, signal }: RowOptions,
) {
  const seesAll = allVersions && chosen && versions.length > 0;
  if (chosen && !seesAll && alias === undefined) {
    unread.versions += Math.max(0, versions.length - 1);
  }
  const read = (version?: string) =>
    damage.collect(name, registry.info(name, { version, annotations: chosen, signal }));
  if (!seesAll) return await read(alias);
  let row = await read(versions[0]);
  for (const version of versions.slice(1)) {
    if (row.value !== undefined && meets(row.value)) break;
    row = await read(version);
  }
  return row;
}
