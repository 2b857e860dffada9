// The parameters and metrics of the steps of a run, side by side.
import { type Column, CopyTable, hrefOf, html, type RunRow, Table } from "../../extending.ts";
import { pipelineOf } from "./names.ts";
import type { Step } from "./runs.ts";
import { allColumnsOf, rowOf } from "../../views/runs/run_rows.ts";
import { CompareRuns } from "./pipeline_runs.ts";

type Row = RunRow<{ readonly step: string }>;

/** A row for each step with some. ★ marks the best of several steps. */
export function StepMetrics({ run, steps }: {
  run: string;
  steps: readonly Pick<Step, "step" | "params" | "metrics" | "end">[];
}) {
  const rows = steps.filter(({ params, metrics }) => hasValues(params) || hasValues(metrics))
    .map(({ step, params, metrics, end: state }): Row =>
      rowOf({ step }, { name: step, id: step, state, at: "", params, metrics })
    );
  if (rows.length === 0) return null;
  const columns: Column<Row>[] = [
    {
      title: "Step",
      class: "fit",
      isPinned: true,
      cell: ({ run: { step } }) => html`<a href=${hrefOf(["runs", run, step])}>${step}</a>`,
      value: ({ run: { step } }) => step,
    },
    ...allColumnsOf(rows),
  ];
  return html`
    <section class="stack" aria-label="Parameters and metrics of steps">
      <div class="row spread">
        <h2>Parameters and metrics</h2>
        <${CompareRuns} pipeline=${pipelineOf(run)} />
      </div>
      <${Table} label="Parameters and metrics" rows=${rows} columns=${columns}
        class="experiments"
        keyOf=${({ run: { step } }: Row) => step} />
      <${CopyTable} rows=${rows} columns=${columns} />
    </section>
  `;
}

function hasValues(values: object = {}): boolean {
  return Object.keys(values).length > 0;
}
