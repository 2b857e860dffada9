// Marks of values that a line cannot show: NaN and infinities.
import { type ChartProps, type Drawn, isGap, scaledX } from "./chart_points.ts";

/** Pixels between marks, and from the middle of a mark to its end. */
const DISTANCE = 6, SIZE = 3;

/** Draws a cross above the axis at each gap, in the color of its series. */
export function gapHook(now: () => ChartProps, colors: readonly string[]) {
  return (plot: Drawn) => {
    const { ctx, bbox } = plot;
    const props = now();
    const pixel = devicePixelRatio;
    ctx.save();
    ctx.lineWidth = 1.5 * pixel;
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
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
        cross(
          ctx,
          left,
          bbox.top + bbox.height - (DISTANCE + i % 3 * DISTANCE) * pixel,
          SIZE * pixel,
        );
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
