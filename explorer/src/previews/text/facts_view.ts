// The facts of a document: short ones as text and tags, others as trees.
import { formatCount, formatNumber } from "../../format/format.ts";
import { FactList } from "../../components/fact_list.ts";
import { whenLoaded } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { JsonTree, Leaf } from "./json_tree.ts";

/** Facts that are shown. */
const MOST = 200;
const MOST_TAGS = 100;

export function splitFrontMatter(text: string): { front?: string; body: string } {
  const [all, front] = /^\uFEFF?---[ \t]*\r?\n(.*?\r?\n)---[ \t]*(?:\r?\n|$)/s.exec(text) ?? [];
  return all === undefined ? { body: text } : { front: front!, body: text.slice(all.length) };
}

export function FrontMatter({ text, path }: { text: string; path: string }): VNode {
  const loaded = useLoaded(
    async () => await (await import("./front_matter.ts")).readFacts(text, path),
    [text],
  );
  return whenLoaded(loaded, (header) => {
    if ("problem" in header) {
      return html`
        <p class="note">${header.problem}</p>
        <pre class="wrapped">${text}</pre>
      `;
    }
    const all = Object.entries(header.facts);
    const facts = all.slice(0, MOST).map((
      [name, value],
    ) => [name, html`<${Fact} value=${value} />`]);
    return html`
      <${FactList} facts=${facts} label="Front matter" isCard />
      ${all.length > MOST && html`
        <p class="note">${formatCount(
          all.length - MOST,
          "more member",
        )} of the front matter left out.</p>
      `}
    `;
  });
}

function Fact({ value }: { value: unknown }) {
  if (typeof value === "string") return value;
  const isTags = Array.isArray(value) &&
    value.every((each) => typeof each !== "object" && String(each).length < 100);
  if (isTags) {
    return html`<span class="row">${
      value.slice(0, MOST_TAGS).map((each) => html`<span class="tag">${String(each)}</span>`)
    }${
      value.length > MOST_TAGS &&
      html`<span class="muted">and ${formatNumber(value.length - MOST_TAGS)} more</span>`
    }</span>`;
  }
  const isTree = typeof value === "object" && value !== null;
  return isTree ? html`<${JsonTree} value=${value} />` : html`<${Leaf} value=${value} />`;
}
