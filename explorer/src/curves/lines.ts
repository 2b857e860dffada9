// Lines of curves: smoothed, thinned to the pixels of a chart, and put together.
import { thinnedPlaces } from "../../../core/thinned_line.ts";
import type { Numbers } from "./steps.ts";

/** Points of a line: about two for each pixel. */
const MOST_POINTS = 2000;

/** Points by ascending x. NaN and infinities are gaps. */
export interface Line {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

export interface CurveLine extends Line {
  /** The values without smoothing; absent if they are the same. */
  readonly exact?: readonly number[];
  /** Number of earlier values of steps that a resumed run repeats. They are left out. */
  readonly replaced: number;
}

/**
 * Returns the points that have both numbers, by ascending x. If a resumed run repeats steps, only
 * their last values are kept. `smoothing`, from 0 to 1, is the weight of earlier values in an
 * exponential mean without a bias to 0, as in TensorBoard; it goes on after NaN and infinities.
 */
export function lineOf(x: Numbers, y: Numbers, smoothing: number): CurveLine {
  const points = joined(x, y);
  const { replaced, ...line } = isAscending(x.values)
    ? { ...points, replaced: 0 }
    : inOrder(points, turnsOf(x));
  if (smoothing === 0) return { ...line, replaced };
  return { x: line.x, y: smoothed(line.y, smoothing), exact: line.y, replaced };
}

interface Joined extends Line {
  /** The row of each point. */
  readonly rows: readonly number[];
}

/** Returns the points of rows that have both numbers. */
function joined(x: Numbers, y: Numbers): Joined {
  const points = { x: [] as number[], y: [] as number[], rows: [] as number[] };
  let i = 0, j = 0;
  for (const row of y.rows) {
    const { [j++]: value = NaN } = y.values;
    while ((x.rows[i] ?? Infinity) < row) i++;
    const { [i]: at = NaN } = x.values;
    if (x.rows[i] !== row || !Number.isFinite(at)) continue;
    points.x.push(at);
    points.y.push(value);
    points.rows.push(row);
  }
  return points;
}

function isAscending(values: readonly number[]): boolean {
  let last = -Infinity;
  for (const value of values) {
    if (value < last) return false;
    if (Number.isFinite(value)) last = value;
  }
  return true;
}

/** Returns how often x went back until each row that has one. */
function turnsOf({ rows, values }: Numbers): ReadonlyMap<number, number> {
  let [turn, last] = [0, -Infinity];
  return new Map(values.map((at, i) => {
    if (at < last) turn++;
    if (Number.isFinite(at)) last = at;
    return [rows[i] ?? -1, turn];
  }));
}

function inOrder({ x, y, rows }: Joined, turns: ReadonlyMap<number, number>): CurveLine {
  const points = x.map((at, i) => ({ at, i, turn: turns.get(rows[i] ?? -1) }));
  const newest = new Map(points.map(({ at, turn }) => [at, turn]));
  const kept = points.filter(({ at, turn }) => newest.get(at) === turn)
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

/** Thins a line to the pixels of a chart. */
export function thinned(line: Line): Line {
  if (line.x.length <= MOST_POINTS) return line;
  return pointsAt(line, thinnedPlaces(line.y, MOST_POINTS));
}

interface Joint {
  readonly x: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
}

/** Puts lines together: a value of each for each x, null where a line has none. */
export function joinLines(lines: readonly Line[]): Joint {
  const [first, ...others] = lines;
  if (first !== undefined && others.length === 0) return { x: first.x, values: [first.y] };
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
