// Tables compared by key and column.
import type { Cell } from "../../../formats/tables/table.ts";
import { formatNumber } from "../components/format.ts";
import { type Column, Table } from "../components/table.ts";
import { Choice } from "../components/choice.ts";
import { html } from "../framework/html.ts";
import { useMemo, type VNode } from "../framework/preact.ts";
import { useLoaded } from "../framework/use_loaded.ts";
import { Paged, useQuery, whenLoaded } from "../previews/parts.ts";
import { cellText, readRows, type Rows } from "../previews/tables/table_rows.ts";
import { openTable } from "../previews/tables/table_source.ts";
import type { PairProps } from "./pair.ts";

const PAGE = 50;
const MAX_COLUMNS = 100;

/** Rows in memory, with the names of their columns. */
export interface KnownTable {
  columns: readonly string[];
  rows: Rows;
}

/** A row that differs: its key, and the cells that changed by column. */
export interface RowChange {
  key: string;
  change: "added" | "removed" | "changed";
  cells: { column: string; before?: string; after?: string }[];
}

export interface TableDifference {
  changes: RowChange[];
  byColumn: [string, number][];
  /** Columns that only one table has. */
  added: string[];
  removed: string[];
}

/** Returns the first column whose values are unique in both tables, or undefined. */
export function findKey(left: KnownTable, right: KnownTable): string | undefined {
  const shared = left.columns.filter((name) => right.columns.includes(name));
  return shared.find((name) => isUnique(left, name) && isUnique(right, name));
}

function isUnique({ columns, rows }: KnownTable, name: string): boolean {
  const at = columns.indexOf(name);
  return new Set(rows.map((row) => cellText(row[at] ?? null))).size === rows.length;
}

/** Compares rows with equal keys; without a key, rows with equal numbers. */
export function compareTables(
  left: KnownTable,
  right: KnownTable,
  key: string | undefined,
): TableDifference {
  const shared = left.columns.filter((name) => right.columns.includes(name));
  const places = shared.map((name) =>
    [left.columns.indexOf(name), right.columns.indexOf(name)] as const
  );
  const [before, after] = [byKey(left, key), byKey(right, key)];
  const counts = new Map(shared.map((name) => [name, 0]));
  const changes: RowChange[] = [];
  for (const [id, row] of before) {
    const now = after.get(id);
    if (now === undefined) {
      changes.push({ key: id, change: "removed", cells: cellsOf(left, row, "before") });
      continue;
    }
    const cells = places.flatMap(([old, other], i) => {
      const [was, is] = [cellText(row[old] ?? null), cellText(now[other] ?? null)];
      return was === is ? [] : [{ column: shared[i]!, before: was, after: is }];
    });
    for (const { column } of cells) counts.set(column, counts.get(column)! + 1);
    if (cells.length > 0) changes.push({ key: id, change: "changed", cells });
  }
  for (const [id, row] of after) {
    if (before.has(id)) continue;
    changes.push({ key: id, change: "added", cells: cellsOf(right, row, "after") });
  }
  return {
    changes,
    byColumn: [...counts].filter(([, count]) => count > 0),
    added: right.columns.filter((name) => !left.columns.includes(name)),
    removed: left.columns.filter((name) => !right.columns.includes(name)),
  };
}

/** Rows by key. Equal keys are numbered, so that no row is lost. */
function byKey(
  { columns, rows }: KnownTable,
  key: string | undefined,
): Map<string, readonly Cell[]> {
  const at = key === undefined ? -1 : columns.indexOf(key);
  const found = new Map<string, readonly Cell[]>();
  const seen = new Map<string, number>();
  for (const [i, row] of rows.entries()) {
    const text = at < 0 ? `row ${i}` : cellText(row[at] ?? null);
    const again = seen.get(text) ?? 0;
    seen.set(text, again + 1);
    found.set(again === 0 ? text : `${text} (${again + 1})`, row);
  }
  return found;
}

function cellsOf({ columns }: KnownTable, row: readonly Cell[], side: "before" | "after") {
  return columns.map((column, i) => ({ column, [side]: cellText(row[i] ?? null) }));
}

