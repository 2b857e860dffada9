import {
  type Column,
  type Command,
  type CommandContext,
  defineCommand,
  formatBytes,
  formatCount,
  formatGrace,
  formatTime,
  inOrder,
  noteRun,
  orShowPart,
  printTable,
  YES_OPTION,
} from "../../../apps/cli/extending.ts";
import { commandReasons } from "../../../apps/cli/program/extension.ts";
import { type RegistryError, taskFailed } from "../../../core/kernel.ts";
import { collectGarbage, type GarbageItem, type GarbageReport, type WaitingItem } from "../mod.ts";

/** Kinds of garbage: singular, and heading. */
const KINDS: Record<GarbageItem["what"], [one: string, all: string]> = {
  stage: ["unfinished write", "unfinished writes"],
  generation: ["record", "replaced and deleted records"],
  payload: ["payload", "files of deleted versions and unfinished saves"],
  upload: ["unfinished upload", "unfinished uploads"],
  draft: ["draft", "drafts that ended or were abandoned"],
  scrubbed: ["content of a record", "records emptied"],
  key: ["idempotency key", "old idempotency keys"],
  name: ["record", "records of forgotten names"],
  note: ["note of lineage", "stale notes of lineage"],
};

const COLUMNS: (Column | string)[] = [
  "WHAT",
  { title: "COUNT", align: "right" },
  { title: "SIZE", align: "right" },
];

export const gc: Command = defineCommand({
  name: "gc",
  summary: "Free the space of deleted, replaced and unfinished data.",
  details:
    "Frees only what is older than the grace period of the registry (24 h by default), so it " +
    "never disturbs readers and writers. --verbose lists each object with the reason, and what " +
    "waits until when.\n\n" +
    "A run skips names of which nothing was deleted or replaced since a run that found nothing to " +
    "free, until something of them can be freed; it inspects each at least every 30 days. So the " +
    "files of a killed save may stay that long. --all inspects every name, and so do --verbose, " +
    "--now and --forget.\n\n" +
    "--now ignores the age. Use it only if no one else uses the registry, on any machine: a " +
    "running save may lose its files, and a download of a deleted version fails. Asks first; " +
    "scripts pass --yes.",
  args: [],
  options: [
    {
      flags: "-n, --dry-run",
      text: "only show what would be removed; writes a mark, to read the store's clock",
    },
    { flags: "--all", text: "inspect every name, also for files of killed saves" },
    { flags: "--now", text: "ignore the grace period; only if no one else uses the registry" },
    YES_OPTION,
    {
      flags: "--forget",
      text: "forget names whose versions were all deleted 30 or more days ago; no one may save " +
        "to them meanwhile",
    },
  ],
  examples: [
    ["holdfast gc --dry-run", "what would be freed"],
    ["holdfast gc --quiet", "from cron"],
    ["holdfast gc --dry-run --verbose", "what waits, and until when"],
    ["holdfast gc --now", "a full disk, and no other users"],
    ["holdfast gc --forget --dry-run --verbose", "names that could be forgotten"],
  ],
  async run(
    _args,
    { dryRun = false, all = false, now = false, forget = false, yes = false },
    context,
  ) {
    const { io, shared } = context;
    const registry = await context.open({ write: true });
    if (now && !dryRun && !yes) {
      const { signal } = io;
      const preview = await collectGarbage(registry, { dryRun: true, now, forget, signal });
      const isEmpty = Object.values(preview.removed).every(({ count }) => count === 0);
      if (isEmpty && preview.failures.length === 0) {
        return await print({ ...preview, dryRun: false }, now, context);
      }
      if (!await context.confirm(`${RISK}\nFree ${formatBytes(preview.bytes)} now?`)) {
        await context.note("Nothing was removed");
        return 1;
      }
    }
    const progress = context.progress("gc");
    let [done, bytes] = [0, 0];
    const waiting: WaitingItem[] = [];
    const running = collectGarbage(registry, {
      dryRun,
      all,
      now,
      forget,
      signal: io.signal,
      onItem(item) {
        progress.update({ bytes: bytes += item.size, things: { done: ++done, what: "objects" } });
        context.logger.debug(`${itemText(item)}: ${item.why}`);
      },
      onWaiting: shared.verbose ? (item) => waiting.push(item) : undefined,
    });
    const report = await orShowPart(running.finally(progress.end), async () => {
      if (done === 0 || dryRun) return;
      await context.note(`Freed ${formatBytes(bytes)} in ${formatCount(done, "object")}`);
    });
    const soonestFirst = inOrder(waiting, ({ key }) => key).sort((a, b) =>
      a.until.getTime() - b.until.getTime()
    );
    for (const item of soonestFirst) {
      const until = formatTime(item.until);
      context.logger.debug(`${itemText(item)} waits until ${until}: ${item.why}`);
    }
    await print(report, now, context);
    if (report.failures.length > 0) throw incomplete(report.failures);
    if (!dryRun) await noteRun(registry.id, ["gc"], context);
  },
});

