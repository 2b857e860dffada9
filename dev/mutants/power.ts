// The power of the simulation: how many of fifty faults of the protocol one run of CI finds, and after
// how many histories. Writes the table simulation.md.
import { join } from "@std/path";
import { REPOSITORY } from "../../tests/support/run_deno.ts";
import { SEEDED } from "./list/seeded.ts";
import type { Mutant, SeedRange } from "./mutant.ts";
import { copySource, ENDLESS, type Outcome, removeCopy, tryMutant } from "./trial.ts";

/** The seeds of one run of CI: `.ci/run`. */
const SEEDS = 750;

/** How many of the faults a run of CI must find. */
const LEAST_FOUND = 48;

const TABLE = join(REPOSITORY, "dev/mutants/simulation.md");

export interface Trial {
  name: string;
  /** Histories up to the one that shows the fault. Absent if none does. */
  after?: number;
  by: string;
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
  const rows = await readTable();
  const onTrial = (trial: Trial) => {
    rows.set(trial.name, trial);
    console.log(`${String(trial.after ?? "-").padStart(4)}  ${trial.name}  ${trial.by}`);
    Deno.writeTextFileSync(TABLE, tableOf(rows));
  };
  await tryFaults(faults, { first: 1, count: SEEDS }, { jobs, onTrial });
  const found = foundIn(rows).length;
  console.log(`${found} of ${SEEDED.length} faults are found by ${SEEDS} histories`);
  return found >= LEAST_FOUND;
}

/** Returns the rows of the table by the name of the fault. */
export async function readTable(): Promise<Map<string, Trial>> {
  const text = await Deno.readTextFile(TABLE).catch(() => "");
  const rows = text.matchAll(/^\| `([^`]+)` +\| +(\d+|none) \| (.*?) +\| (.*?) +\|$/gm);
  return new Map(
    Array.from(rows, ([, name = "", after, schedule, promise]) => {
      if (after === "none") return [name, { name, by: "" }];
      return [name, { name, after: Number(after), by: `(${schedule}): ${promise}` }];
    }),
  );
}

/** Returns the faults that the table has as found. */
export function foundIn(rows: ReadonlyMap<string, Trial>): Mutant[] {
  return SEEDED.filter(({ name }) => rows.get(name)?.after !== undefined);
}

/** Tries faults in copies of the source, each until one history shows it. */
export async function tryFaults(
  faults: readonly Mutant[],
  seeds: SeedRange,
  { jobs, onTrial }: { jobs: number; onTrial?(trial: Trial): void },
): Promise<Trial[]> {
  const trials = new Map<Mutant, Trial>();
  const queue = faults.values();
  await Promise.all(Array.from({ length: jobs }, async () => {
    const copy = await Deno.makeTempDir();
    try {
      await copySource(copy);
      for (const fault of queue) {
        const trial = trialOf(await tryMutant(copy, { ...fault, seeds }), seeds);
        trials.set(fault, trial);
        onTrial?.(trial);
      }
    } finally {
      await removeCopy(copy);
    }
  }));
  return faults.flatMap((fault) => trials.get(fault) ?? []);
}

function trialOf({ name, verdict, by }: Outcome, { first }: SeedRange): Trial {
  if (verdict === "broken") throw new Error(`Cannot try ${name}: ${by}`);
  const [, seed, what = by] = /^seed (\d+) (.*)$/.exec(by) ?? [];
  if (verdict === "alive" || by === ENDLESS) return { name, by: "" };
  return { name, after: Number(seed) - first + 1, by: what };
}

/** Returns the page with the rows, in the order of the list. */
export function tableOf(rows: ReadonlyMap<string, Trial>): string {
  const trials = SEEDED.flatMap(({ name }) => rows.get(name) ?? []);
  const cells = trials.map(({ name, after, by }) => {
    const [, schedule = "", promise = by] = /^\((.*?)\): (.*)$/.exec(by) ?? [];
    return [`\`${name}\``, String(after ?? "none"), schedule, promise];
  });
  const head = ["fault", "history", "schedule", "broken promise"];
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
  const count = trials.filter(({ after }) => after !== undefined).length;
  return `# Power of the simulation

\`deno task mutants simulation\` writes this page. It makes each fault of [the list](list/seeded.ts)
in a copy of the source, and runs seeds 1 to ${SEEDS}, as many as one run of CI, until one breaks a
promise.

${count} of ${SEEDED.length} faults are found${untried(SEEDED.length - trials.length)}.

${[line(head), rule, ...cells.map(line)].join("\n")}
`;
}

function untried(count: number): string {
  return count === 0 ? "" : `; ${count} were not tried yet`;
}

/**
 * Tries a tenth of the faults that the table has as found, on each day others, in histories of the day.
 * Returns the names of those that twice as many as in a run of CI do not show: the table is not true.
 */
export async function missedOn(day: number): Promise<string[]> {
  const faults = foundIn(await readTable()).filter((_, n) => n % 10 === day % 10);
  const seeds = { first: 1 + day * SEEDS, count: 2 * SEEDS };
  const trials = await tryFaults(faults, seeds, { jobs: 1 });
  return trials.filter(({ after }) => after === undefined).map(({ name }) => name);
}
