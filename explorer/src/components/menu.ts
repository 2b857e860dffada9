// A menu of choices under a button. Escape and a click or focus elsewhere close it.
import { html } from "../framework/html.ts";
import { type ComponentChildren, useEffect, useRef } from "../framework/preact.ts";

export function Menu({ title, label, isSmall = false, children }: {
  title: string;
  /** Read by screen readers instead of the title. */
  label?: string;
  isSmall?: boolean;
  children: ComponentChildren;
}) {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const leave = ({ type, target, key }: Event & { key?: string }) => {
      const { current } = menu;
      if (current === null) return; // the view is left while its events still arrive
      const isKey = type === "keydown";
      const isNear = target instanceof Node && (current.contains(target) ||
        type === "focusin" && target.contains(current)); // a click beside its choices
      if (!current.open || (isKey ? key !== "Escape" : isNear)) return;
      current.open = false;
      if (isKey) current.querySelector("summary")?.focus();
    };
    const types = ["keydown", "pointerdown", "focusin"];
    for (const type of types) addEventListener(type, leave);
    return () => types.forEach((type) => removeEventListener(type, leave));
  }, []);
  return html`
    <details ref=${menu} class="menu">
      <summary class=${isSmall ? "button button-small" : "button"}
        aria-label=${label}>${title}</summary>
      <ul class="menu-list card">${children}</ul>
    </details>
  `;
}
