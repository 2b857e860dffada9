// A table: a page of rows by ranges; sort and filter of all rows; statistics of a sample or of all.
import type { ArtifactFile } from "../../artifact_file.ts";
import { onValue } from "../../components/field.ts";
import { formatBytes, formatCount, formatNumber } from "../../format/format.ts";
import { ErrorNotice, Progress, whenLoaded } from "../../components/notices.ts";
import { CopyCsv } from "../../components/copy_box.ts";
import { UnknownName } from "../../components/unknown_name.ts";
import { html } from "../../framework/html.ts";
import { useEffect, useMemo, useRef, useState, type VNode } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { SMALL_BYTES } from "../file_to_decode.ts";
import { LeftOut, useFiles } from "../parts.ts";
import { Steps } from "../../components/long_content.ts";
import { useQuery, useQueryNumber } from "../../framework/use_query.ts";
import { isCut, MAX_CELL, MAX_COPIED_CELLS, otherText } from "./cells.ts";
import type { FilterState } from "./column_filter.ts";
import { type Condition, conditionsOf, withColumn } from "./row_filter.ts";
import { Cells, type HeadProps } from "./table_cells.ts";
import type { Found, Rows, Wanted } from "./table_rows.ts";
import { openTable, type TableSource } from "./table_source.ts";

const PAGE_ROWS = 50;
const PAGE_COLUMNS = 30;
const SAMPLE_ROWS = 10_000;

type ViewProps = { file: ArtifactFile; isBrief?: boolean };

export function TableView({ file, isBrief }: ViewProps): VNode {
  const loaded = useFiles((signal) => openTable(file, signal), file);
  return whenLoaded(loaded, (source) => html`<${Opened} ...${{ source, file, isBrief }} />`);
}

