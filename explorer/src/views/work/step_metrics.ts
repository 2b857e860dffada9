// The metrics of the steps of a run, side by side.
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { hrefOf, splitRef } from "../../framework/router.ts";
import { columnsOf, isBest } from "../versions/columns.ts";
import { metadataValues } from "../versions/experiments.ts";
import { valueText } from "../versions/experiments_table.ts";

interface StepMetrics {
  readonly step: string;
  readonly values: ReadonlyMap<string, unknown>;
}

/** A row for each step with metrics. ★ marks the best of several steps. */
export function StepMetrics({ run, steps }: {
  run: string;
  steps: readonly { readonly step: string; readonly metrics?: object }[];
}) {
  const rows = steps.flatMap(({ step, metrics }): StepMetrics[] =>
    metrics === undefined ? [] : [{ step, values: metadataValues({ metrics }) }]
  );
  if (rows.length === 0) return null;
  const keys = columnsOf(rows).filter(({ role }) => role !== undefined);
  const columns: Column<StepMetrics>[] = [
    {
      title: "Step",
      class: "fit",
      isPinned: true,
      cell: ({ step }) => html`<a href=${hrefOf(["runs", run, step])}>${step}</a>`,
    },
    ...keys.map((column): Column<StepMetrics> => {
      const { key, title, isNumber } = column;
      return {
        title,
        class: (row) => `${isNumber ? "number" : "fit"}${isBest(row, column) ? " best" : ""}`,
        heading: isNumber ? "number" : undefined,
        cell: (row) => `${valueText(row.values.get(key))}${isBest(row, column) ? " ★" : ""}`,
      };
    }),
  ];
  return html`
    <section class="stack" aria-label="Metrics of steps">
      <div class="row spread">
        <h2>Metrics</h2>
        <${CompareRuns} pipeline=${splitRef(run).name} />
      </div>
      <${Table} label="Metrics" rows=${rows} columns=${columns} class="experiments"
        keyOf=${({ step }: StepMetrics) => step} />
    </section>
  `;
}

/** Leads to the results of all runs of a pipeline: parameters and metrics of their steps. */
export function CompareRuns({ pipeline }: { pipeline: string }) {
  return html`
    <a class="button actions" href=${hrefOf(["artifacts", `${pipeline}:result`])}>Compare runs</a>
  `;
}
