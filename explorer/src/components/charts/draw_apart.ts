// Charts for files: drawn in the colors of the light theme, beside the page.
import type { ChartProps, Drawn } from "./chart_points.ts";
import { dataOf, optionsOf, resolvedColor } from "./plot.ts";

function addBox(): HTMLElement {
  const box = document.createElement("div");
  box.className = "apart";
  document.body.append(box);
  return box;
}

/** Draws a chart that the page does not show, in the colors of the light theme. */
export async function drawApart(
  props: ChartProps,
  { width, height }: { width: number; height: number },
): Promise<{ plot: Drawn; color: (name: string) => string } & Disposable> {
  const { uPlot } = await import("./uplot.ts");
  const box = addBox();
  const latest = { current: { ...props, height } };
  const options = optionsOf(uPlot, latest, { box, tip: document.createElement("div") });
  return await new Promise((resolve) => {
    const ready = (plot: Drawn) =>
      resolve({
        plot,
        color: (name) => resolvedColor(box, name),
        [Symbol.dispose]() {
          plot.destroy();
          box.remove();
        },
      });
    const hooks = { ...options.hooks, ready: [ready] };
    new uPlot({ ...options, width, hooks, legend: { show: false } }, dataOf(props), box);
  });
}

/** Returns colors of the light theme, by the variables of the styles. */
export function lightColors(names: readonly string[]): string[] {
  const box = addBox();
  const colors = names.map((name) => resolvedColor(box, name));
  box.remove();
  return colors;
}
