// The common parts of models in files: facts, and tensors in layers.
import type { NamedFact } from "../../components/fact_list.ts";

export interface ModelTensor {
  readonly name: string;
  readonly dtype: string;
  /** Named sides are chosen when the model runs. */
  readonly shape: readonly (number | string)[];
  /** Number of its numbers. */
  readonly parameters: number;
  /** Bytes. Absent if unknown. */
  readonly size?: number;
  /** Position of its bytes. Absent if they are not in one piece of this file. */
  readonly offset?: number;
}

export interface OpenedModel {
  readonly facts: readonly NamedFact[];
  readonly tensors: readonly ModelTensor[];
}

/** The tensors whose names begin alike. */
export interface Layer {
  readonly name: string;
  readonly tensors: number;
  readonly parameters: number;
  /** Bytes. */
  readonly size: number;
}

/** Returns the layers, in the order of their first tensors. */
export function layersOf(tensors: readonly ModelTensor[]): Layer[] {
  const layers = new Map<string, Layer>();
  for (const { name, parameters, size = 0 } of tensors) {
    const layer = layerOf(name);
    const sum = layers.get(layer) ?? { name: layer, tensors: 0, parameters: 0, size: 0 };
    layers.set(layer, {
      name: layer,
      tensors: sum.tensors + 1,
      parameters: sum.parameters + parameters,
      size: sum.size + size,
    });
  }
  return [...layers.values()];
}

/** Returns `model.layers.0` for `model.layers.0.mlp.weight`, and `embed` for `embed.weight`. */
export function layerOf(name: string): string {
  const numbered = /^.*?[./_]\d+(?=[./])/.exec(name);
  if (numbered !== null) return numbered[0];
  const end = Math.max(name.lastIndexOf("."), name.lastIndexOf("/"));
  return end > 0 ? name.slice(0, end) : name;
}

export function shapeText(shape: ModelTensor["shape"]): string {
  return shape.join(" x ") || "a number";
}

/** Returns how many tensors have each type: `F32: 2, Q4_K: 30`. */
export function typesText(tensors: readonly ModelTensor[]): string {
  const types = Map.groupBy(tensors, ({ dtype }) => dtype);
  return [...types].map(([type, { length }]) => `${type}: ${length}`).join(", ");
}
