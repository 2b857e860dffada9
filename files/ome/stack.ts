// Planes as an array.
import type { NDArray } from "../../formats/mod.ts";
import { fault, type RegistryError, shown } from "../../core/kernel.ts";
import { countElements, ELEMENTS, isNDArray } from "../../formats/arrays/ndarray.ts";
import type { Axis } from "./axes.ts";

/**
 * Images: an array of all axes, or the planes of one, the last of their indices varying fastest.
 */
export type Images = NDArray | readonly NDArray[];

/**
 * Returns images as one array of all axes. Planes are copied, an array is returned as it is.
 *
 * @param lengths the number of planes along each axis before the last two; one may be omitted
 * @throws {RegistryError} `Unsupported` for planes of different sizes or dtypes: values are never
 * cast; `Invalid` for lengths that do not fit
 */
export function stackImages(
  images: Images,
  axes: readonly Axis[],
  lengths: Record<string, number> = {},
): NDArray {
  if (!Array.isArray(images)) return checkStack(images as NDArray, axes);
  const [first] = images as NDArray[];
  if (first === undefined) throw invalid("there are no planes", "Pass one or more.");
  images.forEach((plane, i) => checkPlane(plane, i, first));
  const shape = [...leadingShape(images.length, axes, lengths), ...first.shape];
  const { array, lanes } = ELEMENTS[first.dtype];
  const length = countElements(shape) * lanes;
  const buffer = new ArrayBuffer(length * first.data.BYTES_PER_ELEMENT);
  const data = new array(buffer, 0, length) as Uint8Array;
  images.forEach((plane, i) => data.set(plane.data as Uint8Array, i * first.data.length));
  return { data, shape, dtype: first.dtype } as NDArray;
}

function checkStack(images: NDArray, axes: readonly Axis[]): NDArray {
  if (!isNDArray(images)) throw unsupported("they are neither an array nor a list of planes");
  if (images.shape.length !== axes.length) {
    const names = axes.map(({ name }) => name).join(", ");
    throw unsupported(`they are ${kindOf(images)}, but the axes are ${names}`);
  }
  if (images.shape.includes(0)) throw unsupported(`they are ${kindOf(images)}: no elements`);
  return images;
}

function checkPlane(plane: NDArray, i: number, first: NDArray): void {
  if (!isNDArray(plane) || plane.shape.length !== 2 || plane.shape.includes(0)) {
    throw unsupported(`plane ${i} is not an array of two dimensions with elements`);
  }
  if (kindOf(plane) === kindOf(first)) return;
  throw unsupported(`plane ${i} is ${kindOf(plane)}, but plane 0 is ${kindOf(first)}`);
}

export function kindOf({ dtype, shape }: Pick<NDArray, "dtype" | "shape">): string {
  return `${dtype} of shape (${shape.join(", ")})`;
}

/** Returns the lengths of all axes but the last two, of which one may be omitted. */
function leadingShape(
  count: number,
  axes: readonly Axis[],
  lengths: Record<string, number>,
): number[] {
  const names = axes.slice(0, -2).map(({ name }) => name);
  const unknownAxis = Object.keys(lengths).find((name) => !names.includes(name));
  if (unknownAxis !== undefined) {
    throw invalid(`planes have no axis ${shown(unknownAxis)}`, `Use ${names.join(", ")}.`);
  }
  const knownLengths = names.map((name) =>
    Object.hasOwn(lengths, name) ? lengths[name] : undefined
  );
  const product = (numbers: readonly (number | undefined)[]) =>
    numbers.reduce<number>((all, length) => all * (length ?? 1), 1);
  const isOnlyOneOpen = knownLengths.filter((length) => length === undefined).length === 1;
  const shape = knownLengths.map((length) =>
    length ?? (isOnlyOneOpen ? count / product(knownLengths) : 1)
  );
  const isWhole = shape.every((length) => Number.isSafeInteger(length) && length >= 1);
  if (isWhole && product(shape) === count) return shape;
  const described = names.map((name, i) => `${name}: ${knownLengths[i] ?? "?"}`).join(", ");
  throw invalid(
    `${count} planes do not fit the axes ${described || "of one plane"}`,
    "Pass the number along each axis: { lengths: { c: 4, z: 10 } }.",
  );
}

function unsupported(state: string): RegistryError {
  const hint = "Pass planes of one size and dtype, { data, shape, dtype }, as of toArray(image).";
  return fault({ code: "Unsupported", action: "save images", state, hint });
}

function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "save images", state, hint });
}
