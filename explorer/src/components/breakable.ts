// A name that breaks behind its separators, where it must break at all.
import { html } from "../framework/html.ts";
import type { ComponentChildren } from "../framework/preact.ts";

/** Returns the parts of a name with places to break between them: `train.` and `grad_norm`. */
export function breakable(name: string): ComponentChildren {
  const parts = name.split(/(?<=[.:/_-])(?=[^.:/_-])/);
  return parts.length === 1 ? name : parts.flatMap((part) => [part, html`<wbr />`]).slice(0, -1);
}
