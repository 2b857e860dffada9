// A chart, and the same as a table.
import { html, shownText } from "../framework/html.ts";
import { useEffect, useRef, useState } from "../framework/preact.ts";
import { openPlace } from "../framework/router.ts";
import { useInterval } from "../framework/use_interval.ts";
import { formatBytes, MAX_NUMBER } from "./format.ts";
import { type Column, Table } from "./table.ts";

export interface Series {
  readonly label: string;
  /** One for each `x`; null where there is none. */
  readonly values: readonly (number | null)[];
}

export interface Point {
  readonly label: string;
  readonly href: string;
}

export interface ChartProps {
  readonly label: string;
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
  readonly formatX?: (value: number) => string;
  readonly formatY?: (value: number) => string;
  /** Pixels. @default 200 */
  readonly height?: number;
}

/** Steps between labels of bytes. */
const POWERS_OF_TWO = Array.from({ length: 50 }, (_, power) => 2 ** power);
const THEME_MS = 250;
const textColor = () => getComputedStyle(document.body).color;
const COLORS = 8;

/** Returns the variable of the styles with the color of a series. */
export function colorOf(series: number): string {
  return `--chart-${series % COLORS + 1}`;
}

export function Chart(props: ChartProps) {
  const { label } = props;
  const [isTable, setTable] = useState(false);
  return html`
    <figure class="chart" aria-label=${label}>
      <figcaption class="row spread chart-head">
        <span class="chart-title">${label}</span>
        <button type="button" class="button button-small" aria-pressed=${isTable}
          onClick=${() => setTable(!isTable)}>${isTable ? "As a chart" : "As a table"}</button>
      </figcaption>
      ${isTable ? html`<${ChartTable} ...${props} />` : html`<${Plot} ...${props} />`}
    </figure>
  `;
}

function ChartTable(props: ChartProps) {
  const { label, x, xLabel, series, points, formatX = String, formatY = String } = props;
  const columns: Column<number>[] = [
    ...points === undefined ? [] : [{
      title: "Version",
      class: "mono",
      cell: (_: number, i: number) => html`<a href=${points[i]?.href}>${points[i]?.label}</a>`,
    }],
    { title: xLabel, cell: formatX },
    ...series.map(({ label, values }) => ({
      title: label,
      class: "number",
      cell: (_: number, i: number) => {
        const y = values[i];
        return y === null || y === undefined ? "" : formatY(y);
      },
    })),
  ];
  return html`
    <div class="chart-table">
      <${Table} label=${label} rows=${x} columns=${columns} />
    </div>
  `;
}

type Drawn = InstanceType<typeof import("./uplot.ts").uPlot>;

function Plot(props: ChartProps) {
  const { label, x, series, kind = "line", height = 200, isLog = false } = props;
  const box = useRef<HTMLDivElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const [text, setText] = useState(textColor); // a canvas does not follow the theme by itself
  useInterval(() => setText(textColor()), THEME_MS, true);
  useEffect(() => {
    let gone = false;
    let plot: Drawn | undefined;
    const observer = new ResizeObserver((entries) => {
      for (const { contentRect } of entries) {
        plot?.setSize({ width: Math.floor(contentRect.width), height });
      }
    });
    const draw = async () => {
      const { uPlot } = await import("./uplot.ts");
      if (gone || box.current === null || tip.current === null) return;
      const scaled = isLog ? Math.log10 : Number;
      const drawn = (y: number | null) =>
        y !== null && Math.abs(scaled(y)) <= MAX_NUMBER ? scaled(y) : null;
      const data = [[...x], ...series.map(({ values }) => values.map(drawn))];
      plot = new uPlot(
        optionsOf(uPlot, props, { box: box.current, tip: tip.current }),
        data as never,
        box.current,
      );
      observer.observe(box.current);
    };
    void draw();
    return () => {
      gone = true;
      observer.disconnect();
      plot?.destroy();
    };
  }, [x, series, kind, height, isLog, text]);
  return html`
    <div ref=${box} class="plot" role="img" aria-label=${`Chart: ${label}`}
      style=${{ minBlockSize: `${height}px` }}>
      <div ref=${tip} class="tip" hidden></div>
    </div>
  `;
}

