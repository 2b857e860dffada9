// A chart, and the same as a table.
import { html } from "../framework/html.ts";
import { useEffect, useRef, useState } from "../framework/preact.ts";
import { useInterval } from "../framework/use_interval.ts";
import { formatBytes } from "./format.ts";

export interface Series {
  readonly label: string;
  /** One for each `x`; null where there is none. */
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly label: string;
  /** Seconds since 1970 if `isTime`. Ascending. */
  readonly x: readonly number[];
  readonly xLabel: string;
  readonly series: readonly Series[];
  readonly kind?: "line" | "bars" | "steps";
  readonly isTime?: boolean;
  readonly formatX?: (value: number) => string;
  readonly formatY?: (value: number) => string;
  /** Pixels. @default 200 */
  readonly height?: number;
}

/** Steps between labels of bytes. */
const POWERS_OF_TWO = Array.from({ length: 50 }, (_, power) => 2 ** power);
const THEME_MS = 250;
const textColor = () => getComputedStyle(document.body).color;
const COLORS = ["--chart-1", "--chart-2", "--chart-3", "--chart-4"];

export function Chart(props: ChartProps) {
  const { label, x, xLabel, series, formatX = String, formatY = String } = props;
  const [isTable, setTable] = useState(false);
  return html`
    <figure class="chart" aria-label=${label}>
      <figcaption class="chart-head">
        <span class="chart-title">${label}</span>
        <button type="button" class="button button-small" aria-pressed=${isTable}
          onClick=${() => setTable(!isTable)}>${isTable ? "As a chart" : "As a table"}</button>
      </figcaption>
      ${isTable
        ? html`
          <div class="table-wrap chart-table" tabindex="0" role="region" aria-label=${label}>
            <table>
              <thead>
                <tr><th>${xLabel}</th>${series.map(({ label }) =>
                  html`<th class="number">${label}</th>`
                )}</tr>
              </thead>
              <tbody>${x.map((value, i) =>
                html`<tr><td>${formatX(value)}</td>${
                  series.map(({ values }) => {
                    const y = values[i];
                    return html`<td class="number">${
                      y === null || y === undefined ? "" : formatY(y)
                    }</td>`;
                  })
                }</tr>`
              )}</tbody>
            </table>
          </div>
        `
        : html`<${Plot} ...${props} />`}
    </figure>
  `;
}

function Plot(props: ChartProps) {
  const { label, x, series, kind = "line", isTime = false, height = 200 } = props;
  const box = useRef<HTMLDivElement>(null);
  const [text, setText] = useState(textColor); // a canvas does not follow the theme by itself
  useInterval(() => setText(textColor()), THEME_MS, true);
  useEffect(() => {
    let gone = false;
    let plot: { destroy(): void; setSize(size: { width: number; height: number }): void };
    const observer = new ResizeObserver(([entry]) => {
      plot.setSize({ width: Math.floor(entry!.contentRect.width), height });
    });
    const draw = async () => {
      const { uPlot } = await import("./uplot.ts");
      if (gone || box.current === null) return;
      const color = (name: string) => resolvedColor(box.current!, name);
      const axis = {
        stroke: color("--muted"),
        grid: { stroke: color("--line"), width: 1 },
        ticks: { stroke: color("--line"), width: 1 },
        font: "11px system-ui",
      };
      const format = (given?: (value: number) => string) =>
        given && { values: (_: unknown, splits: number[]) => splits.map(given) };
      const paths = kind === "bars"
        ? uPlot.paths.bars!({ size: [0.9, 64] })
        : kind === "steps"
        ? uPlot.paths.stepped!({ align: 1 })
        : undefined;
      plot = new uPlot(
        {
          width: Math.floor(box.current!.clientWidth),
          height,
          cursor: { y: false },
          legend: { show: series.length > 1, live: false },
          scales: {
            x: { time: isTime },
            y: { range: (_, min, max) => [Math.min(0, min), max || 1] },
          },
          axes: [
            { ...axis, ...format(props.formatX && !isTime ? props.formatX : undefined) },
            {
              ...axis,
              size: 64,
              ...format(props.formatY),
              ...(props.formatY === formatBytes ? { incrs: POWERS_OF_TWO } : {}),
            },
          ],
          series: [
            {},
            ...series.map(({ label }, i) => ({
              label,
              paths,
              points: { show: x.length < 40 && kind !== "bars" },
              stroke: color(COLORS[i % COLORS.length]!),
              fill: `${color(COLORS[i % COLORS.length]!)}${kind === "bars" ? "" : "22"}`,
              width: 1.5,
            })),
          ],
        },
        [[...x], ...series.map(({ values }) => [...values])] as never,
        box.current!,
      );
      observer.observe(box.current!);
    };
    void draw();
    return () => {
      gone = true;
      observer.disconnect();
      plot?.destroy();
    };
  }, [x, series, kind, height, text]);
  return html`
    <div ref=${box} class="plot" role="img" aria-label=${`Chart: ${label}`}
      style=${{ minBlockSize: `${height}px` }}></div>
  `;
}

/** Returns a color of the current theme as `#rrggbb`, which a canvas needs. */
function resolvedColor(element: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const [red = 0, green = 0, blue = 0] = getComputedStyle(probe).color.match(/\d+/g)!.map(Number);
  probe.remove();
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
