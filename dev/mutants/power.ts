// The power of the simulation: how many of fifty faults of the protocol one run of CI finds, and after
// how many histories. Writes the table simulation.md.
import { join } from "@std/path";
import { REPOSITORY } from "../../tests/support/run_deno.ts";
import { SEEDED, SHOWN_BY } from "./list/seeded.ts";
import type { Mutant, SeedRange } from "./mutant.ts";
import { copySource, ENDLESS, type Outcome, removeCopy, tryMutant } from "./trial.ts";

/** The seeds of one run of CI: `.ci/run`. */
const SEEDS = 750;

/** Most faults are shown by one of the first histories. The others are looked for by one schedule. */
const FIRST_SEEDS = 10;

/** How many of the faults a run of CI must find. */
const LEAST_FOUND = 48;

const TABLE = join(REPOSITORY, "dev/mutants/simulation.md");

export interface Trial {
  name: string;
  /**
   * The first history that shows the fault, or the first of one schedule: `atMost`, as histories of
   * others may show it before. Absent if none does.
   */
  found?: { after: number; atMost: boolean; schedule: string; promise: string };
}

/** A row of the table: a trial, and the commit whose sources it had. */
interface Measured extends Trial {
  commit: string;
}

/**
 * Tries the faults whose name begins with one of `wanted`, by default all, and writes their rows of the
 * table. Returns true if the table has as many found faults as it must have.
 */
export async function measurePower(
  wanted: readonly string[],
  { jobs }: { jobs: number },
): Promise<boolean> {
  const faults = SEEDED.filter(({ name }) =>
    wanted.length === 0 || wanted.some((begin) => name.startsWith(begin))
  );
  const commit = await commitOfSources();
  const rows = await readTable();
  const onTrial = (trial: Trial) => {
    rows.set(trial.name, { ...trial, commit });
    const { schedule = "", promise = "" } = trial.found ?? {};
    console.log(`${historyOf(trial).padStart(5)}  ${trial.name}  ${schedule}: ${promise}`);
    Deno.writeTextFileSync(TABLE, tableOf(rows));
  };
  const ranges = ({ name }: Mutant) => {
    const of = SHOWN_BY[name];
    return of === undefined
      ? [{ first: 1, count: SEEDS }]
      : [{ first: 1, count: FIRST_SEEDS }, { first: 1, count: SEEDS, of }];
  };
  await tryFaults(faults, { ranges, jobs, onTrial });
  const found = foundIn(rows).length;
  console.log(`${found} of ${SEEDED.length} faults are found by ${SEEDS} histories`);
  return found >= LEAST_FOUND;
}

/** Returns the commit that is checked out. Throws if the sources have changes that it does not have. */
async function commitOfSources(): Promise<string> {
  const changes = await runGit("status", "--porcelain", "--", ".", ":!dev/mutants/simulation.md");
  if (changes !== "") throw new Error(`Cannot measure: commit these changes first\n${changes}`);
  return await runGit("rev-parse", "--short=9", "HEAD");
}

