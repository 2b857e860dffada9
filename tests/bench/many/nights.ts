// Operations on all names of a large registry, on a disk, in a bucket on MinIO, and over listings that
// are generated: their time, and the memory of their process.
import { join } from "node:path";
import { realSystem } from "../../../core/system.ts";
import { runDeno } from "../../support/run_deno.ts";
import { startServer } from "../../support/servers/mod.ts";
import { openServerStore, placeOf } from "../../support/servers/server_store.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";
import { generateFolder, generateIn } from "./generate.ts";

type Operation = readonly [operation: string, title: string];

const PROGRAM = "tests/bench/many/night_process.ts";

/** One of so many names changes before the last night, and at most so many of them. */
const CHANGES_ONE_OF = 20, MOST_CHANGES = 10_000;

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
  ["save", "the changes: a save of one of 20 names, at most 10,000"],
  ["mirror", "`mirror` after the changes"],
  ["gc", "`gc` after the changes"],
  ["prune", "`prune --rules --dry-run` after the changes"],
  ["du", "`du` after the changes"],
  ["search", "a search, the first process"],
  ["search", "a search, the next process"],
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

/** Creates a registry of so many names, each with one version of a small value. */
export async function createNightsGroup(
  { folder, operations, quick }: BenchSettings,
  where: "disk" | "MinIO" | "listings",
): Promise<Group> {
  const names = quick ? 200 : operations;
  const changes = Math.min(Math.ceil(names / CHANGES_ONE_OF), MOST_CHANGES);
  const measuresOf = (from: string, to: string, operations: readonly Operation[] = OPERATIONS) =>
    operations.map(([operation, title]) =>
      measure(title, [operation, from, to, join(folder, "index"), String(changes)])
    );
  if (where === "listings") {
    const all = `${names}@${realSystem.now() - AGE_MS}:`;
    const measures = measuresOf(all + join(folder, "from"), all + join(folder, "to"), OF_LISTINGS);
    return { measures, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  if (where === "disk") {
    const path = join(folder, "from");
    await generateFolder(path, { names, versions: 1 });
    const measures = measuresOf(path, join(folder, "to"));
    return { measures, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const server = await startServer("minio");
  const place = JSON.stringify(placeOf(server));
  await generateIn(await openServerStore(placeOf(server), { prefix: "from" }), {
    names,
    versions: 1,
  });
  return {
    measures: measuresOf(`${place}from`, `${place}to`),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Measures an operation in a process of its own. */
export function measure(name: string, args: string[], program = PROGRAM): Measure {
  let report: NightReport;
  return {
    name,
    count: 1,
    unit: "op",
    async run() {
      const { code, stdout, stderr } = await runDeno(program, args, { permissions: ["-A"] });
      if (code !== 0) throw new Error(`Cannot measure ${name}: exit code ${code}\n${stderr}`);
      report = JSON.parse(stdout);
      console.error(`${name}: ${stdout.trim()}`); // a run takes hours, and may be ended
      return report.time;
    },
    facts: () => ({ "peak RSS MiB": report.peakRssMib }),
    columns: () => ({ requests: requestsOf(report) }),
  };
}

function requestsOf({ requests, ofTarget }: NightReport): string {
  return ofTarget === undefined ? requests : `source: ${requests}; target: ${ofTarget}`;
}
