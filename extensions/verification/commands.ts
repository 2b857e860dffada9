import {
  defineCommand,
  expandNames,
  findRegistry,
  findShard,
  formatBytes,
  formatCount,
  formatTime,
  inOrder,
  invalid,
  localPathOf,
  lookUp,
  noteRun,
  orShowPart,
  printable,
  printTable,
  refuseItself,
  withHints,
} from "../../apps/cli/extending.ts";
import type {
  Command,
  CommandContext,
  FlagsOf,
  OptionDefinition,
} from "../../apps/cli/extending.ts";
import { addedTo, readThrough, withAdded } from "../../apps/cli/extending.ts";
import type { Extension } from "../../apps/cli/program/extension.ts";
import type { Registry } from "../../mod.ts";
import type { Shard } from "../../core/kernel.ts";
import { verifyRegistry } from "./mod.ts";
import type {
  VerifyCoverage,
  VerifyOptions,
  VerifyProblem,
  VerifyReport,
  VerifyUnseen,
} from "./mod.ts";
import { parseSample } from "./parse_sample.ts";
import { isGranted } from "../../core/kernel.ts";

const OPTIONS = [
  { flags: "--shallow", text: "check records only, not files" },
  { flags: "--listed", text: "check records, and that no stored object is missing or cut off" },
  { flags: "--sample <part>", text: "read this part of the bytes (1%, 1/30), each run the next" },
  { flags: "--shard <i/n>", text: "check shard i of n, from 0; auto: by the scheduler's array" },
  {
    flags: "--repair-from <place>",
    text: "repair damage from this folder, URL or @name",
    completes: "place",
  },
] as const satisfies readonly OptionDefinition[];

const DAY_MS = 24 * 3_600_000;

export const createVerify = (extensions: readonly Extension[]): Command =>
  defineCommand({
    name: "verify",
    summary: "Check all stored data, each byte against its SHA-256.",
    details:
      "Checks all records, including those of aliases, idempotency keys and older generations, " +
      "and lists what was not checked. If there are problems, prints them as a table and exits with " +
      "1. With --json: one line per problem, then the report.\n\n" +
      "With --repair-from, replaces damaged and missing files with those of a mirror, or of the " +
      "original of a mirror. Versions, dates and aliases stay as they are.\n\n" +
      "With --sample 1/30, checks all records, but reads only the thirtieth of the bytes that no " +
      "run has read for the longest time: thirty runs read everything. With --shard, several " +
      "machines share the work. Both note in the store what they have read, if they may write.\n\n" +
      "With --listed, compares sizes in the store's listing with the records. That finds missing " +
      "and cut off objects; only reading finds changed bytes. Reads no files without --sample.",
    args: [{
      usage: "[refs...]",
      text: "only these names, patterns or versions",
      completes: "ref",
    }],
    options: withAdded(OPTIONS, "verify", extensions),
    examples: [
      ["holdfast verify", "everything"],
      ["holdfast verify my:model 'data:*'", "some names"],
      ["holdfast verify my:model@1.2", "one version"],
      ["holdfast verify --sample 1/30", "each night, a thirtieth of the bytes"],
      ["holdfast verify --sample 1/30 --listed", "also find all lost objects each night"],
      ["holdfast verify --shard 0/4", "on the first of four machines"],
      ["holdfast verify --repair-from /mnt/backup/registry", "repair from a mirror"],
      ["holdfast verify --shallow --quiet || mail -s damaged ops", "a quick check, from cron"],
    ],
    async run([names], flags: FlagsOf<typeof OPTIONS>, context) {
      const { listed = false, repairFrom, sample, shard } = flags;
      const shallow = flags.shallow === true || listed && sample === undefined;
      const { io, shared } = context;
      const part = await partOf({ sample, shard }, shallow, context);
      const write = repairFrom !== undefined ||
        (part.sample ?? part.shard) !== undefined && mayWrite(context);
      const registry = await context.open({ write });
      const copy = repairFrom === undefined ? undefined : await context.open({
        registry: repairFrom,
        missing: "Check the location: --repair-from takes an existing registry.",
      });
      if (copy !== undefined) {
        refuseItself("repair", registry, copy, "Name a mirror of the registry in --repair-from.");
      }
      const chosen = names.length > 0 ? await expandNames(registry, names, io.signal) : undefined;
      await checkReadable(registry, { extensions, refs: chosen, flags }, context);
      const report = await runVerify(registry, {
        names: chosen,
        deep: !shallow,
        listed,
        ...part,
        repairFrom: copy,
      }, context);
      const { ok, problems, repaired } = report;
      if (problems.length > 0) await printProblems(problems, context);
      const counts = { problems: problems.length, ...repaired && { repaired: repaired.length } };
      await context.done({ ...report, ...counts }, summary(report));
      if (!shared.json) await printNotes(report, context);
      if (ok && names.length === 0) {
        await noteRuns(registry, report, { isWhole: part.shard === undefined, shallow }, context);
      }
      return ok ? 0 : 1;
    },
  });

