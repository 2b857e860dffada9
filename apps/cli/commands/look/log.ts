import { authorText } from "../../../../core/naming/author.ts";
import { itemAt } from "../../../../core/faults/present.ts";
import type { LogEntry } from "../../../../registry/mod.ts";
import { readLog, readRegistryLog } from "../../../../mod.ts";
import { EVENTS } from "../../../../core/registry/log.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { invalid, nearestHint, withHints } from "../../terminal/hints.ts";
import { refuseRef } from "../../program/refusals.ts";
import { printTable } from "../../program/print_table.ts";
import {
  formatBytes,
  formatTimes,
  momentOf,
  parseCount,
  parseMoment,
  type TypedMoment,
} from "../../terminal/units.ts";

const DEFAULT_LIMIT = 100;

export const log: Command = defineCommand({
  name: "log",
  summary: "Show the history of a name, or of all: versions, aliases, labels, deletions.",
  details:
    "Newest first. Times are from the clocks of the writers. An overwritten version has only its " +
    "last time. A deletion is shown until gc has removed its record.",
  args: [{ usage: "[name]", text: "the artifact", completes: "name" }],
  options: [
    { flags: "--all", text: `all names, the newest ${DEFAULT_LIMIT} changes without --limit` },
    {
      flags: "--since <time>",
      text: "with --all: a date, a time or an age: 7d",
      parse: parseMoment,
    },
    { flags: "--until <time>", text: "with --all: only changes until then", parse: parseMoment },
    { flags: "--by <author>", text: "with --all: only changes of this author" },
    { flags: "--event <kind>", text: `with --all: ${EVENTS.join(", ")}` },
    { flags: "--limit <count>", text: "only this many, the newest", parse: parseCount },
  ],
  examples: [
    ["holdfast log my:model", "everything"],
    ["holdfast log my:model --limit 5 --json", "the newest five, one JSON object per line"],
    ["holdfast log --all --since 7d --by alice", "what alice did in a week"],
    ["holdfast log --all --event deleted", "what was deleted, and by whom"],
  ],
  whenUnread: "end",
  async run([name], flags, context) {
    if (flags.all) return await showAll(name, flags, context);
    if (name === undefined) {
      throw invalid("show a history", "no name is given", "Pass a name, or --all for all names.");
    }
    const only = (["since", "until", "by", "event"] as const)
      .find((flag) => flags[flag] !== undefined);
    if (only !== undefined) {
      throw invalid("show a history", `--${only} needs --all`, "Add --all, without a name.");
    }
    refuseRef(name, "show the history of", "log");
    const registry = await context.open();
    const { limit } = flags;
    const entries = await withHints(
      Array.fromAsync(readLog(registry, name, { limit, signal: context.io.signal })),
      { NotFound: () => nearestHint(registry, name) },
    );
    await print(entries, context, []);
  },
});

interface LogFlags {
  since?: TypedMoment;
  until?: TypedMoment;
  by?: string;
  event?: string;
  limit?: number;
}

async function showAll(
  name: string | undefined,
  { since, until, by, event, limit }: LogFlags,
  context: CommandContext,
): Promise<void> {
  if (name !== undefined) {
    throw invalid("show a history", "a name and --all are given", "Pass one of them.");
  }
  const kind = EVENTS.find((each) => each === event);
  if (event !== undefined && kind === undefined) {
    throw invalid("show a history", `--event ${event} is unknown`, `One of ${EVENTS.join(", ")}.`);
  }
  const { system, signal } = context.io;
  const at = (moment: TypedMoment | undefined) => moment && momentOf(moment, system.now());
  const registry = await context.open();
  const most = limit ?? (context.shared.json ? undefined : DEFAULT_LIMIT);
  const entries = await Array.fromAsync(readRegistryLog(registry, {
    since: at(since),
    until: at(until),
    by,
    event: kind,
    limit: most,
    signal,
  }));
  await print(entries, context, ["NAME"]);
  if (entries.length === 0) await context.note("No changes match");
  if (limit === undefined && entries.length === most) {
    await context.note(`Only the newest ${most}: for more, add --limit or --since`);
  }
}

async function print(
  entries: readonly LogEntry[],
  context: CommandContext,
  columns: readonly "NAME"[],
): Promise<void> {
  const times = formatTimes(entries.map(({ at }) => at));
  const rows = entries.map((entry, i) => ({
    json: entry,
    cells: [
      itemAt(times, i),
      ...columns.map(() => entry.name),
      described(entry),
      ...entry.by ? [authorText(entry.by)] : [],
    ],
  }));
  const titles = ["TIME", ...columns, "WHAT", ...entries.some(({ by }) => by) ? ["BY"] : []];
  await printTable(context, context.shared.quiet ? undefined : titles, rows);
}

/** Shortens signatures and the like, which would hide the other labels of the line. */
function shortened(key: string, value: unknown): unknown {
  return key !== "" && typeof value === "object" && JSON.stringify(value).length > 40 ? "…" : value;
}

function described({ event, version, alias, size, notes, labels }: LogEntry): string {
  if (event === "annotated") {
    const state = JSON.stringify({ ...notes !== undefined && { notes }, ...labels }, shortened);
    return `notes and labels${version === undefined ? "" : ` of ${version}`}: ${state}`;
  }
  if (event === "aliased") return `alias ${alias} set to ${version}`;
  if (event === "unaliased") return `alias ${alias} removed`;
  return `${event} ${version}${size === undefined ? "" : ` (${formatBytes(size)})`}`;
}
