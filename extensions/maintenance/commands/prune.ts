import {
  type Command,
  type CommandContext,
  defineCommand,
  formatCount,
  inOrder,
  invalid,
  noteRun,
  orShowPart,
  parseAge,
  parseCount,
  printTable,
  refuseRef,
  YES_OPTION,
} from "../../../apps/cli/extending.ts";
import { commandReasons } from "../../../apps/cli/program/extension.ts";
import type { Registry } from "../../../mod.ts";
import { parseCondition, taskFailed } from "../../../core/kernel.ts";
import { versionBefore } from "../../../core/naming/alias_history.ts";
import type { AliasEntry } from "../../../registry/mod.ts";
import { prune as pruneBy, pruneByRules, type PruneOptions, type PruneReport } from "../mod.ts";

const PERIODS: Record<string, string> = { daily: "days", weekly: "weeks", monthly: "months" };

export const prune: Command = defineCommand({
  name: "prune",
  summary: "Delete old versions, by count, period, metadata or age.",
  details:
    "Deletes the versions that no option keeps; --older-than keeps younger ones. Unreadable " +
    "versions stay, and so do those that an alias or a release names, and the one that each alias " +
    "named before, for --rollback. Days, weeks and months are in " +
    "UTC and count only if they have a version. Asks first; scripts pass --yes. gc frees the space after the grace period.",
  args: [{ usage: "[names...]", text: "only these names or patterns", completes: "name" }],
  options: [
    { flags: "--keep-last <count>", text: "keep this many versions per name", parse: parseCount },
    ...(["daily", "weekly", "monthly"] as const).map((period) => ({
      flags: `--keep-${period} <count>` as const,
      text: `keep the newest version of each of the last <count> ${PERIODS[period]}, per name`,
      parse: parseCount,
    })),
    {
      flags: "--keep-where <condition>",
      text: "keep matches, as in ls --where: 'metadata.released = true'",
      parse: (text) => parseCondition(text, { isRule: true }),
      repeat: true,
    },
    {
      flags: "--older-than <duration>",
      text: "only older versions: 12h, 30d, 8w",
      parse: parseAge,
    },
    { flags: "--include-aliased", text: "also those of aliases and releases" },
    { flags: "--rules", text: "by the rules of the registry: holdfast rules ls" },
    { flags: "-n, --dry-run", text: "only show what would be deleted" },
    YES_OPTION,
  ],
  examples: [
    ["holdfast prune --keep-last 10 --dry-run", "preview"],
    ["holdfast prune 'tmp:*' --keep-last 1", "some names"],
    ["holdfast prune --keep-daily 7 --keep-weekly 5 --keep-monthly 12", "thin out with age"],
    ["holdfast prune --older-than 30d --keep-where 'metadata.released = true'", "keep releases"],
    ["holdfast prune nightly --older-than 30d --keep-last 3 --yes", "one name, from cron"],
  ],
  async run([names], flags, context) {
    const { keepLast, keepDaily, keepWeekly, keepMonthly, keepWhere } = flags;
    const { olderThan: olderThanMs, includeAliased = false, dryRun = false } = flags;
    for (const name of names) refuseRef(name, "prune", "prune");
    const rules = {
      keepLast,
      keepDaily,
      keepWeekly,
      keepMonthly,
      olderThanMs,
      keepWhere: keepWhere && meetsAll(keepWhere),
    };
    const pruneRegistry = pruneOf(rules, flags);
    const { io } = context;
    const registry = await context.open({ write: !dryRun }); // a preview needs no write access
    const options = {
      ...rules,
      keepAliased: !includeAliased,
      names: names.length > 0 ? names : undefined,
      signal: io.signal,
    };
    const progress = context.progress("prune");
    const done: PruneReport["deleted"] = [];
    let total = 0;
    const running = pruneRegistry(registry, {
      ...options,
      dryRun,
      async confirm({ deleted }) {
        total = deleted.length;
        return flags.yes || await isConfirmed(deleted);
      },
      onDeleted(version) {
        const things = { done: done.push(version), total, what: "versions" };
        progress.update({ bytes: 0, things });
      },
    });
    const report = await orShowPart(running.finally(progress.end), async () => {
      await printVersions(done, context);
      if (done.length > 0) await context.note(`Deleted ${formatCount(done.length, "version")}`);
    });
    if (report.dryRun && !dryRun) {
      await context.note("Nothing was deleted");
      return 1;
    }
    await print(report, dryRun, context);
    const { deleted, clock, failures } = report;
    if (dryRun && !flags.rules) await noteProtected(registry, options, { deleted, context });
    if (clock === "own") await context.note("Ages use the clock of this machine, not of the store");
    for (const { name, version, message } of failures) {
      const ref = version === undefined ? name : `${name}@${version}`;
      await context.note(`stays: ${ref}: ${message}`);
    }
    if (failures.length === 0) {
      return dryRun ? undefined : await noteRun(registry.id, ["prune"], context);
    }
    const state = `${formatCount(failures.length, "record")} could not be read`;
    const hint = "Delete a damaged version: holdfast rm NAME@VERSION --force. " +
      "Reset a damaged alias: holdfast alias NAME ALIAS VERSION";
    const reason = commandReasons.of("damage_seen");
    throw taskFailed("prune everything", undefined, state, { hint, reason });

    async function isConfirmed(deleted: PruneReport["deleted"]): Promise<boolean> {
      for (const { name, version } of inOrder(deleted, nameOf)) {
        await context.note(`would delete: ${name}@${version}`);
      }
      if (!flags.rules) await noteProtected(registry, options, { deleted, context });
      return deleted.length === 0 ||
        await context.confirm(`Delete ${formatCount(deleted.length, "version")}?`);
    }
  },
});

