// Parallel coordinates: an axis for each key, and a line for each version that crosses them.
import { scaleColorOf } from "../../components/charts/chart_scales.ts";
import { SaveMenu } from "../../components/charts/save_menu.ts";
import { onValue } from "../../components/field.ts";
import { cutText, formatNumber, numberText } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import { useMemo, useRef } from "../../framework/preact.ts";
import { joinValues, splitValues } from "../../framework/router.ts";
import { Scroll } from "../../components/long_content.ts";
import { useQuery } from "../../framework/use_query.ts";
import { KeyMenu } from "./column_choice.ts";
import { conditionOf, isCondition, withCondition } from "./conditions.ts";
import type { ExperimentColumn } from "./columns.ts";
import { type Experiment, numberAt } from "./experiments.ts";
import { type Part, partsOf } from "./groups.ts";
import { useScale } from "./scale_choice.ts";
import { ticksOf } from "./ticks.ts";

/** More versions are not drawn, and keys with more words have no axis. */
const [MOST_LINES, MOST_WORDS] = [1000, 12];

interface Axis {
  readonly column: ExperimentColumn;
  /** The values of an axis of words. */
  readonly words: readonly string[];
  /** Returns the place of a value, from 0 to 1; NaN of none. */
  at(value: unknown): number;
  /** Returns the number at a place, with three digits. */
  from(place: number): string;
  /** Numbers beside the axis. */
  readonly ticks: readonly number[];
}

/** Draws filtered rows over all rows. Bounds on an axis are conditions of the filter. */
export function Parallel({ all, rows, columns, usual, metric }: {
  all: readonly Experiment[];
  rows: readonly Experiment[];
  columns: readonly ExperimentColumn[];
  /** Keys with an axis at first, in their order. */
  usual: readonly string[];
  /** The last axis. Lines have the colors of its values, unless another key is chosen. */
  metric: ExperimentColumn;
}) {
  const [chosen, setChosen] = useQuery("parallel");
  const [color] = useQuery("color");
  const [filter, setFilter] = useQuery("filter");
  const isLog = useScale();
  const { possible, wordy } = useMemo(() => ({
    possible: columns.flatMap((column) => axisOf(all, column, isLog) ?? []),
    wordy: columns.filter((column) => wordsOf(all, column).length > MOST_WORDS),
  }), [all, isLog, columns.map(({ key }) => key).join()]);
  const keys = chosen === "" ? usual : splitValues(chosen);
  const axes = inOrder(possible.filter(({ column }) => keys.includes(column.key)), {
    usual,
    last: metric.key,
  });
  const shown = axes.map(({ column }) => column.key).join();
  const { paths, others } = useMemo(() => {
    const colored = columns.find(({ key }) => key === color);
    const drawn = rows.slice(0, MOST_LINES);
    const parts: readonly ColoredPart[] = colored
      ? partsOf(drawn, colored)
      : scaledParts(drawn, metric, possible.find(({ column }) => column.key === metric.key));
    const paths = parts.map(({ rows, color, label }) => ({
      color,
      label,
      d: pathOf([...rows], axes),
    }));
    return { paths, others: pathOf(all.slice(0, MOST_LINES), axes) };
  }, [all, rows, shown, color, possible, metric.key, metric.better]);
  const brush = useBrush(axes, (axis, from, to) => {
    const least = withCondition(filter, axis.column, ">=", from);
    setFilter(withCondition(least, axis.column, "<=", to));
  });
  const draw = async () => {
    const { parallelFile } = await import("./parallel_file.ts");
    const labels = ({ words, ticks, at }: Axis) => [
      ...words.map((word) => [cutText(word), at(word)] as const),
      ...ticks.map((tick) => [numberText(tick), at(tick)] as const),
    ];
    return parallelFile({
      title: `Parallel coordinates of ${metric.title}`,
      axes: axes.map((axis) => ({ title: axis.column.title, labels: labels(axis) })),
      lines: [{ color: "--line", d: others }, ...paths],
    });
  };
  return html`
    <section class="stack" aria-label="Parallel coordinates">
      <div class="fields">
        <h2>Parallel coordinates</h2>
        <${KeyMenu} title="Axes" columns=${possible.map(({ column }) => column)} keys=${keys}
          change=${(next: readonly string[]) => setChosen(joinValues(next))} />
        <${SaveMenu} title="Parallel coordinates" draw=${draw} />
        ${all.length > MOST_LINES &&
          html`<span class="muted">the first ${formatNumber(MOST_LINES)} versions are drawn</span>`}
        ${wordy.length > 0 && html`
          <span class="muted">no axis for ${wordy.slice(0, 3).map(({ title }) => title).join(
            ", ",
          )}${wordy.length > 3 ? ` and ${wordy.length - 3} more keys` : ""}, with more
            than ${MOST_WORDS} words</span>
        `}
      </div>
      <${Scroll} label="Axes">
        <div class="parallel" style=${{ gridTemplateColumns: `repeat(${axes.length}, 1fr)` }}>
          <svg viewBox=${`0 -0.05 ${axes.length} 1.1`} preserveAspectRatio="none" role="img"
            aria-label="A line for each version" ...${brush}>
            <path d=${others} />
            ${paths.map(({ d, color }) =>
              html`<path class="run" d=${d} style=${{ stroke: `var(${color})` }} />`
            )}
            ${axes.map((_, i) => html`<path class="axis" d=${`M${i + 0.5} 0V1`} />`)}
          </svg>
          ${axes.map((axis, i) => html`<${AxisLabels} axis=${axis} at=${i + 1} />`)}
          ${axes.map((axis, i) =>
            html`
              <${Bounds} axis=${axis} filter=${filter} at=${i + 1}
                change=${(comparison: string, value: string) =>
                  setFilter(withCondition(filter, axis.column, comparison, value))} />
            `
          )}
        </div>
        <//>
        </section>
  `;
}

