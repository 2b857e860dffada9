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

/** Days of a week: each has seeds of its own, so that seven runs of CI try all of them. */
export const SHARES = 7;

/** The share of this run, 0 to 6; undefined where a run does everything. */
export function shareOfRun(): number | undefined {
  const share = realSystem.env("HOLDFAST_SHARE");
  if (share === undefined || realSystem.env("HOLDFAST_FULL") === "1") return undefined;
  return Number(share) % SHARES;
}

/** The rows of a long table that a run tries: with a share one in `parts`, on other days the others; else all. */
export function partOfRun<T>(items: readonly T[], parts: 2 | 3 | 4 | 5): T[] {
  const share = shareOfRun();
  return items.filter((_, i) => share === undefined || (i + share) % parts === 0);
}

/** The servers or stores of this run for a test or suite of this name: with a share one, on other days the others; else all. */
export function kindsOfShare<Kind>(name: string, kinds: readonly Kind[]): readonly Kind[] {
  const share = shareOfRun();
  if (share === undefined) return kinds;
  const sum = Array.from(name).reduce((total, letter) => total + letter.codePointAt(0)!, 0);
  return [kinds[(sum + share) % kinds.length]!];
}

/**
 * The seeds of one run: those of the share in `HOLDFAST_SHARE`, 0 to 6, as many as `variable` gives, or all seven
 * shares with `HOLDFAST_FULL=1` (`deno task test:all --full`).
 */
export function seedRange(
  fallback: number,
  variable = "HOLDFAST_SEEDS",
): { firstSeed: number; seeds: number } {
  const seeds = seedCount(fallback, variable);
  if (realSystem.env("HOLDFAST_FULL") === "1") return { firstSeed: 1, seeds: SHARES * seeds };
  return { firstSeed: 1 + (shareOfRun() ?? 0) * seeds, seeds };
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
