// `holdfast versions`
import type { Registry, VersionEntry } from "../../../../mod.ts";
import type { AliasEntry } from "../../../../registry/mod.ts";
import { orMissing } from "../../../../core/errors.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { Damage, damageJson, damageMark } from "../../terminal/damage.ts";
import type { Column } from "../../terminal/table.ts";
import { printTable, type Row } from "../../terminal/print_table.ts";
import { noName } from "../../program/hints.ts";
import { refuseRef } from "../../program/refusals.ts";
import { formatBytes, formatTime, parseCount } from "../../terminal/units.ts";

interface VersionsFlags {
  range?: string;
  limit?: number;
}

export const versions: Command = defineCommand<[name: string], VersionsFlags>({
  name: "versions",
  summary: "List the versions of a name, newest first.",
  details: "--quiet prints only the versions, without reading records.",
  args: [{ usage: "<name>", text: "the artifact", completes: "name" }],
  options: [
    { flags: "--range <range>", text: "only versions in this range: ^1.2, '>=1 <3', 1.x" },
    { flags: "--limit <count>", text: "at most this many", parse: parseCount },
  ],
  examples: [
    ["holdfast versions my:model", "all"],
    ["holdfast versions my:model --range '^1.2' --limit 5", "the newest five in a range"],
    ["holdfast versions my:model --json", "one JSON object per line"],
  ],
  async run([name], { range, limit }, context) {
    const { io, shared } = context;
    refuseRef(name, "list versions of", "versions");
    const registry = await context.open();
    const columns = shared.quiet ? undefined : [
      "VERSION",
      { title: "SIZE", align: "right" } satisfies Column,
      { title: "SAVED", drops: 1 },
      { title: "DIGEST", drops: 2 },
      { title: "ALIASES", shrinks: true },
    ];
    const damage = new Damage();
    const options = { range, limit, damage, signal: io.signal, isBare: shared.quiet ?? false };
    const count = await printTable(context, columns, rowsOf(registry, name, options));
    damage.end();
    if (count > 0) return;
    if (await registry.has(name, { signal: io.signal })) {
      return await context.note(limit === 0 ? "The limit is 0" : `No version of "${name}" matches`);
    }
    throw await noName(registry, name, "list versions of");
  },
});

interface Options extends VersionsFlags {
  isBare: boolean;
  signal: AbortSignal;
  damage: Damage;
}

async function* rowsOf(
  registry: Registry,
  name: string,
  { isBare, damage, signal, ...options }: Options,
): AsyncGenerator<Row> {
  const versions = registry.versions(name, { ...options, signal });
  if (isBare) {
    for await (const { version } of versions) yield { json: { name, version }, cells: [version] };
    return;
  }
  const { mapAtOnce } = await import("../../../../workers/mod.ts");
  const reading = Array.fromAsync(registry.aliases(name, { signal }));
  const { value: aliases = [] } = await damage.collect(name, reading);
  const toRow = ({ version }: VersionEntry) =>
    orMissing(row(registry, { name, version, aliases }, { damage, signal })); // not if deleted
  for await (const row of mapAtOnce(versions, toRow)) if (row !== undefined) yield row;
}

async function row(
  registry: Registry,
  { name, version, aliases }: { name: string; version: string; aliases: readonly AliasEntry[] },
  { damage, signal }: Pick<Options, "damage" | "signal">,
): Promise<Row | undefined> {
  const own = aliases.flatMap((each) => each.version === version ? [each.alias] : []);
  const reading = registry.info(`${name}@${version}`, { signal });
  const { value: info, error } = await damage.collect(name, reading);
  if (info === undefined) {
    const cells = [version, damageMark(error), "", "", own.join(" ")];
    return { json: { name, version, error: damageJson(error), aliases: own }, cells };
  }
  const { size, createdAt, digest, commit, materializer, metadata } = info;
  const known = { name, version: info.version, size, createdAt, digest, commit };
  const shown = [formatBytes(size), formatTime(createdAt), digest.slice(0, 12), own.join(" ")];
  return {
    json: { ...known, materializer, metadata, aliases: own },
    cells: [info.version, ...shown],
  };
}
