// A table: a page of rows by ranges; statistics, sort and filter of rows in memory.
import type { Cell } from "../../../../formats/tables/table.ts";
import type { ArtifactFile } from "../../artifact_file.ts";
import { formatNumber } from "../../components/format.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { useMemo, useState, type VNode } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { LeftOut, Paged, Steps, useQuery, useQueryNumber, whenLoaded } from "../parts.ts";
import {
  cellText,
  chooseRows,
  type ColumnStatistics,
  describeColumn,
  MAX_ROWS,
  readRows,
  type Rows,
} from "./table_rows.ts";
import { openTable, type TableSource } from "./table_source.ts";

const PAGE_ROWS = 50;
const PAGE_COLUMNS = 30;
/** Files up to this size are read for statistics at once. */
const SMALL_BYTES = 1024 * 1024;
const MAX_CHARACTERS = 200;

export function TableView({ file }: { file: ArtifactFile }): VNode {
  const loaded = useLoaded((signal) => openTable(file, signal), [file.ref, file.path, file.digest]);
  return whenLoaded(loaded, (source) => html`<${Opened} source=${source} file=${file} />`);
}

function Opened({ source, file }: { source: TableSource; file: ArtifactFile }): VNode {
  const [isWhole, setWhole] = useState(file.size <= SMALL_BYTES);
  const [column, setColumn] = useQueryNumber("column");
  const { columns, rowCount, others } = source;
  const first = column < columns.length ? column : 0;
  const chosen = columns.map((_, i) => i).slice(first, first + PAGE_COLUMNS);
  const facts = [
    ...rowCount === undefined ? [] : [`${formatNumber(rowCount)} rows`],
    `${formatNumber(columns.length)} columns`,
  ];
  const Body = isWhole ? InMemory : ByRanges;
  return html`
    <p class="summary-line">${facts.join(" · ")}</p>
    ${others.length > 0 && html`<${LeftOut} file=${file}>
      ${`Columns without a preview: ${others.slice(0, 10).join(", ")}${
      others.length > 10 ? ", …" : ""
    }.`}
    <//>`}
    ${columns.length > PAGE_COLUMNS && html`
      <${Steps} from=${first} step=${PAGE_COLUMNS}
        shown=${chosen.length} total=${columns.length} unit="columns" go=${setColumn} />
    `}
    ${!isWhole && html`<p class="note">Statistics, sort and filter need rows in memory.
      <button type="button" class="button button-small" onClick=${() => setWhole(true)}>
        Read up to ${formatNumber(MAX_ROWS)} rows
      </button></p>`}
    <${Body} source=${source} file=${file} columns=${chosen} key=${`${isWhole} ${first}`} />
  `;
}

interface BodyProps {
  source: TableSource;
  file: ArtifactFile;
  columns: readonly number[];
}

/** One page, read when it is shown. */
function ByRanges({ source, file, columns }: BodyProps): VNode {
  const [from, setFrom] = useQueryNumber("row");
  const loaded = useLoaded(
    (signal) => source.page({ from, count: PAGE_ROWS, columns }, signal),
    [file.ref, file.path, from, columns[0]],
  );
  return whenLoaded(loaded, ({ rows, isEnd }) =>
    html`
      <${Cells} source=${source} columns=${columns} rows=${rows} from=${from} />
      <${Steps} from=${from} step=${PAGE_ROWS} shown=${rows.length} total=${source.rowCount}
        isEnd=${isEnd} unit="rows" go=${setFrom} />
    `);
}

/** Rows in memory, which can be sorted and filtered. */
function InMemory({ source, file, columns }: BodyProps): VNode {
  const loaded = useLoaded((signal) => readRows(source, columns, signal), [
    file.ref,
    file.path,
    columns[0],
  ]);
  return whenLoaded(loaded, ({ rows, isAll }) =>
    html`
      ${!isAll && html`<${LeftOut} file=${file}>
        Statistics, sort and filter use the first ${formatNumber(rows.length)} rows.
      <//>`}
      <${Sortable} source=${source} columns=${columns} rows=${rows} />
    `);
}

function Sortable({ source, columns, rows }: Omit<BodyProps, "file"> & { rows: Rows }): VNode {
  const [filter, setFilter] = useQuery("filter");
  const [order, setOrder] = useQuery("sort");
  const [, sign = "", index = ""] = /^(-?)(\d+)$/.exec(order) ?? [];
  const column = columns.indexOf(Number(index));
  const sort = index === "" || column < 0 ? undefined : { column, isDown: sign === "-" };
  const setSort = (i: number) =>
    setOrder(order === String(columns[i]) ? `-${columns[i]}` : String(columns[i]));
  const chosen = useMemo(() => chooseRows(rows, { filter, sort }), [rows, filter, order]);
  const typed = (event: Event) => setFilter((event.currentTarget as HTMLInputElement).value);
  return html`
    <div class="fields">
      <label>Filter rows <input type="search" value=${filter} onInput=${typed} /></label>
      <span class="muted" role="status">${filter === ""
        ? ""
        : `${formatNumber(chosen.length)} of ${formatNumber(rows.length)} rows`}</span></div>
    <${Paged} items=${chosen} step=${PAGE_ROWS} unit="rows">${(shown: Rows, start: number) =>
      html`
        <${Cells} source=${source} columns=${columns} rows=${shown} from=${start}
          sort=${sort}
          isChosen=${sort !== undefined || filter !== ""} setSort=${setSort} />
      `}<//>
    <h3>Columns</h3>
    <${Statistics} source=${source} columns=${columns} rows=${rows} />
  `;
}

/** The cells of rows. With `setSort`, headings sort. */
function Cells({ source, columns, rows, from, sort, isChosen = false, setSort }: {
  source: TableSource;
  columns: readonly number[];
  rows: Rows;
  from: number;
  sort?: { column: number; isDown: boolean };
  /** True if the rows are not in the order of the file. */
  isChosen?: boolean;
  setSort?(column: number): void;
}): VNode {
  const cells = columns.map((index, i): Column<readonly Cell[]> => {
    const { name, type } = source.columns[index]!;
    const isSorted = sort?.column === i;
    return {
      title: name,
      note: type,
      class: (row) => `${row[i] === null ? "muted " : ""}${alignOf(type)}`,
      heading: alignOf(type),
      cell: (row) => shownCell(row[i]!),
      ...setSort && { sort: () => setSort(i) },
      ...isSorted && { order: sort.isDown ? "descending" : "ascending" },
    };
  });
  const number = { title: "Row", heading: "number", class: "number" };
  const place = { ...number, cell: (_: unknown, i: number) => formatNumber(from + i) };
  return html`
    <${Table} isPreview=${!isChosen} isScroll label="Rows" class="cells" rows=${rows}
      columns=${isChosen ? cells : [place, ...cells]} />
  `;
}

function shownCell(cell: Cell): string {
  if (cell === null) return "null";
  const text = cellText(cell);
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
}

const alignOf = (type: string) => type === "number" || type === "int64" ? "number" : "";

function Statistics({ source, columns, rows }: Omit<BodyProps, "file"> & { rows: Rows }): VNode {
  const found = useMemo(() => columns.map((_, i) => describeColumn(rows, i)), [rows]);
  const cut = (text = "") => text.length > 40 ? `${text.slice(0, 40)}…` : text;
  const shown: Column<ColumnStatistics>[] = [
    { title: "Column", cell: (_, i) => source.columns[columns[i]!]!.name },
    { title: "Empty", class: "number", cell: ({ nulls }) => formatNumber(nulls) },
    {
      title: "Distinct",
      class: "number",
      cell: ({ distinct }) => distinct === undefined ? "over 1,000" : formatNumber(distinct),
    },
    { title: "Smallest", cell: ({ min }) => cut(min) },
    { title: "Largest", cell: ({ max }) => cut(max) },
    { title: "Mean", class: "number", cell: ({ mean }) => mean },
    {
      title: "Most frequent",
      cell: ({ top }) => top && `${cut(top.value)} (${formatNumber(top.count)})`,
    },
  ];
  return html`
    <${Table} isPreview label="Statistics of columns" rows=${found} columns=${shown} />
  `;
}
