// A chart as an SVG file.
import { shownText } from "../../framework/html.ts";
import {
  areSquares,
  type Box,
  type ChartProps,
  type Drawn,
  isGap,
  placedPoints,
  placeLabel,
  scaledX,
} from "./chart_points.ts";
import { gapRise } from "./chart_gaps.ts";
import { colorOf } from "./chart_scales.ts";
import { drawApart } from "./draw_apart.ts";
import { DASHES, FAINT, piecesOf } from "./plot.ts";
import { FONT, MARGIN, short, type SvgFile, svgFile, tag, TEXT, textAt } from "./svg_file.ts";

/** Pixels of a file, and of the part that uPlot draws. */
const WIDTH = 960, PLOT_HEIGHT = 440;
/** Pixels of a line of text. */
const LINE = 20;
const GRID = "#e7e5e4";

/** The place of the chart in the file, and how it draws. */
interface Frame {
  readonly props: ChartProps;
  readonly plot: Drawn;
  readonly color: (name: string) => string;
  readonly area: Box;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  /** Returns the width of a text. */
  readonly measure: (text: string, font?: string) => number;
}

/** Draws a chart as a file: its title, axes, values and legend. Hidden series are left out. */
export async function chartFile(
  props: ChartProps,
  isHidden: (series: number) => boolean,
): Promise<SvgFile> {
  using drawn = await drawApart(props, { width: WIDTH - 2 * MARGIN, height: PLOT_HEIGHT });
  const { plot, color } = drawn;
  const measure = (text: string, font = `12px ${FONT}`) => {
    plot.ctx.font = font;
    return plot.ctx.measureText(text).width;
  };
  const bold = `600 15px ${FONT}`;
  const title = wrapped(
    shownText(props.label),
    WIDTH - 2 * MARGIN,
    (text) => measure(text, bold),
  );
  const head = MARGIN + title.length * LINE + 8;
  const { bbox } = plot;
  const area = {
    left: MARGIN + bbox.left / devicePixelRatio,
    top: head + bbox.top / devicePixelRatio,
    width: bbox.width / devicePixelRatio,
    height: bbox.height / devicePixelRatio,
  };
  const frame: Frame = {
    props,
    plot,
    color,
    area,
    measure,
    x: (value) => area.left + plot.valToPos(value, "x"),
    y: (value) => area.top + plot.valToPos(value, "y"),
  };
  const shown = [...props.series.keys()].filter((i) => !isHidden(i));
  const named = shown.filter((i) => props.series[i]?.isFaint !== true);
  const legend = legendOf(frame, named, head + PLOT_HEIGHT + LINE + 12);
  const height = Math.ceil(legend.end + MARGIN);
  const content = [
    ...title.map((text, i) =>
      textAt(text, { x: MARGIN, y: MARGIN + 14 + i * LINE, size: 15, fill: TEXT, weight: 600 })
    ),
    ...axesOf(frame),
    textAt(shownText(props.xLabel), {
      x: area.left + area.width / 2,
      y: head + PLOT_HEIGHT + 10,
      anchor: "middle",
    }),
    tag("clipPath", { id: "area" }, tag("rect", rectOf(area))),
    tag("g", { "clip-path": "url(#area)" }, ...valuesOf(frame, shown)),
    ...named.flatMap((i) => gapsOf(frame, i, color(props.series[i]?.color ?? colorOf(i)))),
    ...marksOf(frame),
    legend.content,
  ];
  return svgFile({ title: shownText(props.label), width: WIDTH, height }, content);
}

function rectOf({ left, top, width, height }: Box) {
  return { x: left, y: top, width, height };
}

/** Breaks a text into lines of at most a width. Words that are longer stay whole. */
function wrapped(text: string, most: number, measure: (text: string) => number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last !== undefined && measure(longer) <= most) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Members of an axis that the types of uPlot lack. */
interface AxisMarks {
  readonly _splits?: readonly number[] | null;
  readonly _values?: readonly (string | number | null)[] | null;
}

