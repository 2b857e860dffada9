// A `.safetensors` file: its facts, its tensors and their layers. Weights are not read.
import { countElements } from "../../../../formats/arrays/ndarray.ts";
import { describeTensors } from "../../../../formats/safetensors/describe.ts";
import { openSafetensors } from "../../../../formats/safetensors/tensor_file.ts";
import type { ArtifactFile, FileToRead } from "../../artifact_file.ts";
import { whenLoaded } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { fileToDecode } from "../file_to_decode.ts";
import { useFiles } from "../parts.ts";
import type { OpenedModel } from "./model.ts";
import { ModelParts } from "./model_parts.ts";

export function ModelView({ file }: { file: ArtifactFile }): VNode {
  const loaded = useFiles((signal) => readModel(file, signal), file);
  return whenLoaded(loaded, (model) => html`<${ModelParts} ...${model} />`);
}

export async function readModel(file: FileToRead, signal?: AbortSignal): Promise<OpenedModel> {
  const model = await openSafetensors(fileToDecode(file, signal), { signal });
  const metadata = Object.entries(describeTensors(model).metadata);
  return {
    facts: [["Format", "safetensors"], ...metadata],
    tensors: Array.from(model.tensors, ([name, info]) => {
      return { name, ...info, parameters: countElements(info.shape) };
    }),
  };
}
