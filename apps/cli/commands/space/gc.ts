// `holdfast gc`
import { collectGarbage } from "../../../../registry/maintenance.ts";
import type { RegistryError } from "../../../../mod.ts";
import { fault } from "../../../../core/errors.ts";
import type { GarbageItem, GarbageReport, WaitingItem } from "../../../../registry/maintenance.ts";
import {
  type Command,
  type CommandContext,
  defineCommand,
  YES_OPTION,
} from "../../program/command.ts";
import { inOrder, printTable } from "../../terminal/print_table.ts";
import type { Column } from "../../terminal/table.ts";
import { formatBytes, formatCount, formatGrace, formatTime } from "../../terminal/units.ts";

/** What is removed: one of them, and all of them. */
const KINDS: Record<GarbageItem["what"], [one: string, all: string]> = {
  stage: ["unfinished write", "unfinished writes"],
  generation: ["record", "replaced and deleted records"],
  payload: ["payload", "files of deleted versions and unfinished saves"],
  upload: ["unfinished upload", "unfinished uploads"],
  draft: ["draft", "drafts that ended or were left alone"],
  scrubbed: ["content of the record", "records emptied"],
  key: ["idempotency key", "idempotency keys of long ago"],
  name: ["record", "records of forgotten names"],
  note: ["note of lineage", "notes of lineage that came to nothing"],
};

const COLUMNS: (Column | string)[] = [
  "WHAT",
  { title: "COUNT", align: "right" },
  { title: "SIZE", align: "right" },
];

export const gc: Command = defineCommand<
  [],
  { dryRun?: boolean; now?: boolean; forget?: boolean; yes?: boolean }
>({
  name: "gc",
  summary: "Free the space of what was deleted, replaced or left unfinished.",
  details:
    "Only what is older than the registry's grace period (24 h unless created otherwise), so readers and writers " +
    "are never disturbed. With --verbose each thing is named, and why; and what waits, and until when. " +
    "With --now its age does not count: only where nobody else uses the registry meanwhile, on any machine. A save " +
    "that is under way may lose its files, and a download of what was just deleted fails. Asks first; scripts pass --yes.",
  args: [],
  options: [
    {
      flags: "-n, --dry-run",
      text: "only say what would be removed (and write the mark that tells the age of things)",
    },
    {
      flags: "--now",
      text: "free what is younger than the grace too, where nobody else uses the registry",
    },
    YES_OPTION,
    {
      flags: "--forget",
      text:
        "forget names whose versions were all deleted 30 days ago or more; nobody may save under them meanwhile",
    },
  ],
  examples: [
    ["holdfast gc --dry-run", "what would be freed"],
    ["holdfast gc --quiet", "from cron"],
    ["holdfast gc --dry-run --verbose", "what waits, and until when"],
    ["holdfast gc --now", "a disk is full, and nobody else writes here"],
    ["holdfast gc --forget --dry-run --verbose", "which deleted names could be forgotten"],
  ],
  async run(_args, { dryRun = false, now = false, forget = false, yes = false }, context) {
    const { io, shared } = context;
    const registry = await context.open({ write: true });
    if (now && !dryRun && !yes) {
      const { bytes } = await collectGarbage(registry, {
        dryRun: true,
        now,
        forget,
        signal: io.signal,
      });
      if (!await context.confirm(`${RISK}\nFree ${formatBytes(bytes)} now?`)) {
        await context.note("Nothing was removed");
        return 1;
      }
    }
    const progress = context.progress("gc");
    let [done, bytes] = [0, 0];
    const waiting: WaitingItem[] = [];
    const report = await collectGarbage(registry, {
      dryRun,
      now,
      forget,
      signal: io.signal,
      onItem(item) {
        progress.update({ bytes: bytes += item.size, things: { done: ++done, what: "things" } });
        context.logger.debug(`${thingText(item)}: ${item.why}`);
      },
      onWaiting: shared.verbose ? (item) => waiting.push(item) : undefined,
    });
    await progress.end();
    const soonestFirst = inOrder(waiting, ({ key }) => key).sort((a, b) =>
      a.until.getTime() - b.until.getTime()
    );
    for (const item of soonestFirst) context.logger.debug(waitingText(item));
    if (shared.json) await context.result(report, undefined);
    if (!shared.json) await say(report, context);
    if (report.failures.length > 0) throw notAll(report.failures);
  },
});

const RISK =
  "This takes no account of the grace period. If anybody else uses this registry now, on any machine, " +
  "a save of theirs may lose its files, and a load of what was just replaced or deleted fails.";

function thingText({ what, key, ref, size }: GarbageItem): string {
  return `${KINDS[what][0]} ${ref === undefined ? key : `of ${ref}`} (${formatBytes(size)})`;
}

function waitingText(item: WaitingItem): string {
  return `${thingText(item)} waits until ${formatTime(item.until)}: ${item.why}`;
}

async function say(report: GarbageReport, context: CommandContext): Promise<void> {
  const { quiet } = context.shared;
  const rows = Object.entries(report.removed).filter(([, { count }]) => count > 0)
    .map(([what, { count, bytes }]) => ({
      json: {},
      cells: [KINDS[what as GarbageItem["what"]][1], String(count), formatBytes(bytes)],
    }));
  if (rows.length > 0 && !quiet) await printTable(context, COLUMNS, rows);
  for (const key of report.voids) {
    await context.note(`void: ${key} arrived too late and has no files; it does not count`);
  }
  for (const { key, message } of report.failures) await context.note(`stays: ${key}: ${message}`);
  const freed = rows.length > 0
    ? `${report.dryRun ? "Would free" : "Freed"} ${formatBytes(report.bytes)}`
    : report.failures.length > 0
    ? `${report.dryRun ? "Would free" : "Freed"} nothing`
    : "Nothing to free yet: what is deleted, replaced or left unfinished stays for the registry's grace of " +
      formatGrace(report.graceMs);
  const { count, bytes, nextAt } = report.waiting;
  if (nextAt !== undefined && !quiet) {
    await context.note(
      `${formatCount(count, "thing")} (${formatBytes(bytes)}) may go later, the first at ${
        formatTime(nextAt)
      }` +
        (context.shared.verbose ? "" : "; see them with --verbose"),
    );
  }
  await context.done(report, freed);
}

/** The rest was collected; what a damaged record still needs is not known, so all of its name stays. */
function notAll(failures: GarbageReport["failures"]): RegistryError {
  return fault({
    code: "TaskFailed",
    action: "collect everything",
    state: `${formatCount(failures.length, "thing")} stayed`,
    hint: "Nothing that is needed was removed. See what is damaged: holdfast verify",
  });
}
