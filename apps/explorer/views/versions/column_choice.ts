// Which columns a table has, and in which order.
import { html } from "../../framework/html.ts";
import type { ExperimentColumn } from "./experiments.ts";

export function ColumnChoice({ columns, keys, change }: {
  columns: readonly ExperimentColumn[];
  /** Those that are shown, in their order. */
  keys: readonly string[];
  change: (keys: readonly string[]) => void;
}) {
  const shown = keys.filter((key) => columns.some((each) => each.key === key));
  const others = columns.map(({ key }) => key).filter((key) => !shown.includes(key));
  const titles = new Map(columns.map(({ key, title }) => [key, title]));
  const toggle = (key: string) =>
    change(shown.includes(key) ? shown.filter((each) => each !== key) : [...shown, key]);
  const move = (at: number, by: number) => {
    const next = shown.toSpliced(at, 1);
    next.splice(at + by, 0, shown[at]!);
    change(next);
  };
  const button = (key: string, at: number, by: -1 | 1, mark: string, word: string) =>
    html`
      <button type="button" class="button button-small button-quiet"
        aria-label=${`Move ${titles.get(key)} ${word}`}
        disabled=${at + by < 0 || at + by >= shown.length}
        onClick=${() => move(at, by)}>${mark}</button>
    `;
  return html`
    <details class="menu">
      <summary class="button">Columns</summary>
      <ul class="menu-list card">${[...shown, ...others].map((key, at) =>
        html`
          <li key=${key} class="row spread">
            <label class="check"><input type="checkbox" checked=${at < shown.length}
              onChange=${() => toggle(key)} /> ${titles.get(key)}</label>
            ${at < shown.length &&
              html`<span>${button(key, at, -1, "↑", "left")}${
                button(key, at, 1, "↓", "right")
              }</span>`}
          </li>
        `
      )}</ul>
    </details>
  `;
}
