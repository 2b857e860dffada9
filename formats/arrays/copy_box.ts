// Copies of boxes of elements between arrays in C order.
/** The bytes of an array in C order, and the offset of a box in it. */
export interface BoxPlace {
  bytes: Uint8Array;
  strides: readonly number[];
  offset: number;
}

/** Returns the strides of a shape in C order, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = strides[axis + 1] * shape[axis + 1];
  }
  return strides;
}

export function offsetOf(indices: readonly number[], strides: readonly number[]): number {
  return indices.reduce((offset, index, axis) => offset + index * strides[axis], 0);
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
    run *= shape[--axes];
  }
  const index = new Array<number>(axes).fill(0);
  let source = from.offset, target = to.offset;
  const copyRun = runCopier(from.bytes, to.bytes, run * itemBytes);
  for (;;) {
    copyRun(source * itemBytes, target * itemBytes);
    let axis = axes - 1;
    for (; axis >= 0; axis--) {
      source += from.strides[axis];
      target += to.strides[axis];
      if (++index[axis] < shape[axis]) break;
      source -= from.strides[axis] * shape[axis];
      target -= to.strides[axis] * shape[axis];
      index[axis] = 0;
    }
    if (axis < 0) return;
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
    for (let i = 0; i < length; i++) to[target + i] = from[source + i];
  };
}

/** Fills bytes with copies of an element. */
export function fillWith(bytes: Uint8Array, element: Uint8Array): void {
  if (element.every((byte) => byte === element[0])) return void bytes.fill(element[0]);
  bytes.set(element.subarray(0, bytes.byteLength));
  for (let filled = element.byteLength; filled < bytes.byteLength; filled *= 2) {
    bytes.copyWithin(filled, 0, filled);
  }
}
