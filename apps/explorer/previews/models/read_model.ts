// A `.safetensors` file: its facts and its tensors. Weights are not read.
import { describeTensors } from "../../../../formats/safetensors/describe.ts";
import { openSafetensors } from "../../../../formats/safetensors/tensor_file.ts";
import type { ArtifactFile } from "../../artifact_file.ts";
import { formatNumber } from "../../components/format.ts";
import { fileToDecode } from "../file_to_decode.ts";

export interface ReadModel {
  readonly facts: readonly (readonly [name: string, text: string])[];
  readonly tensors: readonly ModelTensor[];
}

export interface ModelTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes. */
  readonly size: number;
}

export async function readModel(file: ArtifactFile, signal?: AbortSignal): Promise<ReadModel> {
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
