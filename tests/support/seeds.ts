// How much of long tests a run does.
import { realSystem } from "../../core/system.ts";

/** The number in an environment variable, else `fallback`. */
export function seedCount(fallback: number, variable = "HOLDFAST_SEEDS"): number {
  const text = realSystem.env(variable) ?? String(fallback);
  if (!/^[1-9]\d*$/.test(text)) {
    throw new Error(`Cannot read ${variable}: ${JSON.stringify(text)} is not a count`);
  }
  return Number(text);
}

/** Days of a week: long tables run in as many shares, so that seven days of CI try all of them. */
export const SHARES = 7;

/** The number of the day, which chooses the share and the seeds of this run; undefined where a run does everything. */
export function dayOfRun(): number | undefined {
  const day = realSystem.env("HOLDFAST_DAY");
  return day === undefined || realSystem.env("HOLDFAST_FULL") === "1" ? undefined : Number(day);
}

/** The share of this run, 0 to 6; undefined where a run does everything. */
export function shareOfRun(): number | undefined {
  const day = dayOfRun();
  return day === undefined ? undefined : day % SHARES;
}

/** The rows of a long table that a run tries: with `HOLDFAST_DAY` one in `parts`, on other days the others; else all. */
export function partOfRun<T>(items: readonly T[], parts: 2 | 3 | 4 | 5): T[] {
  const day = dayOfRun();
  return items.filter((_, i) => day === undefined || (i + day) % parts === 0);
}

/** The servers or stores on which a run tries the test of this name: with `HOLDFAST_DAY` one, on other days the others; else all. */
export function kindsOfShare<Kind>(name: string, kinds: readonly Kind[]): readonly Kind[] {
  const day = dayOfRun();
  if (day === undefined) return kinds;
  const sum = Array.from(name).reduce((total, letter) => total + letter.codePointAt(0)!, 0);
  return [kinds[(sum + day) % kinds.length]!];
}

/**
 * The seeds of one run, as many as `variable` says. Each `HOLDFAST_DAY` has seeds of its own. `HOLDFAST_FULL=1`
 * (`deno task test:all --full`) runs seven times as many.
 */
export function seedRange(
  fallback: number,
  variable = "HOLDFAST_SEEDS",
): { firstSeed: number; seeds: number } {
  const seeds = seedCount(fallback, variable);
  if (realSystem.env("HOLDFAST_FULL") === "1") return { firstSeed: 1, seeds: SHARES * seeds };
  return { firstSeed: 1 + (dayOfRun() ?? 0) * seeds, seeds };
}

/** True in `deno task test`, which leaves out tests that take seconds: `{ ignore: IS_QUICK }`. */
export const IS_QUICK = realSystem.env("HOLDFAST_QUICK") === "1";

/** Returns the number of random cases of a property: all in `test:all`, a fifth in `deno task test`. */
export function casesOfRun(count: number): number {
  return IS_QUICK ? Math.ceil(count / 5) : count;
}

/** Returns the rows of a long table: all in `test:all`, every fourth in `deno task test`. */
export function rowsOfRun<Row>(rows: readonly Row[]): readonly Row[] {
  return IS_QUICK ? rows.filter((_, i) => i % 4 === 0) : rows;
}

/** A test that takes seconds: `deno task test` leaves it out, `test:all` and a run of its file have it. */
export function slowTest(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, ignore: IS_QUICK, fn });
}