/** Throws for versions that the options of extensions refuse. */
async function checkReadable(
  registry: Registry,
  { extensions, refs, flags }: {
    extensions: readonly Extension[];
    refs: readonly string[] | undefined;
    flags: unknown;
  },
  context: CommandContext,
): Promise<void> {
  const readable = await readThrough(addedTo("verify", extensions), registry, flags, context);
  if (readable === registry) return;
  const { signal } = context.io;
  for await (const ref of refs ?? registry.names({ signal })) {
    if (ref.includes("@")) await withHints(readable.info(ref, { signal }), lookUp(ref));
    else {
      for await (const { version } of registry.versions(ref, { signal })) {
        await readable.info(ref, { version, signal });
      }
    }
  }
}

/** Notes what this run, and those before it, have checked of a registry without a problem. */
async function noteRuns(
  { id }: Registry,
  report: VerifyReport,
  { isWhole, shallow }: { isWhole: boolean; shallow: boolean },
  context: CommandContext,
): Promise<void> {
  if (isWhole) await noteRun(id, ["verify_shallow"], context);
  const readAt = allReadAt(report, !shallow && isWhole, context.io.system.now());
  if (readAt !== undefined) await noteRun(id, ["verify"], context, readAt);
}

/** Returns the part of the registry that the options select. */
async function partOf(
  { sample, shard }: { sample?: string; shard?: string },
  shallow: boolean,
  context: CommandContext,
): Promise<Pick<VerifyOptions, "sample" | "shard">> {
  const parsed = sample === undefined ? undefined : parseSample(sample);
  if (shallow && sample !== undefined) {
    throw invalid("verify", "--sample cannot be used with --shallow", "Omit one of them.");
  }
  return { sample: parsed, shard: shard === undefined ? undefined : await shardOf(shard, context) };
}

/** Returns the time since which all bytes were read; undefined if some were not, or are damaged. */
function allReadAt(
  { later, coverage }: VerifyReport,
  mayBeAll: boolean,
  now: number,
): Date | undefined {
  if (mayBeAll && later === undefined) return new Date(now);
  return coverage?.damaged === 0 ? coverage.since : undefined;
}

async function printNotes(
  { unseen, coverage, lineage, listed }: VerifyReport,
  context: CommandContext,
): Promise<void> {
  if (listed !== undefined) {
    const size = `${formatCount(listed.objects, "object")}, ${formatBytes(listed.bytes)}`;
    await context.note(`Listed as expected: ${size}. Only reading finds changed bytes`);
  }
  const unseenNote = unseenText(unseen);
  if (unseenNote !== "") await context.note(`Not checked: ${unseenNote}`);
  if (coverage !== undefined) await context.note(coverageText(coverage, context.io.system.now()));
  const remarks = lineage === undefined ? "" : lineageText(lineage);
  if (remarks !== "") await context.note(`Lineage: ${remarks}`);
}

/** True if notes can be written without a question of Deno. */
function mayWrite({ io, shared }: CommandContext): boolean {
  const path = localPathOf(findRegistry(shared.registry, io).location);
  return path === undefined || isGranted({ name: "write", path });
}

async function shardOf(typed: string, context: CommandContext): Promise<Shard> {
  const { shard, from } = findShard(typed, context.io.system);
  await context.note(`Shard ${shard.index}/${shard.count} (${from})`);
  return shard;
}

