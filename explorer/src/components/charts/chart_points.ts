// The points of a chart: their marks, and what the pointer shows of them.
import { shownText } from "../../framework/html.ts";
import { openPlace } from "../../framework/router.ts";
import { lineFocus } from "./line_focus.ts";

export interface Series {
  readonly label: string;
  /** One for each `x`; null where there is none. NaN and infinities are gaps with a mark. */
  readonly values: readonly (number | null)[];
  /** The variable of the styles with its color. @default the next one */
  readonly color?: string;
  /** A line of steps over points: the best value so far. */
  readonly isStep?: boolean;
  /** Its line has dashes, as another one has its color. */
  readonly isDashed?: boolean;
  /** A thin line behind another one, which neither the legend nor the pointer names. */
  readonly isFaint?: boolean;
}

export interface Point {
  readonly label: string;
  /** Returns its address: most of many points are never opened. */
  readonly href: () => string;
  /** Drawn beside it, such as aliases. */
  readonly mark?: string;
}

export interface ChartProps {
  readonly label: string;
  /** The text above it. @default the label */
  readonly caption?: string;
  /** Seconds since 1970 if `isTime`. Ascending. */
  readonly x: readonly number[];
  readonly xLabel: string;
  readonly series: readonly Series[];
  /** Bars and steps begin at 0. */
  readonly kind?: "line" | "bars" | "steps" | "points";
  /** One for each `x`: shown under the pointer, opened by a click. */
  readonly points?: readonly Point[];
  readonly isTime?: boolean;
  /** Each power of ten has the same height. Values that are not positive are left out. */
  readonly isLog?: boolean;
  /** The same of `x`, whose values are all positive. */
  readonly isLogX?: boolean;
  /** The part of `x` that is shown. @default all */
  readonly range?: readonly [from: number, to: number];
  /** Called with a part of `x` that is chosen by dragging; without one to show all. */
  readonly onRange?: (range?: readonly [from: number, to: number]) => void;
  /** The values that the scale shows. @default all */
  readonly rangeY?: readonly [from: number, to: number];
  /** The scale has no space beyond the range. */
  readonly isExactY?: boolean;
  /** A {@linkcode SharedLegend} beside it names its lines. */
  readonly isShared?: boolean;
  /** Series between which the chart is filled. */
  readonly bands?: readonly (readonly [high: number, low: number])[];
  readonly formatX?: (value: number) => string;
  readonly formatY?: (value: number) => string;
  /** Pixels. @default 200 */
  readonly height?: number;
}

/** A chart that uPlot has drawn. */
export type Drawn = InstanceType<typeof import("./uplot.ts").uPlot>;

export function scaledX({ isLogX = false }: ChartProps, x: number): number {
  return isLogX ? Math.log10(x) : x;
}

function scaledY({ isLog = false }: ChartProps, y: number): number {
  return isLog ? Math.log10(y) : y;
}

