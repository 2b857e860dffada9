// Lines of curves: smoothed, thinned to the pixels of a chart, and put together.

/** Points of a line: about two for each pixel. */
const MOST_POINTS = 2000;

export type Line = { readonly x: readonly number[]; readonly y: readonly number[] };

/**
 * Returns the points that have both numbers, by ascending x. `smoothing`, from 0 to 1, is the
 * weight of earlier values in an exponential mean without a bias to 0, as in TensorBoard. Long
 * lines keep both ends, and the smallest and the largest value of each group of points. If a resumed
 * run repeats steps, only their last values are kept: `replaced` counts the others, `lost` the
 * infinities.
 */
export function lineOf({ x, y }: Line, smoothing: number) {
  let [turn, last] = [0, -Infinity];
  const turns = x.map((at) => {
    if (at < last) turn++;
    if (!Number.isNaN(at)) last = at;
    return turn;
  });
  const all = x.map((at, i) => ({ x: at, y: y[i] ?? NaN, turn: turns[i] }))
    .filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y))
    .sort((a, b) => a.x - b.x);
  const newest = new Map(turn === 0 ? [] : all.map((point) => [point.x, point.turn]));
  const points = all.filter((point) => turn === 0 || point.turn === newest.get(point.x));
  let [mean, weight] = [0, 0];
  const smooth = points.map((point) => {
    mean = smoothing * mean + (1 - smoothing) * point.y;
    weight = smoothing * weight + 1 - smoothing;
    return { x: point.x, y: mean / weight };
  });
  const shown = extremes(smooth);
  return {
    x: shown.map((point) => point.x),
    y: shown.map((point) => point.y),
    replaced: all.length - points.length,
    lost: y.filter((value) => value === Infinity).length,
  };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Returns both ends, and the lowest and the highest point of each group, in their order. */
function extremes(points: readonly Point[]): Point[] {
  if (points.length <= MOST_POINTS) return [...points];
  const size = Math.ceil(points.length / (MOST_POINTS - 2) * 2);
  const inner = points.slice(1, -1);
  const groups = Map.groupBy(inner.entries(), ([i]) => Math.floor(i / size));
  const turns = [...groups.values()].flatMap((group) => {
    const lowest = group.reduce((a, b) => b[1].y < a[1].y ? b : a);
    const highest = group.reduce((a, b) => b[1].y > a[1].y ? b : a);
    return [...new Map([lowest, highest].sort(([a], [b]) => a - b)).values()];
  });
  return [...points.slice(0, 1), ...turns, ...points.slice(-1)];
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

/** Words for the part of the data that a measure is of. */
const PARTS = /^(?:train(?:ing)?|val(?:id(?:ation)?)?|test|eval(?:uation)?|dev)$/i;

/**
 * Groups the measures that one chart shows: `loss` and `val_loss`, unless each is `alone`. A chart
 * of one measure has its name.
 */
export function panelsOf(measures: readonly string[], alone: boolean): Map<string, string[]> {
  const words = (name: string) => name.split(/[/._ -]/).filter((word) => !PARTS.test(word));
  const groups = Map.groupBy(measures, (name) => alone ? name : words(name).join(" ") || name);
  return new Map([...groups].map(([name, own]) => [own.length === 1 ? own[0] ?? name : name, own]));
}
