import { shellWord } from "../../core/kernel.ts";
import {
  defineCommand,
  expandNames,
  formatBytes,
  formatCount,
  inOrder,
  noteRun,
  orShowPart,
  parseCount,
  printTable,
  refuseItself,
  refuseRef,
  RENAME_OPTION,
  Renamings,
  rethrowRepeatable,
} from "../../apps/cli/extending.ts";
import type { Command, CommandContext } from "../../apps/cli/extending.ts";
import type { Registry } from "../../mod.ts";
import { readRules, readSettings } from "../../registry/tools/settings.ts";
import type { RegistrySettings } from "../../registry/mod.ts";
import { mirrorRegistry } from "./mod.ts";
import type { MirrorFailure, MirrorItem, MirrorOptions, MirrorReport } from "./mod.ts";

export const mirror: Command = defineCommand({
  name: "mirror",
  summary: "Copy a registry to another, in any store.",
  details:
    "Copies versions with files, metadata and dates, aliases, and deletions. Every byte is " +
    "checked. Run it again to copy what is new, or the rest of an interrupted run. An immutable " +
    "target keeps what it has; a mutable one follows the source. Copies the members of a " +
    "release first, also those of other names.\n\n" +
    "If some fail, lists them and exits with 1. With --json: one line per failure, then the report.",
  args: [
    { usage: "<from>", text: "a folder, URL or @name", completes: "place" },
    { usage: "<to>", text: "a folder, URL or @name; see --create", completes: "place" },
    {
      usage: "[names...]",
      text: "only these names or patterns; patterns match names with versions",
    },
  ],
  options: [
    { flags: "--prefix <text>", text: "only names that begin with this" },
    { flags: "--range <range>", text: "only versions in this range, such as ^2" },
    RENAME_OPTION,
    { flags: "--no-aliases", text: "do not copy aliases" },
    { flags: "--no-deleted", text: "do not copy deletions" },
    { flags: "--create", text: "create a missing target with settings and rules of the source" },
    {
      flags: "--settings",
      text: "replace rules and settings of the target with those of the source",
    },
    { flags: "--verify", text: "check everything again, and read back what was written" },
    { flags: "--concurrency <count>", text: "versions at once (default: 8)", parse: parseCount },
    { flags: "-n, --dry-run", text: "only show what would be done" },
    { flags: "--check", text: "like --dry-run, and exit with 1 if there is anything to do" },
  ],
  examples: [
    ["holdfast mirror .holdfast s3://bucket/team --create", "a folder to a new bucket registry"],
    ["holdfast mirror s3://bucket/team ./backup --settings --quiet", "a backup, from cron"],
    ["holdfast mirror s3://bucket/team ./backup --check", "is the backup up to date?"],
    ["holdfast mirror ./a ./b 'team/*'", "names that match a pattern"],
    ["holdfast mirror ./a ./b my:model --range ^2 --rename my:=their: --dry-run", "partly"],
  ],
  async run([fromPlace, toPlace, names], flags, context) {
    const { rename = [], check = false, dryRun = check, create = false } = flags;
    for (const name of names) refuseRef(name, "mirror", "mirror FROM TO");
    const from = await context.open({
      registry: fromPlace,
      missing: "Check the location: the first one must be an existing registry.",
    });
    const chosen = names.length > 0 ? await expandNames(from, names, context.io.signal) : undefined;
    const settings = create ? await settingsOf(from, context) : undefined;
    const to = await context.open({
      registry: toPlace,
      write: !dryRun,
      create: settings,
      missing: "Check the location, or add --create to create the registry.",
    });
    const renamings = new Renamings(rename);
    if (rename.length === 0) {
      const hint = "Name another target, or add --rename to copy artifacts under other names.";
      refuseItself("mirror", from, to, hint);
    }
    const isNew = create && !dryRun && await hasFirstSettings(to, context);
    const { prefix, range, aliases, deleted, verify, concurrency } = flags;
    const selection = { names: chosen, prefix, range, aliases, deleted };
    const failures: MirrorFailure[] = [];
    const places = { from: fromPlace, to: toPlace };
    const running = runMirror(from, to, {
      ...selection,
      settings: flags.settings || isNew,
      verify,
      concurrency,
      dryRun,
      rename: (name: string) => renamings.of(name),
      onItem({ error, ...item }) {
        if (error !== undefined) failures.push({ ...item, error });
      },
    }, context);
    const report = await orShowPart(
      running,
      () => showProblems({ failures, leftOut: [] }, places, context),
    );
    await renamings.noteUnused(context.note);
    await showProblems(report, places, context);
    if (isWhole(selection)) await noteRules(report, context);
    const { copied, deleted: removed, aliases: moved, failures: { length: failed } } = report;
    await context.done({ ...report, failures: failed }, summary(report));
    if (failed > 0) return 1;
    if (isWhole(selection) && !dryRun) {
      for (const { id } of [from, to]) await noteRun(id, ["mirror"], context);
    }
    return check && copied + removed + moved > 0 ? 1 : 0;
  },
});

