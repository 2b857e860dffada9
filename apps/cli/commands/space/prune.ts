// `holdfast prune`
import { prune as pruneRegistry } from "../../../../registry/maintenance.ts";
import type { RegistryError } from "../../../../mod.ts";
import { fault } from "../../../../core/errors.ts";
import type { PruneOptions, PruneReport } from "../../../../registry/maintenance.ts";
import type { Registry } from "../../../../mod.ts";
import {
  type Command,
  type CommandContext,
  defineCommand,
  YES_OPTION,
} from "../../program/command.ts";
import { refuseRef } from "../../program/refusals.ts";
import { inOrder, printTable } from "../../terminal/print_table.ts";
import { formatCount, parseCount, parseDuration } from "../../terminal/units.ts";

interface PruneFlags {
  keepLast?: number;
  olderThan?: number;
  includeAliased?: boolean;
  dryRun?: boolean;
  yes?: boolean;
}

export const prune: Command = defineCommand<[names: string[]], PruneFlags>({
  name: "prune",
  summary: "Delete old versions by number and age.",
  details:
    "A version is deleted when it is both beyond --keep-last and older than --older-than, as far as they are given, " +
    "and no alias names it. What cannot be read stays, and is not counted. Asks first; scripts pass --yes. Space is freed by gc, after the grace period.",
  args: [{ usage: "[names...]", text: "only these names", completes: "name" }],
  options: [
    { flags: "--keep-last <count>", text: "keep so many versions of each name", parse: parseCount },
    {
      flags: "--older-than <duration>",
      text: "only versions older than this: 12h, 30d, 8w",
      parse: parseDuration,
    },
    { flags: "--include-aliased", text: "also versions that an alias names" },
    { flags: "-n, --dry-run", text: "only say what would be deleted" },
    YES_OPTION,
  ],
  examples: [
    ["holdfast prune --keep-last 10 --dry-run", "what would go"],
    ["holdfast prune nightly --older-than 30d --keep-last 3 --yes", "one name, from cron"],
  ],
  async run([names], flags, context) {
    const { keepLast, olderThan: olderThanMs, includeAliased = false, dryRun = false } = flags;
    for (const name of names) refuseRef(name, "prune", "prune");
    if (keepLast === undefined && olderThanMs === undefined) {
      throw fault({
        code: "Invalid",
        action: "prune",
        state: "neither a number nor an age is given",
        hint: "Add --keep-last 10, --older-than 30d, or both.",
      });
    }
    const { io } = context;
    const registry = await context.open({ write: !dryRun }); // a dry run needs no permission to write
    const options = {
      keepLast,
      olderThanMs,
      keepAliased: !includeAliased,
      names: names.length > 0 ? names : undefined,
      signal: io.signal,
    };
    let total: number | undefined;
    if (!dryRun && !flags.yes) {
      const { deleted } = await pruneRegistry(registry, { ...options, dryRun: true });
      total = deleted.length;
      if (!await isAgreed(deleted)) {
        await context.note("Nothing was deleted");
        return 1;
      }
    }
    const progress = context.progress("prune");
    let done = 0;
    const onDeleted = () =>
      progress.update({ bytes: 0, things: { done: ++done, total, what: "versions" } });
    const report = await pruneRegistry(registry, { ...options, dryRun, onDeleted });
    await progress.end();
    await tell(report, dryRun, context);
    const { deleted, clock, failures } = report;
    if (dryRun) await sayProtected(registry, options, { deleted, context });
    if (clock === "own") {
      await context.note("Ages by this machine's clock: the store's was not asked");
    }
    for (const { name, version, message } of failures) {
      await context.note(
        `stays: ${version === undefined ? name : `${name}@${version}`}: ${message}`,
      );
    }
    if (failures.length > 0) throw notAll(failures);

    async function isAgreed(deleted: PruneReport["deleted"]): Promise<boolean> {
      for (const { name, version } of inOrder(deleted, nameOf)) {
        await context.note(`would go: ${name}@${version}`);
      }
      await sayProtected(registry, options, { deleted, context });
      return deleted.length === 0 ||
        await context.confirm(`Delete ${formatCount(deleted.length, "version")}?`);
    }
  },
});

/** Prints what was deleted, or would be. */
async function tell(
  { deleted, kept }: PruneReport,
  dryRun: boolean,
  context: CommandContext,
): Promise<void> {
  const { json } = context.shared;
  const rows = (json ? deleted : inOrder(deleted, nameOf)).map(({ name, version }) => ({
    json: { name, version },
    cells: [`${name}@${version}`],
  }));
  await printTable(context, undefined, rows);
  if (json) return;
  const verb = dryRun ? "Would delete" : "Deleted";
  await context.note(`${verb} ${formatCount(deleted.length, "version")}, kept ${kept}`);
}

/** Names what stays because an alias names it, and the alias. */
async function sayProtected(
  registry: Registry,
  options: PruneOptions,
  { deleted, context }: Pick<PruneReport, "deleted"> & { context: CommandContext },
): Promise<void> {
  if (options.keepAliased === false) return;
  const goes = new Set(deleted.map(refOf));
  const all = await pruneRegistry(registry, { ...options, keepAliased: false, dryRun: true });
  for (const kept of all.deleted.filter((one) => !goes.has(refOf(one)))) {
    const aliases = Object.entries(await registry.aliases(kept.name, { signal: options.signal }))
      .flatMap(([alias, version]) => version === kept.version ? [alias] : []);
    if (aliases.length > 0) {
      await context.note(`stays: ${refOf(kept)}: alias ${aliases.join(", ")}`);
    }
  }
}

function nameOf({ name }: { name: string }): string {
  return name;
}

function refOf({ name, version }: { name: string; version: string }): string {
  return `${name}@${version}`;
}

/** What can be read was pruned; a version that cannot be is deleted by name only, when somebody has looked at it. */
function notAll(failures: PruneReport["failures"]): RegistryError {
  return fault({
    code: "TaskFailed",
    action: "prune everything",
    state: `${formatCount(failures.length, "record")} could not be read`,
    hint:
      "See what is wrong: holdfast verify. A damaged version goes by holdfast rm NAME@VERSION --force, " +
      "a damaged alias is set anew by holdfast alias NAME ALIAS VERSION",
  });
}
