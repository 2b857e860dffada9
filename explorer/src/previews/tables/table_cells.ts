// The cells of rows of a table. Headings sort and filter.
import type { Cell } from "../../../../formats/tables/table.ts";
import { type Column, Table } from "../../components/table.ts";
import { formatNumber } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { cellText, MAX_CELL } from "./cells.ts";
import { ColumnFilter, type FilterState } from "./column_filter.ts";
import { ColumnHead } from "./column_head.ts";
import type { ColumnStatistics } from "./column_statistics.ts";
import { type ImageSource, Thumbnail } from "./thumbnail.ts";
import type { TableReader } from "./table_reader.ts";
import type { Rows, Wanted } from "./table_rows.ts";

const MAX_TYPE = 40;

/** The state that headings show and change. */
export interface HeadProps {
  readonly statistics?: readonly ColumnStatistics[];
  readonly sort?: Wanted["sort"];
  readonly setSort?: (column: number) => void;
  readonly filtering?: FilterState;
}

export function Cells({ source, columns, rows, from, places, isChosen, ...head }: HeadProps & {
  source: Pick<TableReader, "columns"> & ImageSource;
  columns: readonly number[];
  rows: Rows;
  from: number;
  /** The row numbers, unless the rows follow each other. */
  places?: readonly number[];
  /** True if the rows are not in the order of the file. */
  isChosen: boolean;
}): VNode {
  const { statistics, sort, setSort, filtering } = head;
  const cells = columns.map((index, i): Column<readonly Cell[]> => {
    const { name, type } = source.columns[index]!;
    return {
      title: name,
      note: html`
        ${typeText(type)}${filtering &&
          html`<${ColumnFilter} key=${name} name=${name} of=${filtering} />`}
        ${setSort && html`<${ColumnHead} name=${name} of=${statistics?.[i]} />`}
      `,
      class: (row) => `${row[i] === null ? "muted " : ""}${alignOf(type)}`,
      heading: alignOf(type),
      cell: (row, at) => {
        const text = shownCell(row[i]!), place = places?.[at] ?? from + at;
        return type !== "image" || row[i] === null ? text : html`
          <${Thumbnail} key=${place} source=${source} column=${index} row=${place}
            text=${text} />
        `;
      },
      ...setSort && { sort: () => setSort(i) },
      ...sort?.column === i && { order: sort.isDown ? "descending" : "ascending" },
    };
  });
  const place: Column<unknown> = {
    title: isChosen ? "No." : "Row",
    heading: "number",
    class: "number",
    cell: (_, i) => formatNumber(from + i),
  };
  return html`
    <${Table} isPreview isScroll label="Rows" class="cells" rows=${rows}
      columns=${[place, ...cells]} />
  `;
}

function shownCell(cell: Cell): string {
  if (cell === null) return "null";
  const text = cellText(cell);
  return text.length > MAX_CELL + 1 ? `${text.slice(0, MAX_CELL)}…` : text;
}

const alignOf = (type: string) => /^(number|int64|float16|decimal)/.test(type) ? "number" : "";

/** Types of structs have those of all their members. */
const typeText = (type: string) => type.length > MAX_TYPE ? `${type.slice(0, MAX_TYPE)}…` : type;
