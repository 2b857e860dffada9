// The menu of columns: which are shown, in which order, which stay in view, and what is best.
import { usualBetter } from "../../../../core/text/better.ts";
import { Menu } from "../../components/menu.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { joinValues, splitValues } from "../../framework/router.ts";
import { useQuery } from "../../framework/use_query.ts";
import type { ExperimentColumn } from "./columns.ts";

const NEXT = { none: "high", high: "low", low: "none" } as const;
const MARKS = { none: "☆", high: "★ high", low: "★ low" };

export function ColumnChoice({ columns, keys, change }: {
  columns: readonly ExperimentColumn[];
  /** Those that are shown, in their order. */
  keys: readonly string[];
  change: (keys: readonly string[]) => void;
}) {
  const [pinned, setPinned] = useQuery("pinned");
  const [better, setBetter] = useQuery("better");
  const pins = splitValues(pinned);
  const shown = keys.filter((key) => columns.some((each) => each.key === key));
  const others = columns.map(({ key }) => key).filter((key) => !shown.includes(key));
  const byKey = new Map(columns.map((column) => [column.key, column]));
  const move = (at: number, by: number) => {
    const next = shown.toSpliced(at, 1);
    next.splice(at + by, 0, shown[at]!);
    change(next);
  };
  const button = (mark: string, label: string, onClick: () => void, rest = {}) =>
    html`
      <button type="button" class="button button-small button-quiet" aria-label=${label}
        onClick=${onClick} ...${rest}>${mark}</button>
    `;
  const best = ({ key, title, better: way }: ExperimentColumn) => {
    const is = way ?? "none";
    const others = splitValues(better).filter((each) => each.replace(/^\w+:/, "") !== key);
    const chosen = NEXT[is] === usualBetter(key) ? [] : [`${NEXT[is]}:${key}`];
    const choose = () => setBetter(joinValues([...others, ...chosen]));
    return button(MARKS[is], `Best of ${title}: ${is}`, choose);
  };
  const buttons = (column: ExperimentColumn, at: number) => {
    const { key, title, isNumber } = column;
    const pin = pins.includes(key) ? "Unpin" : "Pin";
    return html`
      <span>
        ${isNumber && key.includes(".") && best(column)}
        ${button(pin, `${pin} ${title}`, () => setPinned(joinValues(toggled(pins, key))))}
        ${button("↑", `Move ${title} left`, () => move(at, -1), { disabled: at === 0 })}
        ${button("↓", `Move ${title} right`, () => move(at, 1), {
          disabled: at === shown.length - 1,
        })}
      </span>
    `;
  };
  return html`
    <${KeyMenu} title="Columns" columns=${[...shown, ...others].map((key) => byKey.get(key)!)}
      keys=${shown} change=${change} buttons=${buttons} />
  `;
}

/** A menu of keys, some of which are chosen. */
export function KeyMenu({ title, columns, keys, change, buttons }: {
  title: string;
  columns: readonly ExperimentColumn[];
  keys: readonly string[];
  change: (keys: string[]) => void;
  /** Shown behind a chosen key. */
  buttons?: (column: ExperimentColumn, at: number) => VNode;
}) {
  return html`
    <${Menu} title=${title}>${columns.map((column, at) =>
      html`
        <li key=${column.key} class="row spread">
          <label class="check"><input type="checkbox" checked=${keys.includes(column.key)}
            onChange=${() => change(toggled(keys, column.key))} /> ${column.title}</label>
          ${keys.includes(column.key) && buttons?.(column, at)}
        </li>
      `
    )}<//>
  `;
}

/** Returns keys without one of them, or with it at the end. */
export function toggled(all: readonly string[], key: string): string[] {
  return all.includes(key) ? all.filter((each) => each !== key) : [...all, key];
}
