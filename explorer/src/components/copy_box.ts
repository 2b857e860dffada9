// Commands and code that do the same as the page, ready to copy.
import { html } from "../framework/html.ts";
import { useState } from "../framework/preact.ts";
import { shellWord } from "../../../core/text/shell_word.ts";

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
export async function copyText(text: string, button: Button): Promise<boolean> {
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
