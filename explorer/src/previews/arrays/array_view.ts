// An array: a slice of it as an image, the numbers, statistics and a histogram.
import { countElements, ELEMENTS, type NDArray } from "../../../../formats/arrays/ndarray.ts";
import type { ArtifactFile } from "../../artifact_file.ts";
import { Chart } from "../../components/charts/chart.ts";
import { Choice } from "../../components/choice.ts";
import { onValue } from "../../components/field.ts";
import { formatBytes, formatNumber, numberText } from "../../format/format.ts";
import { type Column, Table } from "../../components/table.ts";
import { whenLoaded } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { useMemo, type VNode } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { LeftOut, type ShownFile, useFiles } from "../parts.ts";
import { useQuery } from "../../framework/use_query.ts";
import { Pixels } from "../zoom.ts";
import { type ArraySource, type AxisRange, openArrayFile } from "./array_source.ts";
import {
  elementText,
  type Numbers as NumberList,
  numbersOf,
  rangeOf,
  sampleStatistics,
  type Statistics,
  windowOf,
} from "./numbers.ts";

/** Rows and columns of the table of numbers. */
const TABLE_SIDE = 16;
const LINE_POINTS = 512;

export function ArrayFileView({ file }: { file: ArtifactFile }): VNode {
  const loaded = useFiles((signal) => openArrayFile(file, signal), file);
  return whenLoaded(loaded, (source) => html`<${ArrayView} source=${source} file=${file} />`);
}

/** The two axes that are shown: usually the last two that have more than a few elements. */
function usualSides(shape: readonly number[]): [number, number] {
  const last = shape.length - 1;
  return shape.length > 2 && (shape.at(-1) ?? 0) <= 4 ? [last - 2, last - 1] : [last - 1, last];
}

export function ArrayView({ source, file }: { source: ArraySource; file: ShownFile }): VNode {
  const { shape, dtype, axes } = source;
  const count = countElements(shape);
  const facts = [
    dtype,
    shape.length === 0 ? "a single number" : shape.map((n) => formatNumber(n)).join(" x "),
    formatBytes(count * ELEMENTS[dtype].bytes),
    ...shape.length > 0 ? [`axes: ${axes.join(", ")}`] : [],
  ];
  return html`
    <p class="summary-line">${facts.join(" · ")}</p>
    ${count > 0 && html`
      <${Slice} source=${source} file=${file} />
      <${Numbers} source=${source} file=${file} />
    `}
  `;
}

/** Numbers of a comma-separated list that fit a shape. */
function indicesOf(text: string, shape: readonly number[]): number[] {
  const indices = text.split(",").map(Number);
  return shape.map((length, axis) => {
    const index = indices[axis] ?? 0;
    return Number.isSafeInteger(index) && index >= 0 && index < length ? index : 0;
  });
}