async function runGit(...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command("git", { args, cwd: REPOSITORY }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** Returns the rows of the table by the name of the fault. */
export async function readTable(): Promise<Map<string, Measured>> {
  const text = await Deno.readTextFile(TABLE).catch(() => "");
  const rows = new Map<string, Measured>();
  for (const line of text.matchAll(/^\| `.*$/gm)) {
    const [, name = "", after, schedule = "", promise = "", commit = ""] = line[0].split("|")
      .map((cell) => cell.trim().replaceAll("`", ""));
    const [, atMost, number] = /^(≤ )?(\d+)$/.exec(after ?? "") ?? [];
    const found = { after: Number(number), atMost: atMost !== undefined, schedule, promise };
    rows.set(name, { name, ...(number !== undefined && { found }), commit });
  }
  return rows;
}

/** Returns the rows of faults that were found, in the order of the list. */
function foundIn(rows: ReadonlyMap<string, Measured>): Measured[] {
  return SEEDED.flatMap(({ name }) => rows.get(name) ?? []).filter(({ found }) => found);
}

interface TryOptions {
  /** The histories of a fault; the second if none of the first shows it. */
  ranges(fault: Mutant): readonly SeedRange[];
  jobs: number;
  onTrial?(trial: Trial): void;
}

/** Tries faults in copies of the source, each until one history shows it. */
async function tryFaults(
  faults: readonly Mutant[],
  { ranges, jobs, onTrial }: TryOptions,
): Promise<Trial[]> {
  const trials: Trial[] = [];
  const queue = faults.values();
  await Promise.all(Array.from({ length: jobs }, async () => {
    const copy = await Deno.makeTempDir();
    try {
      await copySource(copy);
      for (const fault of queue) {
        let trial: Trial = { name: fault.name };
        for (const seeds of ranges(fault)) {
          if (!trial.found) trial = trialOf(await tryMutant(copy, { ...fault, seeds }), seeds);
        }
        trials.push(trial);
        onTrial?.(trial);
      }
    } finally {
      await removeCopy(copy);
    }
  }));
  return trials;
}

function trialOf({ name, verdict, by }: Outcome, { first, of }: SeedRange): Trial {
  if (verdict === "broken") throw new Error(`Cannot try ${name}: ${by}`);
  const [, seed, schedule = "", promise = ""] = /^seed (\d+) \((.*?)\): (.*)$/.exec(by) ?? [];
  if (verdict === "alive" || by === ENDLESS) return { name };
  const after = Number(seed) - first + 1;
  return { name, found: { after, atMost: of !== undefined, schedule, promise } };
}

function historyOf({ found }: Trial): string {
  return found === undefined ? "none" : `${found.atMost ? "≤ " : ""}${found.after}`;
}

/** Returns the page with the rows, in the order of the list. */
export function tableOf(rows: ReadonlyMap<string, Measured>): string {
  const trials = SEEDED.flatMap(({ name }) => rows.get(name) ?? []);
  const cells = trials.map(({ name, found, commit }) => {
    const { schedule = "", promise = "" } = found ?? {};
    return [`\`${name}\``, historyOf({ name, found }), schedule, promise, commit];
  });
  const head = ["fault", "history", "schedule", "broken promise", "commit"];
  const widths = head.map((title, n) =>
    Math.max(title.length, ...cells.map((row) => row[n]!.length))
  );
  const line = (row: readonly string[]) =>
    `| ${
      row.map((cell, n) => n === 1 ? cell.padStart(widths[n]!) : cell.padEnd(widths[n]!)).join(
        " | ",
      )
    } |`;
  const rule = `| ${
    widths.map((width, n) => n === 1 ? `${"-".repeat(width - 1)}:` : "-".repeat(width)).join(" | ")
  } |`;
  return `# Power of the simulation

\`deno task mutants simulation\` writes this page. It makes each fault of [the list](list/seeded.ts)
in a copy of the source, and runs seeds 1 to ${SEEDS}, as many as one run of CI, until one breaks a
promise. Of faults that one schedule is for, it runs the first ${FIRST_SEEDS} seeds, then those of this
schedule: "≤ 85" is seed 85, and seeds of other schedules may show the fault before. "None" is none
of these. The last column has the commit whose source and simulation were measured.

${foundIn(rows).length} of ${SEEDED.length} faults are found${
    untried(SEEDED.length - trials.length)
  }.

${[line(head), rule, ...cells.map(line)].join("\n")}
`;
}

function untried(count: number): string {
  return count === 0 ? "" : `; ${count} were not tried yet`;
}

/** Many more histories of one schedule than a run of CI has: bad luck alone misses no fault. */
const SEEDS_OF_SCHEDULE = 300;

/**
 * Tries a tenth of the faults that the table has as found, on each day others, in histories of the day,
 * of the schedule that found them. Returns the names of those that none shows: the table is not true.
 */
export async function missedOn(day: number): Promise<string[]> {
  const rows = await readTable();
  const ofDay = foundIn(rows).filter((_, n) => n % 10 === day % 10);
  const faults = SEEDED.filter((fault) => ofDay.some(({ name }) => name === fault.name));
  const ranges = ({ name }: Mutant) => [{
    first: 1 + day * SEEDS_OF_SCHEDULE,
    count: SEEDS_OF_SCHEDULE,
    schedule: rows.get(name)?.found?.schedule,
  }];
  const trials = await tryFaults(faults, { ranges, jobs: 1 });
  return trials.filter(({ found }) => found === undefined).map(({ name }) => name);
}
