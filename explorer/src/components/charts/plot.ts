// A chart as a canvas: drawn by uPlot, which is loaded with the first chart.
import { html } from "../../framework/html.ts";
import { type RefObject, useEffect, useRef } from "../../framework/preact.ts";
import { useTheme } from "../../framework/use_theme.ts";
import { formatBytes, MAX_NUMBER } from "../../format/format.ts";
import { gapHook, gapRoom } from "./chart_gaps.ts";
import {
  areSquares,
  type ChartProps,
  type Drawn,
  markHook,
  pointHooks,
  scaledX,
  squareHook,
  valueHooks,
} from "./chart_points.ts";
import { colorOf } from "./chart_scales.ts";
import { focusHook, hideHook, selectHooks } from "./line_hooks.ts";
import { lineFocus } from "./line_focus.ts";

/** Steps between labels of bytes. */
const POWERS_OF_TWO = Array.from({ length: 50 }, (_, power) => 2 ** power);
/** Steps between labels of numbers, and those of whole numbers. */
const STEPS = Array.from({ length: 22 }, (_, i) => [1, 2, 5].map((by) => Number(`${by}e${i - 6}`)))
  .flat();
const WHOLE_STEPS = STEPS.filter(Number.isInteger);
/** Pixels of the axis below a chart. */
const AXIS_HEIGHT = 32;
/** The part of a scale that is empty above and below the values. */
const PADDING = 0.1;
/** Lines with fewer points show each. */
const FEW_POINTS = 40;
/** How opaque a faint line is, in hexadecimal digits. */
export const FAINT = "48";
/** Pixels of a dash, and of the space behind it. */
export const DASHES = [6, 4] as const;
/** Pixels from the pointer to a line that all charts emphasize, and how opaque others are then. */
const NEAR = 24, OTHERS = 0.15;
/** Pixels from which a drag selects a range. */
const LEAST_DRAG = 6;

