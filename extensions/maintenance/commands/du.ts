import {
  type Column,
  type Command,
  type CommandContext,
  defineCommand,
  formatBytes,
  formatCount,
  formatTime,
  inOrder,
  nameFilter,
  nearestHint,
  notFound,
  printTable,
  refuseRef,
} from "../../../apps/cli/extending.ts";
import { commandReasons } from "../../../apps/cli/program/extension.ts";
import type { Registry } from "../../../mod.ts";
import { taskFailed } from "../../../core/kernel.ts";
import { knownRecords, LAYOUT } from "../../../registry/records.ts";
import {
  type GarbageSpace,
  measureSpace,
  measureVersions,
  type NameSpace,
  type SpaceReport,
} from "../mod.ts";

const COLUMNS: Column[] = [
  { title: "NAME", shrinks: true },
  { title: "VERSIONS", align: "right", drops: 2 },
  { title: "SIZE", align: "right" },
  { title: "STORED", align: "right" },
  { title: "SHARED", align: "right", drops: 1 },
  { title: "GARBAGE", align: "right" },
];

const VERSION_COLUMNS: Column[] = [
  { title: "VERSION" },
  { title: "SIZE", align: "right" },
  { title: "ALONE", align: "right" },
  { title: "SHARED", align: "right" },
];

export const du: Command = defineCommand({
  name: "du",
  summary: "Show the space that names use, what versions share, and what gc can free and when.",
  details:
    "SIZE is the size of the files of all versions, STORED the bytes in the store, SHARED the " +
    "bytes that two or more versions share, GARBAGE the unneeded bytes that gc --all frees after " +
    "the grace period. Without --all, gc may free the files of killed saves up to 30 days later. " +
    "For one name, also lists its versions: deleting one frees ALONE. Reads the records of " +
    "names that changed since the last run.",
  args: [{
    usage: "[prefix]",
    text: "only names that begin with this, or match this pattern",
    completes: "name",
  }],
  options: [{ flags: "--all", text: "read the records of every name, even if it did not change" }],
  examples: [
    ["holdfast du", "the largest names first"],
    ["holdfast du 'tmp:*'", "some names"],
    ["holdfast du data:trips", "a name, and what each of its versions adds"],
    ["holdfast du --json | jq .garbage", "what gc can free, and when"],
  ],
  async run([prefix = ""], { all }, context) {
    const { signal } = context.io;
    refuseRef(prefix, "measure", "du");
    const registry = await context.open({ write: true }); // sizes for the next run
    const filter = await nameFilter(registry, prefix, signal);
    if (prefix !== "" && !await isStored(registry, filter, signal)) { // before a long measurement
      const { isGlob } = filter;
      const state = isGlob ? "no name matches" : "no name begins with it";
      const hint = isGlob ? "See what exists: holdfast ls" : await nearestHint(registry, prefix);
      throw notFound(`measure ${JSON.stringify(prefix)}`, state, hint);
    }
    const report = await measureSpace(registry, { all, signal });
    const names = report.names.filter(({ name }) => filter.test(name));
    const isOne = names.some(({ name, versions }) => name === prefix && versions > 0);
    const { versions } = isOne && report.failures.length === 0
      ? await measureVersions(registry, prefix, { signal })
      : { versions: undefined };
    if (context.shared.json) await context.result({ ...report, names, versions }, undefined);
    else {
      const rows = versions?.map(({ version, size, ownBytes, sharedBytes }) => ({
        json: {},
        cells: [version, ...[size, ownBytes, sharedBytes].map(formatBytes)],
      }));
      if (rows !== undefined) await printTable(context, VERSION_COLUMNS, rows);
      await print(report, names, context);
    }
    const { failures: { length } } = report;
    if (length === 0) return;
    const state = `${formatCount(length, "object")} could not be read`;
    const reason = commandReasons.of("damage_seen");
    throw taskFailed("measure everything", undefined, state, { reason });
  },
});

/** Returns true if a name passes that has records or payload, even if all its versions are deleted. */
async function isStored(
  registry: Registry,
  { prefix, test }: Awaited<ReturnType<typeof nameFilter>>,
  signal: AbortSignal,
): Promise<boolean> {
  const records = knownRecords(registry);
  if (records === undefined) return true; // the measurement fails with the reason
  for (const folder of [LAYOUT.NAMES, LAYOUT.OBJECTS]) {
    for await (const name of records.names(folder, { prefix, signal })) {
      if (test(name)) return true;
    }
  }
  return false;
}

async function print(
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
  const { bytes, objects, uploadBytes, garbage, failures } = report;
  const total = `${formatBytes(bytes)} in ${formatCount(objects, "object")}`;
  const unused = names.reduce((sum, { unusedBytes }) => sum + unusedBytes, 0);
  const unusedText = unused > 0
    ? `, ${formatBytes(unused)} unused in files that versions share`
    : "";
  const sent = uploadBytes > 0 ? `, ${formatBytes(uploadBytes)} in unfinished uploads` : "";
  await context.result(report, total + unusedText + sent + garbageText(garbage));
  for (const { key, message } of failures) {
    await context.note(`not fully counted: ${key}: ${message}`);
  }
}

function garbageText({ bytes, freeableBytes, nextAt, allAt }: GarbageSpace): string {
  if (bytes === 0 && nextAt === undefined) return ", no garbage";
  const waits = bytes - freeableBytes;
  const parts = freeableBytes > 0 ? [`${formatBytes(freeableBytes)} now`] : [];
  if (nextAt !== undefined) {
    const isSpread = allAt!.getTime() - nextAt.getTime() >= 60_000;
    const until = isSpread ? `, all of it at ${formatTime(allAt!)}` : "";
    parts.push(`${formatBytes(waits)} from ${formatTime(nextAt)} on${until}`);
  }
  return `, ${formatBytes(bytes)} of it garbage: gc --all frees ${parts.join(", ")}`;
}
