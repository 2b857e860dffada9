// The influence of a key of the metadata on a metric.
import { chanceOf } from "./chance.ts";

/** The influence of a key on a metric, over the versions that have both. */
export interface Influence {
  readonly measure: "rank correlation" | "difference of means";
  /** From -1 to 1; of a difference, in the unit of the metric. */
  readonly value: number;
  /** The words with the highest and the lowest mean, and these. */
  readonly words?: readonly (readonly [word: string, mean: number])[];
  /** From 0 to 1, for both measures: the root of the share of the ranks that the key explains. */
  readonly strength: number;
  /** The strength that 1 % of shuffled metrics exceed. */
  readonly chance: number;
  readonly versions: number;
  /** Ranks with the highest metric, if the distance from the middle rank explains more. */
  readonly best?: "in the middle" | "at both ends";
}

/**
 * Returns the influence of a key on a metric; undefined if one of them is constant, or fewer than
 * three versions have both. Of numbers, it measures Spearman's rank correlation with mean ranks for
 * ties (C. Spearman, "The Proof and Measurement of Association between Two Things", American
 * Journal of Psychology 15, 1904). Of words that at least two versions have, it measures the
 * difference of the highest and the lowest mean. The strength is corrected for the number of words
 * (T. L. Kelley, "An Unbiased Correlation Ratio Measure", PNAS 21, 1935).
 */
export function influenceOf(
  pairs: readonly [value: unknown, metric: unknown][],
  isNumber: boolean,
): Influence | undefined {
  const has = (value: unknown) =>
    isNumber ? Number.isFinite(value) : value !== undefined && value !== "";
  const both = pairs.filter(([value, y]) => has(value) && Number.isFinite(y)) as [never, number][];
  const groups = [...Map.groupBy(both, ([value]) => isNumber || String(value))]
    .filter(([, { length }]) => length > 1);
  const ranked = groups.flatMap(([, own]) => own);
  const y = fromMean(ranksOf(ranked.map(([, metric]) => metric)));
  const versions = ranked.length;
  if (versions < 3 || dot(y, y) === 0) return undefined;
  if (isNumber) return ofNumbers(ranked.map(([value]) => value), y);
  if (groups.length < 2) return undefined;
  const sizes = groups.map(([, { length }]) => length);
  const strengthOf = (y: readonly number[]) => strengthOfWords(sizes, y);
  const means = groups.map(([word, own]) => [`${word}`, mean(own.map((pair) => pair[1]))] as const)
    .sort(([, a], [, b]) => b - a);
  const [largest, smallest] = [means.at(0), means.at(-1)];
  if (largest === undefined || smallest === undefined) return undefined;
  const words = [largest, smallest];
  const value = largest[1] - smallest[1];
  const strengths = { strength: strengthOf(y), chance: chanceOf(strengthOf, y) };
  return { measure: "difference of means", value, words, versions, ...strengths };
}

/** The influence of numbers on the ranks of a metric, from their mean. */
function ofNumbers(values: readonly number[], y: readonly number[]): Influence | undefined {
  const x = fromMean(ranksOf(values));
  const squares = fromMean(x.map((each) => each ** 2));
  const [ofX, ofSquares] = [x, squares].map((each) => Math.sqrt(dot(each, each) * dot(y, y)));
  const bothOf = (y: readonly number[]) => {
    const [value, bent] = [dot(x, y) / ofX!, dot(squares, y) / ofSquares!];
    return { value, bent, isBent: Math.abs(bent) > Math.abs(value) + 1e-9 };
  };
  const strengthOf = (y: readonly number[]) => {
    const { value, bent, isBent } = bothOf(y);
    return corrected((isBent ? bent : value) ** 2, 2, y.length);
  };
  const { value, bent, isBent } = bothOf(y);
  if (Number.isNaN(value)) return undefined;
  return {
    measure: "rank correlation",
    value,
    versions: y.length,
    strength: strengthOf(y),
    chance: chanceOf(strengthOf, y),
    ...isBent && { best: bent < 0 ? "in the middle" : "at both ends" },
  };
}

/** The strength of words, whose ranks of the metric follow each other, from their mean. */
function strengthOfWords(sizes: readonly number[], y: readonly number[]): number {
  let [between, at] = [0, 0];
  for (const length of sizes) between += length * mean(y.slice(at, at += length)) ** 2;
  return corrected(between / dot(y, y), sizes.length, y.length);
}

/** Returns the root of the explained share, less what `parameters` explain by chance. */
function corrected(explained: number, parameters: number, versions: number): number {
  return Math.sqrt(Math.max(0, 1 - (1 - explained) * (versions - 1) / (versions - parameters)));
}

function ranksOf(values: readonly number[]): number[] {
  const ranks = new Map<number, number[]>(); // the first and the last rank of each value
  for (const [i, value] of Float64Array.from(values).sort().entries()) {
    ranks.set(value, [ranks.get(value)?.[0] ?? i + 1, i + 1]);
  }
  return values.map((value) => mean(ranks.get(value) ?? []));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function fromMean(values: readonly number[]): number[] {
  const middle = mean(values);
  return values.map((value) => value - middle);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
