// The common parts of models in files: facts, tensors in layers, and other lists.
import type { ArtifactFile } from "../../artifact_file.ts";
import type { NamedFact } from "../../components/fact_list.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { type EntryList, EntryTable } from "../entry_table.ts";

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
  /** Lists before those of tensors. */
  readonly parts?: readonly ModelPart[];
  /** The place at which reading ended early, in words: "Listed up to object 100". */
  readonly end?: string;
}

/** Reads the header of a file. */
export type OpenModel = (file: ArtifactFile, signal?: AbortSignal) => Promise<OpenedModel>;

/** A list that can be chosen. */
export interface ModelPart {
  readonly name: string;
  readonly title: string;
  readonly show: () => VNode;
}

/** Returns a part that lists entries. */
export function listPart<T>(name: string, title: string, list: EntryList<T>): ModelPart {
  return { name, title, show: () => html`<${EntryTable} ...${list} />` };
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
