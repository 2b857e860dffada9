// Lines of curves: smoothed, thinned to the pixels of a chart, and put together.

/** Points of a line: about two for each pixel. */
const MOST_POINTS = 2000;

export type Line = { readonly x: readonly number[]; readonly y: readonly number[] };

/**
 * Returns the points that have both numbers, by ascending x. `smoothing`, from 0 to 1, is the
 * weight of earlier values in an exponential mean without a bias to 0, as in TensorBoard. Long
 * lines keep the smallest and the largest value of each group of points. If a resumed run repeats
 * steps, only their last values are kept: `replaced` counts the others, `lost` the infinities.
 */
export function lineOf({ x, y }: Line, smoothing: number) {
  let [turn, last] = [0, -Infinity];
  const turns = x.map((at) => {
    if (at < last) turn++;
    if (!Number.isNaN(at)) last = at;
    return turn;
  });
  const all = [...x.keys()].filter((i) => Number.isFinite(x[i]) && Number.isFinite(y[i]))
    .sort((a, b) => x[a]! - x[b]!);
  const newest = new Map(turn === 0 ? [] : all.map((i) => [x[i], turns[i]]));
  const order = all.filter((i) => turn === 0 || turns[i] === newest.get(x[i]));
  let [mean, weight] = [0, 0];
  const values = order.map((i) => {
    mean = smoothing * mean + (1 - smoothing) * y[i]!;
    weight = smoothing * weight + 1 - smoothing;
    return mean / weight;
  });
  const kept = extremes(values);
  return {
    x: kept.map((i) => x[order[i]!]!),
    y: kept.map((i) => values[i]!),
    replaced: all.length - order.length,
    lost: y.filter((value) => value === Infinity).length,
  };
}

/** Returns the places of the smallest and the largest value of each group. */
function extremes(values: readonly number[]): number[] {
  const size = values.length > MOST_POINTS ? Math.ceil(values.length / MOST_POINTS * 2) : 1;
  const found = new Set<number>();
  for (let from = 0; from < values.length; from += size) {
    let [least, most] = [from, from];
    for (let i = from; i < Math.min(from + size, values.length); i++) {
      if (values[i]! < values[least]!) least = i;
      if (values[i]! > values[most]!) most = i;
    }
    found.add(Math.min(least, most)).add(Math.max(least, most));
  }
  return [...found];
}

/** Puts lines together: a value of each for each x, null where a line has none. */
export function joinLines(lines: readonly Line[]) {
  const next = lines.map(() => 0);
  const x: number[] = [];
  const values = lines.map((): (number | null)[] => []);
  for (;;) {
    const at = Math.min(...lines.map((line, i) => line.x[next[i]!] ?? Infinity));
    if (at === Infinity) return { x, values };
    x.push(at);
    for (const [i, line] of lines.entries()) {
      values[i]!.push(line.x[next[i]!] === at ? line.y[next[i]!++]! : null);
    }
  }
}

/** Words for the part of the data that a measure is of. */
const PARTS = /^(?:train(?:ing)?|val(?:id(?:ation)?)?|test|eval(?:uation)?|dev)$/i;

/** Groups the measures that one chart shows: `loss` and `val_loss`, unless each is `alone`. */
export function panelsOf(measures: readonly string[], alone: boolean): Map<string, string[]> {
  const words = (name: string) => name.split(/[/._ -]/).filter((word) => !PARTS.test(word));
  return Map.groupBy(measures, (name) => alone ? name : words(name).join(" ") || name);
}
