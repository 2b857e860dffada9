// The lines of one chart: of each run and measure, in the range of the axis that is shown.
import type { Series } from "../components/charts/chart_points.ts";
import { colorOf, type LineLook } from "../components/charts/chart_scales.ts";
import { quantileOf } from "../format/quantile.ts";
import { bandOf } from "./band.ts";
import { type CurveLine, joinLines, type Line, lineOf, thinned } from "./lines.ts";
import type { Panel } from "./panels.ts";
import type { Steps } from "./steps.ts";

export type Run = Steps & {
  readonly label: string;
} & Partial<LineLook>;

/** How all charts draw their lines. */
export interface Drawing {
  readonly isCompared: boolean;
  readonly axis: string;
  readonly smoothing: number;
  readonly isLog: boolean;
  /** The range of the axis that is shown. @default all of it */
  readonly range?: readonly [from: number, to: number];
  /** The values that the scale shows. @default those of each chart */
  readonly limits?: { readonly low?: number; readonly high?: number };
  /** The scale shows the middle 98 % of the values. */
  readonly hidesOutliers: boolean;
  /** The mean of the runs, with the range of their values, instead of a line for each. */
  readonly isBand: boolean;
}

/** A line whose color is that of its number, unless it has one. */
interface LabeledLine extends CurveLine, Partial<LineLook> {
  readonly label: string;
}

/** A note on values that a chart does not draw. */
type Note = readonly [count: number, which: string];

/** Returns what a chart shows of the runs. */
export function linesOf(panel: Panel, runs: readonly Run[], drawing: Drawing) {
  const { axis, isCompared, smoothing, isLog, range } = drawing;
  const all = runs.flatMap(({ label, color, isDashed, columns }) =>
    panel.measures.flatMap((measure): LabeledLine[] => {
      const [x, y] = [columns.get(axis), columns.get(measure)];
      if (x === undefined || y === undefined) return [];
      const look = { label: isCompared ? label : measure, color, isDashed };
      return [{ ...look, ...lineOf(x, y, smoothing) }];
    })
  );
  const lines = all.map((line) => ({ ...line, ...around(line, range) }));
  const shown = range === undefined
    ? all.map(({ y }) => y)
    : all.map(({ x, y }) => y.filter((_, i) => isIn(range, x[i] ?? NaN)));
  const count = (is: (y: number) => boolean) =>
    shown.reduce((sum, values) => sum + values.filter(is).length, 0);
  const limits = limitsOf(shown.flat(), drawing);
  const rangeY = limits ?? (drawing.hidesOutliers ? middleOf(shown.flat(), isLog) : undefined);
  const isBand = drawing.isBand && isCompared && lines.length > 1;
  const exact = isBand ? [] : exactOf(all, range);
  const { x, values: drawn } = isBand
    ? bandOf(lines)
    : joinLines([...lines, ...exact].map((line) => thinned(line)));
  const looks: readonly Omit<Series, "values">[] = isBand
    ? BAND.map((label) => ({ label, color: "--chart-1" }))
    : [...lines, ...exact];
  const series = looks.map(({ label, color, isDashed, isFaint }, i): Series => ({
    label,
    color,
    isDashed,
    isFaint,
    values: drawn[i] ?? [],
  }));
  const gaps = count((y) => !Number.isFinite(y));
  const [low = -Infinity, high = Infinity] = rangeY ?? [];
  const notes: Note[] = [
    [isBand ? gaps : 0, "of NaN or infinity"],
    [isLog ? count((y) => y <= 0 && y > -Infinity) : 0, "of 0 or less"],
    [all.reduce((sum, { replaced }) => sum + replaced, 0), "of steps that come again later"],
    [
      count((y) => Number.isFinite(y) && (y < low || y > high)),
      limits ? "outside the limits" : "outside the middle 98 %",
    ],
  ];
  const omitted = notes.filter(([count]) => count > 0);
  return {
    x,
    series,
    isBand,
    gaps: isBand ? 0 : gaps,
    rangeY,
    isExactY: limits !== undefined,
    omitted,
  };
}

/** Returns the lines without smoothing, to be drawn faintly. */
function exactOf(lines: readonly LabeledLine[], range: Drawing["range"]) {
  return lines.flatMap(({ x, exact, label, color }, i) =>
    exact === undefined ? [] : [{
      ...around({ x, y: exact }, range),
      label: `${label} (not smoothed)`,
      color: color ?? colorOf(i),
      isFaint: true,
    }]
  );
}

const BAND = ["mean", "maximum", "minimum"] as const;

function isIn([from, to]: NonNullable<Drawing["range"]>, x: number): boolean {
  return x >= from && x <= to;
}

/** Returns the points of a line in a range, with one before and one after it. */
function around({ x, y }: Line, range: Drawing["range"]): Line {
  if (range === undefined) return { x, y };
  const first = x.findIndex((at) => at >= range[0]);
  const last = x.findLastIndex((at) => at <= range[1]);
  if (first < 0 || last < 0) return { x: [], y: [] };
  const [from, to] = [Math.max(0, first - 1), last + 2];
  return { x: x.slice(from, to), y: y.slice(from, to) };
}

/** Returns the limits of a chart, of which one may be that of its values; undefined if none is set. */
function limitsOf(
  values: readonly number[],
  { limits, isLog }: Drawing,
): [number, number] | undefined {
  if (limits === undefined) return undefined;
  const drawn = values.filter((y) => Number.isFinite(y) && (!isLog || y > 0));
  const low = limits.low ?? drawn.reduce((least, y) => Math.min(least, y), Infinity);
  const high = limits.high ?? drawn.reduce((most, y) => Math.max(most, y), -Infinity);
  return low < high && (!isLog || low > 0) ? [low, high] : undefined;
}

/** Returns the bounds of the middle 98 % of values; undefined if they are one. */
function middleOf(values: readonly number[], isLog: boolean): [number, number] | undefined {
  const shown = values.filter((y) => Number.isFinite(y) && (!isLog || y > 0));
  const sorted = Float64Array.from(shown).sort();
  const [low, high] = [quantileOf(sorted, 0.01), quantileOf(sorted, 0.99)];
  return low < high ? [low, high] : undefined;
}
