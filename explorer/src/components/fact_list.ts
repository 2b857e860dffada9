// Facts as names and values.
import { html } from "../framework/html.ts";
import type { VNode } from "../framework/preact.ts";

export type NamedFact = readonly [name: unknown, value: unknown];

/** Shows facts below each other. Those that are undefined or false are left out. */
export function FactList({ facts, label, isCard = false, isMono = false }: {
  facts: readonly NamedFact[];
  label?: string;
  isCard?: boolean;
  /** Values are in the font of code. */
  isMono?: boolean;
}): VNode {
  const shown = facts.filter(([, value]) => value !== undefined && value !== false);
  return html`
    <dl class=${isCard ? "facts card" : "facts"} aria-label=${label}>${shown.map(([name, value]) =>
      html`
        <dt>${name}</dt>
        <dd class=${isMono && "mono"}>${value}</dd>
      `
    )}</dl>
  `;
}