/** Verifies a registry, and shows the progress. */
async function runVerify(
  registry: Registry,
  options: VerifyOptions,
  context: CommandContext,
): Promise<VerifyReport> {
  const { io, shared } = context;
  const progress = context.progress("verify");
  let total: number | undefined;
  if (io.stderr.isTerminal && !shared.quiet && options.shard === undefined) {
    countVersions(registry, options.names, io.signal).then((count) => total = count, () => {});
  }
  const found: VerifyProblem[] = [];
  const running = verifyRegistry(registry, {
    ...options,
    signal: io.signal,
    onProgress: ({ versions, bytes }) =>
      progress.update({ bytes, things: { done: versions, total, what: "versions" } }),
    onProblem: (problem) => void found.push(problem),
  });
  return await orShowPart(running.finally(progress.end), async () => {
    if (found.length === 0) return;
    await printProblems(found, context);
    await context.note(`Found ${formatCount(found.length, "problem")}`);
  });
}

function summary(
  { ok, versions, files, bytes, later, problems, repaired = [] }: VerifyReport,
): string {
  const fixed = repaired.length > 0 ? `Repaired ${formatCount(repaired.length, "problem")}. ` : "";
  const read = later === undefined
    ? formatBytes(bytes)
    : `${formatBytes(bytes)} of ${formatBytes(bytes + later.bytes)} (one run of ${later.runs})`;
  const checked = [formatCount(versions, "version"), formatCount(files, "file"), read].join(", ");
  return ok
    ? `${fixed}No problems: ${checked}`
    : `${fixed}${formatCount(problems.length, "problem")} in ${checked}`;
}

async function printProblems(
  problems: VerifyReport["problems"],
  context: CommandContext,
): Promise<void> {
  const { io, shared } = context;
  const rows = (shared.json ? problems : inOrder(problems, ({ ref }) => ref)).map((problem) => ({
    json: { ...problem, hint: hintOf(problem, context), hintReason: undefined },
    cells: [
      problem.ref,
      problem.code,
      problem.message + (problem.reason ? `; not repaired: ${problem.reason}` : ""),
    ],
  }));
  await printTable(context, ["REF", "CODE", "PROBLEM"], rows);
  if (shared.json) return;
  const hints = problems.flatMap((problem) => hintOf(problem, context) ?? []);
  for (const hint of new Set(hints.map(context.withRegistry))) {
    await io.stdout.write(`hint: ${printable(hint)}\n`);
  }
}

async function countVersions(
  registry: Registry,
  names: Iterable<string> | undefined,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  for await (const name of names ?? registry.names({ signal })) {
    if (name.includes("@")) count++;
    else for await (const _ of registry.versions(name, { signal })) count++;
  }
  return count;
}

function unseenText({ names, files, generations, auxiliary, strangers }: VerifyUnseen): string {
  const parts = [
    [names, "other name"],
    [files, "file"],
    [generations, "older generation", " (only the record)"],
    [auxiliary, "object", " that no reader needs"],
    [strangers, "object", " of other programs"],
  ] as const;
  return parts.flatMap(([count, what, more = ""]) =>
    count > 0 ? [formatCount(count, what) + more] : []
  ).join("; ");
}

function coverageText({ since, unread, damaged }: VerifyCoverage, now: number): string {
  const percent = (part: number) => `${Number((100 * part).toPrecision(3))} %`;
  const days = Math.floor((now - (since?.getTime() ?? now)) / DAY_MS);
  const ago = days > 0 ? ` (${formatCount(days, "day")} ago)` : "";
  const read = since !== undefined
    ? `all bytes read since ${formatTime(since)}${ago}`
    : `no run has read about ${percent(unread)} of the bytes yet`;
  const harm = damaged > 0
    ? `; damage, or bytes that could not be read, in about ${percent(damaged)}`
    : "";
  return `Coverage: ${read}${harm}`;
}

function lineageText({ stale, dangling }: NonNullable<VerifyReport["lineage"]>): string {
  return [
    dangling > 0 ? [`inputs that do not exist: ${formatCount(dangling, "version")}`] : [],
    stale > 0 ? [`${formatCount(stale, "stale note")} (gc removes them after 30 days)`] : [],
  ].flat().join("; ");
}

function hintOf(
  { hint, hintReason }: VerifyProblem,
  context: CommandContext,
): string | undefined {
  return context.hint({ hint, reason: hintReason });
}
