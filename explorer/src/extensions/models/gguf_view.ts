// A GGUF file: its keys and tensors.
import type { ArtifactFile } from "../../artifact_file.ts";
import type { PairProps } from "../../compare/pair.ts";
import { ModelComparison } from "../../compare/models.ts";
import { whenLoaded } from "../../components/notices.ts";
import type { Column } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { EntryTable } from "../../previews/entry_table.ts";
import { ModelParts } from "../../previews/models/model_parts.ts";
import { useFiles } from "../../previews/parts.ts";
import { type GgufKey, openGguf } from "./gguf.ts";

const KEY_COLUMNS: readonly Column<GgufKey>[] = [
  { title: "Key", cell: ({ key }) => key },
  { title: "Type", cell: ({ type }) => type },
  { title: "Value", class: "wide", cell: ({ text }) => text },
];

export function GgufView({ file }: { file: ArtifactFile }): VNode {
  const loaded = useFiles((signal) => openGguf(file, signal), file);
  return whenLoaded(loaded, ({ keys, ...model }) => {
    const show = () => html`<${EntryTable} entries=${keys} columns=${KEY_COLUMNS} unit="keys" />`;
    const parts = [{ name: "keys", title: "Keys", show }];
    return html`<${ModelParts} ...${model} parts=${keys.length === 0 ? [] : parts} />`;
  });
}

export function GgufComparison(props: PairProps): VNode {
  return html`<${ModelComparison} ...${props} open=${openGguf} />`;
}
