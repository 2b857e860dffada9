// A table: a page of rows by ranges; sort and filter of all rows; statistics of a sample or of all.
import type { Cell } from "../../../../formats/tables/table.ts";
import type { ArtifactFile } from "../../artifact_file.ts";
import { onValue } from "../../components/field.ts";
import { formatBytes, formatCount, formatNumber } from "../../format/format.ts";
import { ErrorNotice, Progress, whenLoaded } from "../../components/notices.ts";
import { type Column, Table } from "../../components/table.ts";
import { UnknownName } from "../../components/unknown_name.ts";
import { html } from "../../framework/html.ts";
import { useEffect, useMemo, useRef, useState, type VNode } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { SMALL_BYTES } from "../file_to_decode.ts";
import { LeftOut, useFiles } from "../parts.ts";
import { Steps } from "../../components/long_content.ts";
import { useQuery, useQueryNumber } from "../../framework/use_query.ts";
import { cellText, MAX_CELL, otherText } from "./cells.ts";
import { ColumnHead } from "./column_head.ts";
import type { ColumnStatistics } from "./column_statistics.ts";
import { type Condition, conditionsOf, withColumn } from "./row_filter.ts";
import type { Found, Rows, Wanted } from "./table_rows.ts";
import { openTable, type TableSource } from "./table_source.ts";

const PAGE_ROWS = 50;
const PAGE_COLUMNS = 30;
const SAMPLE_ROWS = 10_000;
const MAX_TYPE = 40;

type ViewProps = { file: ArtifactFile; isBrief?: boolean };

export function TableView({ file, isBrief }: ViewProps): VNode {
  const loaded = useFiles((signal) => openTable(file, signal), file);
  return whenLoaded(loaded, (source) => html`<${Opened} ...${{ source, file, isBrief }} />`);
}

