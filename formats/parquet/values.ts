// The values of a page, in the encodings of
// https://github.com/apache/parquet-format/blob/master/Encodings.md. They are made as they are
// asked for.
import { PHYSICAL } from "./columns.ts";
import type { Stored } from "./columns.ts";
import { openDeltaBytes, openDeltaLengths, openDeltaNumbers } from "./delta.ts";
import { openRuns } from "./runs.ts";
import { PageProblem } from "./problems.ts";

/** The next values. Throws {@linkcode PageProblem}, or `RangeError`, where the bytes end. */
export type TakeValues = (count: number) => Stored[];

/** The encodings, by number. */
export const ENCODING = {
  plain: 0,
  plainDictionary: 2,
  runs: 3,
  deltaNumbers: 5,
  deltaLengths: 6,
  deltaBytes: 7,
  dictionary: 8,
  split: 9,
} as const;

/** Values one after the other, from a place to the end. */
export function openPlain(view: DataView, from: number, type: number): TakeValues {
  if (type === PHYSICAL.boolean) {
    let bit = from * 8;
    return (count) =>
      repeat(count, () => (view.getUint8(Math.floor(bit / 8)) >>> (bit++ % 8) & 1) === 1);
  }
  let at = from;
  if (type === PHYSICAL.bytes) {
    return (count) =>
      repeat(count, () => {
        const length = view.getUint32(at, true);
        if (at + 4 + length > view.byteLength) {
          throw new PageProblem("a text is longer than its page");
        }
        const bytes = new Uint8Array(view.buffer, view.byteOffset + at + 4, length);
        at += 4 + length;
        return bytes;
      });
  }
  const width = widthOf(type);
  return (count) =>
    repeat(count, () => {
      at += width;
      return numberAt(view, at - width, type);
    });
}

/** Values whose first bytes stand together, then their second ones, and so on. */
function openSplit(view: DataView, from: number, type: number): TakeValues {
  const width = widthOf(type);
  const total = (view.byteLength - from) / width;
  if (total % 1 > 0) throw new PageProblem("its bytes are no whole number of values");
  const one = new DataView(new ArrayBuffer(8));
  let next = 0;
  return (count) =>
    repeat(count, () => {
      if (next >= total) throw new PageProblem("it has too few values");
      for (let byte = 0; byte < width; byte++) {
        one.setUint8(byte, view.getUint8(from + byte * total + next));
      }
      next++;
      return numberAt(one, 0, type);
    });
}

/** Opens values in an encoding; undefined for one that is not read, or not of this type. */
export function openValues(
  view: DataView,
  from: number,
  { encoding, type, maxBytes }: { encoding: number; type: number; maxBytes: number },
): TakeValues | undefined {
  const isInteger = type === PHYSICAL.int32 || type === PHYSICAL.int64;
  switch (encoding) {
    case ENCODING.plain:
      return openPlain(view, from, type);
    case ENCODING.runs: {
      if (type !== PHYSICAL.boolean) return undefined;
      const take = openRuns(view, from + 4, 1); // behind their length
      return (count) => take(count).map((bit) => bit !== 0);
    }
    case ENCODING.deltaNumbers: {
      if (!isInteger) return undefined;
      const { take } = openDeltaNumbers(view, from, type === PHYSICAL.int32 ? 32 : 64);
      return type === PHYSICAL.int32 ? (count) => take(count).map(Number) : take;
    }
    case ENCODING.deltaLengths:
      return type === PHYSICAL.bytes ? openDeltaLengths(view, from) : undefined;
    case ENCODING.deltaBytes:
      return type === PHYSICAL.bytes ? openDeltaBytes(view, from, maxBytes) : undefined;
    case ENCODING.split:
      return isInteger || type === PHYSICAL.float || type === PHYSICAL.double
        ? openSplit(view, from, type)
        : undefined;
  }
}

function widthOf(type: number): number {
  return type === PHYSICAL.int32 || type === PHYSICAL.float ? 4 : 8;
}

function numberAt(view: DataView, at: number, type: number): number | bigint {
  switch (type) {
    case PHYSICAL.int32:
      return view.getInt32(at, true);
    case PHYSICAL.int64:
      return view.getBigInt64(at, true);
    case PHYSICAL.float:
      return view.getFloat32(at, true);
    default:
      return view.getFloat64(at, true);
  }
}

function repeat<T>(count: number, make: () => T): T[] {
  const values: T[] = [];
  for (let i = 0; i < count; i++) values.push(make());
  return values;
}
