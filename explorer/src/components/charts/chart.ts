// A chart, and the same as a table.
import {
  areSquares,
  type ChartProps,
  type Drawn,
  markHook,
  pointHooks,
  scaledX,
  type Series,
  squareHook,
  valueHooks,
} from "./chart_points.ts";
import { html } from "../../framework/html.ts";
import { useEffect, useRef, useState } from "../../framework/preact.ts";
import { useTheme } from "../../framework/use_theme.ts";
import { formatBytes, MAX_NUMBER } from "../../format/format.ts";
import { type Column, Table } from "../table.ts";

/** Steps between labels of bytes. */
const POWERS_OF_TWO = Array.from({ length: 50 }, (_, power) => 2 ** power);
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
      cell: (_: number, i: number) => html`<a href=${points[i]?.href()}>${points[i]?.label}</a>`,
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

function Plot(props: ChartProps) {
  const { label, x, series, kind = "line", height = 200, isLog = false, isLogX = false } = props;
  const box = useRef<HTMLDivElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const theme = useTheme(); // a canvas does not follow it by itself
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
  }, [x, series, kind, height, isLog, isLogX, theme]);
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
    formatX(isLogX ? powerOf(value) : value).replace(/^(.{8}).{8,}(.{8})$/, "$1…$2");
  const formatY = (splits: readonly number[], { formatY = String } = props) => {
    const values = splits.map((split) => isLog ? powerOf(split) : split);
    const isExact = new Set(values.map(formatY)).size === values.length;
    return values.map(isExact ? formatY : String);
  };
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
      y: isFilled(kind)
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
    series: [{}, ...seriesOf(uPlot, props, color)],
    hooks: hooksOf(props, { tip, color }),
  };
}

function isFilled(kind: ChartProps["kind"]): boolean {
  return kind === "bars" || kind === "steps";
}

/** Returns the lines, bars or points of a chart. */
function seriesOf(
  { paths }: typeof import("./uplot.ts").uPlot,
  props: ChartProps,
  color: (name: string) => string,
) {
  const { x, kind = "line" } = props;
  const drawn = {
    bars: paths.bars!({ size: [0.9, 64] }),
    steps: paths.stepped!({ align: 1 }),
    points: () => null,
    line: undefined,
  }[kind];
  const hasPoints = kind === "points" || x.length < 40 && kind !== "bars";
  return props.series.map((each, i) => {
    const { label, color: own, isStep = false } = each;
    const name = own ?? colorOf(i);
    return {
      label,
      paths: isStep ? paths.stepped!({ align: 1 }) : drawn,
      spanGaps: true,
      points: {
        show: (hasPoints || isOnePoint(props, each)) && !isStep && !areSquares(props),
        size: kind === "points" ? 7 : 5,
        ...kind === "points" && { fill: color(name) },
      },
      stroke: color(name),
      fill: isFilled(kind) ? `${color(name)}${kind === "bars" ? "" : "22"}` : "",
      width: 1.5,
    };
  });
}

/** Returns true for a line with one value: only a point shows it. */
export function isOnePoint(
  { kind = "line", isLog = false }: Pick<ChartProps, "kind" | "isLog">,
  { values }: Pick<Series, "values">,
): boolean {
  return kind === "line" && values.filter((y) => y !== null && !(isLog && y <= 0)).length === 1;
}

function hooksOf(
  props: ChartProps,
  { tip, color }: { tip: HTMLElement; color: (name: string) => string },
) {
  const { points, series } = props;
  const colors = series.map(({ color: own, isStep }, i) =>
    isStep ? undefined : color(own ?? colorOf(i))
  );
  const squares = areSquares(props) ? { drawSeries: [squareHook(colors)] } : {};
  if (points === undefined) return { ...valueHooks(props, tip), ...squares };
  const marks = markHook(props, points, { text: color("--text"), ground: color("--surface") });
  return { ...pointHooks(props, points, tip), draw: [marks], ...squares };
}

/** Returns ten to a power, without the last digits that rounding changes. */
function powerOf(logarithm: number): number {
  return Number((10 ** logarithm).toPrecision(12));
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
