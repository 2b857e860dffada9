// Tables compared by key or content, and column.
import { alignItems } from "../../../core/text/align.ts";
import type { Cell } from "../../../formats/tables/table.ts";
import { formatCount, formatNumber } from "../components/format.ts";
import { type Column, Table } from "../components/table.ts";
import { Choice } from "../components/choice.ts";
import { whenLoaded } from "../components/notices.ts";
import { html } from "../framework/html.ts";
import { useMemo, type VNode } from "../framework/preact.ts";
import { Paged, useFiles, useQuery } from "../previews/parts.ts";
import { cellText } from "../previews/tables/cells.ts";
import { readRows, type Rows } from "../previews/tables/table_rows.ts";
import { openTable } from "../previews/tables/table_source.ts";
import type { PairProps } from "./pair.ts";

const PAGE = 50;
const MAX_COLUMNS = 100;

/** Rows in memory, with the names of their columns. */
export interface KnownTable {
  columns: readonly string[];
  rows: Rows;
  /** False if more rows follow. */
  isAll?: boolean;
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

/** Returns the columns whose values are unique in both tables. */
export function findKeys(...tables: readonly [KnownTable, KnownTable]): string[] {
  const isUnique = ({ columns, rows }: KnownTable, name: string) => {
    const at = columns.indexOf(name);
    return at >= 0 && new Set(rows.map((row) => cellText(row[at] ?? null))).size === rows.length;
  };
  return tables[0].columns.filter((name) => tables.every((table) => isUnique(table, name)));
}

/** Compares rows with equal keys; without a key, rows that are equal or alike. */
export function compareTables(
  left: KnownTable,
  right: KnownTable,
  key: string | undefined,
): TableDifference {
  const shared = left.columns.filter((name) => right.columns.includes(name));
  const places = shared.map((name) =>
    [left.columns.indexOf(name), right.columns.indexOf(name)] as const
  );
  const [before, after] = key === undefined
    ? byContent([left, right], places)
    : [byKey(left, key), byKey(right, key)];
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

type RowsByName = Map<string, readonly Cell[]>;

function byKey({ columns, rows }: KnownTable, key: string): RowsByName {
  const at = columns.indexOf(key);
  return new Map(rows.map((row) => [cellText(row[at] ?? null), row]));
}

/** Names rows by their number in the first table: equal ones, then alike ones between them. */
function byContent(
  [left, right]: readonly [KnownTable, KnownTable],
  places: readonly (readonly [number, number])[],
): readonly [RowsByName, RowsByName] {
  const [before, after] = [left, right].map(({ rows }, side) =>
    rows.map((row) => places.map((at) => cellText(row[at[side]!] ?? null)))
  ) as [string[][], string[][]];
  const [ids, others] = [before.map(String), after.map(String)];
  const aligned = alignItems(before, after);
  const pairs = new Map(aligned.filter(([i, j]) => ids[i] === others[j]));
  const used = new Set(pairs.values());
  const moved = Map.groupBy(others.keys(), (j) => used.has(j) ? undefined : others[j]);
  for (const [i, id] of ids.entries()) {
    const j = pairs.has(i) ? undefined : moved.get(id)?.pop();
    if (j !== undefined) pairs.set(i, j), used.add(j);
  }
  for (const [i, j] of aligned) if (!pairs.has(i) && !used.has(j)) pairs.set(i, j);
  const names = new Map([...pairs].map(([i, j]) => [j, `row ${i}`]));
  // Rows after the last common one may be in the other table, among those that are not read.
  const end = (known: Iterable<number>, { isAll }: KnownTable) =>
    isAll === false ? Math.max(-1, ...known) + 1 : undefined;
  const olds = left.rows.slice(0, end(pairs.keys(), right));
  const nows = right.rows.slice(0, end(names.keys(), left));
  return [
    new Map(olds.map((row, i) => [`row ${i}`, row])),
    new Map(nows.map((row, j) => [names.get(j) ?? `new row ${j}`, row])),
  ];
}

function cellsOf({ columns }: KnownTable, row: readonly Cell[], side: "before" | "after") {
  return columns.map((column, i) => ({ column, [side]: cellText(row[i] ?? null) }));
}

export function TableComparison({ left, right }: PairProps): VNode {
  const loaded = useFiles(
    async (signal) => {
      const read = async (file: PairProps["left"]) => {
        const source = await openTable(file, signal);
        const chosen = source.columns.slice(0, MAX_COLUMNS).map((_, i) => i);
        const { rows, isAll } = await readRows(source, chosen, signal);
        const columns = chosen.map((i) => source.columns[i]!.name);
        return { columns, rows, isAll: isAll && chosen.length === source.columns.length };
      };
      const [before, after] = await Promise.all([read(left), read(right)]);
      return { before, after, keys: findKeys(before, after) };
    },
    left,
    right,
  );
  return whenLoaded(loaded, ({ before, after, keys }) =>
    html`
      ${!(before.isAll && after.isAll) && html`<p class="note left-out">
        ${`The first ${formatCount(before.rows.length, "row")} and ${
        formatCount(after.rows.length, "row")
      } are compared, in up to ${MAX_COLUMNS} columns.`}
      </p>`}
      <${Found} left=${before} right=${after} keys=${keys} names=${[left.ref, right.ref]} />
    `);
}

function Found({ left, right, keys, names }: {
  left: KnownTable;
  right: KnownTable;
  keys: readonly string[];
  names: readonly [string, string];
}): VNode {
  const [chosen, setKey] = useQuery("key", keys[0] ?? "");
  const key = keys.includes(chosen) ? chosen : undefined;
  const found = useMemo(() => compareTables(left, right, key), [left, right, key]);
  const count = (kind: RowChange["change"]) =>
    `${formatNumber(found.changes.filter(({ change }) => change === kind).length)} ${kind}`;
  const facts = `Rows: ${count("added")}, ${count("removed")}, ${count("changed")}`;
  return html`
    <div class="fields">
      <${Choice} label="Rows match by" value=${key ?? ""} change=${setKey}
        options=${[["", "their content"], ...keys.map((name) => [name, name])]} />
    </div>
    <p class="summary-line">${facts}</p>
    ${found.added.length > 0 && html`<p>New columns: ${found.added.join(", ")}</p>`}
    ${found.removed.length > 0 && html`<p>Removed columns: ${found.removed.join(", ")}</p>`}
    ${found.byColumn.length > 0 &&
      html`<p>Changed cells by column: ${
        found.byColumn.map(([name, count]) => `${name} (${formatNumber(count)})`).join(", ")
      }</p>`}
    ${found.changes.length === 0 && html`
      <p class="note">The shared columns have the same rows, possibly in another order.</p>
    `}
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
    { title: name, class: "key", cell: ({ key }) => key },
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