/** Returns the error of a run with failures: objects of damaged names stay, and so do others. */
function incomplete(failures: GarbageReport["failures"]): RegistryError {
  const { length, 0: first } = failures;
  const isDamage = failures.some(({ code }) => code === "Corrupt" || code === "Unsupported");
  const unharmed = "Nothing that is needed was removed.";
  if (isDamage) {
    const state = `kept ${formatCount(length, "object")} that could not be checked`;
    const reason = commandReasons.of("objects_kept");
    return taskFailed("collect all garbage", undefined, state, { hint: unharmed, reason });
  }
  const state = `${formatCount(length, "failure")}, the first: ${first!.message}`;
  const hint = `${unharmed} Fix the cause, and run gc again.`;
  return taskFailed("collect all garbage", undefined, state, { hint });
}

const RISK =
  "This ignores the grace period. If anyone else uses this registry now, on any machine, their " +
  "saves may lose files, and their loads of replaced or deleted versions fail.";

function itemText({ what, key, ref, size }: GarbageItem): string {
  return `${KINDS[what][0]} ${ref === undefined ? key : `of ${ref}`} (${formatBytes(size)})`;
}

async function print(report: GarbageReport, now: boolean, context: CommandContext): Promise<void> {
  const { json, quiet } = context.shared;
  if (json) return await context.result(report, undefined);
  const rows = Object.entries(report.removed).filter(([, { count }]) => count > 0)
    .map(([what, { count, bytes }]) => ({
      json: {},
      cells: [KINDS[what as GarbageItem["what"]][1], String(count), formatBytes(bytes)],
    }));
  if (rows.length > 0 && !quiet) await printTable(context, COLUMNS, rows);
  for (const key of report.voids) {
    await context.note(`expired: ${key} was committed too late and is ignored`);
  }
  for (const { key, message } of report.failures) await context.note(`stays: ${key}: ${message}`);
  const { count, bytes, nextAt } = report.waiting;
  if (nextAt !== undefined) {
    const waiting = `${formatCount(count, "object")} (${formatBytes(bytes)})`;
    const more = context.shared.verbose ? "" : "; list them with --verbose";
    await context.note(`${waiting} can be freed later, the first at ${formatTime(nextAt)}${more}`);
  }
  const isEmpty = rows.length === 0 && report.failures.length === 0 && nextAt === undefined;
  if (isEmpty && report.skipped > 0) {
    const names = formatCount(report.skipped, "name");
    await context.note(`Skipped ${names} without deletions: gc --all inspects every name`);
  }
  await context.done(report, freedText(report, { now, isFreed: rows.length > 0 }));
}

/** Returns what a run has freed, or why it is nothing. */
function freedText(
  { dryRun, bytes, failures, waiting, graceMs }: GarbageReport,
  { now, isFreed }: { now: boolean; isFreed: boolean },
): string {
  const freed = dryRun ? "Would free" : "Freed";
  if (isFreed) return `${freed} ${formatBytes(bytes)}`;
  if (failures.length > 0) return `${freed} nothing`;
  return now || waiting.nextAt === undefined
    ? "Nothing to free"
    : `Nothing to free yet: the grace period is ${formatGrace(graceMs)}`;
}
