// Statistics of numbers, and which parts of a large array they come from.
import {
  areTimes,
  countElements,
  type DType,
  ELEMENTS,
  type NDArray,
} from "../../../../formats/arrays/ndarray.ts";
import { shortNumber } from "../../format/short_number.ts";
import type { ArraySource, AxisRange } from "./array_source.ts";
import { NOT_A_TIME, timeText } from "./time_text.ts";

/** Bytes of an array that are read for statistics. */
export const SAMPLE_BYTES = 16 * 1024 * 1024;
const SAMPLE_BOXES = 32;
const MAX_REQUESTS = 256;
const BINS = 32;

/** Statistics of elements. Those that are not finite count, but do not take part. */
export interface Statistics {
  count: number;
  notANumber: number;
  infinite: number;
  zeros: number;
  min: number;
  max: number;
  mean: number;
  deviation: number;
  bins: { from: number; to: number; count: number }[];
}

/** Numbers of a typed array or of another list. */
export type Numbers = ArrayLike<number> & Iterable<number>;

/** Returns the smallest and the largest of the finite numbers. */
export function rangeOf(numbers: Numbers): [min: number, max: number] {
  let [min, max] = [Infinity, -Infinity];
  for (const value of numbers) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
}

/** Returns the elements as numbers: the modulus of complex ones, counts of times, 64 bits rounded. */
export function numbersOf({ data, dtype }: NDArray): Numbers {
  if (ELEMENTS[dtype].lanes === 2) {
    const parts = data as Float64Array;
    return Float64Array.from({ length: parts.length / 2 }, (_, i) => {
      return Math.hypot(parts[2 * i] ?? NaN, parts[2 * i + 1] ?? NaN);
    });
  }
  if (!(data instanceof BigInt64Array || data instanceof BigUint64Array)) {
    return data as Float64Array;
  }
  const isTime = areTimes(dtype);
  return Float64Array.from(
    data as BigInt64Array,
    (value) => isTime && value === NOT_A_TIME ? NaN : Number(value),
  );
}

/** Bits of floats that have fewer digits than those of 64. */
const FEW_BITS: Partial<Record<DType, 16 | 32>> = {
  ...globalThis.Float16Array && { float16: 16 },
  float32: 32,
  complex64: 32,
};

export function elementText({ data, dtype }: NDArray, index: number): string {
  const bits = FEW_BITS[dtype];
  const shorten = (value: number) => bits === undefined ? value : shortNumber(value, bits);
  if (ELEMENTS[dtype].lanes === 2) {
    const [real, imaginary] = [data[index * 2], data[index * 2 + 1]] as [number, number];
    return `${shorten(real)}${imaginary < 0 ? "" : "+"}${shorten(imaginary)}i`;
  }
  const value = data[index];
  if (typeof value === "bigint" && areTimes(dtype)) return timeText(value, dtype);
  return String(typeof value === "number" ? shorten(value) : value);
}

/** Counts, the sum and the range of elements. */
class Counts {
  count = 0;
  notANumber = 0;
  infinite = 0;
  zeros = 0;
  finite = 0;
  sum = 0;
  min = Infinity;
  max = -Infinity;

  add(piece: Numbers): void {
    this.count += piece.length;
    for (const value of piece) {
      if (Number.isFinite(value)) this.#addFinite(value);
      else if (Number.isNaN(value)) this.notANumber++;
      else this.infinite++;
    }
  }

  #addFinite(value: number): void {
    this.finite++;
    this.sum += value;
    if (value === 0) this.zeros++;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }
}

export function statisticsOf(pieces: readonly Numbers[]): Statistics {
  const numbers = new Counts();
  for (const piece of pieces) numbers.add(piece);
  const { count, notANumber, infinite, zeros, finite, sum, min, max } = numbers;
  const mean = sum / finite;
  const width = (max - min) / BINS;
  const counts = new Array<number>(BINS).fill(0);
  let squares = 0;
  for (const piece of pieces) {
    for (const value of piece) {
      if (!Number.isFinite(value)) continue;
      squares += (value - mean) ** 2;
      const bin = width > 0 ? binOf(value, { min, width }) : 0;
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
  }
  const used = counts.slice(0, finite === 0 ? 0 : width > 0 ? BINS : 1);
  const bins = used.map((count, i) => {
    return { from: min + i * width, to: min + (i + 1) * width, count };
  });
  const deviation = Math.sqrt(squares / finite);
  return { count, notANumber, infinite, zeros, min, max, mean, deviation, bins };
}

/** Returns the bin whose range has a number, also where a quotient is rounded over an edge. */
function binOf(value: number, { min, width }: { min: number; width: number }): number {
  const bin = Math.min(BINS - 1, Math.floor((value - min) / width));
  if (value < min + bin * width) return bin - 1;
  return bin < BINS - 1 && value >= min + (bin + 1) * width ? bin + 1 : bin;
}

/** Returns the boxes that statistics read: the whole array, or parts spread over it. */
export function sampleBoxes(source: ArraySource): { boxes: AxisRange[][]; isAll: boolean } {
  const { shape, dtype } = source;
  const total = countElements(shape);
  const itemBytes = ELEMENTS[dtype].bytes;
  const whole = shape.map((count) => ({ start: 0, count }));
  if (total * itemBytes <= SAMPLE_BYTES && source.costOf(whole) <= MAX_REQUESTS) {
    return { boxes: [whole], isAll: true };
  }
  let elements = SAMPLE_BYTES / itemBytes / SAMPLE_BOXES / 8;
  const sides = shape.toReversed().map((length) => {
    const count = Math.max(1, Math.min(length, Math.floor(elements)));
    elements = count < length ? 1 : elements / count; // the axes beyond have one index each
    return { length, count };
  });
  const boxOf = (place: number) => {
    let rest = place;
    return sides.map(({ length, count }) => {
      const index = rest % length;
      rest = Math.floor(rest / length);
      return { start: Math.min(index, length - count), count };
    }).toReversed();
  };
  const boxes = Array.from({ length: SAMPLE_BOXES }, (_, i) => {
    return boxOf(Math.floor((total - 1) * i / (SAMPLE_BOXES - 1)));
  });
  const cost = boxes.reduce((sum, box) => sum + source.costOf(box), 0);
  return { boxes: cost <= MAX_REQUESTS ? boxes : boxes.slice(0, 4), isAll: false };
}

export async function sampleStatistics(source: ArraySource, signal?: AbortSignal) {
  const { boxes, isAll } = sampleBoxes(source);
  const pieces: Numbers[] = [];
  for (const box of boxes) pieces.push(numbersOf(await source.read(box, signal)));
  return { ...statisticsOf(pieces), isAll };
}

/** Most elements on a side of an image. */
const MAX_SIDE = 512;

/** Returns how much of two axes is shown at once: less if it takes many requests. */
export function windowOf(
  source: ArraySource,
  at: readonly number[],
  [rows, columns]: readonly [number, number],
): AxisRange[] {
  const boxOf = (most: number) =>
    source.shape.map((length, axis) => {
      if (length === 0) return { start: 0, count: 0 };
      const start = Math.min(at[axis] ?? 0, length - 1);
      const isShown = axis === rows || axis === columns;
      return { start, count: isShown ? Math.min(most, length - start) : 1 };
    });
  let most = MAX_SIDE;
  while (most > 1 && source.costOf(boxOf(most)) > MAX_REQUESTS) most = Math.ceil(most / 2);
  return boxOf(most);
}
