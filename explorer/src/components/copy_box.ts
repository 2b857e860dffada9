// Content that is copied: commands and code that do the same as the page, and rows of tables.
import { countFormulas, csvOf } from "../format/csv.ts";
import { formatCount } from "../format/format.ts";
import { html } from "../framework/html.ts";
import { useEffect, useRef, useState, type VNode } from "../framework/preact.ts";
import { shellWord } from "../../../core/text/shell_word.ts";
import type { Column } from "./table.ts";

export { shellWord };

type Button = Pick<HTMLButtonElement, "after" | "focus">;

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [result, setResult] = useState<string>();
  const copy = async ({ currentTarget }: { currentTarget: Button }) => {
    setResult(await copyText(text, currentTarget) ? "Copied" : "Not copied: select it");
    setTimeout(() => setResult(undefined), 1500);
  };
  return html`
    <button type="button" class="button button-small" onClick=${copy}
      aria-label=${`Copy: ${label}`}>${result ?? "Copy"}</button>
    <span class="hidden" role="status">${result}</span>
  `;
}

export function CopyBox({ text, label }: { text: string; label: string }) {
  return html`
    <div class="copy-box">
      <pre tabindex="0" role="region" aria-label=${label}><code>${text}</code></pre>
      <${CopyButton} text=${text} label=${label} />
    </div>
  `;
}

/**
 * Copies a text, and returns false if the browser does not allow it. Pages without https have no
 * clipboard: there, it copies a selection beside the button, as a dialog keeps others from focus.
 */
async function copyText(text: string, button: Button): Promise<boolean> {
  const clipboard = navigator.clipboard as Clipboard | undefined;
  try {
    if (clipboard !== undefined) return await clipboard.writeText(text).then(() => true);
  } catch {
    // not allowed: a selection may be
  }
  const area = document.createElement("textarea");
  area.value = text;
  button.after(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  button.focus(); // the selection had it
  return isCopied;
}

/** The command line and the TypeScript that do what the page shows. */
export function SameByCode({ cli, code }: { cli?: string; code?: string }) {
  return html`
    <details class="same">
      <summary>Command line and TypeScript</summary>
      ${cli && html`<${CopyBox} label="Command line" text=${cli} />`}
      ${code && html`<${CopyBox} label="TypeScript" text=${code} />`}
    </details>
  `;
}

export interface CopiedRows {
  readonly rows: readonly (readonly unknown[])[];
  /** Follows the number of rows that were copied. */
  readonly note?: string;
}

/** A button that copies rows, and shows how many. */
export function CopyCsv({ count, titles, read }: {
  count: number;
  titles: readonly string[];
  read: () => CopiedRows | Promise<CopiedRows>;
}): VNode {
  const [result, setResult] = useState("");
  const isCopying = useRef(false);
  const isGone = useRef(false);
  useEffect(() => () => void (isGone.current = true), []);
  const copy = async ({ currentTarget }: { currentTarget: HTMLButtonElement }) => {
    if (isCopying.current) return;
    isCopying.current = true;
    setResult("Copying");
    try {
      const { rows, note } = await read();
      if (isGone.current) return; // what the person copied since then stays
      const isCopied = await copyText(csvOf(titles, rows), currentTarget);
      const copied = `${formatCount(rows.length, "row")} copied`;
      const formulas = countFormulas([titles, ...rows]);
      const warning = formulas > 0 &&
        `${formatCount(formulas, "text")} begin${formulas === 1 ? "s" : ""} like a formula: ` +
          "paste as text";
      setResult(isCopied ? [copied, note, warning].filter(Boolean).join("; ") : "Not copied");
    } catch (error) {
      setResult(`Not copied: ${(error as Error).message}`);
    } finally {
      isCopying.current = false;
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
