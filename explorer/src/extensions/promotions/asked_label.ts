// The label of a request for a promotion, as words.
import { CopyButton, formatTime, html, shellWord } from "../../extending.ts";
import type { LabelProps } from "../../extension.ts";

/** Shows what a label asks for. The label does not contain whether the alias has changed since. */
export function AskedLabel({ value, of }: LabelProps) {
  const { alias, at, note } = Object(value);
  if (typeof alias !== "string" || typeof at !== "string" || Number.isNaN(Date.parse(at))) {
    return html`<p>The request for a promotion cannot be read.</p>`;
  }
  const command = `holdfast promote ${shellWord(of)} ${shellWord(alias)}`;
  return html`
    <section class="stack" aria-label="Promotion asked for">
      <h2>Asked for as ${alias}</h2>
      <p class="note"><span title=${at}>${formatTime(at)}</span>${typeof note === "string" &&
        `: ${note}`}</p>
      <p class="note">If the alias has changed since then, the request has ended. To accept it, run
        <code>${command}</code> <${CopyButton} text=${command} label="command" />; to withdraw it,
        add <code>--withdraw</code>.</p>
    </section>
  `;
}