/** Returns the settings for a target that does not exist: those that the source has now. */
async function settingsOf(
  from: Registry,
  { io: { signal } }: CommandContext,
): Promise<RegistrySettings> {
  return from.backend === undefined ? from.settings : await readSettings(from, { signal });
}

/** True if nobody has changed the settings of a registry. */
async function hasFirstSettings(to: Registry, { io: { signal } }: CommandContext) {
  return to.backend !== undefined && (await readRules(to, { signal })).revision === 1;
}

async function noteRules({ missingRules, dryRun }: MirrorReport, context: CommandContext) {
  if (missingRules === 0 || dryRun || context.shared.json) return;
  const rules = formatCount(missingRules, "rule");
  await context.note(`The target does not have ${rules} of the source. Copy them with --settings`);
}

/** Mirrors a registry, and shows the progress. */
async function runMirror(
  from: Registry,
  to: Registry,
  options: MirrorOptions,
  context: CommandContext,
): Promise<MirrorReport> {
  const { io, logger } = context;
  const progress = context.progress("mirror");
  return await mirrorRegistry(from, to, {
    ...options,
    signal: io.signal,
    onItem(item) {
      options.onItem?.(item);
      logger.debug(`${item.action} ${itemText(item)}`);
    },
    onProgress: ({ bytes, names, totalNames }) =>
      progress.update({ bytes, things: { done: names, total: totalNames, what: "names" } }),
  }).finally(progress.end).catch((error) => rethrowRepeatable(error, context));
}

/** Shows what the registries do not support and what failed, with the command that repairs it. */
async function showProblems(
  { failures, leftOut }: Pick<MirrorReport, "failures" | "leftOut">,
  places: { from: string; to: string },
  context: CommandContext,
): Promise<void> {
  const { json, quiet } = context.shared;
  if (leftOut.length > 0 && !json && !quiet) {
    await context.note(`Left out, not supported by both registries: ${leftOut.join(", ")}`);
  }
  if (failures.length === 0) return;
  const rows = (json ? failures : inOrder(failures, refOf)).map((failure) => {
    const { name, version, alias, error } = failure;
    const { code, message, key } = error;
    const row = { name, version, alias, code, message, hint: context.hint(error), key };
    return { json: row, cells: [refOf(failure), code, message] };
  });
  await printTable(context, ["REF", "CODE", "PROBLEM"], rows);
  if (failures.some(({ error }) => error.code === "Corrupt") && !json) {
    const repair = `holdfast verify -r ${shellWord(places.from)} --repair-from`;
    await context.note(`Repair one from the other: ${repair} ${shellWord(places.to)}`);
  }
}

/** Returns true for a mirror of the whole registry. */
function isWhole({ names, prefix, range, aliases, deleted }: MirrorOptions): boolean {
  return names === undefined && prefix === undefined && range === undefined &&
    aliases !== false && deleted !== false;
}

function refOf(
  { name, version, alias }: { name: string; version?: string; alias?: string },
): string {
  return `${name}@${version ?? alias}`;
}

function itemText(item: MirrorItem): string {
  return item.target === item.name ? refOf(item) : `${refOf(item)} as ${item.target}`;
}

function summary(
  { dryRun, copied, files, bytes, deleted, aliases, skipped, failures }: MirrorReport,
): string {
  const parts = [
    `${dryRun ? "Would mirror" : "Mirrored"} ${formatCount(copied, "version")} ` +
    `(${formatCount(files, "file")}, ${formatBytes(bytes)})`,
  ];
  if (deleted > 0) parts.push(`${formatCount(deleted, "deletion")}`);
  if (aliases > 0) parts.push(`${aliases} ${aliases === 1 ? "alias" : "aliases"}`);
  parts.push(`${skipped} unchanged`);
  if (failures.length > 0) parts.push(`${failures.length} failed`);
  return parts.join(", ");
}
