import { authorText } from "../../../../core/naming/author.ts";
import { itemAt } from "../../../../core/faults/present.ts";
import type { LogEntry } from "../../../../registry/mod.ts";
import { readLog } from "../../../../mod.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { nearestHint, withHints } from "../../terminal/hints.ts";
import { refuseRef } from "../../program/refusals.ts";
import { printTable } from "../../program/print_table.ts";
import { formatBytes, formatTimes, parseCount } from "../../terminal/units.ts";

export const log: Command = defineCommand({
  name: "log",
  summary: "Show the history of a name: versions, aliases, labels, deletions, newest first.",
  details:
    "Times are from the clocks of the writers. An overwritten version has only its last time.",
  args: [{ usage: "<name>", text: "the artifact", completes: "name" }],
  options: [{ flags: "--limit <count>", text: "only this many, the newest", parse: parseCount }],
  examples: [
    ["holdfast log my:model", "everything"],
    ["holdfast log my:model --limit 5 --json", "the newest five, one JSON object per line"],
  ],
  async run([name], { limit }, context) {
    refuseRef(name, "show the history of", "log");
    const registry = await context.open();
    const entries = await withHints(
      Array.fromAsync(readLog(registry, name, { limit, signal: context.io.signal })),
      { NotFound: () => nearestHint(registry, name) },
    );
    const times = formatTimes(entries.map(({ at }) => at));
    const rows = entries.map((entry, i) => ({
      json: entry,
      cells: [itemAt(times, i), described(entry), ...entry.by ? [authorText(entry.by)] : []],
    }));
    const columns = entries.some(({ by }) => by) ? ["TIME", "WHAT", "BY"] : ["TIME", "WHAT"];
    await printTable(context, context.shared.quiet ? undefined : columns, rows);
  },
});

function described({ event, version, alias, size, notes, labels }: LogEntry): string {
  if (event === "annotated") {
    const state = JSON.stringify({ ...notes !== undefined && { notes }, ...labels });
    return `notes and labels${version === undefined ? "" : ` of ${version}`}: ${state}`;
  }
  if (event === "aliased") return `alias ${alias} set to ${version}`;
  if (event === "unaliased") return `alias ${alias} removed`;
  return `${event} ${version}${size === undefined ? "" : ` (${formatBytes(size)})`}`;
}