/** Chooses a range of an axis by dragging. Bounds at an end of the axis are empty. */
function useBrush(
  axes: readonly Axis[],
  change: (axis: Axis, from: string, to: string) => void,
) {
  const begun = useRef<{ axis: Axis; place: number } | null>(null);
  const placeOf = ({ currentTarget, clientX, clientY }: PointerEvent) => {
    const { left, top, width, height } = (currentTarget as Element).getBoundingClientRect();
    const axis = axes[Math.floor((clientX - left) / width * axes.length)]!;
    return { axis, place: 1.05 - (clientY - top) / height * 1.1 };
  };
  return {
    onPointerDown: (event: PointerEvent) => (begun.current = placeOf(event)),
    onPointerUp(event: PointerEvent) {
      if (begun.current === null || begun.current.axis.words.length > 0) return;
      const { axis, place } = begun.current;
      begun.current = null;
      const [low = 0, high = 0] = [place, placeOf(event).place].sort((a, b) => a - b);
      if (low >= high) return;
      change(axis, low <= 0 ? "" : axis.from(low), high >= 1 ? "" : axis.from(high));
    },
  };
}

/** The name of an axis above it, and its words or numbers beside it. */
function AxisLabels({ axis: { column, words, ticks, at }, at: gridColumn }: {
  axis: Axis;
  at: number;
}) {
  const label = (value: unknown, text: string, name: string) =>
    html`
      <span class=${name}
        style=${{ gridColumn, top: `${(1.05 - at(value)) / 0.011}%` }}>${text}</span>
    `;
  return html`
    <strong class="axis-name" style=${{ gridColumn }} title=${column.key}>${column.title}</strong>
    ${words.map((word) => label(word, cutText(word), "tag word"))}
    ${ticks.map((tick) => label(tick, numberText(tick), "word tick"))}
  `;
}

/** The conditions on an axis, as fields for the keyboard. */
function Bounds({ axis: { column, words, from }, filter, at: gridColumn, change }: {
  axis: Axis;
  at: number;
  filter: string;
  change: (comparison: string, value: string) => void;
}) {
  if (words.length > 0) {
    const offered = words.filter((word) => !word.includes('"')); // no filter can quote it
    const options = [["", "any"], ...offered.map((word) => [word, cutText(word)])];
    return html`
      <select class="bounds" style=${{ gridColumn }} aria-label=${column.title}
        value=${conditionOf(filter, column, "=")} onChange=${onValue((word) =>
          change("=", word)
        )}>${options.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select>
    `;
  }
  const field = (label: string, comparison: string, place: number) =>
    html`
      <input type="number" step="any" aria-label=${`${label} ${column.title}`}
        placeholder=${`${comparison === "<=" ? "≤" : "≥"} ${from(place)}`} value=${conditionOf(
          filter,
          column,
          comparison,
        )}
        onInput=${onValue((value) => change(comparison, value))} />
    `;
  return html`
    <div class="bounds" style=${{ gridColumn }}>${field("Least", ">=", 0)}${field(
      "Most",
      "<=",
      1,
    )}</div>
  `;
}

