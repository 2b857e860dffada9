// A `.safetensors` file: its facts and its tensors.
import type { ArtifactFile } from "../../artifact_file.ts";
import { formatBytes } from "../../components/format.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { EntryTable, type TextColumn } from "../entry_table.ts";
import { whenLoaded } from "../parts.ts";
import { type ModelTensor, readModel } from "./read_model.ts";

const COLUMNS: readonly TextColumn<ModelTensor>[] = [
  { title: "Tensor", cell: ({ name }) => name },
  { title: "Type", cell: ({ dtype }) => dtype },
  { title: "Shape", cell: ({ shape }) => shape.join(" x ") || "a number" },
  { title: "Size", class: "number", cell: ({ size }) => formatBytes(size) },
];

export function ModelView({ file }: { file: ArtifactFile }): VNode {
  const loaded = useLoaded(
    (signal) => readModel(file, signal),
    [file.ref, file.path, file.digest],
  );
  return whenLoaded(loaded, ({ facts, tensors }) =>
    html`
      <dl class="facts card" aria-label="Model">${facts.map(([name, text]) =>
        html`
          <dt>${name[0]!.toUpperCase() + name.slice(1)}</dt>
          <dd>${text}</dd>
        `
      )}</dl>
      <${EntryTable} entries=${tensors} columns=${COLUMNS} unit="tensors" />
    `);
}
