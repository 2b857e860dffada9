// A chart, and the same as a table.
import { html } from "../../framework/html.ts";
import { useRef, useState } from "../../framework/preact.ts";
import { breakable } from "../breakable.ts";
import { CopyCsv } from "../copy_box.ts";
import { type Column, Table } from "../table.ts";
import type { ChartProps, Drawn } from "./chart_points.ts";
import { Plot } from "./plot.ts";
import { SaveMenu } from "./save_menu.ts";

export function Chart(props: ChartProps) {
  const { label, caption = label } = props;
  const [isTable, setTable] = useState(false);
  const drawn = useRef<Drawn | undefined>(undefined);
  const draw = async () => {
    const { chartFile } = await import("./chart_file.ts");
    return await chartFile(props, (i) => drawn.current?.series[i + 1]?.show === false);
  };
  return html`
    <figure class="chart" aria-label=${label}>
      <figcaption class="row spread chart-head">
        <span class="chart-title">${breakable(caption)}</span>
        <span class="row">
          <button type="button" class="button button-small" aria-pressed=${isTable}
            aria-label=${isTable ? "As a chart" : "As a table"}
            onClick=${() => setTable(!isTable)}>${isTable ? "Chart" : "Table"}</button>
          <${SaveMenu} title=${label} draw=${draw} isSmall />
        </span>
      </figcaption>
      ${isTable
        ? html`<${ChartTable} ...${props} />`
        : html`<${Plot} ...${props} drawn=${drawn} />`}
    </figure>
  `;
}

function ChartTable(props: ChartProps) {
  const { label, x, xLabel, series, points, isTime, formatX = String, formatY = String } = props;
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
  const exact = [
    ...points === undefined ? [] : [{ title: "Version", of: (i: number) => points[i]?.label }],
    { title: xLabel, of: (i: number) => isTime ? new Date((x[i] ?? NaN) * 1000) : x[i] },
    ...series.map(({ label, values }) => ({ title: label, of: (i: number) => values[i] })),
  ];
  const read = () => ({ rows: x.map((_, i) => exact.map(({ of }) => of(i))) });
  return html`
    <div class="chart-table">
      <${Table} label=${label} rows=${x} columns=${columns} />
    </div>
    <p class="row">
      <${CopyCsv} count=${x.length} titles=${exact.map(({ title }) => title)}
        read=${read} />
    </p>
  `;
}