export function Plot(
  props: ChartProps & {
    /** Receives the chart that is drawn. */
    drawn: RefObject<Drawn | undefined>;
  },
) {
  const { label, x, series, points, kind = "line", height = 200 } = props;
  const { isLog = false, isLogX = false, isShared = false, bands } = props;
  const box = useRef<HTMLDivElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const theme = useTheme(); // a canvas does not follow it by itself
  const latest = useRef(props);
  latest.current = props;
  const { drawn: plot } = props;
  const looks = series.map((
    { label, color, ...look },
  ) => [label, color, look.isStep, look.isDashed, look.isFaint]);
  const isZoomed = props.onRange !== undefined;
  useEffect(() => {
    let gone = false;
    const observer = new ResizeObserver((entries) => {
      for (const { contentRect } of entries) {
        plot.current?.setSize({ width: Math.floor(contentRect.width), height });
      }
    });
    const draw = async () => {
      const { uPlot } = await import("./uplot.ts");
      if (gone || box.current === null || tip.current === null) return;
      const options = optionsOf(uPlot, latest, { box: box.current, tip: tip.current });
      plot.current = new uPlot(options, dataOf(latest.current), box.current);
      emphasize(lineFocus.label);
      observer.observe(box.current);
    };
    const emphasize = (label: string | undefined) => {
      const at = series.findIndex((each) => each.label === label);
      plot.current?.setSeries(at < 0 ? null : at + 1, { focus: true }, false);
    };
    const unfollow = isShared ? lineFocus.follow(emphasize) : undefined;
    void draw();
    return () => {
      gone = true;
      unfollow?.();
      observer.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [
    JSON.stringify([looks, kind, height, isLog, isLogX, isZoomed, isShared, bands, theme]),
    points,
  ]);
  // A chart that grows keeps its canvas.
  useEffect(() => plot.current?.setData(dataOf(props)), [x, series, props.range, props.rangeY]);
  return html`
    <div ref=${box} class=${kind === "line"
      ? "plot lines"
      : "plot"} role="img" aria-label=${`Chart: ${label}`}
      style=${{ minBlockSize: `${height}px` }}>
      <div ref=${tip} class="tip" hidden></div>
    </div>
  `;
}

type Data = Parameters<Drawn["setData"]>[0];

/** Returns the data as uPlot takes them: null for a gap, undefined where a line has no point. */
export function dataOf({ x, series, isLog = false, isLogX = false }: ChartProps): Data {
  const scaled = isLog ? Math.log10 : Number;
  const drawn = (y: number | null) => {
    if (y === null) return undefined;
    if (!Number.isFinite(y)) return null;
    return Math.abs(scaled(y)) <= MAX_NUMBER ? scaled(y) : undefined;
  };
  const data = series.map(({ values }) => widened(values.map(drawn)));
  return [isLogX ? x.map(Math.log10) : [...x], ...data] as Data;
}

/** Widens gaps to the points around them, so that no line leads into one. */
function widened(values: (number | null | undefined)[]): (number | null | undefined)[] {
  for (const at of [...values.keys()].filter((i) => values[i] === null)) {
    for (let i = at - 1; i >= 0 && values[i] === undefined; i--) values[i] = null;
    for (let i = at + 1; i < values.length && values[i] === undefined; i++) values[i] = null;
  }
  return values;
}

export function optionsOf(
  uPlot: typeof import("./uplot.ts").uPlot,
  latest: RefObject<ChartProps>,
  { box, tip }: { box: HTMLElement; tip: HTMLElement },
): ConstructorParameters<typeof uPlot>[0] {
  const now = () => latest.current!;
  const props = now();
  const { series, isTime = false, height = 200, onRange, bands } = props;
  const { isLog = false, isLogX = false, isShared = false } = props;
  const color = colorsOf(box);
  const axis = axisOf(color);
  // Names of versions often differ at their end.
  const formatX = (value: number, { formatX = String } = now()) =>
    formatX(isLogX ? powerOf(value) : value).replace(/^(.{8}).{8,}(.{8})$/, "$1…$2");
  const formatY = (splits: readonly number[], { formatY = String } = now()) => {
    const values = splits.map((split) => isLog ? powerOf(split) : split);
    const isExact = new Set(values.map(formatY)).size === values.length;
    return values.map(isExact ? formatY : String);
  };
  return {
    width: Math.floor(box.clientWidth),
    height,
    cursor: {
      y: false,
      hover: { skip: [null] },
      ...onRange && { drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG } },
      ...isShared && bands === undefined && { focus: { prox: NEAR } },
    },
    ...isShared && { focus: { alpha: OTHERS } },
    legend: {
      show: series.filter(({ isFaint }) => !isFaint).length > 1 && !isShared,
      live: false,
      markers: { dash: (_, i) => series[i - 1]?.isDashed ? "dashed" : "solid" },
    },
    padding: [
      () => Math.max(17, gapRoom(now())),
      () => Math.max(24, widthOf([formatX(scaledX(props, now().x.at(-1) ?? 0))]) / 2),
      null,
      null,
    ],
    scales: { x: scaleX(now), y: scaleY(uPlot, now) },
    ...bands &&
      {
        bands: bands.map(([high, low]) =>
          bandOf(high, low, color(series[high]?.color ?? colorOf(0)))
        ),
      },
    axes: [
      {
        ...axis,
        size: AXIS_HEIGHT,
        ...!isTime && {
          space: (_, __, min, max) => Math.max(50, 12 + widthOf([formatX(min), formatX(max)])),
          values: (_, splits) => splits.map((split) => formatX(split)),
        },
        ...!isTime && {
          incrs: (_, __, min, max) =>
            max - min > 2 && now().x.every(Number.isInteger) ? WHOLE_STEPS : STEPS,
        },
        ...isLogX && {
          splits: (_, __, min, max) =>
            powersOf(Math.floor(min), Math.ceil(max)).filter((at) => at >= min && at <= max),
        },
      },
      {
        ...axis,
        size: (_, texts) => Math.max(40, 20 + widthOf(texts ?? [])),
        values: (_, splits) => formatY(splits),
        ...isLog && { splits: (_, __, min, max) => powersOf(min, max) },
        ...(props.formatY === formatBytes ? { incrs: POWERS_OF_TWO } : {}),
      },
    ],
    series: [{}, ...seriesOf(uPlot, now, color)],
    hooks: hooksOf(now, { tip, color }),
  };
}

/** Returns the look of both axes. */
function axisOf(color: ReturnType<typeof colorsOf>) {
  const line = () => ({ stroke: color("--line"), width: 1 });
  return { stroke: color("--muted"), grid: line(), ticks: line(), font: "11px system-ui" };
}

type Options = ConstructorParameters<typeof import("./uplot.ts").uPlot>[0];
type Scale = NonNullable<Options["scales"]>[string];

function scaleX(now: () => ChartProps): Scale {
  const { kind, isTime = false } = now();
  const whole = (min: number, max: number): [number, number] =>
    kind === "points" ? beyond(min, max) : min === max ? [min - 1, max + 1] : [min, max];
  return {
    time: isTime,
    ...(kind === "points" || now().onRange !== undefined) && {
      range: (_, min, max) => now().range as [number, number] | undefined ?? whole(min, max),
    },
  };
}

function scaleY(
  { rangeNum }: typeof import("./uplot.ts").uPlot,
  now: () => ChartProps,
): Scale {
  const { kind, isLog = false } = now();
  if (isFilled(kind)) return { range: (_, min, max) => [Math.min(0, min), max || 1] };
  return {
    range(_, min, max) {
      const [low, high] = now().rangeY?.map((y) => isLog ? Math.log10(y) : y) ?? [min, max];
      if (isLog) return [Math.floor(low ?? 0), Math.floor(high ?? 0) + 1];
      if (now().isExactY && now().rangeY) return [low!, high!];
      return low === null || high === null ? [0, 1] : rangeNum(low!, high!, PADDING, true);
    },
  };
}

/** Returns the fill between two series, which are numbered from 1. */
function bandOf(high: number, low: number, color: string): NonNullable<Options["bands"]>[number] {
  return { series: [high + 1, low + 1], fill: `${color}33` };
}

function isFilled(kind: ChartProps["kind"]): boolean {
  return kind === "bars" || kind === "steps";
}

/** Returns the lines, bars or points of a chart. */
function seriesOf(
  { paths }: typeof import("./uplot.ts").uPlot,
  now: () => ChartProps,
  color: (name: string) => string,
) {
  const props = now();
  const { kind = "line" } = props;
  const drawn = {
    bars: paths.bars!({ size: [0.9, 64] }),
    steps: paths.stepped!({ align: 1 }),
    points: () => null,
    line: props.bands === undefined ? linePath : undefined,
  }[kind];
  const hasPoints = () => kind === "points" || now().x.length < FEW_POINTS && kind !== "bars";
  const isEdge = (i: number) => props.bands?.some((band) => band.includes(i)) === true;
  return props.series.map((each, i) => {
    const { label, color: own, isStep = false, isDashed = false, isFaint = false } = each;
    const name = own ?? colorOf(i);
    if (isFaint) {
      const [stroke, points] = [`${color(name)}${FAINT}`, { show: false }];
      return { label, class: "faint", paths: drawn, points, stroke, fill: "", width: 1 };
    }
    return {
      label,
      paths: isStep ? paths.stepped!({ align: 1 }) : drawn,
      points: {
        show: () => hasPoints() && !isStep && !isEdge(i) && !areSquares(props),
        filter: (plot: Drawn, at: number, isShown: boolean) =>
          isShown || kind !== "line" || isStep || isEdge(i) || areSquares(props)
            ? null
            : lonePoints(plot.data[at] ?? []),
        size: kind === "points" ? 7 : 5,
        ...kind === "points" && { fill: color(name) },
      },
      stroke: color(name),
      fill: isFilled(kind) ? `${color(name)}${kind === "bars" ? "" : "22"}` : "",
      width: isEdge(i) ? 0.5 : 1.5,
      ...isDashed && { dash: [...DASHES] },
    };
  });
}

/** Returns the path of a line. A clip at its gaps would leave an edge of a steep line. */
function linePath({ data, valToPos }: Drawn, series: number, from: number, to: number) {
  const stroke = new Path2D();
  const [xs, ys = []] = [data[0], data[series]];
  for (const [first, ...others] of piecesOf(ys, from, to)) {
    const placeOf = (i: number) =>
      [valToPos(xs[i] ?? 0, "x", true), valToPos(ys[i] ?? 0, "y", true)] as const;
    stroke.moveTo(...placeOf(first));
    for (const i of others) stroke.lineTo(...placeOf(i));
  }
  return { stroke };
}

type Values = ArrayLike<number | null | undefined>;

/** Returns the indices of values, in a piece between gaps each. */
export function piecesOf(
  values: Values,
  from = 0,
  to = values.length - 1,
): [first: number, ...others: number[]][] {
  const pieces: [number, ...number[]][] = [];
  let piece: [number, ...number[]] | undefined;
  for (let i = from; i <= to; i++) {
    if (values[i] === null) piece = undefined;
    else if (values[i] !== undefined) {
      if (piece === undefined) pieces.push(piece = [i]);
      else piece.push(i);
    }
  }
  return pieces;
}

/** Returns the indices of values between gaps: no line shows them, only a point does. */
function lonePoints(values: Values): number[] {
  return piecesOf(values).flatMap(([first, ...others]) => others.length === 0 ? [first] : []);
}

function hooksOf(
  now: () => ChartProps,
  { tip, color }: { tip: HTMLElement; color: (name: string) => string },
): NonNullable<Options["hooks"]> {
  const props = now();
  const { points, series, onRange, isShared } = props;
  const colors = series.map(({ color: own }, i) => color(own ?? colorOf(i)));
  const drawn = series.map(({ isStep }, i) => isStep ? undefined : colors[i]);
  const squares = areSquares(props) ? { drawSeries: [squareHook(drawn)] } : {};
  if (points === undefined) {
    return {
      ...valueHooks(now, tip),
      ...squares,
      draw: [gapHook(now, colors)],
      ...onRange && selectHooks(now),
      setSeries: [hideHook(now), ...isShared ? [focusHook(now)] : []],
    };
  }
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

/** Returns a function that resolves colors, each once: the page computes its styles for each. */
function colorsOf(element: HTMLElement): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    const color = known.get(name) ?? resolvedColor(element, name);
    known.set(name, color);
    return color;
  };
}

/** Returns a color of the current theme as `#rrggbb`, which a canvas needs. */
export function resolvedColor(element: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const [red = 0, green = 0, blue = 0] = getComputedStyle(probe).color.match(/\d+/g)?.map(Number) ??
    [];
  probe.remove();
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
