// Views of models: facts, and below them one of several lists, such as tensors and layers.
import { Choice } from "../../components/choice.ts";
import { FactList } from "../../components/fact_list.ts";
import type { Column } from "../../components/table.ts";
import { formatBytes, formatNumber } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { useQueries } from "../../framework/use_query.ts";
import { EntryTable } from "../entry_table.ts";
import {
  type Layer,
  layersOf,
  listPart,
  type ModelPart,
  type ModelTensor,
  type OpenedModel,
  shapeText,
  typesText,
} from "./model.ts";

const TENSOR_COLUMNS: readonly Column<ModelTensor>[] = [
  { title: "Tensor", cell: ({ name }) => name },
  { title: "Type", cell: ({ dtype }) => dtype },
  { title: "Shape", cell: ({ shape }) => shapeText(shape) },
  { title: "Numbers", class: "number", cell: ({ parameters }) => formatNumber(parameters) },
  { title: "Size", class: "number", cell: ({ size }) => sizeText(size) },
];

function sizeText(size: number | undefined): string {
  return size === undefined ? "not known" : formatBytes(size);
}

/** Facts of a model, and its tensors, their layers or another part. */
export function ModelParts({ facts, tensors, parts = [] }: OpenedModel): VNode {
  const [{ mode }, setQuery] = useQueries();
  const setMode = (mode: string) => setQuery({ mode, filter: undefined, row: undefined });
  const layers = layersOf(tensors);
  const own: ModelPart[] = [
    listPart("tensors", "Tensors", { entries: tensors, columns: TENSOR_COLUMNS, unit: "tensors" }),
    { name: "layers", title: "Sizes by layer", show: () => html`<${Layers} layers=${layers} />` },
  ];
  const all = [...parts, ...tensors.length === 0 ? [] : own];
  const chosen = all.find(({ name }) => name === mode) ?? all[0];
  return html`
    <${FactList} facts=${[...facts.filter(([, value]) => value !== ""), ...sumsOf(tensors)]}
      label="Model" isCard />
    ${all.length > 1 && html`
      <div class="fields">
        <${Choice} label="Show" value=${chosen?.name} change=${setMode}
          options=${all.map(({ name, title }) => [name, title])} />
      </div>
    `}
    ${chosen?.show()}
  `;
}

function sumsOf(tensors: readonly ModelTensor[]) {
  const numbers = tensors.reduce((sum, { parameters }) => sum + parameters, 0);
  const bytes = tensors.reduce((sum, { size = 0 }) => sum + size, 0);
  return [
    ["Tensors", formatNumber(tensors.length)],
    ["Types", typesText(tensors)],
    ["Parameters", formatNumber(numbers)],
    ["Size of tensors", formatBytes(bytes)],
  ].filter(([, value]) => value !== "");
}

function Layers({ layers }: { layers: readonly Layer[] }): VNode {
  const most = Math.max(1, ...layers.map(({ size }) => size));
  const columns: Column<Layer>[] = [
    { title: "Layer", cell: ({ name }: Layer) => name },
    { title: "Tensors", class: "number", cell: ({ tensors }: Layer) => formatNumber(tensors) },
    {
      title: "Numbers",
      class: "number",
      cell: ({ parameters }: Layer) => formatNumber(parameters),
    },
    { title: "Size", class: "number", cell: ({ size }: Layer) => formatBytes(size) },
    {
      title: "Beside the largest",
      cell: ({ size }: Layer) =>
        html`<span class="meter" aria-hidden="true"><span
          style=${{ inlineSize: `${size / most * 100}%` }}></span></span>`,
    },
  ];
  return html`<${EntryTable} entries=${layers} columns=${columns} unit="layers" />`;
}