/** Lines of one color. Those of a scale have no label. */
type ColoredPart = Omit<Part, "label"> & Partial<Pick<Part, "label">>;

const BEFORE = { parameter: 0, other: 0, result: 1, measure: 2 };

/** Returns axes with parameters first, then results, and one of them last. */
function inOrder(
  axes: readonly Axis[],
  { usual, last }: { usual: readonly string[]; last: string },
): Axis[] {
  const rankOf = ({ column: { key, role = "other" } }: Axis) =>
    key === last ? Infinity : 1e6 * BEFORE[role] + (usual.indexOf(key) + 1 || 1e5);
  return axes.toSorted((a, b) => rankOf(a) - rankOf(b) || 0);
}

/** Colors of lines by the values of a metric. The best are drawn last, over the others. */
function scaledParts(
  rows: readonly Experiment[],
  metric: ExperimentColumn,
  axis: Axis | undefined,
): ColoredPart[] {
  const colors = Map.groupBy(rows, (row) => {
    const place = axis?.at(valueAt(row, metric)) ?? NaN;
    return Number.isNaN(place) ? "" : scaleColorOf(place);
  });
  const parts = [...colors].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([color, rows]) => ({ color: color || "--line", rows: new Set(rows) }));
  return metric.better === "low" ? parts.reverse() : parts;
}

/** Returns a number of a column of numbers, also one in text. */
function valueAt(row: Experiment, { key, isNumber }: ExperimentColumn): unknown {
  const value = row.values.get(key);
  return isNumber && value !== undefined ? numberAt(row, key) : value;
}

/** Returns the values of a key that is not a number. */
function wordsOf(rows: readonly Experiment[], column: ExperimentColumn): string[] {
  if (column.isNumber) return [];
  const values = new Set(rows.map((row) => valueAt(row, column)));
  values.delete(undefined);
  return [...values].map(String).sort();
}

/** Returns the axis of a key that differs, and that a filter can compare. */
function axisOf(
  rows: readonly Experiment[],
  column: ExperimentColumn,
  isLogOf: (values: readonly number[]) => boolean,
): Axis | undefined {
  const values = new Set(rows.map((row) => valueAt(row, column)));
  values.delete(undefined);
  if (values.size < 2 || !isCondition(rows, column)) return undefined;
  if (!column.isNumber) {
    const words = wordsOf(rows, column);
    const at = (value: unknown) =>
      value === undefined ? NaN : words.indexOf(String(value)) / (words.length - 1);
    return words.length > MOST_WORDS ? undefined : { column, words, at, from: String, ticks: [] };
  }
  const sorted = Float64Array.from([...values].filter(Number.isFinite) as number[]).sort();
  const [min = 0, max = 1] = [sorted[0], sorted.at(-1)];
  const isLog = min > 0 && isLogOf([...sorted]);
  const scale = (value: number) => isLog ? Math.log(value) : value;
  const [low, size] = [scale(min), scale(max) - scale(min) || 1];
  const at = (value: unknown) =>
    Number.isFinite(value) ? (scale(value as number) - low) / size : NaN;
  const digits = Math.min(100, Math.max(0, Math.ceil(3 - Math.log10(size))));
  return {
    column,
    words: [],
    ticks: ticksOf(sorted, { isLog, at }),
    at,
    from(place) {
      const value = low + place * size;
      return String(Number(isLog ? Math.exp(value).toPrecision(3) : value.toFixed(digits)));
    },
  };
}

/** Returns the lines of rows. They have a gap where a row has no value. */
function pathOf(rows: readonly Experiment[], axes: readonly Axis[]): string {
  return rows.map((row) => {
    let pen = "M";
    return axes.map(({ column, at }, i) => {
      const place = at(valueAt(row, column));
      const step = Number.isNaN(place) ? "" : `${pen}${i + 0.5} ${(1 - place).toFixed(4)}`;
      pen = step === "" ? "M" : "L";
      return step;
    }).join("");
  }).join("");
}
