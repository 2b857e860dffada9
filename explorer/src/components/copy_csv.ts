// Rows of a table as CSV, to paste them elsewhere.
import { createRowWriter } from "../../../formats/csv/read_cell.ts";
import { formatCount } from "../format/format.ts";
import { html } from "../framework/html.ts";
import { useState, type VNode } from "../framework/preact.ts";
import { copyText } from "./copy_box.ts";
import type { Column } from "./table.ts";

/** Returns rows below their titles as CSV (RFC 4180), with all digits of numbers. */
export function csvOf(titles: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const { texts } = createRowWriter(",");
  return [titles, ...rows].map((row) => texts(row.map(plainText))).join("");
}

function plainText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object") return JSON.stringify(value);
  return Object.is(value, -0) ? "-0" : String(value);
}

export interface CopiedRows {
  readonly rows: readonly (readonly unknown[])[];
  /** Follows the number of rows that were copied. */
  readonly note?: string;
}

/** A button that copies rows, and says how many. */
export function CopyCsv({ count, titles, read }: {
  count: number;
  titles: readonly string[];
  read: () => CopiedRows | Promise<CopiedRows>;
}): VNode {
  const [result, setResult] = useState("");
  const copy = async ({ currentTarget }: { currentTarget: HTMLButtonElement }) => {
    try {
      const { rows, note } = await read();
      const isCopied = await copyText(csvOf(titles, rows), currentTarget);
      const copied = `${formatCount(rows.length, "row")} copied`;
      setResult(isCopied ? [copied, note ?? ""].filter(Boolean).join("; ") : "Not copied");
    } catch (error) {
      setResult(`Not copied: ${(error as Error).message}`);
    }
  };
  return html`
    <button type="button" class="button button-small" disabled=${count === 0}
      onClick=${copy}>Copy as CSV (${formatCount(count, "row")})</button>
    <span class="muted" role="status">${result}</span>
  `;
}

/** Copies the exact values of the rows of a table. */
export function CopyTable<T>({ rows, columns }: {
  rows: readonly T[];
  columns: readonly Column<T>[];
}): VNode {
  const copied = columns.filter(({ value }) => value !== undefined);
  const read = () => ({ rows: rows.map((row) => copied.map(({ value }) => value?.(row))) });
  return html`
    <p class="row">
      <${CopyCsv} count=${rows.length} read=${read}
        titles=${copied.map(({ title, label = title }) => label)} />
    </p>
  `;
}
