// A table with a column for each property of its rows, in a region that scrolls by itself.
import { html } from "../framework/html.ts";
import type { ComponentChildren } from "../framework/preact.ts";

export interface Column<T> {
  readonly title: string;
  /** Only screen readers read the title. */
  readonly isUntitled?: boolean;
  /** The class of its cells, such as `number`, `fit` or `wide`. */
  readonly class?: string | ((row: T) => string);
  readonly cell: (row: T, index: number) => ComponentChildren;
}

export interface TableProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly keyOf?: (row: T) => string;
  /** Its first column heads the rows, and it is at most as high as the window. */
  readonly isPreview?: boolean;
}

export function Table<T>({ label, rows, columns, keyOf, isPreview = false }: TableProps<T>) {
  const cells = (row: T, index: number) =>
    columns.map((column, at) => {
      const name = typeof column.class === "function" ? column.class(row) : column.class;
      const content = column.cell(row, index);
      return isPreview && at === 0
        ? html`<th scope="row" class=${name}>${content}</th>`
        : html`<td class=${name}>${content}</td>`;
    });
  const heading = ({ title, isUntitled, class: name }: Column<T>) =>
    html`<th scope="col" class=${name === "number" ? name : undefined}>${
      isUntitled ? html`<span class="hidden">${title}</span>` : title
    }</th>`;
  return html`
    <div class=${isPreview ? "scroll table-wrap" : "table-wrap"} tabindex="0" role="region"
      aria-label=${label}>
      <table>
        <thead>
          <tr>${columns.map(heading)}</tr>
        </thead>
        <tbody>${rows.map((row, i) =>
          html`<tr key=${keyOf?.(row) ?? i}>${cells(row, i)}</tr>`
        )}</tbody>
      </table>
    </div>
  `;
}
