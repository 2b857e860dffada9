// `holdfast log`
import type { LogEntry } from "../../../../registry/mod.ts";
import { logOf } from "../../../../mod.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { nearestHint, withHints } from "../../program/hints.ts";
import { refuseRef } from "../../program/refusals.ts";
import { printTable } from "../../terminal/print_table.ts";
import { formatBytes, formatTime, parseCount } from "../../terminal/units.ts";

export const log: Command = defineCommand<[name: string], { limit?: number }>({
  name: "log",
  summary: "Tell what happened to a name: versions, aliases, deletions, newest first.",
  details:
    "Times are those of who did it. Of a version that was overwritten, only the last time is known.",
  args: [{ usage: "<name>", text: "the artifact", completes: "name" }],
  options: [{ flags: "--limit <count>", text: "only the newest so many", parse: parseCount }],
  examples: [
    ["holdfast log my:model", "everything that is known"],
    ["holdfast log my:model --limit 5 --json", "the newest five, one JSON object per line"],
  ],
  async run([name], { limit }, context) {
    refuseRef(name, "tell what happened to", "log");
    const registry = await context.open();
    const entries = await withHints(
      logOf(registry, name, { limit, signal: context.io.signal }),
      { NotFound: () => nearestHint(registry, name) },
    );
    const rows = entries.map((entry) => ({
      json: entry,
      cells: [formatTime(entry.at), described(entry)],
    }));
    await printTable(context, context.shared.quiet ? undefined : ["TIME", "WHAT"], rows);
  },
});

function described({ event, version, alias, size }: LogEntry): string {
  if (event === "aliased") return `${alias} names ${version}`;
  if (event === "unaliased") return `${alias} removed`;
  return `${event} ${version}${size === undefined ? "" : ` (${formatBytes(size)})`}`;
}
