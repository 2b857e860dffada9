// A choice of one value.
import { html } from "../framework/html.ts";
import { onValue } from "./field.ts";
import type { VNode } from "../framework/preact.ts";

export function Choice({ label, value, options, change }: {
  label: string;
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  change: (value: string) => void;
}): VNode {
  return html`
    <label class="field">${label}
      <select value=${value} onChange=${onValue(change)}>${options.map(([value, text]) =>
        html`<option value=${value}>${text}</option>`
      )}</select>
    </label>
  `;
}
