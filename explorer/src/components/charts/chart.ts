// A chart, and the same as a table.
import { html } from "../../framework/html.ts";
import { useState } from "../../framework/preact.ts";
import { breakable } from "../breakable.ts";
import { type Column, Table } from "../table.ts";
import type { ChartProps } from "./chart_points.ts";
import { Plot } from "./plot.ts";

export function Chart(props: ChartProps) {
  const { label, caption = label } = props;
  const [isTable, setTable] = useState(false);
  return html`
    <figure class="chart" aria-label=${label}>
      <figcaption class="row spread chart-head">
        <span class="chart-title">${breakable(caption)}</span>
        <button type="button" class="button button-small" aria-pressed=${isTable}
          onClick=${() => setTable(!isTable)}>${isTable ? "As a chart" : "As a table"}</button>
      </figcaption>
      ${isTable ? html`<${ChartTable} ...${props} />` : html`<${Plot} ...${props} />`}
    </figure>
  `;
}

function ChartTable(props: ChartProps) {
  const { label, x, xLabel, series, points, formatX = String, formatY = String } = props;
  const columns: Column<number>[] = [
    ...points === undefined ? [] : [{
      title: "Version",
      class: "mono",
      cell: (_: number, i: number) => html`<a href=${points[i]?.href()}>${points[i]?.label}</a>`,
    }],
    { title: xLabel, cell: formatX },
    ...series.map(({ label, values }) => ({
      title: label,
      class: "number",
      cell: (_: number, i: number) => {
        const y = values[i];
        return y === null || y === undefined ? "" : formatY(y);
      },
    })),
  ];
  return html`
    <div class="chart-table">
      <${Table} label=${label} rows=${x} columns=${columns} />
    </div>
  `;
}
