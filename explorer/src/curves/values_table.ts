// The last, the smallest and the largest value of each curve, as a table.
import { CopyTable } from "../components/copy_box.ts";
import { type Column, Table } from "../components/table.ts";
import { numberText } from "../format/format.ts";
import { html } from "../framework/html.ts";
import { useMemo } from "../framework/preact.ts";
import { xText } from "./axes.ts";
import type { Drawing, Run } from "./curve_lines.ts";
import { lineOf } from "./lines.ts";

export interface CurveValues {
  readonly measure: string;
  /** The label of its run. */
  readonly run: string;
  /** Also NaN and infinities. */
  readonly last: number;
  /** The extremes of finite values, each with the first x that has it. Absent without one. */
  readonly min?: readonly [value: number, at: number];
  readonly max?: readonly [value: number, at: number];
  /** Number of NaN and infinities. */
  readonly gaps: number;
}

/** Returns the values that charts draw by an axis, of each measure and run that have some. */
export function valuesOf(
  runs: readonly Run[],
  { measures, axis }: { measures: readonly string[]; axis: string },
): CurveValues[] {
  return measures.flatMap((measure) =>
    runs.flatMap(({ label, columns }): CurveValues[] => {
      const [x, y] = [columns.get(axis), columns.get(measure)];
      if (x === undefined || y === undefined) return [];
      const line = lineOf(x, y, 0);
      const last = line.y.at(-1);
      return last === undefined ? [] : [{ measure, run: label, last, ...extremesOf(line) }];
    })
  );
}

function extremesOf({ x, y }: ReturnType<typeof lineOf>) {
  let [min, max, gaps]: [CurveValues["min"], CurveValues["max"], number] = [
    undefined,
    undefined,
    0,
  ];
  for (const [i, value] of y.entries()) {
    const at = x[i] ?? NaN;
    if (!Number.isFinite(value)) gaps++;
    else {
      if (min === undefined || value < min[0]) min = [value, at];
      if (max === undefined || value > max[0]) max = [value, at];
    }
  }
  return { min, max, gaps };
}

export function ValuesTable({ runs, measures, drawing: { axis, isCompared } }: {
  runs: readonly Run[];
  measures: readonly string[];
  drawing: Drawing;
}) {
  const rows = useMemo(() => valuesOf(runs, { measures, axis }), [
    runs,
    measures.join("\n"),
    axis,
  ]);
  const columns = useMemo(() => columnsFor(axis, isCompared), [axis, isCompared]);
  return html`
    <${Table} label="Values of curves" rows=${rows} columns=${columns} isPreview
      keyOf=${({ measure, run }: CurveValues) => `${measure}\n${run}`} />
    <${CopyTable} rows=${rows} columns=${columns} />
  `;
}

function columnsFor(axis: string, isCompared: boolean): Column<CurveValues>[] {
  type Read<T> = (row: CurveValues) => T;
  const text = (title: string, value: Read<string>, isPinned = false): Column<CurveValues> => ({
    title,
    class: isPinned ? "key" : "fit",
    isPinned,
    cell: value,
    value,
  });
  const number = (
    title: string,
    value: Read<number | undefined>,
    format = numberText,
  ): Column<CurveValues> => ({
    title,
    class: "number",
    cell(row) {
      const number = value(row);
      return number === undefined ? "" : format(number);
    },
    value,
  });
  const extreme = (title: string, key: "min" | "max") => [
    number(title, ({ [key]: found }) => found?.[0]),
    number(`${title} at`, ({ [key]: found }) => found?.[1], xText(axis)),
  ];
  return [
    text("Measure", ({ measure }) => measure, true),
    ...isCompared ? [text("Run", ({ run }) => run)] : [],
    number("Last", ({ last }) => last),
    ...extreme("Min", "min"),
    ...extreme("Max", "max"),
    number("NaN, infinite", ({ gaps }) => gaps, (gaps) => gaps === 0 ? "" : numberText(gaps)),
  ];
}
