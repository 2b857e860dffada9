// `holdfast du`
import type { RegistryError } from "../../../../mod.ts";
import { spaceOf } from "../../../../registry/maintenance.ts";
import { fault } from "../../../../core/errors.ts";
import type { GarbageSpace, NameSpace, SpaceReport } from "../../../../registry/maintenance.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { inOrder, printTable } from "../../terminal/print_table.ts";
import type { Column } from "../../terminal/table.ts";
import { formatBytes, formatCount, formatTime } from "../../terminal/units.ts";

const COLUMNS: Column[] = [
  { title: "NAME", shrinks: true },
  { title: "VERSIONS", align: "right", drops: 2 },
  { title: "SIZE", align: "right" },
  { title: "STORED", align: "right" },
  { title: "SHARED", align: "right", drops: 1 },
  { title: "GARBAGE", align: "right" },
];

export const du: Command = defineCommand<[prefix?: string]>({
  name: "du",
  summary:
    "Say how much space names take, what versions share, and what may be freed from when on.",
  details:
    "SIZE is what the files of all versions have, STORED what is kept for them, SHARED what two versions or more " +
    "have in common, GARBAGE what nobody needs any more: gc frees it once it is older than the grace. " +
    "Every record is read, and nothing is written.",
  args: [{ usage: "[prefix]", text: "only names that begin with this", completes: "name" }],
  options: [],
  examples: [
    ["holdfast du", "the largest names first"],
    ["holdfast du --json | jq .garbage", "what gc may free, and when"],
  ],
  async run([prefix = ""], _flags, context) {
    const report = await spaceOf(await context.open(), { signal: context.io.signal });
    const names = report.names.filter(({ name }) => name.startsWith(prefix));
    if (context.shared.json) await context.result({ ...report, names }, undefined);
    else await say(report, names, context);
    if (names.length === 0 && prefix !== "") {
      await context.note(`No name begins with ${JSON.stringify(prefix)}`);
    }
    if (report.failures.length > 0) throw notAll(report.failures);
  },
});

async function say(
  report: SpaceReport,
  names: readonly NameSpace[],
  context: CommandContext,
): Promise<void> {
  const isAlike = (a: NameSpace, b: NameSpace) => formatBytes(a.bytes) === formatBytes(b.bytes);
  const largestFirst = inOrder(names, ({ name }) => name).sort((a, b) =>
    isAlike(a, b) ? 0 : b.bytes - a.bytes
  );
  const rows = largestFirst.map(({ name, versions, size, bytes, sharedBytes, garbage }) => ({
    json: {},
    cells: [name, String(versions), ...[size, bytes, sharedBytes, garbage.bytes].map(formatBytes)],
  }));
  if (rows.length > 0) await printTable(context, COLUMNS, rows);
  const { bytes, objects, garbage, failures } = report;
  await context.result(
    report,
    `${formatBytes(bytes)} in ${formatCount(objects, "object")}${garbageText(garbage)}`,
  );
  for (const { key, message } of failures) {
    await context.note(`not counted in full: ${key}: ${message}`);
  }
}

function garbageText({ bytes, freeableBytes, nextAt, allAt }: GarbageSpace): string {
  if (bytes === 0 && nextAt === undefined) return ", nothing of it garbage";
  const waits = bytes - freeableBytes;
  const parts = [
    freeableBytes > 0 ? `gc frees ${formatBytes(freeableBytes)} now` : undefined,
    nextAt === undefined ? undefined : `${formatBytes(waits)} from ${formatTime(nextAt)} on` +
      (allAt!.getTime() - nextAt.getTime() < 60_000 ? "" : `, all of it at ${formatTime(allAt!)}`),
  ].filter((part) => part !== undefined);
  return `, ${formatBytes(bytes)} of it garbage: ${parts.join("; ")}`;
}

function notAll(failures: SpaceReport["failures"]): RegistryError {
  return fault({
    code: "TaskFailed",
    action: "measure everything",
    state: `${formatCount(failures.length, "thing")} could not be read`,
    hint: "See what is damaged: holdfast verify",
  });
}
