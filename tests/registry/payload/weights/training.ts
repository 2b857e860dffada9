// Registries with the states of a training, stored by values.
import type { SaveOptions, StoredRegistry } from "../../../../core/registry.ts";
import { fileSet } from "../../protocol_world.ts";
import { layer, safetensors, type Tensor, trained } from "./weights.ts";

export const AS = { as: fileSet };
export const VALUES = { as: fileSet, share: "values" } as const satisfies SaveOptions;
export const PATH = "model.safetensors";

export type Model = Record<string, Tensor>;

export function model(seed: number, layers = 2): Model {
  return Object.fromEntries(
    Array.from({ length: layers }, (_, i) => [`layer.${i}`, layer(512, 1024, seed + i)]),
  );
}

export function step(tensors: Model, seed: number): Model {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor], i) => [name, trained(tensor, seed * 100 + i)]),
  );
}

/** Returns states of a training that begins anew by `seed`. */
export function statesOf(count: number, seed = 1): Uint8Array[] {
  let tensors = model(seed);
  return Array.from({ length: count }, (_, i) => {
    if (i > 0) tensors = step(tensors, seed + i);
    return safetensors(tensors);
  });
}

/** Saves states, and returns which share of the bytes of each was added. */
export async function saveStates(
  registry: StoredRegistry,
  states: readonly Uint8Array[],
  name = "a",
): Promise<number[]> {
  const added: number[] = [];
  for (const state of states) {
    const saved = await registry.save(name, { [PATH]: state }, VALUES);
    added.push(saved.addedBytes! / state.length);
  }
  return added;
}

export async function loaded(registry: StoredRegistry, ref: string): Promise<unknown> {
  return (await registry.load(ref, AS) as Record<string, unknown>)[PATH];
}
