// A table with a column for each property of its rows, in a region that scrolls by itself. Long
// tables render only the rows in view. On a phone its rows become cards.
import { elementOf } from "../framework/element_of.ts";
import { html } from "../framework/html.ts";
import { keepScroll } from "../framework/kept.ts";
import { useLayoutEffect, useMemo, useRef, useState } from "../framework/preact.ts";
import type { ComponentChildren, RefObject } from "../framework/preact.ts";
import { useRegionLabel } from "../framework/region_label.ts";

export interface Column<T> {
  readonly title: string;
  /** Only screen readers read the title. */
  readonly isUntitled?: boolean;
  /** The title where no group is above it. @default the title */
  readonly label?: string;
  /** Shown over this column and neighbors with the same. */
  readonly group?: string;
  /** Shown below the title, such as a type. */
  readonly note?: ComponentChildren;
  /** The class of its cells, such as `number`, `fit` or `wide`. */
  readonly class?: string | ((row: T) => string);
  /** The class of its heading. @default the class, if it is `number` */
  readonly heading?: string;
  readonly cell: (row: T, index: number) => ComponentChildren;
  /** The exact value of a cell in copies of the table, which lack columns without it. */
  readonly value?: (row: T) => unknown;
  /** Orders the rows by this column: its title is a button. */
  readonly sort?: () => void;
  readonly order?: "ascending" | "descending";
  /** It stays in view while the table scrolls to the side. */
  readonly isPinned?: boolean;
}

export interface TableProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly keyOf?: (row: T) => string;
  /** Its first column heads the rows, and it is at most as high as the window. */
  readonly isPreview?: boolean;
  /** It scrolls to the side on a phone, too. */
  readonly isScroll?: boolean;
  readonly class?: string;
  /** The key of the row that the pointer is on, here or elsewhere. */
  readonly focused?: string;
  /** Called with the key of the row that the pointer enters, and without one when it leaves. */
  readonly onFocus?: (key?: string) => void;
}

/** Tables with more rows render those in view. Their rows have one height. */
const LONG = 200;
/** Rows that are rendered above and below. */
const BEYOND = 4;

export function Table<T>(props: TableProps<T>) {
  const { label, rows, columns, keyOf, focused, onFocus, isPreview = false, isScroll = isPreview } =
    props;
  const isLong = rows.length > LONG;
  const box = useRef<HTMLDivElement>(null);
  const [first, last, height, onScroll] = useRowsInView(box, { isLong, count: rows.length, label });
  usePins(box, columns);
  const space = (count: number) =>
    count > 0 && html`
      <tr class="space" aria-hidden="true">
        <td colspan=${columns.length} style=${{ blockSize: `${count * height}px` }}></td>
      </tr>
    `;
  const scrolls = isPreview || isScroll || isLong ? "scroll table-wrap" : "table-wrap";
  return html`
    <div ref=${box} class=${scrolls} tabindex="0" role="region"
      aria-label=${useRegionLabel(label)} onScroll=${isLong ? onScroll : undefined}>
      <table class=${`${isScroll ? "" : "cards"} ${props.class ?? ""}`}
        aria-rowcount=${isLong ? rows.length + 1 : undefined}>
        <thead>${groupRow(columns)}
          <tr>${columns.map((column) => heading(column, pinOf(columns, column)))}</tr>
        </thead>
        <tbody>${space(first)}${rows.slice(first, last).map((row, i) =>
          html`
            <${Row} key=${keyOf?.(row) ?? first + i} row=${row} index=${first + i}
              columns=${columns} isPreview=${isPreview} isLong=${isLong}
              isFocused=${focused !== undefined && focused === keyOf?.(row)}
              enter=${onFocus && (() => onFocus(keyOf?.(row)))}
              leave=${onFocus && (() => onFocus())} />
          `
        )}${space(rows.length - last)}</tbody>
      </table>
    </div>
  `;
}

interface RowProps<T> extends Required<Pick<TableProps<T>, "columns" | "isPreview">> {
  readonly row: T;
  readonly index: number;
  readonly isLong: boolean;
  readonly isFocused: boolean;
  readonly enter?: () => void;
  readonly leave?: () => void;
}

