import type { NDArray } from "../../formats/arrays/ndarray.ts";

/** An array in which each element differs from its neighbors. */
export function ndarrayOf(...shape: number[]): NDArray<"uint16"> {
  const size = shape.reduce((a, b) => a * b, 1);
  return { data: Uint16Array.from({ length: size }, (_, i) => i * 7919), shape, dtype: "uint16" };
}