/** Returns the lines and the labels of both axes. */
function axesOf({ plot, area, x, y }: Frame): string[] {
  const marks = (axis: number) => {
    const { _splits, _values } = plot.axes[axis] as AxisMarks;
    return (_splits ?? []).map((at, i) => ({ at, lines: `${_values?.[i] ?? ""}`.split("\n") }));
  };
  const bottom = area.top + area.height, right = area.left + area.width;
  const line = (from: number[], to: number[]) =>
    tag("path", { d: `M${from.map(short)}L${to.map(short)}`, stroke: GRID, fill: "none" });
  const across = marks(0).map((mark) => ({ ...mark, place: x(mark.at) }))
    .filter(({ place }) => place >= area.left - 0.5 && place <= right + 0.5);
  const down = marks(1).map((mark) => ({ ...mark, place: y(mark.at) }))
    .filter(({ place }) => place >= area.top - 0.5 && place <= bottom + 0.5);
  return [
    ...across.flatMap(({ place, lines }) => [
      line([place, area.top], [place, bottom + 5]),
      ...lines.map((text, i) =>
        textAt(text, { x: place, y: bottom + 19 + i * 14, size: 11, anchor: "middle" })
      ),
    ]),
    ...down.flatMap(({ place, lines: [text = ""] }) => [
      line([area.left - 5, place], [right, place]),
      textAt(text, { x: area.left - 9, y: place + 4, size: 11, anchor: "end" }),
    ]),
  ];
}

/** Returns the lines, bars and points of series, and the bands between them. */
function valuesOf(frame: Frame, shown: readonly number[]): string[] {
  const { props: { bands = [], series }, color } = frame;
  const own = (i: number) => color(series[i]?.color ?? colorOf(i));
  return [
    ...bands.filter((band) => band.every((i) => shown.includes(i)))
      .map(([high, low]) => bandOf(frame, [high, low], own(high))),
    ...shown.flatMap((i) => seriesOf(frame, i, own(i))),
  ];
}

type Values = readonly (number | null | undefined)[];

/** Returns the pieces of a line between its gaps, and where each begins. */
function pathsOf({ plot: { data }, x, y }: Frame, values: Values, isStep: boolean) {
  return piecesOf(values).map((piece) => {
    const d = piece.map((at, i) => {
      const [left, top] = [x(data[0][at] ?? 0), y(values[at] ?? 0)].map(short);
      if (i === 0) return `M${left} ${top}`;
      return isStep ? `H${left}V${top}` : `L${left} ${top}`;
    });
    return { d: d.join(""), start: short(x(data[0][piece[0]] ?? 0)) };
  });
}

function seriesOf(frame: Frame, i: number, color: string): string[] {
  const { props, plot, y, area } = frame;
  const { kind = "line", bands } = props;
  const { isStep = false, isDashed = false, isFaint = false } = props.series[i] ?? {};
  const values = plot.data[i + 1] as Values;
  const isEdge = bands?.some((band) => band.includes(i)) === true;
  const placed = [...values.keys()].filter((at) => Number.isFinite(values[at]))
    .map((at) => placeOf(frame, values, at));
  if (kind === "bars") return barsOf(placed, { base: y(0), width: area.width, color });
  if (kind === "points" && !isStep) return pointsOf(placed, { color, isSquare: areSquares(props) });
  const paths = pathsOf(frame, values, isStep || kind === "steps");
  const line = tag("path", {
    d: paths.map(({ d }) => d).join(""),
    fill: "none",
    stroke: color,
    ...strokeOf({ isEdge, isDashed, isFaint }),
  });
  const ground = kind === "steps" && !isStep ? [groundOf(paths, short(y(0)), color)] : [];
  if (isEdge || isStep || isFaint) return [...ground, line];
  const lone = piecesOf(values).filter(({ length }) => length === 1)
    .map(([at]) => placeOf(frame, values, at));
  const dots = plot.data[0].length < FEW_POINTS ? placed : lone;
  return [...ground, line, ...dots.map((dot) => dotOf(dot, color))];
}

function strokeOf(
  { isEdge, isDashed, isFaint }: Record<"isEdge" | "isDashed" | "isFaint", boolean>,
) {
  return {
    "stroke-width": isEdge ? 0.75 : isFaint ? 1 : 1.75,
    "stroke-opacity": isFaint ? parseInt(FAINT, 16) / 255 : undefined,
    "stroke-linejoin": "round",
    "stroke-dasharray": isDashed ? DASHES.join(" ") : undefined,
  };
}

function placeOf({ plot: { data }, x, y }: Frame, values: Values, at: number): [number, number] {
  return [x(data[0][at] ?? 0), y(values[at] ?? 0)];
}

/** Returns the area below steps. */
function groundOf(paths: ReturnType<typeof pathsOf>, base: string, color: string): string {
  const d = paths.map(({ d, start }) => `${d}V${base}H${start}Z`).join("");
  return tag("path", { d, fill: color, "fill-opacity": 0.13 });
}

function dotOf([cx, cy]: [number, number], color: string): string {
  return tag("circle", { cx, cy, r: 2.5, fill: "#fff", stroke: color, "stroke-width": 1.25 });
}

/** Lines with fewer points show each. */
const FEW_POINTS = 40;

type Placed = readonly (readonly [x: number, y: number])[];

