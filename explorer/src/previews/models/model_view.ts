// Models in files: their facts, tensors and layers. Weights are not read.
import { countElements } from "../../../../formats/arrays/ndarray.ts";
import { describeTensors } from "../../../../formats/safetensors/describe.ts";
import { openSafetensors } from "../../../../formats/safetensors/tensor_file.ts";
import type { ArtifactFile, FileToRead } from "../../artifact_file.ts";
import { whenLoaded } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { fileToDecode } from "../file_to_decode.ts";
import { LeftOut, useFiles } from "../parts.ts";
import type { OpenedModel, OpenModel } from "./model.ts";
import { ModelParts } from "./model_parts.ts";

/** Shows a model that a function opens: without one, that of a `.safetensors` file. */
export function ModelView({ file, open = readModel }: {
  file: ArtifactFile;
  open?: OpenModel;
}): VNode {
  const loaded = useFiles((signal) => open(file, signal), file);
  return whenLoaded(loaded, (model) =>
    html`
      ${model.end !== undefined && html`<${LeftOut} file=${file}>${`${model.end}.`}<//>`}
      <${ModelParts} ...${model} />
    `);
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
