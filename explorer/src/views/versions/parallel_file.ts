// Parallel coordinates as a file, in the colors of the light theme.
import { lightColors } from "../../components/charts/draw_apart.ts";
import {
  MARGIN,
  type SvgFile,
  svgFile,
  tag,
  TEXT,
  textAt,
} from "../../components/charts/svg_file.ts";
import { cutText } from "../../format/format.ts";
import { shownText } from "../../framework/html.ts";

/** Pixels between axes, and of an axis. */
const BETWEEN = 150, HEIGHT = 380;
const TOP = 72;

interface DrawnAxis {
  readonly title: string;
  /** Words or numbers beside it, with their places from 0 to 1. */
  readonly labels: readonly (readonly [text: string, place: number])[];
}

interface DrawnLines {
  /** The variable of the styles with their color. */
  readonly color: string;
  /** Lines between the axes 0.5, 1.5, …; 0 is at the top. */
  readonly d: string;
  /** The meaning of the color. */
  readonly label?: string;
}

export function parallelFile({ title, axes, lines }: {
  title: string;
  axes: readonly DrawnAxis[];
  /** The last are over the others. */
  lines: readonly DrawnLines[];
}): SvgFile {
  const width = Math.max(4, axes.length) * BETWEEN + 2 * MARGIN;
  const legend = lines.filter(({ label }) => label !== undefined);
  const height = TOP + HEIGHT + (legend.length > 0 ? 52 : 24);
  const each = (width - 2 * MARGIN) / axes.length;
  const x = (axis: number) => MARGIN + axis * each;
  const y = (place: number) => TOP + (1 - place) * HEIGHT;
  const placed = (d: string) =>
    d.replaceAll(
      /([ML])([\d.]+) (-?[\d.]+)/g,
      (_, pen, axis, top) => `${pen}${x(Number(axis)).toFixed(1)} ${y(1 - Number(top)).toFixed(1)}`,
    );
  const colors = lightColors(lines.map(({ color }) => color));
  const content = [
    textAt(title, { x: MARGIN, y: MARGIN + 14, size: 15, fill: TEXT, weight: 600 }),
    ...lines.map(({ d }, i) =>
      tag("path", {
        d: placed(d),
        fill: "none",
        stroke: colors[i],
        "stroke-width": 1.25,
        "stroke-opacity": 0.8,
      })
    ),
    ...axes.flatMap(({ title, labels }, i) => [
      tag("path", { d: `M${x(i + 0.5)} ${TOP}V${TOP + HEIGHT}`, stroke: "#78716c" }),
      textAt(shownText(cutText(title)), {
        x: x(i + 0.5),
        y: TOP - 16,
        fill: TEXT,
        weight: 600,
        anchor: "middle",
      }),
      ...labels.map(([text, place]) => axisLabel(shownText(text), x(i + 0.5) + 7, y(place) + 4)),
    ]),
    ...legend.map(({ label = "", color }, i) => {
      const at = colors[lines.findIndex((each) => each.color === color && each.label === label)];
      const left = MARGIN + i * Math.min(BETWEEN, (width - 2 * MARGIN) / legend.length);
      return tag("rect", { x: left, y: height - 28, width: 12, height: 12, fill: at }) +
        textAt(shownText(label), { x: left + 18, y: height - 18, fill: TEXT });
    }),
  ];
  return svgFile({ title, width, height }, content);
}

/** Returns a label with a white edge, which is readable over lines. */
function axisLabel(text: string, x: number, y: number): string {
  return textAt(text, { x, y, size: 11, fill: TEXT, hasEdge: true });
}
