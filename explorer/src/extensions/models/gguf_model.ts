// A GGUF file: its keys and tensors.
import type { ArtifactFile, Column, OpenedModel } from "../../extending.ts";
import { listPart } from "../../previews/models/model.ts";
import { type GgufKey, openGguf } from "./gguf.ts";

const KEY_COLUMNS: readonly Column<GgufKey>[] = [
  { title: "Key", cell: ({ key }) => key },
  { title: "Type", cell: ({ type }) => type },
  { title: "Value", class: "wide", cell: ({ text }) => text },
];

export async function ggufModel(file: ArtifactFile, signal?: AbortSignal): Promise<OpenedModel> {
  const { keys, ...model } = await openGguf(file, signal);
  const part = listPart("keys", "Keys", { entries: keys, columns: KEY_COLUMNS, unit: "keys" });
  return { ...model, parts: keys.length === 0 ? [] : [part] };
}