/** A row. Rows that stay in view while the table scrolls are not rendered again. */
function Row<T>(
  { row, index, columns, isPreview, isLong, isFocused, enter, leave }: RowProps<T>,
) {
  const cell = (column: Column<T>, at: number) => {
    const name = typeof column.class === "function" ? column.class(row) : column.class;
    const pin = pinOf(columns, column);
    const content = column.cell(row, index);
    return isPreview && at === 0
      ? html`<th scope="row" class=${name} ...${pin}>${content}</th>`
      : html`
        <td class=${name} ...${pin} data-label=${column.isUntitled
          ? undefined
          : column.label ?? column.title}>${content}</td>
      `;
  };
  return useMemo(
    () =>
      html`
        <tr aria-rowindex=${isLong ? index + 2 : undefined} class=${isFocused ? "focused" : ""}
          onPointerEnter=${enter} onPointerLeave=${leave}>${columns.map(cell)}</tr>
      `,
    [row, index, columns, isLong, isFocused],
  );
}

/** Returns the attributes of a pinned column, which begins where the one before it ends. */
function pinOf<T>(columns: readonly Column<T>[], column: Column<T>) {
  if (!column.isPinned) return {};
  const at = columns.filter(({ isPinned }) => isPinned).indexOf(column);
  return { "data-pin": at, style: { insetInlineStart: `var(--pin-${at}, 0)` } };
}

/** Returns the row of headings over several columns, if there are any. */
function groupRow<T>(columns: readonly Column<T>[]) {
  if (columns.every(({ group }) => group === undefined)) return null;
  const runs: { column: Column<T>; count: number }[] = [];
  for (const column of columns) {
    const last = runs.at(-1);
    const isSame = last?.column.group === column.group && !last?.column.isPinned;
    if (last !== undefined && isSame && !column.isPinned) last.count++;
    else runs.push({ column, count: 1 });
  }
  return html`
    <tr class="groups">${runs.map(({ column, count }) =>
      column.group === undefined
        ? html`<td colspan=${count} ...${pinOf(columns, column)}></td>`
        : html`
          <th scope="colgroup" colspan=${count} title=${column.group}
            ...${pinOf(columns, column)}><span>${column.group}</span></th>
        `
    )}</tr>
  `;
}

function usePins<T>(box: RefObject<HTMLDivElement | null>, columns: readonly Column<T>[]) {
  useLayoutEffect(() => {
    const table = elementOf(box);
    const heads = [...table.querySelectorAll<HTMLElement>("tr:last-child > th[data-pin]")];
    const follow = () => {
      let end = 0;
      for (const [at, head] of heads.entries()) {
        table.style.setProperty(`--pin-${at}`, `${end}px`);
        end += head.getBoundingClientRect().width;
      }
    };
    const observer = new ResizeObserver(follow);
    for (const head of heads) observer.observe(head);
    return () => observer.disconnect();
  }, [columns.filter(({ isPinned }) => isPinned).map(({ title }) => title).join()]);
}

function heading<T>(column: Column<T>, pin: ReturnType<typeof pinOf>) {
  const { title, label, isUntitled, note, sort, order } = column;
  const name = column.heading ?? (column.class === "number" ? "number" : undefined);
  const mark = order === undefined ? "" : order === "ascending" ? " ↑" : " ↓";
  const text = sort === undefined
    ? title
    : html`<button type="button" class="sort" onClick=${sort}>${title}${mark}</button>`;
  return html`
    <th scope="col" abbr=${note && title} title=${label} aria-sort=${order} class=${name}
      ...${pin}>${isUntitled ? html`<span class="hidden">${title}</span>` : text}${note &&
        html`<span class="muted type">${note}</span>`}</th>
  `;
}

/** Returns the range of rows in view, their height, and a handler that follows a scroll. */
function useRowsInView(
  box: RefObject<HTMLDivElement | null>,
  { isLong, count, label }: { isLong: boolean; count: number; label: string },
) {
  const [{ top, inside, height }, setSeen] = useState({ top: 0, inside: 800, height: 33 });
  const follow = () => {
    const table = elementOf(box);
    const { scrollTop, clientHeight } = table;
    const row = table.querySelector<HTMLElement>("tbody tr:not(.space)");
    setSeen({ top: scrollTop, inside: clientHeight || 800, height: row?.offsetHeight || height });
  };
  useLayoutEffect(() => {
    if (!isLong) return;
    const observer = new ResizeObserver(follow);
    const table = elementOf(box);
    observer.observe(table);
    const end = keepScroll(label, table, table.firstElementChild ?? table);
    return () => (observer.disconnect(), end());
  }, [isLong]);
  if (!isLong) return [0, count, height, follow] as const;
  const first = Math.max(0, Math.min(Math.floor(top / height), count - 1) - BEYOND);
  const last = Math.min(count, Math.ceil((top + inside) / height) + BEYOND);
  return [first, last, height, follow] as const;
}
