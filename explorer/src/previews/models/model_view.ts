// A `.safetensors` file: its facts and its tensors. Weights are not read.
import { describeTensors } from "../../../../formats/safetensors/describe.ts";
import { openSafetensors } from "../../../../formats/safetensors/tensor_file.ts";
import type { ArtifactFile } from "../../artifact_file.ts";
import { FactList } from "../../components/fact_list.ts";
import { formatBytes, formatNumber } from "../../format/format.ts";
import { whenLoaded } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { fileToDecode } from "../file_to_decode.ts";
import { EntryTable, type TextColumn } from "../entry_table.ts";
import { useFiles } from "../parts.ts";

interface ModelTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes. */
  readonly size: number;
}

const COLUMNS: readonly TextColumn<ModelTensor>[] = [
  { title: "Tensor", cell: ({ name }) => name },
  { title: "Type", cell: ({ dtype }) => dtype },
  { title: "Shape", cell: ({ shape }) => shape.join(" x ") || "a number" },
  { title: "Size", class: "number", cell: ({ size }) => formatBytes(size) },
];

export function ModelView({ file }: { file: ArtifactFile }): VNode {
  const loaded = useFiles((signal) => readModel(file, signal), file);
  return whenLoaded(loaded, ({ facts, tensors }) =>
    html`
      <${FactList} facts=${facts.map(([name, text]) => [
        name[0]!.toUpperCase() + name.slice(1),
        text,
      ])} label="Model" isCard />
      <${EntryTable} entries=${tensors} columns=${COLUMNS} unit="tensors" />
    `);
}

export async function readModel(file: ArtifactFile, signal?: AbortSignal) {
  const model = await openSafetensors(fileToDecode(file, signal), { signal });
  const facts = Object.entries(describeTensors(model))
    .map(([name, value]) => [name, textOf(value)] as const).filter(([, text]) => text !== "");
  return { facts, tensors: Array.from(model.tensors, ([name, info]) => ({ name, ...info })) };
}

function textOf(value: unknown): string {
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "string") return value;
  return Object.entries(value as object).map(([key, each]) => `${key}: ${textOf(each)}`).join(", ");
}
