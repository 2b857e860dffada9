// Reactions of a chart of lines: a line is hidden or emphasized, a range is chosen.
import type { ChartProps, Drawn } from "./chart_points.ts";
import { lineFocus } from "./line_focus.ts";

/** Hides a faint line with the line whose background it is: these come first, in the same order. */
export function hideHook(now: () => ChartProps) {
  return (plot: Drawn, at: number | null, { show }: { show?: boolean }) => {
    const lines = now().series.findIndex(({ isFaint }) => isFaint);
    if (at === null || show === undefined || lines < 0 || at > lines) return;
    plot.setSeries(at + lines, { show }, false);
  };
}

/** Emphasizes the line that is nearest to the pointer in the other charts, too. */
export function focusHook(now: () => ChartProps) {
  return (_: Drawn, at: number | null, change: object) => {
    if ("focus" in change) lineFocus.set(at === null ? undefined : now().series[at - 1]?.label);
  };
}

/** Reports the range of a drag. A double click shows all again. */
export function selectHooks(now: () => ChartProps) {
  return {
    setSelect: [(plot: Drawn) => {
      const { left, width } = plot.select;
      if (width === 0) return;
      plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      now().onRange?.([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
    }],
    ready: [({ over }: Drawn) => over.addEventListener("dblclick", () => now().onRange?.())],
  };
}
