/**
 * `holdfast ls`
 *
 * @module
 */
import { resolve } from "node:path";
import { registryInside } from "../../../core/places/mod.ts";
import { isRegistryError } from "../../../mod.ts";
import type { Registry } from "../../../mod.ts";
import { defineCommand } from "../../program/command.ts";
import type { Command, CommandContext } from "../../program/command.ts";
import { shellWord } from "../../program/hints.ts";
import { createDamage, damageJson, damageMark } from "../../terminal/damage.ts";
import type { Damage } from "../../terminal/damage.ts";
import { looksLikeLocation } from "../../places/find_registry.ts";
import { printTable } from "../../terminal/print_table.ts";
import type { Row } from "../../terminal/print_table.ts";
import type { Column } from "../../terminal/table.ts";
import { formatBytes, formatTime, parseCount } from "../../terminal/units.ts";

interface LsFlags {
  long?: boolean;
  after?: string;
  limit?: number;
}

const COLUMNS: Column[] = [
  { title: "NAME", shrinks: true },
  { title: "LATEST" },
  { title: "VERSIONS", align: "right" },
  { title: "SIZE", align: "right" },
  { title: "SAVED" },
];
const LONG_COLUMNS: Column[] = [...COLUMNS, { title: "KIND" }, { title: "DIGEST" }, {
  title: "ALIASES",
  shrinks: true,
}];

/** Lists names. */
export const ls: Command = defineCommand<[prefix?: string], LsFlags>({
  name: "ls",
  summary: "List names with their latest version, number of versions and size.",
  details: "With --quiet only the names are printed, which reads no versions. " +
    "A prefix that begins with / or ./ or is a URL is taken as the registry: holdfast ls ./r.",
  args: [{ usage: "[prefix]", text: "only names that begin with this", completes: "name" }],
  options: [
    { flags: "-l, --long", text: "also what saved it, its digest and its aliases" },
    { flags: "--limit <count>", text: "at most so many", parse: parseCount },
    { flags: "--after <name>", text: "only names after this one in the listing", completes: "name" },
  ],
  examples: [
    ["holdfast ls", "everything"],
    ["holdfast ls data: --long", "names that begin with data:"],
    ["holdfast ls --json | jq -r .name", "for programs"],
    ["holdfast ls ./other/registry", "another registry"],
  ],
  async run([text], { long = false, after, limit }, context) {
    const { io, shared } = context;
    const place = shared.registry === undefined && text !== undefined && looksLikeLocation(text) ? text : undefined;
    const prefix = place === undefined ? text : undefined;
    const registry = await context.open({ registry: place });
    const names = registry.names({ prefix, after, limit, signal: io.signal });
    const damage = createDamage();
    const rows = shared.quiet
      ? nameRows(names)
      : presentRows(names, (name) => row(registry, name, { long, damage, signal: io.signal }));
    const columns = shared.quiet ? undefined : long ? LONG_COLUMNS : COLUMNS;
    const count = await printTable(context, columns, rows);
    damage.end();
    if (count > 0 || limit === 0) return;
    if (after !== undefined) await context.note(`No more names`);
    else if (prefix === undefined) await context.note("Nothing is saved here yet. Begin with: holdfast save NAME FILE");
    else await context.note(`No name begins with ${JSON.stringify(prefix)}${registryThere(prefix, context)}`);
  },
});

/** Who gives a folder where a prefix is expected is told how the registry in it is named. */
function registryThere(prefix: string, { io, shared }: CommandContext): string {
  if (shared.registry !== undefined) return "";
  const inside = registryInside({ kind: "folder", location: resolve(io.cwd, prefix) });
  return inside === undefined ? "" : `; there is a registry in it: holdfast ls -r ${shellWord(inside)}`;
}

async function* nameRows(names: AsyncIterable<string>): AsyncGenerator<Row> {
  for await (const name of names) yield { json: { name }, cells: [name] };
}

async function* presentRows(
  names: AsyncIterable<string>,
  toRow: (name: string) => Promise<Row | undefined>,
): AsyncGenerator<Row> {
  const { mapAtOnce } = await import("../../../workers/mod.ts");
  for await (const row of mapAtOnce(names, toRow)) if (row !== undefined) yield row;
}

interface RowOptions {
  long: boolean;
  damage: Damage;
  signal: AbortSignal;
}

async function row(registry: Registry, name: string, options: RowOptions): Promise<Row | undefined> {
  const { long, damage, signal } = options;
  try {
    let count = 0;
    let newest: string | undefined;
    let release: string | undefined;
    for await (const { version } of registry.versions(name, { signal })) {
      count++;
      newest ??= version;
      if (!version.includes("-")) release ??= version;
    }
    const { value: info, error } = await damage.look(name, registry.info(name, { signal }));
    if (info === undefined) {
      const known = [name, release ?? newest ?? "", String(count), damageMark(error)];
      const cells = (long ? LONG_COLUMNS : COLUMNS).map((_, i) => known[i] ?? "");
      return { json: { name, latest: known[1], versions: count, error: damageJson(error) }, cells };
    }
    const { version: latest, size, createdAt, digest, materializer } = info;
    const json = { name, latest, versions: count, size, createdAt };
    const cells = [name, latest, String(count), formatBytes(size), formatTime(createdAt)];
    if (!long) return { json, cells };
    const aliases = await damage.look(name, registry.aliases(name, { signal }));
    const pairs = Object.entries(aliases.value ?? {}).map(([alias, version]) => `${alias}=${version}`);
    const shown = aliases.error === undefined ? pairs.join(" ") : damageMark(aliases.error);
    return {
      json: { ...json, digest, materializer, aliases: aliases.value },
      cells: [...cells, materializer.id, digest.slice(0, 12), shown],
    };
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return undefined; // deleted since it was listed
    throw error;
  }
}
