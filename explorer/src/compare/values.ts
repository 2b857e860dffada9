// Differences of JSON, as the command line lists them.
import { diffValues, type ValueChange } from "../../../core/text/value_changes.ts";
import { formatCount } from "../format/format.ts";
import { type Column, Table } from "../components/table.ts";
import { whenLoaded } from "../components/notices.ts";
import { html } from "../framework/html.ts";
import type { VNode } from "../framework/preact.ts";
import { Paged } from "../components/long_content.ts";
import { useFiles } from "../previews/parts.ts";
import { JsonTree, Leaf } from "../previews/text/json_tree.ts";
import { ExactNumber, readJson } from "../previews/text/json_value.ts";
import type { PairProps } from "./pair.ts";
import { TextComparison } from "./texts.ts";

const PAGE = 100;

export function JsonComparison({ left, right }: PairProps): VNode {
  const loaded = useFiles(
    async (signal) => {
      const [before, after] = await Promise.all([readJson(left, signal), readJson(right, signal)]);
      if ("problem" in before) return before;
      if ("problem" in after) return after;
      try {
        return { changes: diffValues(before.value, after.value), note: before.note ?? after.note };
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        return { problem: "These values are nested too deeply to compare their members." };
      }
    },
    left,
    right,
  );
  return whenLoaded(loaded, (values) => {
    if ("problem" in values) {
      return html`
        <p class="note">${values.problem}</p>
        <${TextComparison} left=${left} right=${right} />
      `;
    }
    return html`
      ${values.note &&
        html`<p class="note">${values.note} Differences after it are not listed.</p>`}
      <${Changes} changes=${values.changes} names=${[left.ref, right.ref]} />
      <details>
        <summary>As text, line by line</summary>
        <${TextComparison} left=${left} right=${right} />
      </details>
    `;
  });
}

/** Writes a place: `layers[1].size`. */
export function placeText(path: readonly (string | number)[]): string {
  const parts = path.map((part) => {
    if (typeof part === "number") return `[${part}]`;
    return /^[A-Za-z_]\w*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
  });
  return parts.join("").replace(/^\./, "") || "the value itself";
}

export function Changes({ changes, names }: {
  changes: readonly ValueChange[];
  names: readonly [string, string];
}): VNode {
  if (changes.length === 0) return html`<p class="note">No difference.</p>`;
  const side = (side: "before" | "after", title: string, name: string): Column<ValueChange> => ({
    title,
    class: (change) => `top ${side in change ? name : ""}`,
    cell: (change) => html`<${Side} change=${change} side=${side} />`,
  });
  const columns: Column<ValueChange>[] = [
    { title: "Member", class: "key", cell: ({ path }) => html`<code>${placeText(path)}</code>` },
    side("before", names[0], "removed"),
    side("after", names[1], "added"),
  ];
  return html`
    <p class="summary-line">${formatCount(changes.length, "difference")}</p>
    <${Paged} items=${changes} step=${PAGE} unit="differences">${(shown: ValueChange[]) =>
      html`
        <${Table} isPreview isScroll=${false} label="Differences" rows=${shown}
          columns=${columns} />
      `}<//>
  `;
}

function Side({ change, side }: { change: ValueChange; side: "before" | "after" }): VNode {
  if (!(side in change)) return html`<span class="muted">absent</span>`;
  const value = change[side];
  const isLeaf = typeof value !== "object" || value === null || value instanceof ExactNumber;
  return isLeaf ? html`<${Leaf} value=${value} />` : html`<${JsonTree} value=${value} />`;
}
