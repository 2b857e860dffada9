// Planes as one array.
import { countElements, ELEMENTS, isNDArray, type NDArray } from "../../formats/arrays/ndarray.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Axis } from "./axes.ts";

/** Images to be saved at once: an array of all axes, or the planes of one, the last of their indices varying fastest. */
export type Images = NDArray | readonly NDArray[];

/**
 * One array of images, of all axes. Planes are copied, an array is used as it is.
 *
 * @param lengths how many there are along each axis that is before the last two; one that is missing follows from the
 * number of planes
 * @throws {RegistryError} `Unsupported` for planes of different sizes or elements: nothing is cast; `Invalid` for
 * lengths that do not fit
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
  const data = new array(
    new ArrayBuffer(length * first.data.BYTES_PER_ELEMENT),
    0,
    length,
  ) as Uint8Array;
  images.forEach((plane, i) => data.set(plane.data as Uint8Array, i * first.data.length));
  return { data, shape, dtype: first.dtype } as NDArray;
}

function checkStack(images: NDArray, axes: readonly Axis[]): NDArray {
  if (!isNDArray(images)) throw unsupported("they are no array and no list of planes");
  const names = axes.map(({ name }) => name).join(", ");
  if (images.shape.length !== axes.length) {
    throw unsupported(`an array of shape (${images.shape.join(", ")}) has not the axes ${names}`);
  }
  if (images.shape.includes(0)) {
    throw unsupported(`an array of shape (${images.shape.join(", ")}) has no elements`);
  }
  return images;
}

function checkPlane(plane: NDArray, i: number, first: NDArray): void {
  if (!isNDArray(plane) || plane.shape.length !== 2 || plane.shape.includes(0)) {
    throw unsupported(`plane ${i} is no array of two dimensions with elements`);
  }
  if (
    plane.dtype === first.dtype && plane.shape.every((length, axis) => length === first.shape[axis])
  ) return;
  const told = ({ dtype, shape }: NDArray) => `${dtype} of shape (${shape.join(", ")})`;
  throw unsupported(`plane ${i} is ${told(plane)}, the first is ${told(first)}`);
}

/** The lengths of all axes but the last two, of which one may be left out. */
function leadingShape(
  count: number,
  axes: readonly Axis[],
  lengths: Record<string, number>,
): number[] {
  const names = axes.slice(0, -2).map(({ name }) => name);
  const other = Object.keys(lengths).find((name) => !names.includes(name));
  if (other !== undefined) {
    throw invalid(`there is no axis ${shown(other)} of planes`, `There are ${names.join(", ")}.`);
  }
  const said = names.map((name) => Object.hasOwn(lengths, name) ? lengths[name] : undefined);
  const known = said.filter((length) => length !== undefined).reduce(
    (product, length) => product * length,
    1,
  );
  const open = said.filter((length) => length === undefined).length;
  const shape = said.map((length) => length ?? (open === 1 ? count / known : 1));
  const isWhole = shape.every((length) => Number.isSafeInteger(length) && length >= 1);
  if (isWhole && shape.reduce((product, length) => product * length, 1) === count) return shape;
  const told = names.map((name, i) => `${name}: ${said[i] ?? "?"}`).join(", ");
  throw invalid(
    `${count} planes do not fit the axes ${told === "" ? "of one plane" : told}`,
    "Say how many there are along each axis: { lengths: { c: 4, z: 10 } }.",
  );
}

function unsupported(state: string): RegistryError {
  return fault({
    code: "Unsupported",
    action: "save the images",
    state,
    hint:
      "All planes have one size and one dtype, { data, shape, dtype }; toArray(image) gives it. Nothing is cast.",
  });
}

function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "save the images", state, hint });
}
