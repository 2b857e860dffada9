// Long content: steps through it, more of it, regions that scroll, and logs.
import { formatCount, formatNumber } from "../format/format.ts";
import { elementOf } from "../framework/element_of.ts";
import { html } from "../framework/html.ts";
import { type ComponentChildren, useState, type VNode } from "../framework/preact.ts";
import { useLayoutEffect, useRef } from "../framework/preact.ts";
import { useQueryNumber } from "../framework/use_query.ts";

/** Buttons to go through long content in steps. Without a total, `isEnd` ends it. */
export function Steps({ from, step, shown, total, isEnd, unit, go }: {
  from: number;
  step: number;
  shown: number;
  total?: number;
  isEnd?: boolean;
  unit: string;
  go(from: number): void;
}): VNode | null {
  const last = from + shown;
  const ended = total === undefined ? isEnd === true : last >= total;
  if (from === 0 && ended) return null;
  const of = total === undefined
    ? (ended ? ` of ${formatNumber(last)}` : "")
    : ` of ${formatNumber(total)}`;
  const range = shown === 0
    ? `No ${unit}`
    : `${unit} ${formatNumber(from)} to ${formatNumber(last - 1)}`;
  return html`
    <div class="steps" role="group" aria-label=${`Steps through ${unit}`}>
      <button type="button" class="button button-small" disabled=${from === 0}
        onClick=${() => go(0)}>First</button>
      <button type="button" class="button button-small" disabled=${from === 0} onClick=${() =>
        go(Math.max(0, from - step))}>
        Previous
      </button>
      <span aria-live="polite">${range}${of}</span>
      <button type="button" class="button button-small" disabled=${ended}
        onClick=${() => go(from + step)}>Next</button>
    </div>
  `;
}

/** A page of a list, with steps through it if there are more. The query has the place. */
export function Paged<T>({ items, step, unit, children }: {
  items: readonly T[];
  step: number;
  unit: string;
  children: (shown: readonly T[]) => ComponentChildren;
}): VNode {
  const [from, setFrom] = useQueryNumber("row");
  if (items.length === 0) return html`<p class="note">No ${unit} to show.</p>`;
  const start = from < items.length ? from : 0;
  const shown = items.slice(start, start + step);
  return html`
    ${children(shown)}
    <${Steps} from=${start} step=${step} shown=${shown.length} total=${items.length}
      unit=${unit} go=${setFrom} />
  `;
}

/** Returns how many items of a long list are shown, and a button that shows more. */
export function useMore(count: number, step: number, noun: string): [number, VNode | false] {
  const [shown, setShown] = useState(step);
  const button = shown < count && html`
    <button type="button" class="button button-small" onClick=${() => setShown(shown + step)}>
      Show more of ${formatCount(count - shown, noun)}
    </button>
  `;
  return [shown, button];
}

/** A region that scrolls by itself, also with the keyboard. */
export function Scroll(
  { label, children }: { label: string; children?: ComponentChildren },
): VNode {
  return html`
    <div class="scroll table-wrap" role="region" aria-label=${label} tabindex="0">${children}</div>
  `;
}

/** Colors and movements of a terminal. */
// deno-lint-ignore no-control-regex -- they begin with one
const CODES = /\x1b\[[\d;?]*[A-Za-z]/g;

/** Text that may grow: its end stays in view unless the reader has scrolled up. */
export function LogText({ text, label }: { text: string; label: string }) {
  const box = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  const follow = () => {
    const { scrollTop, scrollHeight, clientHeight } = elementOf(box);
    isAtEnd.current = scrollTop + clientHeight >= scrollHeight - 2;
  };
  useLayoutEffect(() => {
    if (isAtEnd.current) elementOf(box).scrollTop = elementOf(box).scrollHeight;
  }, [text]);
  return html`
    <pre ref=${box} class="log" tabindex="0" role="region" aria-label=${label}
      onScroll=${follow}>${text.replace(CODES, "")}</pre>
  `;
}
