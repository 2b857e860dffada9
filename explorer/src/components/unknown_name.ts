// A note on an unknown name, with the nearest known one and a list of them.
import { nearestName } from "../../../core/text/nearest.ts";
import { html } from "../framework/html.ts";
import type { ComponentChildren } from "../framework/preact.ts";
import { formatNumber } from "../format/format.ts";

/** Names in the list. */
const MOST = 20;

export function UnknownName({ typed, names, what, use, children }: {
  typed: string;
  /** All known ones. */
  names: readonly string[];
  /** The word for them, such as `Columns`. */
  what: string;
  /** Puts a name in place of the typed one. */
  use?: (name: string) => void;
  children: ComponentChildren;
}) {
  const near = names.find((name) => name.toLowerCase() === typed.toLowerCase()) ??
    nearestName(typed, names);
  const rest = names.length - MOST;
  const shown = near !== undefined && use !== undefined
    ? html`<${NameButton} name=${near} use=${use} />`
    : html`<code>${near}</code>`;
  const list = names.slice(0, MOST).join(", ") +
    (rest > 0 ? `, and ${formatNumber(rest)} more` : "");
  return html`
    <p class="note" role="status">${children}${near !== undefined &&
      [" Did you mean ", shown, "?"]}${names.length > 0 &&
      html`<span class="muted">${` ${what}: ${list}.`}</span>`}</p>
  `;
}

/** Names what a name may stand for, to choose one. */
export function SeveralNames({ typed, names, use }: {
  typed: string;
  names: readonly string[];
  use: (name: string) => void;
}) {
  const choices = names.flatMap((name, i) => [
    i === 0 ? " " : " or ",
    html`<${NameButton} key=${name} name=${name} use=${use} />`,
  ]);
  return html`
    <p class="note" role="status">Several keys end in <code>${typed}</code>: use${choices}.</p>
  `;
}

function NameButton({ name, use }: { name: string; use: (name: string) => void }) {
  return html`<button type="button" class="button button-small mono" onClick=${() =>
    use(name)}>${name}</button>`;
}
