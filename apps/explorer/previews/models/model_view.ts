// A model file: what it says of itself, and its tensors.
import type { ArtifactFile } from "../../artifact_file.ts";
import { formatBytes } from "../../components/format.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { EntryTable, type TextColumn } from "../entry_table.ts";
import { whenLoaded } from "../parts.ts";
import { BytesView } from "../text/text_view.ts";
import { type ModelTensor, readModel } from "./read_model.ts";

const COLUMNS: readonly TextColumn<ModelTensor>[] = [
  { title: "Tensor", cell: ({ name }) => name },
  { title: "Type", cell: ({ dtype }) => dtype },
  { title: "Shape", cell: ({ shape }) => shape.join(" x ") || "a number" },
  { title: "Size", class: "number", cell: ({ size }) => formatBytes(size) },
];

export function ModelView({ file }: { file: ArtifactFile }): VNode {
  const loaded = useLoaded(
    async (signal) => ({ model: await readModel(file, signal) }),
    [file.ref, file.path, file.digest],
  );
  return whenLoaded(loaded, ({ model }) => {
    if (model === undefined) return html`<${BytesView} file=${file} />`;
    const { facts, tensors } = model;
    return html`
      <dl class="facts card" aria-label="Model">${facts.map(([name, text]) =>
        html`
          <dt>${wordsOf(name)}</dt>
          <dd>${text}</dd>
        `
      )}</dl>
      ${tensors && html`<${EntryTable} entries=${tensors} columns=${COLUMNS} unit="tensors" />`}
    `;
  });
}

/** Returns a name such as `externalData` as words. */
function wordsOf(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words[0]!.toUpperCase() + words.slice(1);
}
