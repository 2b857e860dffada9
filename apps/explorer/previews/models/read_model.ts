// A model file: its facts, and the tensors of safetensors. Weights are not read.
import { describeModel } from "../../../../formats/models/describe.ts";
import { openSafetensors } from "../../../../formats/models/safetensors.ts";
import type { ArtifactFile } from "../../artifact_file.ts";
import { formatNumber } from "../../components/format.ts";
import { fileToDecode } from "../file_to_decode.ts";

export interface ReadModel {
  /** Facts by name, as text. */
  readonly facts: readonly (readonly [name: string, text: string])[];
  /** Absent if the facts only count them. */
  readonly tensors?: readonly ModelTensor[];
}

export interface ModelTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes. */
  readonly size: number;
}

/** Returns undefined for a file that is not a model after all. */
export async function readModel(
  file: ArtifactFile,
  signal?: AbortSignal,
): Promise<ReadModel | undefined> {
  const opened = fileToDecode(file, signal);
  const described = await describeModel(opened, { signal });
  if (described === undefined) return undefined;
  const facts = Object.entries(described).map(([name, value]) => [name, textOf(value)] as const)
    .filter(([, text]) => text !== "");
  if (described.kind !== "safetensors") return { facts };
  const { tensors } = await openSafetensors(opened, { signal });
  return { facts, tensors: Array.from(tensors, ([name, info]) => ({ name, ...info })) };
}

function textOf(value: unknown): string {
  if (typeof value === "number") return formatNumber(value);
  if (Array.isArray(value)) return value.map(textOf).join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  const { name, type, shape } = value as { name?: string; type?: string; shape?: unknown[] };
  if (name !== undefined && type !== undefined) {
    return [name, type, shape?.map((side) => side ?? "?").join(" x ")].join(" ").trim();
  }
  return Object.entries(value).map(([key, each]) => `${key}: ${textOf(each)}`).join(", ");
}
