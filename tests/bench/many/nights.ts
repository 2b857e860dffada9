// Operations on all names of a large registry, on a disk, in a bucket on MinIO, and over listings that
// are generated: their time, and the memory of their process.
import { join } from "node:path";
import { realSystem } from "../../../core/system.ts";
import { spawnDeno } from "../../support/run_deno.ts";
import { startServer } from "../../support/servers/mod.ts";
import { openServerStore, placeOf } from "../../support/servers/server_store.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";
import { createLocalBackend } from "../../../backends/local.ts";
import { generateFolder, generateInMinio } from "./generate.ts";

type Operation = readonly [operation: string, title: string, changesOneOf?: number];

const PROGRAM = "tests/bench/many/night_process.ts";

/** At most so many names change before a night. */
const MOST_CHANGES = 10_000;

/** From so many records on, the notes of the first nights are written, and names have a mirror. */
const SEEDED_RECORDS = 200_000;
/** An operation on a large registry is ended after this time. */
const SEEDED_LIMIT_MS = 10 * 60_000;

/** Operations of the process, in this order: each night finds what the one before left. */
const OPERATIONS = [
  ["page", "the first 500 names"],
  ["explorer", "the first page of the explorer"],
  ["names_of_explorer", "the next 9,500 names of the explorer"],
  ["ls", "`ls --limit 1000`"],
  ["names", "all names, `ls --quiet`"],
  ["log", "`log --all --limit 50`"],
  ["gc", "`gc`, the first night"],
  ["gc", "`gc`, a night after no change"],
  ["prune", "`prune --rules --dry-run`, nothing to delete"],
  ["du", "`du`, the first run"],
  ["du", "`du` after no change"],
  ["mirror", "`mirror`, the first run"],
  ["mirror", "`mirror`, the second run"],
  ["mirror", "`mirror`, a run that finds no change"],
  ["save", "the changes: a save of one of 20 names, at most 10,000", 20],
  ["mirror", "`mirror` after the changes"],
  ["gc", "`gc` after the changes"],
  ["prune", "`prune --rules --dry-run` after the changes"],
  ["du", "`du` after the changes"],
  ["search", "a search, the first process"],
  ["search", "a search, the next process"],
] as const;

/** The same without first nights, which take as long for each name as in a smaller registry. */
const SEEDED_OPERATIONS = [
  ["page", "the first 500 names"],
  ["explorer", "the first page of the explorer"],
  ["names_of_explorer", "the next 9,500 names of the explorer"],
  ["ls", "`ls --limit 1000`"],
  ["names", "all names, `ls --quiet`"],
  ["log", "`log --all --limit 50`"],
  ["tables", "the notes that `gc` and `mirror` leave"],
  ["gc", "`gc`, a night after no change"],
  ["mirror", "`mirror`, a run that finds no change"],
  ["prune_last", "`prune --rules --dry-run` that keeps 10 of each, nothing to delete"],
  ["prune_days", "`prune --rules` that keeps 30 days, the first night"],
  ["prune_days", "`prune --rules` that keeps 30 days, the next night"],
  ["save", "the changes: a save of one of 100 names", 100],
  ["mirror", "`mirror` after these changes"],
  ["gc", "`gc` after these changes"],
  ["save", "more changes: a save of one of 20 names", 20],
  ["gc", "`gc` after more changes"],
  ["search", "a search, the first process"],
  ["search", "a search, the next process"],
  ["du", "`du`, the first run"],
  ["du", "`du` after no change"],
] as const;

/** Operations over generated listings, after runs of `gc` and `mirror` that found nothing to do. */
const OF_LISTINGS = [
  ["names", "all names"],
  ["log", "`log --all --limit 50`"],
  ["tables", "the tables of such runs, for the next three"],
  ["gc", "`gc`, a night after no change"],
  ["mirror", "`mirror`, a run that finds no change"],
  ["prune", "`prune --rules --dry-run`, nothing to delete"],
  ["du", "`du`, the first run"],
  ["du", "`du` after no change"],
] as const;

