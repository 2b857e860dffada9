// A long list that renders only what is visible. All rows have one height.
import { elementOf } from "../framework/element_of.ts";
import { html } from "../framework/html.ts";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "../framework/preact.ts";
import type { ComponentChildren } from "../framework/preact.ts";

export interface VirtualListProps<T> {
  readonly items: readonly T[];
  readonly label: string;
  readonly row: (item: T, index: number) => ComponentChildren;
  readonly keyOf: (item: T) => string;
  /** @default 32 */
  readonly rowHeight?: number;
  /** The row that is active and visible at first. @default 0 */
  readonly start?: number;
  /** Called by Enter and by a click on a row. */
  readonly onOpen?: (item: T) => void;
  /** Called by other keys, such as arrows to the sides, with the focused row. */
  readonly onKey?: (event: KeyboardEvent, item: T, move: (index: number) => void) => void;
  /** `tree` rows have attributes such as `aria-level`. @default "listbox" */
  readonly role?: "listbox" | "tree";
  readonly attributesOf?: (item: T) => Record<string, unknown>;
}

const BEYOND = 8; // rows that are rendered above and below

/** A list with one tab stop. Arrows, Page Up, Page Down, Home and End move in it. */
export function VirtualList<T>(props: VirtualListProps<T>) {
  const { items, label, row, keyOf, rowHeight = 32, onOpen, role = "listbox" } = props;
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const [active, setActive] = useState(props.start ?? 0);
  const at = Math.min(active, items.length - 1);
  useLayoutEffect(() => {
    const observer = new ResizeObserver((entries) => {
      for (const { contentRect } of entries) setHeight(contentRect.height);
    });
    observer.observe(elementOf(box));
    move(active);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const list = elementOf(box);
    if (list.scrollTop > items.length * rowHeight) list.scrollTop = 0;
  }, [items.length]);

  const move = (index: number) => {
    const next = Math.max(0, Math.min(index, items.length - 1));
    setActive(next);
    const list = elementOf(box);
    const { scrollTop, clientHeight } = list;
    if (next * rowHeight < scrollTop) list.scrollTop = next * rowHeight;
    const end = (next + 1) * rowHeight - clientHeight;
    if (end > scrollTop) list.scrollTop = end;
  };
  const page = Math.max(1, Math.floor(height / rowHeight) - 1);
  const onKeyDown = (event: KeyboardEvent) => {
    const target = targetOf(event.key, { at, page, last: items.length - 1 });
    const item = items[at];
    if (target !== undefined) move(target);
    else if (item !== undefined) {
      if (event.key !== "Enter") return props.onKey?.(event, item, move);
      onOpen?.(item);
    }
    event.preventDefault();
  };
  const first = Math.max(0, Math.floor(top / rowHeight) - BEYOND);
  const last = Math.min(items.length, Math.ceil((top + height) / rowHeight) + BEYOND);
  return html`
    <div ref=${box} class="virtual" role=${role} tabindex="0" aria-label=${label}
      aria-activedescendant=${at >= 0 && at >= first && at < last ? `${id}-${at}` : undefined}
      onScroll=${(event: Event) => setTop((event.currentTarget as HTMLElement).scrollTop)}
      onKeyDown=${onKeyDown}>
      <div class="virtual-space" role="none" style=${{
        blockSize: `${items.length * rowHeight}px`,
      }}>
        ${items.slice(first, last).map((item, i) => {
          const index = first + i;
          return html`
            <div key=${keyOf(item)} id=${`${id}-${index}`} class="virtual-row"
              role=${role === "tree" ? "treeitem" : "option"}
              aria-selected=${index === at} aria-setsize=${items.length} aria-posinset=${index + 1}
              style=${{ insetBlockStart: `${index * rowHeight}px`, blockSize: `${rowHeight}px` }}
              onClick=${() => (setActive(index), onOpen?.(item))}
              ...${props.attributesOf?.(item)}>${row(item, index)}</div>
          `;
        })}
      </div>
    </div>
  `;
}

function targetOf(
  key: string,
  { at, page, last }: { at: number; page: number; last: number },
): number | undefined {
  const targets: Record<string, number> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: last,
  };
  return targets[key];
}
