// A field for text.
import { html } from "../framework/html.ts";
import { useId, type VNode } from "../framework/preact.ts";

/** Returns a handler that passes on the value of an input. */
export function onValue(change: (value: string) => void) {
  return (event: Event) => change((event.currentTarget as HTMLInputElement).value);
}

/** A field that takes any text. It may offer some. Other properties are attributes of the input. */
export function TextField({ label, value, change, options, ...attributes }: {
  label: string;
  value: string;
  change: (value: string) => void;
  options?: readonly string[];
}): VNode {
  const id = useId();
  return html`
    <label class="field">${label}
      <input value=${value} list=${options && id} autocomplete="off" spellcheck=${false}
        onInput=${onValue(change)} ...${attributes} />
      ${options &&
        html`<datalist id=${id}>${
          options.map((each) => html`<option value=${each} />`)
        }</datalist>`}
    </label>
  `;
}