/** Generated records are older than any grace period. */
const AGE_MS = 2 * 24 * 60 * 60 * 1000;

/** Output of the process. */
export interface NightReport {
  time: Timing;
  peakRssMib: number;
  /** Calls of the store, by method. */
  requests: string;
  ofTarget?: string;
}

/** Creates a registry of so many names with `versions` of a small value each. */
export async function createNightsGroup(
  { folder, operations, versions, quick }: BenchSettings,
  where: "disk" | "MinIO" | "listings",
): Promise<Group> {
  const names = quick ? 200 : operations;
  const isSeeded = where !== "listings" && names * versions >= SEEDED_RECORDS;
  const usual = isSeeded ? SEEDED_OPERATIONS : OPERATIONS;
  const measuresOf = (from: string, to: string, operations: readonly Operation[] = usual) =>
    operations.map(([operation, title, oneOf]) => {
      const changes = oneOf === undefined ? 0 : Math.min(Math.ceil(names / oneOf), MOST_CHANGES);
      const args = [operation, from, to, join(folder, "index"), String(changes)];
      return measure(title, args, { limitMs: isSeeded ? SEEDED_LIMIT_MS : undefined });
    });
  if (where === "listings") {
    const all = `${names}@${realSystem.now() - AGE_MS}:`;
    const measures = measuresOf(all + join(folder, "from"), all + join(folder, "to"), OF_LISTINGS);
    return { measures, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const from = join(folder, "from"), to = join(folder, "to");
  const size = { names, versions };
  if (where === "disk") {
    await generateFolder(from, size);
    const of = createLocalBackend({ path: from, durability: "os" });
    if (isSeeded) await generateFolder(to, { ...size, of });
    return { measures: measuresOf(from, to), [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const server = await startServer("minio");
  const place = JSON.stringify(placeOf(server));
  const open = (prefix: string) => openServerStore(placeOf(server), { prefix });
  await generateInMinio(open, "from", size);
  if (isSeeded) await generateFolder(to, { ...size, of: await open("from") });
  return {
    measures: measuresOf(`${place}from`, isSeeded ? to : `${place}to`),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Measures an operation in a process of its own, which ends after `limitMs`. */
export function measure(
  name: string,
  args: string[],
  { program = PROGRAM, limitMs }: { program?: string; limitMs?: number } = {},
): Measure {
  let report: NightReport | undefined;
  return {
    name,
    count: 1,
    unit: "op",
    async run() {
      report = undefined;
      const child = spawnDeno(program, args, { permissions: ["-A"] });
      let isLate = false;
      const end = () => {
        isLate = true;
        child.kill("SIGKILL");
      };
      const limit = limitMs === undefined ? undefined : setTimeout(end, limitMs);
      const [{ code, stdout, stderr }] = await Promise.all([child.output(), child.stdin.close()]);
      clearTimeout(limit);
      const text = new TextDecoder().decode(stdout).trim();
      if (isLate) {
        console.error(`${name}: more than ${limitMs! / 1000} s`);
        return { wallMs: limitMs!, cpuMs: 0 };
      }
      if (code !== 0) {
        const output = new TextDecoder().decode(stderr);
        throw new Error(`Cannot measure ${name}: exit code ${code}\n${output}`);
      }
      console.error(`${name}: ${text}`); // a run takes hours, and may be ended
      report = JSON.parse(text) as NightReport;
      return report.time;
    },
    facts: (): Record<string, number> =>
      report === undefined ? {} : { "peak RSS MiB": report.peakRssMib },
    columns: () => ({ requests: report === undefined ? "ended at the limit" : requestsOf(report) }),
  };
}

function requestsOf({ requests, ofTarget }: NightReport): string {
  return ofTarget === undefined ? requests : `source: ${requests}; target: ${ofTarget}`;
}
