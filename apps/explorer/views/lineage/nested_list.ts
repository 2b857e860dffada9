// A lineage as a nested list.
import { html } from "../../framework/html.ts";
import { hrefOfRef } from "../../framework/router.ts";
import { type Direction, type Lineage, neighbors } from "./lineage_part.ts";

/** The most lines: a version that is an input of many is below each of them. */
const MOST_LINES = 1000;

export function NestedList({ lineage, direction }: { lineage: Lineage; direction: Direction }) {
  return html`
    <div class="columns">${(["up", "down"] as const).filter((way) =>
      direction === "both" || direction === way
    ).map((way) =>
      html`
        <section class="card">
          <h2>${way === "up" ? "Its inputs" : "Made from it"}</h2>
          <${Branches} lineage=${lineage} way=${way} />
        </section>
      `
    )}</div>
  `;
}

function Branches({ lineage, way }: { lineage: Lineage; way: "up" | "down" }) {
  const next = neighbors(lineage.edges, way);
  const states = new Map(lineage.nodes.map(({ ref, state }) => [ref, state]));
  const left = { lines: MOST_LINES };
  const below = (ref: string, above: ReadonlySet<string>): unknown => {
    const refs = (next.get(ref) ?? []).filter((each) => !above.has(each));
    if (refs.length === 0 || left.lines <= 0) return null;
    return html`<ul class="nested">${
      refs.map((each) => {
        left.lines--;
        const state = states.get(each);
        return html`<li key=${each}><a href=${hrefOfRef(each)}>${each}</a>${
          state !== "present" && html`
            <span class="tag tag-warn">${state}</span>
          `
        }${below(each, new Set([...above, each]))}</li>`;
      })
    }</ul>`;
  };
  return below(lineage.root, new Set([lineage.root])) ?? html`<p class="muted">None.</p>`;
}
