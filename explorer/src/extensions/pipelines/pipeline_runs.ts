// The runs of one pipeline, with the best metric and the parameters that differ.
import { hrefOf, html, type RunRow, useInterval, useLoaded, useMemo } from "../../extending.ts";
import { type Column, CopyTable, ErrorNotice, StateTag, Table } from "../../extending.ts";
import { formatAgo, formatCount, formatMs, formatTime, useSession } from "../../extending.ts";
import { resultsName } from "./names.ts";
import { type ListedRun, readOpenValues, readRunValues, stateOfEnd } from "./runs.ts";
import { columnsOfRows, filteredRows, rowOf } from "../../views/runs/run_rows.ts";

type Row = RunRow<ListedRun>;

/** Runs of each of several pipelines that are shown. */
const FEW = 8;
/** Runs whose parameters and metrics are read. */
const MOST_READ = 100;
/** Open runs whose steps are read, and milliseconds between two reads. */
const MOST_OPEN = 20, LIVE_MS = 10_000;

export function PipelineRuns({ pipeline, runs, filter, isOnly }: {
  pipeline: string;
  runs: readonly ListedRun[];
  filter: string;
  /** No other pipeline is on the page. */
  isOnly: boolean;
}) {
  const { service } = useSession();
  const ended = runs.filter(({ end }) => end !== "unknown").length;
  const { value: values } = useLoaded(
    (signal) => readRunValues(service, pipeline, { limit: MOST_READ, signal }),
    [pipeline, ended],
  );
  const open = runs.filter(({ end }) => end === "unknown").slice(0, MOST_OPEN);
  const { value: openValues, reload } = useLoaded(
    (signal) => readOpenValues(service, open.map(({ run }) => run), signal),
    [open.map(({ run }) => run)],
  );
  useInterval(reload, LIVE_MS, open.length > 0);
  const rows = useMemo(() =>
    runs.map((run): Row => {
      const { params, metrics } = values?.get(run.run) ?? openValues?.get(run.run) ?? {};
      const state = stateOfEnd(run.end);
      return rowOf(run, { name: pipeline, id: run.run, state, at: run.plannedAt, params, metrics });
    }), [runs, values, openValues]);
  const { rows: chosen, error } = filteredRows(rows, filter);
  const shown = isOnly || filter !== "" ? chosen : chosen.slice(0, FEW);
  const columns = useMemo(() => [
    ...FIRST,
    ...columnsOfRows(rows),
    ...REST,
  ], [rows]);
  if (chosen.length === 0) return null;
  const label = `Runs of ${pipeline}`;
  return html`
    <div class="stack">
      <div class="row spread">
        <h2>${isOnly ? formatCount(chosen.length, "run") : pipeline}</h2>
        <span class="row">
          ${shown.length < chosen.length && html`
            <a href=${hrefOf(["runs"], { pipeline })}>All ${chosen.length} runs</a>
          `}
          <${CompareRuns} pipeline=${pipeline} />
        </span>
      </div>
      ${error !== undefined && html`<${ErrorNotice} error=${error} />`}
      <${Table} label=${label} rows=${shown} columns=${columns} class="experiments brief"
        keyOf=${({ run: { run } }: Row) => run} />
      <${CopyTable} rows=${shown} columns=${columns} />
    </div>
  `;
}

/** Leads to the results of all runs of a pipeline: parameters and metrics of their steps. */
export function CompareRuns({ pipeline }: { pipeline: string }) {
  return html`
    <a class="button actions" href=${hrefOf(["artifacts", resultsName(pipeline)])}>Compare runs</a>
  `;
}

const FIRST: readonly Column<Row>[] = [
  {
    title: "Run",
    class: "fit",
    isPinned: true,
    cell: ({ run: { run } }) => html`<a href=${hrefOf(["runs", run])}>${run}</a>`,
    value: ({ run: { run } }) => run,
  },
  {
    title: "State",
    class: "fit",
    cell: ({ run: { end } }) => html`<${StateTag} state=${stateOfEnd(end)} />`,
    value: ({ run: { end } }) => stateOfEnd(end),
  },
];

const REST: readonly Column<Row>[] = [
  {
    title: "Steps",
    class: "fit",
    cell: ({ run: { steps, counts = { "": steps } } }) =>
      Object.entries(counts).map(([end, count]) => `${count} ${end}`).join(", "),
    value: ({ run: { steps } }) => steps,
  },
  {
    title: "Took",
    class: "number",
    cell: ({ run: { durationMs } }) => durationMs === undefined ? "" : formatMs(durationMs),
    value: ({ run: { durationMs } }) => durationMs === undefined ? "" : `${durationMs} ms`,
  },
  {
    title: "Began",
    class: "fit",
    cell: ({ run: { plannedAt: at } }) =>
      html`<span title=${formatTime(at)}>${formatAgo(at)}</span>`,
    value: ({ run: { plannedAt } }) => plannedAt,
  },
];
