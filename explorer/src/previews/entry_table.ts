// A long list: filtered by the first column, and a page at a time.
import { onValue } from "../components/field.ts";
import { type Column, Table } from "../components/table.ts";
import { html } from "../framework/html.ts";
import type { VNode } from "../framework/preact.ts";
import { Paged } from "../components/long_content.ts";
import { useQuery } from "../framework/use_query.ts";

const PAGE = 100;

export interface EntryList<T> {
  entries: readonly T[];
  /** The first is of text. */
  columns: readonly Column<T>[];
  /** Their name in the plural. */
  unit: string;
}

export function EntryTable<T>({ entries, columns, unit }: EntryList<T>): VNode {
  const [filter, setFilter] = useQuery("filter");
  const wanted = filter.toLowerCase();
  const nameOf = (entry: T) => String(columns[0]?.cell(entry, 0)).toLowerCase();
  const chosen = wanted === ""
    ? entries
    : entries.filter((entry) => nameOf(entry).includes(wanted));
  return html`
    <div class="fields">
      <label>Filter ${unit} <input type="search" value=${filter} onInput=${onValue(
        setFilter,
      )} /></label>
    </div>
    <${Paged} items=${chosen} step=${PAGE} unit=${unit}>${(shown: T[]) =>
      html`<${Table} isPreview label=${`List of ${unit}`} rows=${shown} columns=${columns} />`}<//>
  `;
}
