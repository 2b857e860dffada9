// Lines of curves: smoothed, thinned to the pixels of a chart, and put together.
import type { Numbers } from "./steps.ts";

/** Points of a line: about two for each pixel. */
const MOST_POINTS = 2000;

/** Points by ascending x. NaN and infinities are gaps. */
export interface Line {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export interface CurveLine extends Line {
  /** Number of earlier values of steps that a resumed run repeats. They are left out. */
  readonly replaced: number;
}

/**
 * Returns the points that have both numbers, by ascending x. If a resumed run repeats steps, only
 * their last values are kept. `smoothing`, from 0 to 1, is the weight of earlier values in an
 * exponential mean without a bias to 0, as in TensorBoard; it goes on after NaN and infinities.
 */
export function lineOf(x: Numbers, y: Numbers, smoothing: number): CurveLine {
  const all = joined(x, y);
  const { x: at, y: values, replaced } = all.isInOrder ? { ...all, replaced: 0 } : inOrder(all);
  return { x: at, y: smoothing === 0 ? values : smoothed(values, smoothing), replaced };
}

interface Joined {
  readonly x: number[];
  readonly y: number[];
  /** Of each point, how often x went back before it. */
  readonly turns: number[];
  readonly isInOrder: boolean;
}

/** Returns the points of rows that have both numbers. */
function joined(x: Numbers, y: Numbers): Joined {
  const points = { x: [] as number[], y: [] as number[], turns: [] as number[] };
  let [turn, last, i] = [0, -Infinity, 0];
  for (let j = 0; j < y.rows.length; j++) {
    const { [j]: row = 0 } = y.rows;
    for (; (x.rows[i] ?? Infinity) <= row; i++) {
      const { [i]: at = NaN } = x.values;
      if (at < last) turn++;
      if (Number.isFinite(at)) last = at;
    }
    const { [i - 1]: at = NaN } = x.values;
    if (x.rows[i - 1] !== row || !Number.isFinite(at)) continue;
    points.x.push(at);
    points.y.push(y.values[j] ?? NaN);
    points.turns.push(turn);
  }
  return { ...points, isInOrder: turn === 0 };
}

function inOrder({ x, y, turns }: Joined): CurveLine {
  const newest = new Map(x.map((at, i) => [at, turns[i]]));
  const kept = x.map((at, i) => ({ at, i })).filter(({ at, i }) => newest.get(at) === turns[i])
    .sort((a, b) => a.at - b.at).map(({ i }) => i);
  return { ...pointsAt({ x, y }, kept), replaced: x.length - kept.length };
}

/** Returns points of a line by their indices. */
export function pointsAt({ x, y }: Line, indices: readonly number[]): Line {
  const at = (values: readonly number[]) => indices.map((i) => values[i] ?? NaN);
  return { x: at(x), y: at(y) };
}

function smoothed(values: readonly number[], smoothing: number): number[] {
  let [mean, weight] = [0, 0];
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    mean = smoothing * mean + (1 - smoothing) * value;
    weight = smoothing * weight + 1 - smoothing;
    return mean / weight;
  });
}

/**
 * Thins a line to the pixels of a chart: both ends, and of each group of points the lowest, the
 * highest and the first gap, in their order.
 */
export function thinned(line: Line): Line {
  const count = line.x.length;
  if (count <= MOST_POINTS) return line;
  const size = Math.ceil(count / (MOST_POINTS - 2) * 2);
  const kept = [0];
  for (let from = 1; from < count - 1; from += size) {
    kept.push(...extremesOf(line.y, from, Math.min(from + size, count - 1)));
  }
  kept.push(count - 1);
  return pointsAt(line, kept);
}

function extremesOf(values: readonly number[], from: number, to: number): number[] {
  const found = new Set<number>();
  let [min, max, lowest, highest, gap] = [Infinity, -Infinity, -1, -1, -1];
  for (let i = from; i < to; i++) {
    const { [i]: value = NaN } = values;
    if (!Number.isFinite(value)) {
      if (gap < 0) gap = i;
    } else {
      if (value < min) [min, lowest] = [value, i];
      if (value > max) [max, highest] = [value, i];
    }
  }
  for (const i of [lowest, highest, gap]) if (i >= 0) found.add(i);
  return [...found].sort((a, b) => a - b);
}

/** Puts lines together: a value of each for each x, null where a line has none. */
export function joinLines(lines: readonly Line[]) {
  const parts = lines.map(({ x, y }) => ({ x, y, next: 0, values: [] as (number | null)[] }));
  const x: number[] = [];
  for (;;) {
    const at = Math.min(...parts.map((part) => part.x[part.next] ?? Infinity));
    if (at === Infinity) return { x, values: parts.map(({ values }) => values) };
    x.push(at);
    for (const part of parts) {
      const isHere = part.x[part.next] === at;
      part.values.push(isHere ? part.y[part.next] ?? null : null);
      if (isHere) part.next++;
    }
  }
}