function Slice({ source, file }: { source: ArraySource; file: ShownFile }): VNode {
  const { shape, axes } = source;
  const [atText, setAt] = useQuery("at");
  const [sidesText, setSides] = useQuery("axes");
  const at = indicesOf(atText, shape);
  const wanted = sidesText.split(",").map(Number);
  const isPair = wanted.length === 2 && wanted[0] !== wanted[1] &&
    wanted.every((axis) => axis in shape);
  const sides = isPair && sidesText !== "" ? wanted as [number, number] : usualSides(shape);
  const box = windowOf(source, at, sides);
  const key = [
    file.ref,
    file.path,
    source.dtype,
    shape.join(),
    box.map(({ start, count }) => [start, count]),
  ];
  const loaded = useLoaded((signal) => source.read(box, signal), key);
  const change = (axis: number, index: number) => setAt(at.with(axis, index).join(","));
  const ranges = shape.map((length, axis) => {
    const { count = 1 } = box[axis] ?? {};
    const isShown = sides.includes(axis);
    return { axis, length, count, isShown, isCut: isShown && count < length };
  });
  const isCut = ranges.some(({ isCut }) => isCut);
  return html`
    <section class="slice">
      <h3>Slice</h3>
      ${shape.length > 2 && html`<${Sides} axes=${axes} sides=${sides} set=${setSides} />`}
      <div class="fields">
        ${ranges.map(({ axis, length, count, isShown, isCut }) => {
          if (length === 1 || isShown && !isCut) return null;
          const label = isShown ? `${axes[axis]} from` : axes[axis];
          const set = (index: number) => change(axis, index);
          return html`
            <${Index} key=${axis} label=${label} value=${at[axis]} length=${length}
              step=${isShown ? count : 1} set=${set} />
          `;
        })}
      </div>
      ${isCut && html`<${LeftOut} file=${file}>
        ${`${
        ranges.filter(({ isShown }) => isShown).map(({ count }) => formatNumber(count)).join(" x ")
      } elements of the slice are shown.`}
      <//>`}
      ${whenLoaded(
        loaded,
        (array) => html`<${Plane} array=${array} box=${box} sides=${sides} axes=${axes} />`,
      )}
    </section>
  `;
}

function Sides({ axes, sides, set }: {
  axes: readonly string[];
  sides: readonly [number, number];
  set(text: string): void;
}): VNode {
  const select = (label: string, side: 0 | 1) => {
    const choose = (text: string) => {
      const axis = Number(text);
      const [down, across] = sides;
      const isSwap = axis === (side === 0 ? across : down);
      const chosen = isSwap ? [across, down] : side === 0 ? [axis, across] : [down, axis];
      set(chosen.join(","));
    };
    return html`
      <${Choice} label=${label} value=${String(sides[side])} change=${choose}
        options=${axes.map((name, axis) => [String(axis), name])} />
    `;
  };
  return html`<div class="fields">${select("Down", 0)}${select("Across", 1)}</div>`;
}

function Index({ label, value, length, step, set }: {
  label: string;
  value: number;
  length: number;
  step: number;
  set(index: number): void;
}): VNode {
  const changed = onValue((text) => {
    const index = Number(text);
    if (Number.isSafeInteger(index)) set(Math.max(0, Math.min(length - 1, index)));
  });
  return html`
    <label>${label} <input type="number" min="0" max=${length - 1} step=${step} value=${value}
      onChange=${changed} /> <span class="muted">of ${formatNumber(length)}</span></label>
  `;
}

/** A slice: an image of two axes, a line of one, or a number. */
function Plane({ array, box, sides, axes }: {
  array: NDArray;
  box: readonly AxisRange[];
  sides: readonly [number, number];
  axes: readonly string[];
}): VNode {
  const numbers = useMemo(() => numbersOf(array), [array]);
  if (box.length === 0) return html`<p>${elementText(array, 0)}</p>`;
  const [rows, columns] = sides;
  const [down, across] = [box[rows], box[columns]];
  if (down === undefined || across === undefined) {
    const [{ start } = { start: 0 }] = box;
    const shown = Math.min(LINE_POINTS, numbers.length);
    return html`<${Line} numbers=${numbers} start=${start} count=${shown} axis=${axes[0]} />`;
  }
  const isTurned = rows > columns;
  const [height, width] = [down.count, across.count];
  const placeOf = (y: number, x: number) => isTurned ? x * height + y : y * width + x;
  return html`
    <${Picture} numbers=${numbers} placeOf=${placeOf} width=${width} height=${height}
      label=${`Slice: ${axes[rows]} down, ${axes[columns]} across`} />
    <details>
      <summary>Numbers of the slice</summary>
      <${NumberTable} array=${array} placeOf=${placeOf} rows=${down} columns=${across} />
    </details>
  `;
}

function Line({ numbers, start, count, axis }: {
  numbers: NumberList;
  start: number;
  count: number;
  axis: string;
}): VNode {
  const [x, series] = useMemo(() => {
    const values = Array.from({ length: count }, (_, i) => {
      const value = numbers[i] ?? NaN;
      return Number.isFinite(value) ? value : null;
    });
    const x = values.map((_, i) => start + i);
    return [x, [{ label: "element", values }]] as const;
  }, [numbers, start, count]);
  return html`
    <${Chart} label=${`Elements ${start} to ${start + count - 1}`} x=${x} xLabel=${axis}
      series=${series} formatY=${numberText} />
  `;
}

/** Numbers as shades, dark for the smallest. Those that are not finite are magenta. */
export function paint(numbers: NumberList, count: number, placeOf: (i: number) => number) {
  const [min, max] = rangeOf(numbers);
  const pixels = new Uint8ClampedArray(count * 4);
  const scale = max > min ? 255 / (max - min) : 0;
  for (let i = 0; i < count; i++) {
    const value = numbers[placeOf(i)] ?? NaN;
    const shade = scale > 0 ? (value - min) * scale : 128;
    pixels.set(Number.isFinite(value) ? [shade, shade, shade, 255] : [200, 0, 160, 255], i * 4);
  }
  return { pixels, min, max };
}

function Picture({ numbers, placeOf, width, height, label }: {
  numbers: NumberList;
  placeOf(y: number, x: number): number;
  width: number;
  height: number;
  label: string;
}): VNode {
  const { pixels, min, max } = useMemo(
    () => paint(numbers, width * height, (i) => placeOf(Math.floor(i / width), i % width)),
    [numbers, width, height],
  );
  const range = min <= max
    ? `Black is ${numberText(min)}, white is ${numberText(max)}.`
    : "No element is finite.";
  return html`
    <${Pixels} pixels=${pixels} width=${width} height=${height} label=${label} />
    <p class="muted">${range}</p>
  `;
}

function NumberTable({ array, placeOf, rows, columns }: {
  array: NDArray;
  placeOf(y: number, x: number): number;
  rows: AxisRange;
  columns: AxisRange;
}): VNode {
  const list = ({ start, count }: AxisRange) =>
    Array.from({ length: Math.min(count, TABLE_SIDE) }, (_, i) => start + i);
  const [down, across] = [list(rows), list(columns)];
  const isCut = down.length < rows.count || across.length < columns.count;
  const shown: Column<number>[] = across.map((x, j) => ({
    title: String(x),
    class: "number",
    cell: (_, i) => elementText(array, placeOf(i, j)),
  }));
  const head: Column<number> = { title: "Row", isUntitled: true, class: "number", cell: String };
  return html`
    <${Table} isPreview label="Numbers of the slice" rows=${down} columns=${[head, ...shown]} />
    ${isCut &&
      html`<p class="muted">
        The first ${down.length} x ${across.length} numbers. Move the slice to see others.
      </p>`}
  `;
}

function Numbers({ source, file }: { source: ArraySource; file: ShownFile }): VNode {
  const key = [file.ref, file.path, source.dtype, source.shape.join()];
  const loaded = useLoaded((signal) => sampleStatistics(source, signal), key);
  return html`
    <section>
      <h3>Statistics</h3>
      ${whenLoaded(loaded, (statistics) =>
        html`
          ${!statistics.isAll && html`<${LeftOut} file=${file}>
          ${`Computed from a sample of ${
            formatNumber(statistics.count)
          } elements, spread over the array.`}
        <//>`}
          <${StatisticsTable} columns=${[{ name: "Value", found: statistics }]} />
          <${Histogram} found=${statistics} />
        `)}
    </section>
  `;
}

const ROWS: readonly [string, (found: Statistics) => string][] = [
  ["Elements", ({ count }) => formatNumber(count)],
  ["Minimum", ({ min }) => numberText(min)],
  ["Maximum", ({ max }) => numberText(max)],
  ["Mean", ({ mean }) => numberText(mean)],
  ["Standard deviation", ({ deviation }) => numberText(deviation)],
  ["Zeros", ({ zeros }) => formatNumber(zeros)],
  ["Not a number", ({ notANumber }) => formatNumber(notANumber)],
  ["Infinite", ({ infinite }) => formatNumber(infinite)],
];

export function StatisticsTable({ columns }: {
  columns: readonly { name: string; found: Statistics }[];
}): VNode {
  const shown: Column<typeof ROWS[number]>[] = columns.map(({ name, found }) => {
    return {
      title: name,
      class: "number",
      cell: ([, show]) => found.count === 0 ? "" : show(found),
    };
  });
  return html`
    <${Table} isPreview isScroll=${columns.length < 2} label="Statistics" rows=${ROWS}
      columns=${[{ title: "Statistic", cell: ([name]: [string]) => name }, ...shown]} />
  `;
}

function Histogram({ found }: { found: Statistics }): VNode | null {
  const [x, series] = useMemo(() => [
    found.bins.map(({ from, to }) => (from + to) / 2),
    [{ label: "Elements", values: found.bins.map(({ count }) => count) }],
  ], [found]);
  if (found.bins.length < 2) return null;
  return html`
    <${Chart} label="Histogram" kind="bars" x=${x} xLabel="Middle of the bin"
      series=${series} formatX=${numberText} formatY=${formatNumber} />
  `;
}