function barsOf(
  placed: Placed,
  { base, width, color }: { base: number; width: number; color: string },
): string[] {
  const steps = placed.slice(1).map(([x], i) => x - (placed[i]?.[0] ?? 0));
  const size = Math.min(64, 0.9 * Math.min(width, ...steps));
  return placed.map(([x, y]) =>
    tag("rect", {
      x: x - size / 2,
      y: Math.min(y, base),
      width: size,
      height: Math.abs(base - y),
      fill: color,
    })
  );
}

function pointsOf(
  placed: Placed,
  { color, isSquare }: { color: string; isSquare: boolean },
): string[] {
  return placed.map(([x, y]) =>
    isSquare
      ? tag("rect", { x: x - 1.5, y: y - 1.5, width: 3, height: 3, fill: color })
      : tag("circle", { cx: x, cy: y, r: 3.5, fill: color })
  );
}

function bandOf(frame: Frame, [high, low]: readonly [number, number], color: string): string {
  const { plot: { data }, x, y } = frame;
  const [top, bottom] = [data[high + 1] as Values, data[low + 1] as Values];
  const both = top.map((value, i) => Number.isFinite(bottom[i]) ? value : undefined);
  const d = piecesOf(both).map((piece) => {
    const edge = (values: Values, at: number) =>
      `${short(x(data[0][at] ?? 0))} ${short(y(values[at] ?? 0))}`;
    const there = piece.map((at) => edge(top, at));
    const back = piece.toReversed().map((at) => edge(bottom, at));
    return `M${[...there, ...back].join("L")}Z`;
  }).join("");
  return tag("path", { d, fill: color, "fill-opacity": 0.2 });
}

/** Pixels between marks of gaps, and from the middle of a mark to its end. They are above the area. */
const DISTANCE = 6, SIZE = 3;

function gapsOf({ props, area, x }: Frame, i: number, color: string): string[] {
  let last = -Infinity;
  const middle = area.top - gapRise(i);
  const crosses = (props.series[i]?.values ?? []).flatMap((value, at) => {
    const left = x(scaledX(props, props.x[at] ?? 0));
    const isIn = left >= area.left && left <= area.left + area.width;
    if (!isGap(value) || !isIn || left - last < DISTANCE) return [];
    last = left;
    return [
      `M${short(left - SIZE)} ${short(middle - SIZE)}l6 6`,
      `M${short(left - SIZE)} ${short(middle + SIZE)}l6 -6`,
    ];
  });
  return crosses.length === 0
    ? []
    : [tag("path", { d: crosses.join(""), stroke: color, "stroke-width": 1.5, fill: "none" })];
}

/** Returns the marks of points, with a ring around each. */
function marksOf({ props, x, y, area, measure }: Frame): string[] {
  const placed: Box[] = [];
  return placedPoints(props, props.points ?? []).flatMap(({ mark, ...point }) => {
    if (mark === undefined || point.y === null || !Number.isFinite(point.y)) return [];
    const [left, top] = [x(point.x), y(point.y)];
    const size = { width: measure(mark, `11px ${FONT}`), height: 13 };
    const label = placeLabel({ left, top }, { size, away: 10, within: area, placed });
    placed.push(label);
    return [
      tag("circle", { cx: left, cy: top, r: 6, fill: "none", stroke: TEXT, "stroke-width": 1.5 }),
      textAt(shownText(mark), { x: label.left, y: label.top + 10, size: 11, fill: TEXT }),
    ];
  });
}

/** Returns the names of series, in as many lines as they take. */
function legendOf(frame: Frame, shown: readonly number[], top: number) {
  const { props: { series, kind = "line" }, color, measure } = frame;
  const swatch = 20, space = 18;
  let left = MARGIN, y = top;
  const content = shown.map((i) => {
    const { label = "", isStep = false, isDashed = false, color: own } = series[i] ?? {};
    const name = shownText(label);
    const width = swatch + 6 + measure(name) + space;
    if (left > MARGIN && left + width > WIDTH - MARGIN) [left, y] = [MARGIN, y + LINE];
    const stroke = color(own ?? colorOf(i));
    const isLine = kind === "line" || kind === "steps" || isStep;
    const mark = isLine
      ? tag("path", {
        d: `M${short(left)} ${short(y - 4)}h${swatch}`,
        stroke,
        "stroke-width": 2,
        "stroke-dasharray": isDashed ? DASHES.join(" ") : undefined,
      })
      : tag("rect", { x: left + swatch - 12, y: y - 10, width: 11, height: 11, fill: stroke });
    const text = textAt(name, { x: left + swatch + 6, y, fill: TEXT });
    left += width;
    return mark + text;
  });
  return { content: tag("g", {}, ...content), end: y };
}
