// JSON as a tree whose branches open on demand.
import type { ArtifactFile } from "../../artifact_file.ts";
import { formatCount } from "../../format/format.ts";
import { Choice } from "../../components/choice.ts";
import { Lazy, whenLoaded } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { useState, type VNode } from "../../framework/preact.ts";
import { LeftOut, useFiles } from "../parts.ts";
import { useMore } from "../../components/long_content.ts";
import { useQuery } from "../../framework/use_query.ts";
import { ExactNumber, isJsonLines, readJson } from "./json_value.ts";
import { TextView } from "./text_view.ts";

/** Members of a branch that are shown at a time. */
const STEP = 100;
const MAX_CHARACTERS = 1000;

/** Lines as a table or as a tree; another file as a tree. */
export function JsonView({ file }: { file: ArtifactFile }): VNode {
  const [mode, setMode] = useQuery("mode", "table");
  if (!isJsonLines(file)) return html`<${JsonFileTree} file=${file} />`;
  return html`
    <div class="fields">
      <${Choice} label="Show" value=${mode} change=${setMode}
        options=${[["table", "Table"], ["tree", "Tree"]]} />
    </div>
    ${mode === "tree"
      ? html`<${JsonFileTree} file=${file} />`
      : html`<${Lazy} load=${loadTable} file=${file} />`}
  `;
}

const loadTable = async () => (await import("../tables/table_view.ts")).TableView;

/** The tree of a file, or its text if it is large or damaged. */
function JsonFileTree({ file }: { file: ArtifactFile }): VNode {
  const loaded = useFiles((signal) => readJson(file, signal), file);
  return whenLoaded(loaded, (json) => {
    if ("problem" in json) {
      return html`
        <p class="note">${json.problem}</p>
        <${TextView} file=${file} />
      `;
    }
    return html`
      ${json.note && html`<${LeftOut} file=${file}>${json.note}<//>`}
      <${JsonTree} value=${json.value} />
    `;
  });
}

export function JsonTree({ value, name }: { value: unknown; name?: string }): VNode {
  return html`
    <ul class="tree">
      <${Node} name=${name} value=${value} depth=${0} />
    </ul>
  `;
}

/** Branches below the root with up to this many members begin open. */
const FEW = 10;

function Node({ name, value, depth }: { name?: string; value: unknown; depth: number }): VNode {
  const [open, setOpen] = useState(depth === 0 || depth === 1 && membersOf(value) <= FEW);
  const label = name === undefined ? null : html`<span class="json-key">${name}</span>`;
  if (typeof value !== "object" || value === null || value instanceof ExactNumber) {
    return html`<li>${label}<${Leaf} value=${value} /></li>`;
  }
  const count = membersOf(value);
  const kind = Array.isArray(value)
    ? `[${formatCount(count, "item")}]`
    : `{${formatCount(count, "member")}}`;
  if (count === 0) return html`<li>${label}<span class="muted">${kind}</span></li>`;
  const toggled = (event: Event) => setOpen((event.currentTarget as HTMLDetailsElement).open);
  return html`
    <li>
      <details open=${open} onToggle=${toggled}>
        <summary>${label}<span class="muted">${kind}</span></summary>
        ${open && html`<${Branch} value=${value} count=${count} depth=${depth + 1} />`}
      </details>
    </li>
  `;
}

function membersOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}

function Branch({ value, count, depth }: {
  value: object;
  count: number;
  depth: number;
}): VNode {
  const [shown, more] = useMore(count, STEP, "member");
  const keys = Array.isArray(value)
    ? Array.from({ length: Math.min(shown, count) }, (_, i) => String(i))
    : Object.keys(value).slice(0, shown);
  return html`
    <ul>
      ${keys.map((key) =>
        html`
          <${Node} key=${key} name=${key} depth=${depth} value=${(value as Record<string, unknown>)[
            key
          ]} />
        `
      )}
      ${more && html`<li>${more}</li>`}
    </ul>
  `;
}

/** A value without members. Long strings are cut off until they are asked for. */
export function Leaf({ value }: { value: unknown }): VNode {
  const [whole, setWhole] = useState(false);
  if (typeof value !== "string") {
    const text = value instanceof ExactNumber ? value.text : String(value);
    return html`<span class=${`json-${value === null ? "null" : typeof value}`}>${text}</span>`;
  }
  const rest = value.length - MAX_CHARACTERS;
  if (rest <= 0 || whole) return html`<span class="json-string">${JSON.stringify(value)}</span>`;
  return html`
    <span class="json-string">${JSON.stringify(value.slice(0, MAX_CHARACTERS))}</span>
    <button type="button" class="button button-small" onClick=${() => setWhole(true)}>
      Show ${formatCount(rest, "more character")}
    </button>
  `;
}