function Opened({ source, file, isBrief }: ViewProps & { source: TableSource }): VNode {
  const [column, setColumn] = useQueryNumber("column");
  const { columns, columnCount, rowCount, others, note } = source;
  const first = column < columns.length ? column : 0;
  const chosen = useMemo(
    () => columns.map((_, i) => i).slice(first, first + PAGE_COLUMNS),
    [columns, first],
  );
  const facts = [
    ...rowCount === undefined ? [] : [formatCount(rowCount, "row")],
    formatCount(columnCount ?? columns.length, "column"),
  ];
  return html`
    <p class="summary-line">${facts.join(" · ")}</p>
    ${others.length > 0 && html`<${LeftOut} file=${file}>
      ${`Columns without a preview: ${others.slice(0, 10).map(otherText).join(", ")}${
      others.length > 10 ? ", …" : ""
    }.`}
    <//>`}
    ${columnCount !== undefined && html`<${LeftOut} file=${file}>
      ${`Only the first ${formatCount(columns.length, "column")} are shown.`}
    <//>`}
    ${note !== undefined && html`<${LeftOut} file=${file}>${note}<//>`}
    ${columns.length > PAGE_COLUMNS && html`
      <${Steps} from=${first} step=${PAGE_COLUMNS}
        shown=${chosen.length} total=${columns.length} unit="columns" go=${setColumn} />
    `}
    <${isBrief ? ByRanges : Body} source=${source} file=${file} columns=${chosen} key=${first} />
  `;
}

interface BodyProps {
  source: TableSource;
  file: ArtifactFile;
  columns: readonly number[];
}

interface ShownProps extends BodyProps {
  statistics?: readonly ColumnStatistics[];
  sort?: Wanted["sort"];
  setSort?(column: number): void;
}

/** One page, read when it is shown: of all rows, or of those that were found. */
function ByRanges({ found, ...shown }: ShownProps & { found?: Finding }): VNode {
  const { source, file, columns } = shown;
  const [row, setRow] = useQueryNumber("row");
  const isChosen = found?.value !== undefined;
  const total = isChosen ? found.value!.kept : source.rowCount;
  const from = total !== undefined && row >= total ? 0 : row;
  const loaded = useLoaded(async (signal) => {
    const range = { from, count: PAGE_ROWS, columns };
    return { from, isChosen, ...await source[isChosen ? "found" : "page"](range, signal) };
  }, [file.ref, file.path, from, columns[0], isChosen && found.key]);
  const last = useRef(loaded.value); // it stays until the next page is there
  last.current = loaded.value ?? last.current;
  if (total === 0) return html`<p class="note">No rows to show.</p>`;
  return whenLoaded({ ...loaded, value: last.current }, ({ rows, isEnd, from, isChosen }) =>
    html`
      <${Cells} ...${shown} rows=${rows} from=${from} isChosen=${isChosen} />
      <${Steps} from=${from} step=${PAGE_ROWS} shown=${rows.length} total=${total}
        isEnd=${isEnd} unit="rows" go=${setRow} />
    `);
}

/** Rows, sorted and filtered, below the statistics of their columns. */
function Body({ source, file, columns }: BodyProps): VNode {
  const [isWhole, setWhole] = useState(false);
  const [filter, setFilter] = useQuery("filter");
  const { sort, setSort } = useSort(columns);
  const all = useFound(source, columns, { filter: "", sample: isWhole ? undefined : SAMPLE_ROWS });
  const { needed, unknown } = columnsOfFilter(filter, source, columns);
  const isChosen = sort !== undefined || filter !== "";
  const isFirstRead = all.value === undefined && all.isReading; // one reads at a time
  const chosen = useFound(source, needed, isChosen && !isFirstRead ? { filter, sort } : undefined);
  const error = chosen.error ?? (isWhole ? all.error : undefined);
  const isSmall = file.size <= SMALL_BYTES;
  const isShown = error === undefined && (isSmall || !chosen.isReading);
  return html`
    <div class="fields">
      <${FilterField} filter=${filter} setFilter=${setFilter} isAtOnce=${isSmall} />
      ${isShown && html`
        <${Counts} found=${chosen.value} isFiltered=${filter !== ""} of=${source.rowCount} />
      `}
    </div>
    ${unknown.map(({ name, text }) =>
      html`
        <${UnknownName} key=${name} typed=${name} what="Columns"
          names=${source.columns.map(({ name }) => name)}
          use=${(column: string) => setFilter(withColumn(filter, name, column))}>
          ${noneOf(source)} is named <code>${name}</code>: <code>${text}</code> is searched as
          text.<//>
      `
    )}
    ${error !== undefined && html`<${ErrorNotice} error=${error} />`}
    ${isWhole && html`<${Reading} of=${all} />`}
    ${!isSmall && html`<${Reading} of=${chosen} />`}
    ${all.value && html`
      <${Described} found=${all.value} of=${source.rowCount} size=${file.size}
        readAll=${isWhole ? undefined : () => setWhole(true)} />
    `}
    ${isShown && html`
      <${ByRanges} source=${source} file=${file} columns=${columns} found=${chosen}
        statistics=${all.value?.statistics} sort=${sort} setSort=${setSort} />
    `}
  `;
}

function noneOf({ columns, columnCount }: TableSource): string {
  return columnCount === undefined
    ? "No column"
    : `None of the first ${formatCount(columns.length, "column")}`;
}

/** The filter of rows, applied while it is typed or, if that takes long, at Enter. */
function FilterField({ filter, setFilter, isAtOnce }: {
  filter: string;
  setFilter: (filter: string) => void;
  isAtOnce: boolean;
}): VNode {
  const listener = { [isAtOnce ? "onInput" : "onChange"]: onValue(setFilter) };
  return html`
    <label>Filter rows <input type="search" value=${filter}
      placeholder=${`score>0.5 text${isAtOnce ? "" : ", Enter"}`} ...${listener} /></label>
  `;
}

/** The order of rows in the address. A second click on a heading turns it around. */
function useSort(columns: readonly number[]): Required<Pick<ShownProps, "setSort">> & {
  sort: Wanted["sort"];
} {
  const [order, setOrder] = useQuery("sort");
  const setSort = (i: number) =>
    setOrder(order === String(columns[i]) ? `-${columns[i]}` : String(columns[i]));
  return { sort: sortOf(order, columns), setSort };
}

function Described({ found, of, size, readAll }: {
  found: Found;
  of?: number;
  size: number;
  readAll?: () => void;
}): VNode {
  const more = found.isEnd || readAll === undefined ? undefined : html`
    <button type="button" class="button button-small" onClick=${readAll}>
      Read all rows (${formatBytes(size)})
    </button>
  `;
  const { read, isEnd, problem } = found;
  const count = isEnd || of === undefined ? "" : `${formatNumber(read)} of `;
  const rows = `${isEnd ? "all" : "the first"} ${count}${formatCount(count ? of! : read, "row")}`;
  return html`
    <p class="summary-line">Column statistics over ${rows}. ${more}</p>
    ${problem !== undefined && html`<${Unread} read=${read} problem=${problem} />`}
  `;
}

function Unread({ read, problem }: { read: number; problem: string }): VNode {
  return html`
    <p class="notice notice-error" role="alert">
      ${`Only the first ${formatCount(read, "row")} could be read: ${problem}.`}</p>
  `;
}

function sortOf(order: string, columns: readonly number[]): Wanted["sort"] {
  const [, sign, index] = /^(-?)(\d+)$/.exec(order) ?? [];
  const column = index === undefined ? -1 : columns.indexOf(Number(index));
  return column < 0 ? undefined : { column, isDown: sign === "-" };
}

/** Returns the columns to read, also those that only the filter compares, and unknown ones. */
function columnsOfFilter(
  filter: string,
  { columns, others }: TableSource,
  shown: readonly number[],
): { needed: readonly number[]; unknown: readonly Condition[] } {
  const conditions = conditionsOf(filter);
  const place = ({ name }: Condition) => columns.findIndex((column) => column.name === name);
  const known = conditions.map(place).filter((at) => at >= 0);
  const isOther = ({ name }: Condition) => others.some((column) => column.name === name);
  return {
    needed: [...new Set([...shown, ...known])],
    unknown: conditions.filter((condition) => place(condition) < 0 && !isOther(condition)),
  };
}

/** Shows how many rows a filter or an order covers, and how many of them are kept. */
function Counts(
  { found, isFiltered, of }: { found?: Found; isFiltered: boolean; of?: number },
): VNode {
  const { kept = 0, matched = 0, read = 0, isEnd = true, problem } = found ?? {};
  const total = `${isEnd ? "" : "the first "}${formatCount(isEnd ? of ?? read : read, "row")}`;
  const facts = [
    ...found ? [isFiltered ? `${formatNumber(matched)} of ${total}` : `${total} in order`] : [],
    ...matched > kept ? [`the first ${formatNumber(kept)} are shown`] : [],
  ];
  return html`
    <span class="muted" role="status">${facts.join("; ")}</span>
    ${problem !== undefined && html`<${Unread} read=${read} problem=${problem} />`}
  `;
}

interface Finding {
  /** The last that was found, until the next is. */
  value?: Found;
  /** The columns, filter and order of the value. */
  key?: string;
  error?: unknown;
  isReading: boolean;
  read: number;
  progress?: number;
  stop(): void;
}

/** Finds rows, with progress, until it is stopped. Nothing is read if nothing is wanted. */
function useFound(
  source: TableSource,
  columns: readonly number[],
  wanted: Wanted | undefined,
): Finding {
  const [state, setState] = useState<Omit<Finding, "stop">>({
    isReading: wanted !== undefined,
    read: 0,
  });
  const stop = useRef<AbortController | undefined>(undefined);
  const key = JSON.stringify([columns, wanted]);
  useEffect(() => {
    if (wanted === undefined) return setState({ isReading: false, read: 0 });
    const leaving = new AbortController();
    const { signal } = leaving;
    stop.current = new AbortController();
    const onNote = (note: unknown) => {
      const [read, progress] = note as [number, number?];
      if (signal.aborted) return;
      setState(({ value, key }) => ({ value, key, isReading: true, read, progress }));
    };
    onNote([0]);
    source.find(columns, wanted, { signal, stop: stop.current.signal, onNote }).then(
      (value) => signal.aborted || setState({ value, key, isReading: false, read: value.read }),
      (error) => signal.aborted || setState({ error, isReading: false, read: 0 }),
    );
    return () => leaving.abort();
  }, [source, key]);
  return { ...state, stop: () => stop.current?.abort() };
}

function Reading({ of: { isReading, read, progress, stop } }: { of: Finding }): VNode | null {
  if (!isReading) return null;
  return html`
    <div class="fields" role="status">
      <span>${formatCount(read, "row")} read${progress === undefined
        ? ""
        : `, ${Math.floor(progress * 100)} %`}</span>
      <button type="button" class="button button-small" onClick=${stop}>Stop</button>
    </div>
    <${Progress} value=${progress} label="Rows read" />
  `;
}

/** The cells of rows. Headings sort. */
function Cells({ source, columns, rows, from, isChosen, statistics, sort, setSort }: ShownProps & {
  rows: Rows;
  from: number;
  /** True if the rows are not in the order of the file. */
  isChosen: boolean;
}): VNode {
  const cells = columns.map((index, i): Column<readonly Cell[]> => {
    const { name, type } = source.columns[index]!;
    return {
      title: name,
      note: setSort
        ? html`${typeText(type)}<${ColumnHead} name=${name} of=${statistics?.[i]} />`
        : typeText(type),
      class: (row) => `${row[i] === null ? "muted " : ""}${alignOf(type)}`,
      heading: alignOf(type),
      cell: (row) => shownCell(row[i]!),
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
