// Marks of values that a line cannot show: NaN and infinities.
import { type ChartProps, type Drawn, isGap, scaledX } from "./chart_points.ts";

/** Pixels between marks, and from the middle of a mark to its end. */
const DISTANCE = 6, SIZE = 3;
/** Pixels above a chart: three rows of marks. */
const ROOM = 24;

/** Returns the height of the marks above a chart; 0 without gaps. */
export function gapRoom({ series }: Pick<ChartProps, "series">): number {
  return series.some(({ values, isFaint }) => !isFaint && values.some(isGap)) ? ROOM : 0;
}

/** Returns how far the marks of a series are above the chart: other values would hide them in it. */
export function gapRise(series: number): number {
  return DISTANCE + series % 3 * DISTANCE;
}

/** Draws a cross above the chart at each gap, in the color of its series. */
export function gapHook(now: () => ChartProps, colors: readonly string[]) {
  return (plot: Drawn) => {
    const { ctx, bbox } = plot;
    const props = now();
    const pixel = devicePixelRatio;
    ctx.save();
    ctx.lineWidth = 1.5 * pixel;
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top - ROOM * pixel, bbox.width, ROOM * pixel);
    ctx.clip();
    for (const [i, { values, isFaint }] of props.series.entries()) {
      if (!plot.series[i + 1]?.show || isFaint) continue;
      ctx.strokeStyle = colors[i] ?? "";
      ctx.beginPath();
      let last = -Infinity;
      for (const [at, value] of values.entries()) {
        if (!isGap(value)) continue;
        const left = plot.valToPos(scaledX(props, props.x[at]!), "x", true);
        if (left - last < DISTANCE * pixel) continue;
        last = left;
        cross(ctx, left, bbox.top - gapRise(i) * pixel, SIZE * pixel);
      }
      ctx.stroke();
    }
    ctx.restore();
  };
}

function cross(ctx: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  ctx.moveTo(x - size, y - size);
  ctx.lineTo(x + size, y + size);
  ctx.moveTo(x - size, y + size);
  ctx.lineTo(x + size, y - size);
}