/** The points of a chart, without those of lines over them. */
export function placedPoints(props: ChartProps, all: readonly Point[]) {
  const series = props.series.filter(({ isStep }) => isStep !== true);
  return all.map((point, i) => {
    const value = series.find(({ values }) => values[i] !== null)?.values[i] ?? null;
    const y = value === null ? null : scaledY(props, value);
    return { ...point, value, x: scaledX(props, props.x[i] ?? 0), y };
  });
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Returns the place of a label beside a point: to the right, or to the left, below or above if it
 * would overlap another label or leave the chart there.
 */
export function placeLabel(
  { left, top }: Pick<Box, "left" | "top">,
  { size, away, within, placed }: {
    size: Pick<Box, "width" | "height">;
    /** From the point. */
    away: number;
    within: Box;
    placed: readonly Box[];
  },
): Box {
  const right = left + away;
  const middle = top - size.height / 2;
  const boxes = [middle, middle + size.height, middle - size.height].flatMap((top) => [
    { left: right, top, ...size },
    { left: left - away - size.width, top, ...size },
  ]);
  const isInside = (box: Box) =>
    box.left >= within.left && box.left + box.width <= within.left + within.width;
  const isFree = (box: Box) => placed.every((other) => !doOverlap(box, other));
  return boxes.find((box) => isInside(box) && isFree(box)) ?? boxes.find(isInside) ??
    { left: right, top: middle, ...size };
}

function doOverlap(a: Box, b: Box): boolean {
  return a.left < b.left + b.width && b.left < a.left + a.width &&
    a.top < b.top + b.height && b.top < a.top + a.height;
}

/** Draws the marks of points, with a ring around each. */
export function markHook(
  props: ChartProps,
  all: readonly Point[],
  { text, ground }: { text: string; ground: string },
) {
  const marked = placedPoints(props, all).filter(({ mark }) => mark !== undefined);
  return (plot: Drawn) => {
    const { ctx, bbox } = plot;
    const pixel = devicePixelRatio;
    ctx.save();
    ctx.font = `${11 * pixel}px system-ui`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    const placed: Box[] = [];
    for (const { mark = "", x, y } of marked) {
      if (y === null || !Number.isFinite(y)) continue;
      const [left, top] = [plot.valToPos(x, "x", true), plot.valToPos(y, "y", true)];
      const size = { width: ctx.measureText(mark).width, height: 13 * pixel };
      const label = placeLabel({ left, top }, { size, away: 10 * pixel, within: bbox, placed });
      placed.push(label);
      ctx.lineWidth = 1.5 * pixel;
      ctx.strokeStyle = text;
      ctx.beginPath();
      ctx.arc(left, top, 6 * pixel, 0, 2 * Math.PI);
      ctx.stroke();
      ctx.lineWidth = 4 * pixel;
      ctx.strokeStyle = ground;
      const middle = label.top + label.height / 2;
      ctx.strokeText(mark, label.left, middle);
      ctx.fillStyle = text;
      ctx.fillText(mark, label.left, middle);
    }
    ctx.restore();
  };
}

/** More points of a chart are drawn as squares: the outlines of so many circles take seconds. */
const MOST_CIRCLES = 2_000;

export function areSquares({ kind, x }: ChartProps): boolean {
  return kind === "points" && x.length > MOST_CIRCLES;
}

/** Draws the points of each series as squares in its color; undefined for none. */
export function squareHook(colors: readonly (string | undefined)[]) {
  return (plot: Drawn, index: number) => {
    const color = colors[index - 1];
    const [places, values] = [plot.data[0], plot.data[index]];
    if (color === undefined || values === undefined || !plot.series[index]?.show) return;
    const { ctx, bbox } = plot;
    const size = 3 * devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.fillStyle = color;
    for (const [i, value] of values.entries()) {
      const place = places[i];
      if (place === undefined || value === null || !Number.isFinite(value)) continue;
      const left = plot.valToPos(place, "x", true);
      ctx.fillRect(left - size / 2, plot.valToPos(value!, "y", true) - size / 2, size, size);
    }
    ctx.restore();
  };
}

/** Shows what the point nearest to the pointer stands for, and opens it by a click. */
export function pointHooks(props: ChartProps, all: readonly Point[], tip: HTMLElement) {
  const { formatY = String } = props;
  let candidates: ReturnType<typeof placedPoints> | undefined; // charts without a pointer need none
  let near: NonNullable<typeof candidates>[number] | undefined;
  return {
    init: [({ over }: Drawn) => {
      over.addEventListener("click", () => near !== undefined && openPlace(near.href()));
    }],
    setCursor: [(plot: Drawn) => {
      const { left = -1, top = -1 } = plot.cursor;
      near = left < 0
        ? undefined
        : nearest(plot, candidates ??= placedPoints(props, all), { left, top });
      tip.hidden = near === undefined;
      plot.over.style.cursor = near === undefined ? "" : "pointer";
      if (near === undefined || near.value === null) return;
      const mark = near.mark === undefined ? "" : ` (${near.mark})`;
      tip.textContent = shownText(`${near.label}${mark}: ${formatY(near.value)}`);
      placeTip(plot, tip);
    }],
  };
}

function placeTip({ cursor: { left = 0 }, over }: Drawn, tip: HTMLElement): void {
  const side = left > over.clientWidth / 2 ? -12 - tip.offsetWidth : 12;
  const room = over.offsetLeft + over.clientWidth - tip.offsetWidth;
  tip.style.insetInlineStart = `${Math.max(0, Math.min(over.offsetLeft + left + side, room))}px`;
}

/** Shows the value of each series that is nearest to the pointer, with its x if that differs. */
export function valueHooks(now: () => ChartProps, tip: HTMLElement) {
  return {
    setCursor: [(plot: Drawn) => {
      const { x, xLabel, series, isShared, formatX = String, formatY = String } = now();
      const { left = -1, idx, idxs = [] } = plot.cursor;
      const middle = left < 0 ? undefined : x[idx ?? -1];
      tip.hidden = middle === undefined;
      if (middle === undefined) return;
      const lines = series.flatMap(({ label, values, isFaint }, i) => {
        if (isFaint) return [];
        const at = isGap(values[idx!]) ? idx! : idxs[i + 1] ?? -1;
        const [value, place] = [values[at], x[at]];
        if (value === null || value === undefined || !plot.series[i + 1]?.show) return [];
        const where = place === undefined || place === middle ? "" : ` at ${formatX(place)}`;
        return [{ label, text: `${label}: ${formatY(value)}${where}` }];
      });
      const first = { text: `${xLabel} ${formatX(middle)}`, label: undefined };
      tip.replaceChildren(...[first, ...lines].map(({ text, label }) => {
        const line = document.createElement("div");
        line.textContent = shownText(text);
        const isFocused = isShared && label !== undefined && label === lineFocus.label;
        line.className = isFocused ? "focused" : "";
        return line;
      }));
      placeTip(plot, tip);
    }],
  };
}

/** True for NaN and infinities, which a line cannot show. */
export function isGap(value: number | null | undefined): boolean {
  return typeof value === "number" && !Number.isFinite(value);
}

function nearest<T extends { x: number; y: number | null }>(
  plot: Drawn,
  points: readonly T[],
  { left, top }: { left: number; top: number },
): T | undefined {
  let [near, least]: [T | undefined, number] = [undefined, Infinity];
  for (const point of points) {
    if (point.y === null) continue;
    const [x, y] = [plot.valToPos(point.x, "x"), plot.valToPos(point.y, "y")];
    const distance = Math.hypot(x - left, y - top);
    if (distance < least) [near, least] = [point, distance];
  }
  return near;
}
