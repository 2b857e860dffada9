// Commands and code that do the same as the page, ready to copy.
import { html } from "../framework/html.ts";
import { useState } from "../framework/preact.ts";
import { shellWord } from "../../../core/text/shell_word.ts";

export { shellWord };

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text).catch(() => copyBySelection(text));
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return html`
    <button type="button" class="button button-small" onClick=${copy}
      aria-label=${`Copy: ${label}`}>${copied ? "Copied" : "Copy"}</button>
    <span class="hidden" role="status">${copied ? "Copied" : ""}</span>
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

/** For pages without https, which have no clipboard. */
function copyBySelection(text: string): void {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
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
