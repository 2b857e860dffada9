// `holdfast verify`
import type { Registry } from "../../../mod.ts";
import {
  type VerifyLineage,
  verifyRegistry,
  type VerifyReport,
  type VerifyUnseen,
} from "../../../registry/maintenance.ts";
import { expandNames } from "../look/expand_names.ts";
import {
  type Command,
  type CommandContext,
  defineCommand,
  type SharedOptions,
} from "../program/command.ts";
import { withRegistry } from "../program/hints.ts";
import { type Advice, hintFor } from "../../../core/errors.ts";
import { refuseRef } from "../program/refusals.ts";
import { inOrder, printTable } from "../terminal/print_table.ts";
import { printable } from "../terminal/table.ts";
import { formatBytes, formatCount } from "../terminal/units.ts";

export const verify: Command = defineCommand<[names: string[]], { shallow?: boolean }>({
  name: "verify",
  summary: "Check all that is stored, each byte against its SHA-256.",
  details:
    "All records, those of aliases, idempotency keys and older generations too; then what was not looked at. " +
    "Exit code 1 and a table when there are problems. With --json: one line per problem, then the report.",
  args: [{
    usage: "[names...]",
    text: "only these names, or patterns of names",
    completes: "name",
  }],
  options: [{ flags: "--shallow", text: "only the records, not the content of files" }],
  examples: [
    ["holdfast verify", "everything"],
    ["holdfast verify my:model 'data:*'", "some names"],
    ["holdfast verify --shallow --quiet || mail -s damaged ops", "a quick look, from cron"],
  ],
  async run([names], { shallow = false }, context) {
    const { io, shared } = context;
    for (const name of names) refuseRef(name, "verify", "verify");
    const registry = await context.open();
    const chosen = names.length > 0 ? await expandNames(registry, names, io.signal) : undefined;
    const progress = context.progress("verify");
    const what = "versions";
    let all: number | undefined;
    if (io.stderr.isTerminal && !shared.quiet) {
      countVersions(registry, chosen, io.signal).then((count) => all = count, () => {}); // only to say how long it takes
    }
    const report = await verifyRegistry(registry, {
      names: chosen,
      deep: !shallow,
      signal: io.signal,
      onProgress: ({ versions, bytes }) =>
        progress.update({ bytes, things: { done: versions, total: all, what } }),
    });
    await progress.end();
    const { ok, versions, files, bytes, problems, lineage, unseen } = report;
    if (problems.length > 0) await printProblems(problems, context);
    const checked = `${formatCount(versions, "version")}, ${formatCount(files, "file")}, ${
      formatBytes(bytes)
    }`;
    const text = ok
      ? `All is well: ${checked}`
      : `${formatCount(problems.length, "problem")} in ${checked}`;
    await context.done({ ...report, problems: problems.length }, text);
    const left = unseenText(unseen);
    if (!shared.json && left !== "") await context.note(`Not looked at: ${left}`);
    const doubts = lineage === undefined ? "" : lineageText(lineage);
    if (!shared.json && doubts !== "") await context.note(`Lineage: ${doubts}`);
    return ok ? 0 : 1;
  },
});

async function printProblems(
  problems: VerifyReport["problems"],
  context: CommandContext,
): Promise<void> {
  const { io, shared } = context;
  const rows = (shared.json ? problems : inOrder(problems, ({ ref }) => ref)).map((problem) => ({
    json: { ...problem, hint: hintFor(problem, "cli"), hints: undefined },
    cells: [problem.ref, problem.code, problem.message],
  }));
  await printTable(context, ["REF", "CODE", "PROBLEM"], rows);
  if (shared.json) return;
  for (const hint of hintsOf(problems, shared)) await io.stdout.write(`hint: ${hint}\n`);
}

/** How many versions there are, of these names or of all. */
async function countVersions(
  registry: Registry,
  names: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  for await (const name of names ?? registry.names({ signal })) {
    for await (const _ of registry.versions(name, { signal })) count++;
  }
  return count;
}

function unseenText({ names, files, generations, auxiliary, strangers }: VerifyUnseen): string {
  const parts = [
    [names, "other name"],
    [files, "file"],
    [generations, "older generation", " (only the record)"],
    [auxiliary, "object", " that no reader needs"],
    [strangers, "object", " of somebody else"],
  ] as const;
  return parts.flatMap(([count, what, more = ""]) =>
    count > 0 ? [formatCount(count, what) + more] : []
  ).join("; ");
}

/** What is not wrong, but worth knowing. */
function lineageText({ whole, stale, dangling }: VerifyLineage): string {
  const parts = [
    dangling > 0
      ? `${formatCount(dangling, "version")} that others were made from ${areNot(dangling)} there`
      : "",
    stale > 0
      ? `${formatCount(stale, "note")} came to nothing (gc removes what is older than 30 days)`
      : "",
    whole
      ? ""
      : "not all is noted, so looking down reads every record until: holdfast lineage --rebuild",
  ];
  return parts.filter((part) => part !== "").join("; ");
}

function areNot(count: number): string {
  return count === 1 ? "is not" : "are not";
}

function hintsOf(problems: readonly Advice[], { registry }: SharedOptions): Set<string> {
  const hints = problems.flatMap((problem) => hintFor(problem, "cli") ?? []);
  return new Set(hints.map((hint) => printable(withRegistry(hint, registry))));
}
