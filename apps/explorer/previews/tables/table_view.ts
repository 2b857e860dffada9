// A table: a page of rows by ranges; statistics, sort and filter of all rows, which are read once.
import type { Cell } from "../../../../formats/tables/table.ts";
import type { ArtifactFile } from "../../artifact_file.ts";
import { formatBytes, formatCount, formatNumber } from "../../components/format.ts";
import { ErrorNotice, Progress } from "../../components/notices.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { useEffect, useMemo, useRef, useState, type VNode } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { LeftOut, Paged, Steps, useQuery, useQueryNumber, whenLoaded } from "../parts.ts";
import { cellText, chooseRows, findRows, MAX_CELL } from "./table_rows.ts";
import type { ColumnStatistics, FoundRows, Rows, Wanted } from "./table_rows.ts";
import { openTable, type TableSource } from "./table_source.ts";

const PAGE_ROWS = 50;
const PAGE_COLUMNS = 30;
/** Files up to this size are read for statistics at once. */
const SMALL_BYTES = 1024 * 1024;
/** A filter is typed faster than a large table is read. */
const TYPING_MS = 150;

type ViewProps = { file: ArtifactFile; isBrief?: boolean };

export function TableView({ file, isBrief }: ViewProps): VNode {
  const loaded = useLoaded((signal) => openTable(file, signal), [file.ref, file.path, file.digest]);
  return whenLoaded(loaded, (source) => html`<${Opened} ...${{ source, file, isBrief }} />`);
}

