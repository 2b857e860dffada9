// The parameters and metrics of the steps of a run, side by side.
import { CopyTable } from "../../components/copy_box.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { pipelineOf } from "./names.ts";
import type { Step } from "./runs.ts";
import { hrefOf } from "../../framework/router.ts";
import { columnOfValues } from "../../views/runs/run_rows.ts";
import { columnsOf } from "../../views/versions/columns.ts";
import { metadataValues } from "../../views/versions/experiments.ts";
import { CompareRuns } from "./pipeline_runs.ts";

interface StepMetrics {
  readonly step: string;
  readonly values: ReadonlyMap<string, unknown>;
}

/** A row for each step with some. ★ marks the best of several steps. */
export function StepMetrics({ run, steps }: {
  run: string;
  steps: readonly Pick<Step, "step" | "params" | "metrics" | "end">[];
}) {
  const rows = steps.flatMap(({ step, params = {}, metrics = {}, end }): StepMetrics[] => {
    const values = metadataValues({ metrics, params });
    return values.size === 0 ? [] : [{ step, values: new Map([...values, ["state", end]]) }];
  });
  if (rows.length === 0) return null;
  const keys = columnsOf(rows).filter(({ role }) => role !== undefined);
  const columns: Column<StepMetrics>[] = [
    {
      title: "Step",
      class: "fit",
      isPinned: true,
      cell: ({ step }) => html`<a href=${hrefOf(["runs", run, step])}>${step}</a>`,
      value: ({ step }) => step,
    },
    ...keys.map((column) => columnOfValues<StepMetrics>(column)),
  ];
  return html`
    <section class="stack" aria-label="Parameters and metrics of steps">
      <div class="row spread">
        <h2>Parameters and metrics</h2>
        <${CompareRuns} pipeline=${pipelineOf(run)} />
      </div>
      <${Table} label="Parameters and metrics" rows=${rows} columns=${columns}
        class="experiments"
        keyOf=${({ step }: StepMetrics) => step} />
      <${CopyTable} rows=${rows} columns=${columns} />
    </section>
  `;
}