/** Returns how to prune: by the given rules, or by those of the registry. */
function pruneOf(
  rules: Partial<PruneOptions>,
  flags: { rules?: boolean; includeAliased?: boolean },
): typeof pruneBy {
  const isNone = Object.values(rules).every((rule) => rule === undefined);
  if (isNone && !flags.rules) {
    const hint = "Add --keep-last 10, --older-than 30d, or other rules: holdfast prune --help";
    throw invalid("prune", "no rule is given", hint);
  }
  if (!flags.rules) return pruneBy;
  if (!isNone || flags.includeAliased) {
    const hint = "Omit the other options, or change a rule: holdfast rules set";
    throw invalid("prune", "--rules cannot be combined with other rules", hint);
  }
  return (registry, { names, dryRun, confirm, onDeleted, signal }) =>
    pruneByRules(registry, { names, dryRun, confirm, onDeleted, signal });
}

/** Like `ls`, with all conditions met. */
function meetsAll(
  conditions: readonly ReturnType<typeof parseCondition>[],
): PruneOptions["keepWhere"] {
  return (info) => conditions.every((meets) => meets(info));
}

async function print(
  report: PruneReport,
  dryRun: boolean,
  context: CommandContext,
): Promise<void> {
  const { deleted, kept, restored = 0, protected: left = 0 } = report;
  await printVersions(deleted, context);
  if (context.shared.json) {
    return await context.result({ ...report, deleted: deleted.length }, undefined);
  }
  const verb = dryRun ? "Would delete" : "Deleted";
  await context.note(`${verb} ${formatCount(deleted.length, "version")}, kept ${kept}`);
  if (restored > 0) {
    const restoredText = formatCount(restored, "restored version");
    await context.note(`Kept ${restoredText} for the grace period. To delete one: holdfast rm`);
  }
  if (left > 0) {
    await context.note(
      `Left out ${formatCount(left, "name")} that a rule protects: holdfast rules ls`,
    );
  }
}

async function printVersions(
  versions: PruneReport["deleted"],
  context: CommandContext,
): Promise<void> {
  const ordered = context.shared.json ? versions : inOrder(versions, nameOf);
  const rows = ordered.map(({ name, version }) => ({
    json: { name, version },
    cells: [`${name}@${version}`],
  }));
  await printTable(context, undefined, rows);
}

/** Lists the versions that stay because of an alias or a release. */
async function noteProtected(
  registry: Registry,
  options: PruneOptions,
  { deleted, context }: Pick<PruneReport, "deleted"> & { context: CommandContext },
): Promise<void> {
  if (options.keepAliased === false) return;
  const goes = new Set(deleted.map(refOf));
  const whole = await pruneBy(registry, { ...options, keepAliased: false, dryRun: true });
  for (const held of whole.deleted.filter((one) => !goes.has(refOf(one)))) {
    const all = await Array.fromAsync(registry.aliases(held.name, { signal: options.signal }));
    const aliases = all.flatMap((each) => each.version === held.version ? [each.alias] : []);
    const why = aliases.length > 0
      ? `alias ${aliases.join(", ")}`
      : await whyBefore(registry, held, { aliases: all, signal: options.signal });
    await context.note(`stays: ${refOf(held)}: ${why}`);
  }
}

/** Explains why a version stays that no alias names now. */
async function whyBefore(
  registry: Registry,
  { name, version }: { name: string; version: string },
  { aliases, signal }: { aliases: readonly AliasEntry[]; signal?: AbortSignal },
): Promise<string> {
  for (const { alias } of aliases) {
    const before = await versionBefore(registry, { name, alias }, { signal });
    if (before === version) return `alias ${alias} pointed to it before (alias --rollback)`;
  }
  return "a release names it";
}

function nameOf({ name }: { name: string }): string {
  return name;
}

function refOf({ name, version }: { name: string; version: string }): string {
  return `${name}@${version}`;
}
