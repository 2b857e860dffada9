// Charts of numbers across versions, over time, or against each other.
import { Chart } from "../../components/charts/chart.ts";
import { SharedLegend } from "../../components/charts/shared_legend.ts";
import { Choice } from "../../components/choice.ts";
import { formatBytes, formatTime, numberText } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import { useMemo } from "../../framework/preact.ts";
import { hrefOf, joinValues, splitValues } from "../../framework/router.ts";
import { useQuery } from "../../framework/use_query.ts";
import { KeyMenu } from "./column_choice.ts";
import { type ExperimentColumn, lastOf } from "./columns.ts";
import { type Experiment, isFailed, numberAt } from "./experiments.ts";
import { type Part, partsOf } from "./groups.ts";
import { ScaleChoice, useScale } from "./scale_choice.ts";

/** Charts that are shown at first. */
const FEW = 3;
/** The line of the best value until each version. */
const BEST = { label: "best so far", color: "--edge" };

/** Returns the columns of charts, and the keys of those that are shown at first. */
export function chartsOf(columns: readonly ExperimentColumn[]) {
  const numbers = columns.filter(({ key, isNumber }) => isNumber && key.includes("."));
  const keys = new Set(numbers.map(({ key }) => key));
  const measures = numbers.filter(({ key, best }) =>
    best !== undefined && lastOf(key, keys) === undefined
  );
  const usual = (measures.length > 0 ? measures : numbers).slice(0, FEW).map(({ key }) => key);
  return { numbers, usual };
}

export function MetricCharts({ name, rows, columns }: {
  name: string;
  rows: readonly Experiment[];
  columns: readonly ExperimentColumn[];
}) {
  const [shown, setShown] = useQuery("charts");
  const [x, setX] = useQuery("x");
  const [form, setForm] = useQuery("form");
  const [color, setColor] = useQuery("color");
  const isLog = useScale();
  const members = columns.filter(({ key }) => key.includes("."));
  const colored = members.find(({ key }) => key === color);
  const parts = useMemo(() => colored && partsOf(rows, colored), [rows, colored]);
  const [hiddenText, setHidden] = useQuery("hidden");
  const hidden = splitValues(hiddenText);
  const shownParts = useMemo(
    () => parts?.filter(({ label }) => !hidden.includes(label)),
    [parts, hiddenText],
  );
  const oldest = useMemo(() => rows.toSorted(bySaved), [rows]);
  const { numbers, usual } = chartsOf(columns);
  const keys = shown === "" ? usual : splitValues(shown);
  const hasBest = ["", "saved"].includes(x) && form !== "lines" &&
    numbers.some(({ key, better }) => better !== undefined && keys.includes(key));
  if (rows.length < 2 || numbers.length === 0) return null;
  const change = (next: readonly string[]) =>
    setShown(next.join() === usual.join() ? "" : joinValues(next));
  const axes = [
    ["", "version"],
    ["saved", "time"],
    ...numbers.map(({ key, title }) => [key, title]),
  ];
  return html`
    <section class="stack" aria-label="Charts">
      <div class="fields">
        <h2>Charts</h2>
        <${KeyMenu} title="Values" columns=${numbers} keys=${keys} change=${change} />
        <${Choice} label="by" value=${x} change=${setX} options=${axes} />
        <${Choice} label="colored by" value=${color} change=${setColor}
          options=${[["", "nothing"], ...members.map(({ key, title }) => [key, title])]} />
        ${!x.includes(".") && html`
          <${Choice} label="as" value=${form} change=${setForm}
            options=${[["", "points"], ["lines", "lines"]]} />
        `}
        <${ScaleChoice} />
      </div>
      ${parts && html`
        <${SharedLegend} lines=${hasBest ? [...parts, BEST] : parts} hidden=${hidden} change=${(
          next: readonly string[],
        ) => setHidden(joinValues(next))} />
      `}
      <div class="charts">
        <div class="charts-grid">${numbers.filter(({ key }) => keys.includes(key)).map((column) =>
          html`
            <div class="card" key=${column.key}>
              <${MetricChart} name=${name} oldest=${oldest} parts=${shownParts} column=${column}
                hasBest=${hasBest && !(parts && hidden.includes(BEST.label))} x=${x}
                xTitle=${axes.find(([key]) => key === x)?.[1] ?? x}
                isLines=${form === "lines" && !x.includes(".")} isLog=${isLog} />
            </div>
          `
        )}</div>
      </div>
    </section>
  `;
}