function Opened({ source, file, isBrief }: ViewProps & { source: TableSource }): VNode {
  const [column, setColumn] = useQueryNumber("column");
  const { columns, columnCount, rowCount, others } = source;
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
      ${`Columns without a preview: ${others.slice(0, 10).join(", ")}${
      others.length > 10 ? ", …" : ""
    }.`}
    <//>`}
    ${columnCount !== undefined && html`<${LeftOut} file=${file}>
      ${`Only the first ${formatCount(columns.length, "column")} are shown.`}
    <//>`}
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

/** One page, read when it is shown. */
function ByRanges(
  { source, file, columns, setSort }: BodyProps & { setSort?: (column: number) => void },
): VNode {
  const [from, setFrom] = useQueryNumber("row");
  const loaded = useLoaded(
    (signal) => source.page({ from, count: PAGE_ROWS, columns }, signal),
    [file.ref, file.path, from, columns[0]],
  );
  return whenLoaded(loaded, ({ rows, isEnd }) =>
    html`
      <${Cells} source=${source} columns=${columns} rows=${rows} from=${from}
        setSort=${setSort} />
      <${Steps} from=${from} step=${PAGE_ROWS} shown=${rows.length} total=${source.rowCount}
        isEnd=${isEnd} unit="rows" go=${setFrom} />
    `);
}

/** Rows, sorted and filtered, and the statistics of all. Large files are read on request. */
function Body({ source, file, columns }: BodyProps): VNode {
  const isSmall = file.size <= SMALL_BYTES;
  const [isWhole, setWhole] = useState(isSmall);
  const [filter, setFilter] = useQuery("filter");
  const [order, setOrder] = useQuery("sort");
  const sort = sortOf(order, columns);
  const isChosen = sort !== undefined || filter !== "";
  const setSort = (i: number) =>
    setOrder(order === String(columns[i]) ? `-${columns[i]}` : String(columns[i]));
  const wanted = isChosen ? { filter, sort } : undefined;
  const { all, again, found } = useRows(source, columns, { wanted, isWhole, isSmall });
  const error = all.error ?? again.error;
  if (error !== undefined) return html`<${ErrorNotice} error=${error} />`;
  const typed = (event: Event) => setFilter((event.currentTarget as HTMLInputElement).value);
  return html`
    <div class="fields">
      <label>Filter rows <input type="search" value=${filter}
        placeholder=${`score>0.5 text${isSmall ? "" : ", Enter"}`}
        ...${isSmall ? { onInput: typed } : { onChange: typed }} /></label>
      <${Counts} found=${found} isFiltered=${filter !== ""} of=${source.rowCount} />
    </div>
    <${Unread} found=${found ?? all.value} />
    ${[all, again].map((of) => of.isReading && html`<${Reading} of=${of} />`)}
    ${found === undefined
      ? !again.isReading && html`
        <${ByRanges} source=${source} file=${file} columns=${columns} setSort=${setSort} />
      `
      : html`<${Paged} items=${found.rows} step=${PAGE_ROWS} unit="rows">${(
        shown: Rows,
        start: number,
      ) =>
        html`
          <${Cells} source=${source} columns=${columns} rows=${shown} from=${start}
            sort=${sort} isChosen=${isChosen} setSort=${setSort} />
        `}<//>`}
    ${all.value !== undefined && html`
      <h3>Columns</h3>
      <${Statistics} source=${source} columns=${columns} found=${all.value.statistics} />
    `}
    ${!isWhole && html`
      <p class="note">To describe the columns, all ${formatBytes(file.size)} are read.
        <button type="button" class="button button-small" onClick=${() => setWhole(true)}>
          Read all rows
        </button></p>
    `}
  `;
}

function sortOf(order: string, columns: readonly number[]): Wanted["sort"] {
  const [, sign, index] = /^(-?)(\d+)$/.exec(order) ?? [];
  const column = index === undefined ? -1 : columns.indexOf(Number(index));
  return column < 0 ? undefined : { column, isDown: sign === "-" };
}

/** Reads all rows on request, and again for each filter or order unless all are in memory. */
function useRows(
  source: TableSource,
  columns: readonly number[],
  { wanted, isWhole, isSmall }: { wanted?: Wanted; isWhole: boolean; isSmall: boolean },
): { all: Finding; again: Finding; found?: FoundRows } {
  const all = useFound(source, columns, isWhole ? { filter: "" } : undefined);
  const isKept = all.value !== undefined && all.value.rows.length === all.value.read;
  const waits = isKept || isSmall && all.isReading;
  const again = useFound(source, columns, waits ? undefined : wanted);
  const found = useMemo(() => {
    if (!isKept) return again.value;
    const names = columns.map((i) => source.columns[i]!.name);
    const rows = chooseRows(all.value!.rows, names, wanted ?? { filter: "" });
    return { ...all.value!, rows, matched: rows.length };
  }, [all.value, again.value, JSON.stringify(wanted)]);
  return { all, again, found };
}

function Unread({ found }: { found?: FoundRows }): VNode | null {
  if (found === undefined || found.isEnd) return null;
  return html`<p class="note">Reading ended after ${formatCount(found.read, "row")}.</p>`;
}

/** The counts of rows that match and that are kept. */
function Counts(
  { found, isFiltered, of }: { found?: FoundRows; isFiltered: boolean; of?: number },
): VNode {
  const { rows = [], matched = 0, read = 0 } = found ?? {};
  const facts = [
    ...found && isFiltered ? [`${formatNumber(matched)} of ${formatCount(of ?? read, "row")}`] : [],
    ...matched > rows.length ? [`the first ${formatNumber(rows.length)} are shown`] : [],
  ];
  return html`<span class="muted" role="status">${facts.join("; ")}</span>`;
}

interface Finding {
  value?: FoundRows;
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
    ...{ isReading: wanted !== undefined, read: 0 },
  });
  const stop = useRef<AbortController | undefined>(undefined);
  const key = JSON.stringify([columns, wanted]);
  useEffect(() => {
    if (wanted === undefined) return setState({ isReading: false, read: 0 });
    const left = new AbortController();
    const { signal } = left;
    stop.current = new AbortController();
    setState({ isReading: true, read: 0 });
    const onProgress = (read: number, progress?: number) =>
      signal.aborted || setState({ isReading: true, read, progress });
    const timer = setTimeout(() => {
      const options = { signal, stop: stop.current!.signal, onProgress };
      findRows(source, columns, wanted, options).then(
        (value) => signal.aborted || setState({ value, isReading: false, read: value.read }),
        (error) => signal.aborted || setState({ error, isReading: false, read: 0 }),
      );
    }, TYPING_MS);
    return () => (clearTimeout(timer), left.abort());
  }, [source, key]);
  return { ...state, stop: () => stop.current?.abort() };
}

function Reading({ of: { read, progress, stop } }: { of: Finding }): VNode {
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
  return text.length > MAX_CELL + 1 ? `${text.slice(0, MAX_CELL)}…` : text;
}

const alignOf = (type: string) => type === "number" || type === "int64" ? "number" : "";

function Statistics({ source, columns, found }: {
  source: TableSource;
  columns: readonly number[];
  found: readonly ColumnStatistics[];
}): VNode {
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
    <${Table} isPreview isScroll=${false} label="Statistics of columns" rows=${found}
      columns=${shown} />
  `;
}
