// A menu of choices under a button. Escape and a choice elsewhere close it.
import { html } from "../framework/html.ts";
import { type ComponentChildren, useRef } from "../framework/preact.ts";

export function Menu({ title, children }: { title: string; children: ComponentChildren }) {
  const menu = useRef<HTMLDetailsElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !menu.current!.open) return;
    menu.current!.open = false;
    menu.current!.querySelector("summary")!.focus();
  };
  const onFocusOut = ({ relatedTarget }: FocusEvent) => {
    if (relatedTarget !== null && !menu.current!.contains(relatedTarget as Node)) {
      menu.current!.open = false;
    }
  };
  return html`
    <details ref=${menu} class="menu" onKeyDown=${onKeyDown} onFocusOut=${onFocusOut}>
      <summary class="button">${title}</summary>
      <ul class="menu-list card">${children}</ul>
    </details>
  `;
}