function Opened({ source, file, isBrief }: ViewProps & { source: TableSource }): VNode {
  const [column, setColumn] = useQueryNumber("column");
  const { columns, columnCount, rowCount, others, isPart, note } = source;
  const first = column < columns.length ? column : 0;
  const chosen = useMemo(
    () => columns.map((_, i) => i).slice(first, first + PAGE_COLUMNS),
    [columns, first],
  );
  const facts = [
    ...rowCount === undefined
      ? []
      : [`${isPart ? "the first " : ""}${formatCount(rowCount, "row")}`],
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

interface PageProps extends BodyProps, HeadProps {
  readonly found?: Finding;
  /** Its rows are not known yet, or there is an error: only the headings are shown. */
  readonly isWaiting?: boolean;
}

/** One page, read when it is shown: of all rows, or of those that were found. */
function ByRanges({ found, isWaiting = false, ...shown }: PageProps): VNode {
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
  const isEmpty = isWaiting || total === 0;
  return whenLoaded(
    { ...loaded, value: last.current },
    ({ rows, places, isEnd, from, isChosen }) =>
      html`
        <${Cells} ...${shown} rows=${isEmpty ? [] : rows} from=${from} places=${places}
          isChosen=${isChosen} />
        ${isEmpty ? !isWaiting && html`<p class="note">No rows to show.</p>` : html`
          <${Steps} from=${from} step=${PAGE_ROWS} shown=${rows.length} total=${total}
            isEnd=${isEnd} unit="rows" go=${setRow} />
          <${CopyRows} source=${source} columns=${columns} from=${from} page=${rows}
            found=${found?.value} wanted=${found?.wanted} />
        `}
      `,
  );
}

/**
 * Copies all columns, also those that are not shown, of the rows that were found; without a filter
 * and an order, of the rows of the page.
 */
function CopyRows({ source, columns, from, page, found, wanted }: {
  source: TableSource;
  columns: readonly number[];
  from: number;
  page: Rows;
  found?: Found;
  wanted?: Wanted;
}): VNode {
  const all = source.columns.map((_, i) => i);
  const most = Math.max(1, Math.floor(MAX_COPIED_CELLS / Math.max(1, all.length)));
  const read = async () => {
    const rows = found !== undefined && wanted !== undefined
      ? await source.copy(all, inAll(wanted, columns))
      : (await source.page({ from, count: page.length, columns: all })).rows;
    const { matched = 0 } = found ?? {};
    const cut = found === undefined ? 0 : rows.flat().filter(isCut).length;
    const { columnCount = all.length } = source;
    const notes = [
      ...all.length < columnCount
        ? [`${formatNumber(all.length)} of ${formatCount(columnCount, "column")}`]
        : [],
      ...source.others.length > 0
        ? [`without ${formatCount(source.others.length, "column")} that cannot be shown`]
        : [],
      ...matched > rows.length ? [`the first of ${formatNumber(matched)}`] : [],
      ...cut > 0 ? [`${formatCount(cut, "text")} cut to ${MAX_CELL} characters`] : [],
    ];
    return { rows, note: notes.join("; ") };
  };
  return html`
    <p class="row">
      <${CopyCsv} count=${Math.min(found?.kept ?? page.length, most)} read=${read}
        titles=${source.columns.map(({ name }) => name)} />
    </p>
  `;
}

/** Returns the same order by the number of its column among all. */
function inAll({ sort, ...wanted }: Wanted, columns: readonly number[]): Wanted {
  const column = columns[sort?.column ?? -1];
  return sort === undefined || column === undefined
    ? wanted
    : { ...wanted, sort: { ...sort, column } };
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
  const filtering = { filter, setFilter, isAtOnce: isSmall };
  return html`
    <div class="fields">
      <${FilterField} ...${filtering} />
      ${isShown && html`
        <${Counts} found=${chosen.value} isFiltered=${filter !== ""} of=${source} />
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
      <${Described} found=${all.value} of=${source} size=${file.size}
        readAll=${isWhole ? undefined : () => setWhole(true)} />
    `}
    <${ByRanges} source=${source} file=${file} columns=${columns} found=${chosen}
      isWaiting=${!isShown} filtering=${filtering}
      statistics=${all.value?.statistics} sort=${sort} setSort=${setSort} />
  `;
}

function noneOf({ columns, columnCount }: TableSource): string {
  return columnCount === undefined
    ? "No column"
    : `None of the first ${formatCount(columns.length, "column")}`;
}

/** The filter of rows, applied while it is typed or, if that takes long, at Enter. */
function FilterField({ filter, setFilter, isAtOnce }: FilterState): VNode {
  const listener = { [isAtOnce ? "onInput" : "onChange"]: onValue(setFilter) };
  return html`
    <label>Filter rows <input type="search" value=${filter}
      placeholder=${`score>0.5 text${isAtOnce ? "" : ", Enter"}`} ...${listener} /></label>
  `;
}

/** The order of rows in the address. A second click on a heading turns it around. */
function useSort(columns: readonly number[]): Pick<HeadProps, "sort" | "setSort"> {
  const [order, setOrder] = useQuery("sort");
  const setSort = (i: number) =>
    setOrder(order === String(columns[i]) ? `-${columns[i]}` : String(columns[i]));
  return { sort: sortOf(order, columns), setSort };
}

function Described({ found: { read, isEnd, problem }, of: { rowCount, isPart }, size, readAll }: {
  found: Found;
  of: TableSource;
  size: number;
  readAll?: () => void;
}): VNode {
  const more = isEnd || readAll === undefined ? undefined : html`
    <button type="button" class="button button-small" onClick=${readAll}>
      Read all rows (${formatBytes(size)})
    </button>
  `;
  const isKnown = !isEnd && rowCount !== undefined;
  const count = isKnown ? `${formatNumber(read)} of ` : "";
  const rows = `${isEnd && !isPart ? "all" : "the first"} ${count}${
    formatCount(isKnown ? rowCount : read, "row")
  }`;
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
function Counts({ found, isFiltered, of: { rowCount, isPart } }: {
  found?: Found;
  isFiltered: boolean;
  of: TableSource;
}): VNode {
  const { kept = 0, matched = 0, read = 0, isEnd = true, problem } = found ?? {};
  const total = `${isEnd && !isPart ? "" : "the first "}${
    formatCount(isEnd ? rowCount ?? read : read, "row")
  }`;
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
  /** The filter and order of the value. */
  wanted?: Wanted;
  error?: unknown;
  isReading: boolean;
  read: number;
  progress?: number;
  stop(): void;
}

type State = Omit<Finding, "stop">;

/** Finds rows, with progress, until it is stopped. Nothing is read if nothing is wanted. */
function useFound(
  source: TableSource,
  columns: readonly number[],
  wanted: Wanted | undefined,
): Finding {
  const [state, setState] = useState<State>({
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
      const kept = (last: State) => ({
        ...last,
        error: undefined,
        isReading: true,
        read,
        progress,
      });
      setState(kept);
    };
    onNote([0]);
    source.find(columns, wanted, { signal, stop: stop.current.signal, onNote }).then(
      (value) =>
        signal.aborted || setState({ value, key, wanted, isReading: false, read: value.read }),
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