function MetricChart({ name, oldest, parts, hasBest, column, x, xTitle, isLines, isLog }: {
  name: string;
  /** The oldest first. */
  oldest: readonly Experiment[];
  parts?: readonly Part[];
  hasBest: boolean;
  column: ExperimentColumn;
  x: string;
  xTitle: string;
  isLines: boolean;
  /** Returns whether numbers have a logarithmic axis. */
  isLog: (values: readonly number[]) => boolean;
}) {
  const { key, title } = column;
  const isTime = x === "saved";
  const isVersion = x === "";
  const drawn = useMemo(() => {
    const isOrder = isVersion || isTime;
    const all = oldest.map((row, i) => {
      const place = isVersion ? i : numberAt(row, x) / (isTime ? 1000 : 1);
      const value = numberAt(row, key);
      return { row, place, value: Number.isFinite(value) ? value : null };
    });
    const placed = all.filter(({ place }) => Number.isFinite(place))
      .sort((a, b) => a.place - b.place);
    const values = placed.map(({ value }) => value);
    const finished = placed.map(({ row, value }) => isFailed(row) ? null : value);
    const best = hasBest ? bestSoFar(finished, column.better) : undefined;
    return {
      places: placed.map(({ place }) => place),
      points: placed.map(({ row, row: { version, found: { aliases } } }) => ({
        label: isFailed(row) ? `${version} (failed)` : version,
        href: () => hrefOf(["artifacts", name, version]),
        ...aliases.length > 0 && { mark: aliases.join(", ") },
      })),
      series: [
        ...parts?.map(({ label, rows, color }) => ({
          label,
          color,
          values: placed.map(({ row, value }) => rows.has(row) ? value : null),
        })) ?? [{ label: title, values }],
        ...best === undefined ? [] : [{ ...BEST, values: best, isStep: true }],
      ],
      isLog: isLog(values.filter((value) => value !== null)),
      isLogX: !isOrder && isLog(placed.map(({ place }) => place)),
    };
  }, [oldest, parts, hasBest, column, x, isLog]);
  const { places, points, series } = drawn;
  const formatX = (value: number) =>
    isTime
      ? formatTime(new Date(value * 1000).toISOString())
      : isVersion
      ? points[value]?.label ?? ""
      : x === "size"
      ? formatBytes(value)
      : numberText(value);
  const kind = isLines ? "line" : "points";
  return html`
    <${Chart} key=${kind} label=${`${title} by ${xTitle}`} x=${places} xLabel=${xTitle}
      series=${series} kind=${kind} isShared=${parts !==
        undefined} points=${points} isTime=${isTime}
      formatX=${formatX}
      isLog=${drawn.isLog} isLogX=${drawn.isLogX} formatY=${numberText} />
  `;
}

/** Returns the best of the values until each; undefined if none is better than another. */
export function bestSoFar(
  values: readonly (number | null)[],
  better: "high" | "low" | undefined,
): (number | null)[] | undefined {
  if (better === undefined) return undefined;
  const choose = better === "low" ? Math.min : Math.max;
  let best: number | null = null;
  return values.map((value) => best = value === null ? best : choose(value, best ?? value));
}

function bySaved(a: Experiment, b: Experiment): number {
  return (a.values.get("saved") as number) - (b.values.get("saved") as number);
}
