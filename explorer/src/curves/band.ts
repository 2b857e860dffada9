// The mean of several lines, and the range of their values.
import { type Line, pointsAt } from "./lines.ts";

/** Points of a band: fewer than of a line, as each stands for three values. */
const MOST_POINTS = 1000;

/** The values of all lines at one x, or of neighbors. */
class Spread {
  sum = 0;
  count = 0;
  max = -Infinity;
  min = Infinity;

  add({ sum, count, max, min }: Pick<Spread, "sum" | "count" | "max" | "min">): void {
    this.sum += sum;
    this.count += count;
    this.max = Math.max(this.max, max);
    this.min = Math.min(this.min, min);
  }
}

/**
 * Returns the mean, the largest and the smallest value at each x that a line has. Lines without a
 * point there, but with points before and after it, have the value between those. Of many points,
 * each group of neighbors becomes one.
 */
export function bandOf(lines: readonly Line[]) {
  const known = lines.map(finiteOf);
  const places = [...new Set(known.flatMap(({ x }) => x))].sort((a, b) => a - b)
    .map((x) => ({ x, all: new Spread() }));
  for (const line of known) addLine(line, places);
  const groups: Place[] = [];
  const size = Math.ceil(places.length / MOST_POINTS) || 1;
  for (const [i, place] of places.entries()) {
    if (i % size === 0) groups.push(place);
    else groups.at(-1)?.all.add(place.all);
  }
  return {
    x: groups.map(({ x }) => x),
    values: [
      groups.map(({ all: { sum, count } }) => sum / count),
      groups.map(({ all: { max } }) => max),
      groups.map(({ all: { min } }) => min),
    ],
  };
}

/** Points of a line that are finite, and whether a gap is before each. */
interface Known extends Line {
  readonly isAfterGap: readonly boolean[];
}

function finiteOf({ x, y }: Line): Known {
  const kept = [...x.keys()].filter((i) => Number.isFinite(y[i]));
  return {
    ...pointsAt({ x, y }, kept),
    isAfterGap: kept.map((i, at) => at > 0 && kept[at - 1] !== i - 1),
  };
}

interface Place {
  readonly x: number;
  readonly all: Spread;
}

function addLine({ x, y, isAfterGap }: Known, places: readonly Place[]): void {
  let next = 0;
  for (const { x: at, all } of places) {
    const add = (value: number) => all.add({ sum: value, count: 1, max: value, min: value });
    if (x[next] !== at && next > 0 && next < x.length && !isAfterGap[next]) {
      const [before = 0, after = 0] = [x[next - 1], x[next]];
      const [low = 0, high = 0] = [y[next - 1], y[next]];
      add(low + (high - low) * (at - before) / (after - before));
    }
    for (; x[next] === at; next++) add(y[next] ?? NaN);
  }
}