function optionsOf(
  uPlot: typeof import("./uplot.ts").uPlot,
  props: ChartProps,
  { box, tip }: { box: HTMLElement; tip: HTMLElement },
): ConstructorParameters<typeof uPlot>[0] {
  const { x, series, kind = "line", isTime = false, isLog = false, height = 200 } = props;
  const color = (name: string) => resolvedColor(box, name);
  const axis = {
    stroke: color("--muted"),
    grid: { stroke: color("--line"), width: 1 },
    ticks: { stroke: color("--line"), width: 1 },
    font: "11px system-ui",
  };
  // Names of versions often differ at their end.
  const formatX = (value: number, { formatX = String } = props) =>
    formatX(value).replace(/^(.{8}).{8,}(.{8})$/, "$1…$2");
  const formatY = (splits: readonly number[], { formatY = String } = props) => {
    const values = splits.map((split) => isLog ? 10 ** split : split);
    const isExact = new Set(values.map(formatY)).size === values.length;
    return values.map(isExact ? formatY : String);
  };
  const paths = {
    bars: uPlot.paths.bars!({ size: [0.9, 64] }),
    steps: uPlot.paths.stepped!({ align: 1 }),
    points: () => null,
    line: undefined,
  }[kind];
  const hasPoints = kind === "points" || x.length < 40 && kind !== "bars";
  const isFilled = kind === "bars" || kind === "steps";
  return {
    width: Math.floor(box.clientWidth),
    height,
    cursor: { y: false, hover: { skip: [null] } },
    legend: { show: series.length > 1, live: false },
    padding: [null, Math.max(32, widthOf([formatX(x.at(-1) ?? 0)]) / 2), null, null],
    scales: {
      x: { time: isTime },
      y: isFilled
        ? { range: (_, min, max) => [Math.min(0, min), max || 1] }
        : isLog
        ? { range: (_, min, max) => [Math.floor(min ?? 0), Math.floor(max ?? 0) + 1] }
        : {},
    },
    axes: [
      {
        ...axis,
        ...!isTime && {
          space: (_, __, min, max) => Math.max(50, 12 + widthOf([formatX(min), formatX(max)])),
          values: (_, splits) => splits.map((split) => formatX(split)),
        },
      },
      {
        ...axis,
        size: (_, texts) => Math.max(64, 20 + widthOf(texts ?? [])),
        values: (_, splits) => formatY(splits),
        ...isLog && { splits: (_, __, min, max) => powersOf(min, max) },
        ...(props.formatY === formatBytes ? { incrs: POWERS_OF_TWO } : {}),
      },
    ],
    series: [
      {},
      ...series.map(({ label }, i) => ({
        label,
        paths,
        spanGaps: true,
        points: { show: hasPoints, size: kind === "points" ? 7 : 5 },
        stroke: color(colorOf(i)),
        fill: isFilled ? `${color(colorOf(i))}${kind === "bars" ? "" : "22"}` : "",
        width: 1.5,
      })),
    ],
    hooks: props.points ? pointHooks(props, props.points, tip) : valueHooks(props, tip),
  };
}

/** Returns the logarithms of 1, 2, 5, 10 and so on; over a wide range, of some powers of ten. */
function powersOf(min: number, max: number): number[] {
  const powers: number[] = [];
  for (let power = min; power <= max; power += Math.ceil((max - min) / 8)) {
    const digits = max - min > 2 || power === max ? [1] : [1, 2, 5];
    powers.push(...digits.map((digit) => power + Math.log10(digit)));
  }
  return powers;
}

/** Returns about how many pixels the longest label has. */
function widthOf(labels: readonly (string | null)[]): number {
  return 6.5 * Math.max(0, ...labels.map((label) => label?.length ?? 0));
}

/** Shows what the point nearest to the pointer stands for, and opens it by a click. */
function pointHooks(
  { x, series, formatY = String }: ChartProps,
  all: readonly Point[],
  tip: HTMLElement,
) {
  const candidates = all.map((point, i) => {
    const y = series.find(({ values }) => values[i] !== null)?.values[i] ?? null;
    return { ...point, x: x[i] ?? 0, y };
  });
  let near: typeof candidates[number] | undefined;
  return {
    init: [({ over }: Drawn) => {
      over.addEventListener("click", () => near !== undefined && openPlace(near.href));
    }],
    setCursor: [(plot: Drawn) => {
      const { left = -1, top = -1 } = plot.cursor;
      near = left < 0 ? undefined : nearest(plot, candidates, { left, top });
      tip.hidden = near === undefined;
      plot.over.style.cursor = near === undefined ? "" : "pointer";
      if (near === undefined || near.y === null) return;
      tip.textContent = shownText(`${near.label}: ${formatY(near.y)}`);
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
function valueHooks(props: ChartProps, tip: HTMLElement) {
  const { x, xLabel, series, formatX = String, formatY = String } = props;
  return {
    setCursor: [(plot: Drawn) => {
      const { left = -1, idx, idxs = [] } = plot.cursor;
      const middle = left < 0 ? undefined : x[idx ?? -1];
      tip.hidden = middle === undefined;
      if (middle === undefined) return;
      const lines = series.flatMap(({ label, values }, i) => {
        const at = idxs[i + 1] ?? -1;
        const [value, place] = [values[at], x[at]];
        if (value === null || value === undefined || !plot.series[i + 1]?.show) return [];
        const where = place === undefined || place === middle ? "" : ` at ${formatX(place)}`;
        return [`${label}: ${formatY(value)}${where}`];
      });
      tip.replaceChildren(...[`${xLabel} ${formatX(middle)}`, ...lines].map((text) => {
        const line = document.createElement("div");
        line.textContent = shownText(text);
        return line;
      }));
      placeTip(plot, tip);
    }],
  };
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

/** Returns a color of the current theme as `#rrggbb`, which a canvas needs. */
function resolvedColor(element: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const [red = 0, green = 0, blue = 0] = getComputedStyle(probe).color.match(/\d+/g)?.map(Number) ??
    [];
  probe.remove();
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