export function TableComparison({ left, right }: PairProps): VNode {
  const loaded = useLoaded(async (signal) => {
    const read = async (file: PairProps["left"]) => {
      const source = await openTable(file, signal);
      const chosen = source.columns.slice(0, MAX_COLUMNS).map((_, i) => i);
      const { rows, isAll } = await readRows(source, chosen, signal);
      const columns = chosen.map((i) => source.columns[i]!.name);
      return { columns, rows, isAll: isAll && chosen.length === source.columns.length };
    };
    const [before, after] = await Promise.all([read(left), read(right)]);
    return { before, after, key: findKey(before, after) };
  }, [left.digest, right.digest]);
  return whenLoaded(loaded, ({ before, after, key }) =>
    html`
      ${!(before.isAll && after.isAll) && html`<p class="note left-out">
        ${`The first ${formatNumber(before.rows.length)} and ${
        formatNumber(after.rows.length)
      } rows are compared, in up to ${MAX_COLUMNS} columns.`}
      </p>`}
      <${Found} left=${before} right=${after} usual=${key} names=${[left.ref, right.ref]} />
    `);
}

function Found({ left, right, usual, names }: {
  left: KnownTable;
  right: KnownTable;
  usual: string | undefined;
  names: readonly [string, string];
}): VNode {
  const [chosen, setKey] = useQuery("key", usual ?? "");
  const shared = left.columns.filter((name) => right.columns.includes(name));
  const key = shared.includes(chosen) ? chosen : undefined;
  const found = useMemo(() => compareTables(left, right, key), [left, right, key]);
  const count = (kind: RowChange["change"]) =>
    `${formatNumber(found.changes.filter(({ change }) => change === kind).length)} ${kind}`;
  const facts = `Rows: ${count("added")}, ${count("removed")}, ${count("changed")}`;
  return html`
    <div class="fields">
      <${Choice} label="Rows match by" value=${key ?? ""} change=${setKey}
        options=${[["", "their number"], ...shared.map((name) => [name, name])]} />
    </div>
    <p class="summary-line">${facts}</p>
    ${found.added.length > 0 && html`<p>New columns: ${found.added.join(", ")}</p>`}
    ${found.removed.length > 0 && html`<p>Removed columns: ${found.removed.join(", ")}</p>`}
    ${found.byColumn.length > 0 &&
      html`<p>Changed cells by column: ${
        found.byColumn.map(([name, count]) => `${name} (${formatNumber(count)})`).join(", ")
      }</p>`}
    <${Paged} items=${found.changes} step=${PAGE} unit="changed rows">${(shown: RowChange[]) =>
      html`<${ChangedRows} changes=${shown} name=${key ?? "Row"} names=${names} />`}<//>
  `;
}

function ChangedRows({ changes, name, names }: {
  changes: readonly RowChange[];
  name: string;
  names: readonly [string, string];
}): VNode {
  const list = (cells: RowChange["cells"], side: "before" | "after") =>
    cells.flatMap((cell) => {
      const value = cell[side];
      if (value === undefined) return [];
      const text = value.length > 100 ? `${value.slice(0, 100)}…` : value;
      return [html`<div><span class="muted">${cell.column}: </span>${text}</div>`];
    });
  const columns: Column<RowChange>[] = [
    { title: name, cell: ({ key }) => key },
    {
      title: "Change",
      class: "top",
      cell: ({ change }) => html`<span class=${`change change-${change}`}>${change}</span>`,
    },
    {
      title: names[0],
      class: ({ change }) => `top ${change === "added" ? "" : "removed"}`,
      cell: ({ cells }) => list(cells, "before"),
    },
    {
      title: names[1],
      class: ({ change }) => `top ${change === "removed" ? "" : "added"}`,
      cell: ({ cells }) => list(cells, "after"),
    },
  ];
  return html`
    <${Table} isPreview isScroll=${false} label="Changed rows" rows=${changes}
      columns=${columns} />
  `;
}
