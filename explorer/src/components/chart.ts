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
  /** The variable of the styles with its color. @default the next one */
  readonly color?: string;
  /** A line of steps over points: the best value so far. */
  readonly isStep?: boolean;
}

export interface Point {
  readonly label: string;
  readonly href: string;
  /** Drawn beside it, such as aliases. */
  readonly mark?: string;
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
  /** The same of `x`, whose values are all positive. */
  readonly isLogX?: boolean;
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
const STEPS_OF_SCALE = 7;

/** Charts with values that span more powers of ten have a logarithmic axis. */
const LINEAR_DECADES = 3;

/** Returns true for positive numbers of which the largest is over 1,000 times the smallest. */
export function spansDecades(values: readonly number[]): boolean {
  let [min, max] = [Infinity, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value <= 0) return false;
    [min, max] = [Math.min(min, value), Math.max(max, value)];
  }
  return max / min > 10 ** LINEAR_DECADES;
}

/** Returns the variable of the styles with a color of a scale, for a part of it from 0 to 1. */
export function scaleColorOf(part: number): string {
  return `--scale-${Math.min(STEPS_OF_SCALE, 1 + Math.floor(part * STEPS_OF_SCALE))}`;
}

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
  const { label, x, series, kind = "line", height = 200, isLog = false, isLogX = false } = props;
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
      const data = [
        isLogX ? x.map(Math.log10) : [...x],
        ...series.map(({ values }) => values.map(drawn)),
      ];
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
  }, [x, series, kind, height, isLog, isLogX, text]);
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
  const { x, series, kind = "line", isTime = false, height = 200 } = props;
  const { isLog = false, isLogX = false } = props;
  const color = (name: string) => resolvedColor(box, name);
  const axis = {
    stroke: color("--muted"),
    grid: { stroke: color("--line"), width: 1 },
    ticks: { stroke: color("--line"), width: 1 },
    font: "11px system-ui",
  };
  // Names of versions often differ at their end.
  const formatX = (value: number, { formatX = String } = props) =>
    formatX(isLogX ? Number((10 ** value).toPrecision(12)) : value).replace(
      /^(.{8}).{8,}(.{8})$/,
      "$1…$2",
    );
  const formatY = (splits: readonly number[], { formatY = String } = props) => {
    const values = splits.map((split) => isLog ? Number((10 ** split).toPrecision(12)) : split);
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
    padding: [
      null,
      Math.max(32, widthOf([formatX(scaledX(props, x.at(-1) ?? 0))]) / 2),
      null,
      null,
    ],
    scales: {
      x: { time: isTime, ...kind === "points" && { range: (_, min, max) => beyond(min, max) } },
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
        ...isLogX && {
          splits: (_, __, min, max) =>
            powersOf(Math.floor(min), Math.ceil(max)).filter((at) => at >= min && at <= max),
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
      ...series.map(({ label, color: own, isStep = false }, i) => {
        const name = own ?? colorOf(i);
        return {
          label,
          paths: isStep ? uPlot.paths.stepped!({ align: 1 }) : paths,
          spanGaps: true,
          points: {
            show: hasPoints && !isStep,
            size: kind === "points" ? 7 : 5,
            ...kind === "points" && { fill: color(name) },
          },
          stroke: color(name),
          fill: isFilled ? `${color(name)}${kind === "bars" ? "" : "22"}` : "",
          width: 1.5,
        };
      }),
    ],
    hooks: props.points
      ? {
        ...pointHooks(props, props.points, tip),
        draw: [
          markHook(props, props.points, { text: color("--text"), ground: color("--surface") }),
        ],
      }
      : valueHooks(props, tip),
  };
}

function scaledX({ isLogX = false }: ChartProps, x: number): number {
  return isLogX ? Math.log10(x) : x;
}

function scaledY({ isLog = false }: ChartProps, y: number): number {
  return isLog ? Math.log10(y) : y;
}

/** Returns a range in which no point is cut off. */
function beyond(min: number, max: number): [number, number] {
  const more = (max - min || 1) * 0.02;
  return [min - more, max + more];
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

/** The points of a chart, without those of lines over them. */
function placedPoints(props: ChartProps, all: readonly Point[]) {
  const series = props.series.filter(({ isStep }) => isStep !== true);
  return all.map((point, i) => {
    const value = series.find(({ values }) => values[i] !== null)?.values[i] ?? null;
    const y = value === null ? null : scaledY(props, value);
    return { ...point, value, x: scaledX(props, props.x[i] ?? 0), y };
  });
}

/** Draws the marks of points, with a ring around each. */
function markHook(
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
    for (const { mark = "", x, y } of marked) {
      if (y === null || !Number.isFinite(y)) continue;
      const [left, top] = [plot.valToPos(x, "x", true), plot.valToPos(y, "y", true)];
      const isLeft = left + 10 * pixel + ctx.measureText(mark).width > bbox.left + bbox.width;
      ctx.textAlign = isLeft ? "right" : "left";
      ctx.lineWidth = 1.5 * pixel;
      ctx.strokeStyle = text;
      ctx.beginPath();
      ctx.arc(left, top, 6 * pixel, 0, 2 * Math.PI);
      ctx.stroke();
      ctx.lineWidth = 4 * pixel;
      ctx.strokeStyle = ground;
      const at = left + (isLeft ? -10 : 10) * pixel;
      ctx.strokeText(mark, at, top);
      ctx.fillStyle = text;
      ctx.fillText(mark, at, top);
    }
    ctx.restore();
  };
}

/** Shows what the point nearest to the pointer stands for, and opens it by a click. */
function pointHooks(props: ChartProps, all: readonly Point[], tip: HTMLElement) {
  const { formatY = String } = props;
  const candidates = placedPoints(props, all);
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
