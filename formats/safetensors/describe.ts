// Facts of a `.safetensors` file, short enough to be stored as metadata.
import { countElements } from "../arrays/ndarray.ts";
import type { OpenedTensors } from "./tensor_file.ts";

/** Facts of a `.safetensors` file: plain JSON of some kilobytes, to be stored as metadata. */
export interface SafetensorsFacts {
  kind: "safetensors";
  tensors: number;
  /** How many tensors have each type. */
  types: Record<string, number>;
  /** Numbers in its tensors. */
  parameters: number;
  /** Its first entries; long strings are truncated. */
  metadata: Record<string, string>;
}

/** Longest text in facts. */
const MAX_TEXT = 200;
const MAX_ENTRIES = 64;

/**
 * Returns the facts of an opened `.safetensors` file: its types, sizes and metadata.
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { describeTensors, openSafetensors, safetensors } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const weight = { data: Float32Array.of(1, 2), shape: [2], dtype: "float32" } as const;
 * const bytes = await safetensors().encode({ tensors: { weight } }) as Uint8Array;
 * const model = await openSafetensors(bytesFile("model.safetensors", bytes));
 * assertEquals(describeTensors(model), {
 *   kind: "safetensors",
 *   tensors: 1,
 *   types: { float32: 1 },
 *   parameters: 2,
 *   metadata: {},
 * });
 * ```
 */
export function describeTensors({ tensors, metadata }: OpenedTensors): SafetensorsFacts {
  const types: Record<string, number> = {};
  let parameters = 0;
  for (const { dtype, shape } of tensors.values()) {
    types[dtype] = (types[dtype] ?? 0) + 1;
    parameters += countElements(shape);
  }
  const entries = Object.entries(metadata).slice(0, MAX_ENTRIES);
  return {
    kind: "safetensors",
    tensors: tensors.size,
    types,
    parameters,
    metadata: Object.fromEntries(entries.map((entry) => entry.map(shortText))),
  };
}

function shortText(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}
