// The wave form of uncompressed sound (WAV). Compressed sound may be longer than memory allows.
import { viewOf } from "../../../../formats/arrays/view_bytes.ts";

/** The loudest samples of each part of a sound. */
export interface Wave {
  /** Seconds. */
  readonly times: readonly number[];
  readonly highest: readonly number[];
  readonly lowest: readonly number[];
}

const PARTS = 1000;
const MOST_SAMPLES = 200;

/** Returns the wave form of a WAV file; undefined for others, and for damaged ones. */
export function waveOf(bytes: Uint8Array): Wave | undefined {
  try {
    return waveIn(viewOf(bytes));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function waveIn(view: DataView): Wave | undefined {
  const mark = (at: number) => view.getUint32(at);
  if (mark(0) !== 0x52494646 || mark(8) !== 0x57415645) return undefined; // RIFF, WAVE
  let format: { code: number; channels: number; rate: number; bits: number } | undefined;
  for (let at = 12; at + 8 <= view.byteLength;) {
    const size = view.getUint32(at + 4, true);
    if (mark(at) === 0x666d7420) { // fmt
      const code = view.getUint16(at + 8, true);
      format = {
        code: code === 0xfffe ? view.getUint16(at + 32, true) : code,
        channels: view.getUint16(at + 10, true),
        rate: view.getUint32(at + 12, true),
        bits: view.getUint16(at + 22, true),
      };
    }
    if (mark(at) === 0x64617461) { // data
      if (format === undefined || format.channels === 0 || format.rate === 0) return undefined;
      const read = readerOf(view, format.code, format.bits);
      if (read === undefined) return undefined;
      const end = Math.min(at + 8 + size, view.byteLength);
      const step = format.channels * format.bits / 8;
      return partsOf(
        read,
        { from: at + 8, step, frames: Math.floor((end - at - 8) / step) },
        format.rate,
      );
    }
    at += 8 + size + size % 2;
  }
  return undefined;
}

/** Returns a function that reads a sample as -1 to 1. */
function readerOf(view: DataView, code: number, bits: number) {
  if (code === 3 && bits === 32) return (at: number) => view.getFloat32(at, true);
  if (code !== 1) return undefined;
  switch (bits) {
    case 8:
      return (at: number) => view.getUint8(at) / 128 - 1;
    case 16:
      return (at: number) => view.getInt16(at, true) / 2 ** 15;
    case 24:
      return (at: number) => (view.getInt8(at + 2) * 2 ** 16 + view.getUint16(at, true)) / 2 ** 23;
    case 32:
      return (at: number) => view.getInt32(at, true) / 2 ** 31;
  }
}

function partsOf(
  read: (at: number) => number,
  { from, step, frames }: { from: number; step: number; frames: number },
  rate: number,
): Wave | undefined {
  const parts = Math.min(PARTS, frames);
  if (parts === 0) return undefined;
  const [times, highest, lowest]: [number[], number[], number[]] = [[], [], []];
  for (let part = 0; part < parts; part++) {
    const first = Math.floor(part * frames / parts);
    const end = Math.floor((part + 1) * frames / parts);
    const stride = Math.max(1, Math.floor((end - first) / MOST_SAMPLES));
    let [high, low] = [-Infinity, Infinity];
    for (let frame = first; frame < end; frame += stride) {
      const sample = read(from + frame * step);
      high = Math.max(high, sample);
      low = Math.min(low, sample);
    }
    times.push(first / rate);
    highest.push(high);
    lowest.push(low);
  }
  return { times, highest, lowest };
}
