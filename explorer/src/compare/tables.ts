// Tables compared by key or content, and column.
import { formatCount, formatNumber } from "../format/format.ts";
import { type Column, Table } from "../components/table.ts";
import { Choice } from "../components/choice.ts";
import { Loading, whenLoaded } from "../components/notices.ts";
import { html } from "../framework/html.ts";
import { useState, type VNode } from "../framework/preact.ts";
import { useLoaded } from "../framework/use_loaded.ts";
import { Paged } from "../components/long_content.ts";
import { useFiles } from "../previews/parts.ts";
import { useQuery } from "../framework/use_query.ts";
import {
  MAX_COLUMNS,
  type RowChange,
  type RowDifference,
} from "../../../apps/difference/compare_rows.ts";
import { otherText } from "../previews/tables/cells.ts";
import { openTable, type TableSource } from "../previews/tables/table_source.ts";
import type { PairProps } from "./pair.ts";

const PAGE = 50;

/** Two opened tables, and the columns that may be their keys. */
interface Opened {
  readonly left: TableSource;
  readonly right: TableSource;
  readonly keys: readonly string[];
}

export function TableComparison({ left, right }: PairProps): VNode {
  const loaded = useFiles(
    async (signal): Promise<Opened> => {
      const [before, after] = await Promise.all(
        [left, right].map((file) => openTable(file, signal)),
      ) as [TableSource, TableSource];
      return { left: before, right: after, keys: await before.keysWith(after, signal) };
    },
    left,
    right,
  );
  return whenLoaded(loaded, (opened) =>
    html`
      <${LeftOutColumns} ...${opened} />
      <${Compared} ...${opened} names=${[left.ref, right.ref]} />
    `);
}

/** Names columns that are not compared. */
function LeftOutColumns({ left, right }: Opened): VNode {
  const others = [...new Set([...left.others, ...right.others].map(otherText))];
  const most = Math.max(
    ...[left, right].map(({ columns, columnCount }) => columnCount ?? columns.length),
  );
  return html`
    ${most > MAX_COLUMNS && html`<p class="note left-out">
      ${`The first ${MAX_COLUMNS} of ${formatCount(most, "column")} are compared.`}</p>`}
    ${others.length > 0 && html`<p class="note left-out">
      ${`Not compared: ${others.join(", ")}.`}</p>`}
  `;
}

function Compared({ left, right, keys, names }: Opened & {
  names: readonly [string, string];
}): VNode {
  const [chosen, setKey] = useQuery("key", keys[0] ?? "");
  const [read, setRead] = useState(0);
  const key = keys.includes(chosen) ? chosen : undefined;
  const compared = useLoaded(async (signal) => {
    const onNote = (rows: unknown) => setRead(rows as number);
    const byKey = key === undefined
      ? undefined
      : await left.compare(right, { key }, { signal, onNote });
    const comparison = byKey ?? (await left.compare(right, {}, { signal, onNote }))!;
    return { found: comparison, key: byKey && key };
  }, [names, key]);
  const isRepeated = compared.value !== undefined && compared.value.key !== key;
  return html`
    <div class="fields">
      <${Choice} label="Rows match by" value=${key ?? ""} change=${setKey}
        options=${[["", "their content"], ...keys.map((name) => [name, name])]} />
    </div>
    ${isRepeated &&
      html`<p class="note">${`${key} has a value twice, so rows match by their content.`}</p>`}
    ${compared.loading && read > 0 &&
      html`<${Loading} what=${`${formatNumber(read)} rows read`} />`}
    ${compared.loading && read > 0 ? null : whenLoaded(compared, ({ found, key }) =>
      html`
        <${Found} found=${found} name=${key ?? "Row"} names=${names} />
      `)}
  `;
}

/** Says what is known. Rows that were not read may be among those without a partner. */
function factsOf({ added, removed, changed, isAll }: RowDifference): string {
  const isWhole = isAll[0] && isAll[1];
  const text = (count: number | undefined, kind: string) =>
    count === undefined
      ? `${kind} unknown`
      : `${isWhole ? "" : "at least "}${formatNumber(count)} ${kind}`;
  const facts = [text(added, "added"), text(removed, "removed"), text(changed, "changed")];
  return `Rows: ${facts.join(", ")}`;
}

function Found({ found, name, names }: {
  found: RowDifference;
  name: string;
  names: readonly [string, string];
}): VNode {
  const { added = 0, removed = 0, changed, changes, byColumn, columns, rows, isAll } = found;
  const isWhole = isAll[0] && isAll[1];
  const count = added + removed + changed;
  const changedCount = changes.filter(({ change }) => change === "changed").length;
  const of = changedCount < changed ? `, in ${formatNumber(changedCount)} of the changed rows` : "";
  return html`
    ${!isWhole && html`<p class="note left-out">
      ${`The first ${formatCount(rows[0], "row")} and ${
      formatCount(rows[1], "row")
    } are compared. Others may differ, or be the partners of rows that have none here.`}
    </p>`}
    <p class="summary-line">${factsOf(found)}</p>
    ${columns.added.length > 0 && html`<p>New columns: ${columns.added.join(", ")}</p>`}
    ${columns.removed.length > 0 && html`<p>Removed columns: ${columns.removed.join(", ")}</p>`}
    ${byColumn.length > 0 &&
      html`<p>Changed cells by column${of}: ${
        byColumn.map(([name, count]) => `${name} (${formatNumber(count)})`).join(", ")
      }</p>`}
    ${isWhole && count === 0 && html`
      <p class="note">The compared columns have the same rows, possibly in another order.</p>
    `}
    ${changes.length < count && html`<p class="note left-out">
      ${`${formatNumber(changes.length)} of ${formatCount(count, "row")} that differ are shown.`}
    </p>`}
    ${changes.length > 0 && html`
      <${Paged} items=${changes} step=${PAGE} unit="changed rows">${(shown: RowChange[]) =>
        html`<${ChangedRows} changes=${shown} name=${name} names=${names} />`}<//>
    `}
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
