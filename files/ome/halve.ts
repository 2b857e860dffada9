// Images of half the size.
import type { NDArray } from "../../formats/mod.ts";
import { type RegistryError, unsupported } from "../../core/kernel.ts";
import { countElements, ELEMENTS } from "../../formats/arrays/ndarray.ts";

/**
 * The method that makes levels smaller: an element is the mean of two by two, fewer at odd ends, or
 * the first of them. Means of integers are rounded, halves up; those of floats are computed with 64
 * bits, and NaN if one of them is.
 */
export type Downsampling = "mean" | "nearest";

/**
 * Returns an array of half the length in the last two dimensions, odd lengths rounded up.
 *
 * @throws {RegistryError} `Unsupported` for means of booleans, of complex numbers, and of 16-bit
 * floats if the runtime lacks them
 */
export function halve<A extends NDArray>(image: A, method: Downsampling): A {
  const { data, shape, dtype } = image;
  const { array, lanes } = ELEMENTS[dtype];
  const [height = 0, width = 0] = shape.slice(-2);
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const halved = [...shape.slice(0, -2), rows, columns];
  const length = countElements(halved) * lanes;
  const result = new array(new ArrayBuffer(length * data.BYTES_PER_ELEMENT), 0, length);
  const planes = countElements(shape.slice(0, -2));
  const size = { height, width: width * lanes, planes };
  if (method === "nearest") pick(wordsOf(data), wordsOf(result), size, lanes);
  else if (dtype === "int64" || dtype === "uint64") {
    bigMeans(data as BigInt64Array, result as BigInt64Array, size);
  } else if (isMeanable(dtype)) {
    means(data as Float64Array, result as Float64Array, size, !dtype.startsWith("float"));
  } else throw noMean(dtype);
  return { data: result, shape: halved, dtype } as NDArray as A;
}

interface Size {
  height: number;
  width: number;
  planes: number;
}

function isMeanable(dtype: string): boolean {
  return /^(u?int|float)/.test(dtype) &&
    (dtype !== "float16" || globalThis.Float16Array !== undefined);
}

export function checkHalvable(dtype: NDArray["dtype"], method: Downsampling): void {
  if (method === "mean" && !isMeanable(dtype)) throw noMean(dtype);
}

function noMean(dtype: string): RegistryError {
  const state = `values of type ${dtype} have no mean`;
  const hint = 'Pass downsampling: "nearest", or levels: 1.';
  return unsupported("create levels of an image", undefined, state, { hint });
}

/** Returns the same memory as integers, so that NaN values are copied exactly. */
function wordsOf(data: NDArray["data"]): Uint32Array {
  const words = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array };
  const { buffer, byteOffset, length, BYTES_PER_ELEMENT: size } = data;
  const array = words[size as keyof typeof words];
  return new array(buffer as ArrayBuffer, byteOffset, length) as unknown as Uint32Array;
}

function pick(from: Uint32Array, to: Uint32Array, size: Size, lanes: number): void {
  const { height, width, planes } = size;
  let at = 0;
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < height; y += 2) {
      const row = (plane * height + y) * width;
      for (let x = 0; x < width; x += 2 * lanes) {
        for (let lane = 0; lane < lanes; lane++) to[at++] = from[row + x + lane]!;
      }
    }
  }
}

function means(from: Float64Array, to: Float64Array, size: Size, isWhole: boolean): void {
  const { height, width, planes } = size;
  let at = 0;
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < height; y += 2) {
      const row = (plane * height + y) * width;
      const next = y + 1 < height ? row + width : row; // the same row twice changes no mean
      for (let x = 0; x < width; x += 2) {
        const right = x + 1 < width ? x + 1 : x;
        const sum = from[row + x]! + from[row + right]! + from[next + x]! + from[next + right]!;
        to[at++] = isWhole ? Math.floor(sum / 4 + 0.5) : sum / 4;
      }
    }
  }
}

function bigMeans(from: BigInt64Array, to: BigInt64Array, { height, width, planes }: Size): void {
  let at = 0;
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < height; y += 2) {
      const row = (plane * height + y) * width;
      const next = y + 1 < height ? row + width : row;
      for (let x = 0; x < width; x += 2) {
        const right = x + 1 < width ? x + 1 : x;
        const sum = from[row + x]! + from[row + right]! + from[next + x]! + from[next + right]!;
        to[at++] = (sum + 2n) >> 2n; // rounds down, also below zero
      }
    }
  }
}
