// The filter of a column, in its heading: a condition of the filter of rows.
import { onValue } from "../../components/field.ts";
import { html } from "../../framework/html.ts";
import { useEffect, useRef, useState, type VNode } from "../../framework/preact.ts";
import { columnCondition, type Way, WAYS, withColumnCondition } from "./row_filter.ts";

export interface FilterState {
  readonly filter: string;
  readonly setFilter: (filter: string) => void;
  /** Applied while it is typed; else at Enter, as it takes long. */
  readonly isAtOnce: boolean;
}

export function ColumnFilter({ name, of: { filter, setFilter, isAtOnce } }: {
  name: string;
  of: FilterState;
}): VNode {
  const own = columnCondition(filter, name);
  const [isOpen, setOpen] = useState(false);
  const [chosen, setChosen] = useState<Way>(WAYS[0]);
  const first = useRef<HTMLSelectElement>(null);
  const way = own?.way ?? chosen;
  const change = (way: Way, value: string) => {
    setChosen(way);
    const isWhole = value !== "" || way === "is empty" || way === "is not empty";
    setFilter(withColumnCondition(filter, name, isWhole ? { way, value } : undefined));
  };
  useEffect(() => {
    if (isOpen) first.current?.focus();
  }, [isOpen]);
  const toggle = () => {
    if (own !== undefined) setFilter(withColumnCondition(filter, name));
    setOpen(own === undefined && !isOpen);
  };
  const isShown = isOpen || own !== undefined;
  const value = own?.value ?? "";
  const typed = { [isAtOnce ? "onInput" : "onChange"]: onValue((value) => change(way, value)) };
  return html`
    <span class="column-filter">
      <button type="button" class="button button-small button-quiet" aria-expanded=${isShown}
        aria-label=${`${own === undefined ? "Filter" : "Remove filter of"} ${name}`}
        onClick=${toggle}>${own === undefined ? "Filter" : "Remove filter"}</button>
      ${isShown && html`
        <select ref=${first} aria-label=${`How to filter ${name}`} value=${way}
          onChange=${onValue((way) => change(way as Way, value))}>${WAYS.map((each) =>
            html`<option value=${each}>${each}</option>`
          )}</select>
        ${(way === "is" || way === "contains") && html`
          <input type="search" aria-label=${`Filter of ${name}`} value=${value}
            placeholder=${isAtOnce ? undefined : "Enter"} spellcheck=${false}
            autocomplete="off" ...${typed} />
        `}
      `}
    </span>
  `;
}
