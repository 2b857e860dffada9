// Models compared tensor by tensor.
import { Choice } from "../components/choice.ts";
import { Paged } from "../components/long_content.ts";
import { whenLoaded } from "../components/notices.ts";
import { type Column, Table } from "../components/table.ts";
import { formatBytes, formatNumber } from "../format/format.ts";
import { html } from "../framework/html.ts";
import type { VNode } from "../framework/preact.ts";
import { useQuery } from "../framework/use_query.ts";
import { layerOf, type ModelTensor, type OpenModel, shapeText } from "../previews/models/model.ts";
import { readModel } from "../previews/models/model_view.ts";
import { useFiles } from "../previews/parts.ts";
import type { PairProps } from "./pair.ts";
import { compareTensors, type TensorChange, type TensorState } from "./tensor_changes.ts";

const PAGE = 100;
const STATES: readonly TensorState[] = ["added", "removed", "changed", "unknown", "same"];

/** The differences between two models of one format: without a function, of safetensors. */
export function ModelComparison({ left, right, open = readModel }: PairProps & {
  open?: OpenModel;
}): VNode {
  const loaded = useFiles(
    async (signal) => {
      const [before, after] = await Promise.all([open(left, signal), open(right, signal)]);
      return await compareTensors(
        { file: left, tensors: before.tensors },
        { file: right, tensors: after.tensors },
        { signal },
      );
    },
    left,
    right,
  );
  return whenLoaded(
    loaded,
    (changes) => html`<${Changes} changes=${changes} />`,
    "Comparing tensors",
  );
}

function Changes({ changes }: { changes: readonly TensorChange[] }): VNode {
  const [mode, setMode] = useQuery("mode", "different");
  const counts = STATES.map((state) =>
    [state, changes.filter(({ change }) => change === state).length] as const
  );
  const facts = counts.flatMap(([state, count]) =>
    count === 0 ? [] : [`${formatNumber(count)} ${state === "unknown" ? "not known" : state}`]
  );
  const unknown = changes.some(({ change }) => change === "unknown");
  return html`
    <p class="summary-line">Tensors: ${facts.join(" · ") || "none"}</p>
    ${unknown && html`<p class="note left-out">
      Digests of chunks do not decide whether some tensors changed. 32 MiB of each model were read.
    </p>`}
    <div class="fields">
      <${Choice} label="Show" value=${mode} change=${setMode} options=${[
        ["different", "Tensors that differ"],
        ["all", "All tensors"],
        ["layers", "Layers"],
      ]} />
    </div>
    ${mode === "layers" ? html`<${Layers} changes=${changes} />` : html`
      <${Tensors} changes=${mode === "all"
        ? changes
        : changes.filter(({ change }) => change !== "same")} />
    `}
  `;
}

function Tensors({ changes }: { changes: readonly TensorChange[] }): VNode {
  const columns: Column<TensorChange>[] = [
    { title: "Tensor", class: "key", cell: ({ name }) => name },
    {
      title: "Change",
      cell: ({ change }) =>
        html`<span class=${`change change-${change}`}>${
          change === "unknown" ? "not known" : change
        }</span>`,
    },
    { title: "Before", cell: ({ before }) => tensorText(before) },
    { title: "After", cell: ({ after }) => tensorText(after) },
    {
      title: "Size",
      class: "number",
      cell: ({ before, after }) => formatBytes((after ?? before)?.size ?? 0),
    },
  ];
  return html`
    <${Paged} items=${changes} step=${PAGE} unit="tensors">${(shown: TensorChange[]) =>
      html`<${Table} isPreview label="Tensors" rows=${shown} columns=${columns} />`}<//>
  `;
}

function tensorText(tensor: ModelTensor | undefined): string {
  return tensor === undefined ? "" : `${tensor.dtype} ${shapeText(tensor.shape)}`;
}

interface LayerChange {
  readonly name: string;
  readonly tensors: number;
  readonly changed: number;
  /** Of its bytes, the share in tensors that are not the same. */
  readonly share: number;
}

/** Layers in their order, and how much of each changed. */
function Layers({ changes }: { changes: readonly TensorChange[] }): VNode {
  const byLayer = Map.groupBy(changes, ({ name }) => layerOf(name));
  const layers = [...byLayer].map(([name, all]): LayerChange => {
    const changed = all.filter(({ change }) => change !== "same");
    const bytes = sizeOf(all);
    const share = bytes === 0 ? Number(changed.length > 0) : sizeOf(changed) / bytes;
    return { name, tensors: all.length, changed: changed.length, share };
  });
  const columns: Column<LayerChange>[] = [
    { title: "Layer", class: "key", cell: ({ name }) => name },
    {
      title: "Tensors that differ",
      class: "number",
      cell: ({ changed, tensors }) => `${formatNumber(changed)} of ${formatNumber(tensors)}`,
    },
    {
      title: "Share of bytes",
      cell: ({ share }) =>
        html`<span class="meter" aria-hidden="true"><span
          style=${{ inlineSize: `${share * 100}%` }}></span></span> ${Math.round(share * 100)} %`,
    },
  ];
  return html`
    <${Paged} items=${layers} step=${PAGE} unit="layers">${(shown: LayerChange[]) =>
      html`<${Table} isPreview label="Layers" rows=${shown} columns=${columns} />`}<//>
  `;
}

function sizeOf(changes: readonly TensorChange[]): number {
  return changes.reduce((sum, { before, after }) => sum + ((after ?? before)?.size ?? 0), 0);
}
