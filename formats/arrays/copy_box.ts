// Copies of boxes of elements between arrays in C order.
import { zipAxes } from "./ndarray.ts";

/** The bytes of an array in C order, and the offset of a box in it. */
interface BoxPlace {
  bytes: Uint8Array;
  strides: readonly number[];
  offset: number;
}

/** Returns the strides of a shape in C order, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  shape.slice(1).reduceRight((stride, length, axis) => strides[axis] = stride * length, 1);
  return strides;
}

export function offsetOf(indices: readonly number[], strides: readonly number[]): number {
  return indices.reduce((offset, index, axis) => offset + index * strides[axis]!, 0);
}

/** Copies a box. Runs that are contiguous in both arrays are copied at once. */
export function copyBox(
  from: BoxPlace,
  to: BoxPlace,
  { shape, itemBytes }: { shape: readonly number[]; itemBytes: number },
): void {
  if (shape.includes(0)) return;
  let run = 1;
  let axes = shape.length;
  while (
    axes > 0 &&
    (shape[axes - 1] === 1 || from.strides[axes - 1] === run && to.strides[axes - 1] === run)
  ) {
    run *= shape[--axes]!;
  }
  const loops = zipAxes(shape, from.strides, to.strides).slice(0, axes).toReversed()
    .map(([length, source, target]) => ({ length, source, target, index: 0 }));
  let source = from.offset, target = to.offset;
  const copyRun = runCopier(from.bytes, to.bytes, run * itemBytes);
  runs: for (;;) {
    copyRun(source * itemBytes, target * itemBytes);
    for (const loop of loops) {
      source += loop.source;
      target += loop.target;
      if (++loop.index < loop.length) continue runs;
      source -= loop.source * loop.length;
      target -= loop.target * loop.length;
      loop.index = 0;
    }
    return;
  }
}

/** Returns a function that copies a run. Short ones are faster byte by byte. */
function runCopier(
  from: Uint8Array,
  to: Uint8Array,
  length: number,
): (source: number, target: number) => void {
  if (length > 16) {
    return (source, target) => to.set(from.subarray(source, source + length), target);
  }
  return (source, target) => {
    for (let i = 0; i < length; i++) to[target + i] = from[source + i]!;
  };
}

export function fillWith(bytes: Uint8Array, element: Uint8Array): void {
  const [first = 0] = element;
  if (element.every((byte) => byte === first)) return void bytes.fill(first);
  bytes.set(element.subarray(0, bytes.byteLength));
  for (let filled = element.byteLength; filled < bytes.byteLength; filled *= 2) {
    bytes.copyWithin(filled, 0, filled);
  }
}
