// The numbers beside an axis of parallel coordinates.

/** An axis with so few values shows them, not round numbers. */
const FEW_VALUES = 7;
/** Round numbers beside an axis, at least. */
const LEAST_TICKS = 3;
/** Between two ticks, of the length of the axis: their texts do not overlap. */
const LEAST_DISTANCE = 0.08;

/** Returns the ticks of sorted values: themselves if they are few, else round numbers. */
export function ticksOf(
  values: Float64Array,
  { isLog, at }: { isLog: boolean; at: (value: number) => number },
): number[] {
  const [min = 0, max = 0] = [values[0], values.at(-1)];
  const distinct = [...new Set(values)];
  if (distinct.length > FEW_VALUES) return isLog ? powersBetween(min, max) : stepsBetween(min, max);
  let last = -Infinity;
  return distinct.filter((value) => {
    const isFree = at(value) - last >= LEAST_DISTANCE;
    if (isFree) last = at(value);
    return isFree;
  });
}

/** Returns round numbers between two. */
export function stepsBetween(min: number, max: number): number[] {
  const power = 10 ** Math.floor(Math.log10((max - min) / LEAST_TICKS));
  const rows = [10, 5, 2, 1].map((factor) => multiplesBetween(min, max, factor * power));
  return rows.find(({ length }) => length >= LEAST_TICKS) ?? [];
}

function multiplesBetween(min: number, max: number, step: number): number[] {
  const first = Math.ceil(min / step - 1e-9);
  const count = Math.floor(max / step + 1e-9) - first + 1;
  if (!(count > 0 && count <= 10)) return [];
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/**
 * Returns powers of ten between two numbers: of many each second one or fewer, of few also 2 and 5
 * times each.
 */
export function powersBetween(min: number, max: number): number[] {
  const first = Math.ceil(Math.log10(min) - 1e-9);
  const last = Math.floor(Math.log10(max) + 1e-9);
  const count = Math.max(0, last - first + 1);
  const step = Math.max(1, Math.ceil((last - first) / 6));
  const powers = Array.from({ length: count }, (_, i) => first + i);
  if (count >= LEAST_TICKS) {
    return powers.filter((_, i) => i % step === 0).map((power) => Number(`1e${power}`));
  }
  return [first - 1, ...powers].flatMap((power) =>
    [1, 2, 5].map((factor) => Number(`${factor}e${power}`))
  ).filter((tick) => tick >= min * (1 - 1e-9) && tick <= max * (1 + 1e-9));
}
