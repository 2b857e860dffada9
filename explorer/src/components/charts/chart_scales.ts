// Scales of charts: whether an axis is logarithmic, and the colors of series.
const COLORS = 8;
const STEPS_OF_SCALE = 7;

/** Values whose largest is so many times the smallest have a logarithmic axis. */
const MOST_RATIO = 1000;
/** From this ratio, they have one if half of them were in the lowest tenth of a linear axis. */
const CROWDED_RATIO = 100;

/** Returns true for positive numbers that a linear axis would show too close to each other. */
export function needsLogAxis(values: readonly number[]): boolean {
  const sorted = Float64Array.from(values.filter(Number.isFinite)).sort();
  const [min = 0, max = 0] = [sorted[0], sorted.at(-1)];
  if (min <= 0) return false;
  const ratio = max / min * (1 + 1e-9); // 0.3 / 0.0003 may be rounded down
  const median = sorted[sorted.length >> 1] ?? max;
  const isCrowded = median < min + (max - min) / 10;
  return ratio >= MOST_RATIO || ratio >= CROWDED_RATIO && isCrowded;
}

/** Returns the variable of the styles with a color of a scale, for a part of it from 0 to 1. */
export function scaleColorOf(part: number): string {
  return `--scale-${Math.min(STEPS_OF_SCALE, 1 + Math.floor(part * STEPS_OF_SCALE))}`;
}

/** How the line of a run or version looks beside those of others. */
export interface LineLook {
  /** The variable of the styles with its color. */
  readonly color: string;
  /** After the last color, the colors repeat with dashes. */
  readonly isDashed: boolean;
}

/** Lines of a chart that look different. No chart draws more runs or versions. */
export const MOST_LOOKS = 2 * COLORS;

export function lookOf(line: number): LineLook {
  return { color: colorOf(line), isDashed: Math.floor(line / COLORS) % 2 === 1 };
}

/** Returns the variable of the styles with the color of a series. */
export function colorOf(series: number): string {
  return `--chart-${series % COLORS + 1}`;
}
