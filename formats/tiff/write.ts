// A TIFF file of one image, not compressed, in strips: "TIFF Revision 6.0" (Adobe, 1992), sections 2 to 8, with
// `ExtraSamples` (section 18) and `SampleFormat` (section 19).
import { concatBytes, iterableStream } from "../../core/bytes/bytes.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import type { Image, ImageDType } from "../images/image.ts";
import type { FileSource } from "../../core/materializer.ts";
import { TAGS } from "./directory.ts";
import { sampleFormat } from "./page.ts";
import { HOST_LITTLE_ENDIAN } from "./unpack.ts";

/** Up to this size header and samples are joined in memory. */
const SMALL_BYTES = 65_536;
const CHUNK_BYTES = 1 << 20;
/** Strips have about so many bytes, or one row. */
const STRIP_BYTES = 65_536;
const MAX_BYTES = 2 ** 32 - 1;

const RESOLUTION_X = 282;
const RESOLUTION_Y = 283;
const RESOLUTION_UNIT = 296;
const SHORT = 3;
const LONG = 4;
const RATIONAL = 5;
const BYTES_OF: Record<number, number> = { [SHORT]: 2, [LONG]: 4, [RATIONAL]: 8 };

/** An entry of the directory: a rational is two of its values. */
type Entry = [tag: number, type: number, values: readonly number[]];

/** The file of an image, in this machine's byte order. The samples of a large one are copied piece by piece. */
export function encodeTiff(
  { data, width, height, channels, dtype }: Image<ImageDType>,
): Uint8Array | FileSource {
  const samples = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  const rowBytes = samples.byteLength / height;
  const rowsPerStrip = Math.min(height, Math.max(1, Math.floor(STRIP_BYTES / rowBytes)));
  const strips = Math.ceil(height / rowsPerStrip);
  const isColour = channels === 3 || channels === 4;
  const extra = Array.from({ length: channels - (isColour ? 3 : 1) }, () => channels <= 4 ? 2 : 0);
  const each = (value: number, count: number) => Array.from({ length: count }, () => value);
  const entries: Entry[] = [
    [TAGS.width, LONG, [width]],
    [TAGS.height, LONG, [height]],
    [TAGS.bits, SHORT, each(data.BYTES_PER_ELEMENT * 8, channels)],
    [TAGS.compression, SHORT, [1]],
    [TAGS.photometric, SHORT, [isColour ? 2 : 1]],
    [TAGS.stripOffsets, LONG, each(0, strips)], // filled in when it is known where the directory ends
    [TAGS.samples, SHORT, [channels]],
    [TAGS.rowsPerStrip, LONG, [rowsPerStrip]],
    [TAGS.stripSizes, LONG, each(rowsPerStrip * rowBytes, strips)],
    [RESOLUTION_X, RATIONAL, [1, 1]],
    [RESOLUTION_Y, RATIONAL, [1, 1]],
    [TAGS.planar, SHORT, [1]],
    [RESOLUTION_UNIT, SHORT, [1]],
    [TAGS.extraSamples, SHORT, extra],
    [TAGS.sampleFormat, SHORT, each(sampleFormat(dtype), channels)],
  ];
  const used = entries.filter(([, , values]) => values.length > 0);
  const dataOffset = Math.ceil(
    (10 + used.length * 12 + 4 + used.reduce((sum, entry) => sum + outside(entry), 0)) / 8,
  ) *
    8;
  const size = dataOffset + samples.byteLength;
  if (size > MAX_BYTES) throw tooLarge(size);
  for (const [tag, , values] of used as [number, number, number[]][]) {
    if (tag === TAGS.stripOffsets) {
      values.forEach((_, i) => values[i] = dataOffset + i * rowsPerStrip * rowBytes);
    }
    if (tag === TAGS.stripSizes) {
      values[strips - 1] = (height - (strips - 1) * rowsPerStrip) * rowBytes;
    }
  }
  const header = encodeHeader(used, dataOffset);
  if (size <= SMALL_BYTES) return concatBytes([header, samples]);
  return { size, stream: () => iterableStream(chunksOf(header, samples)) };
}

/** Bytes of the values that do not fit into their entry. */
function outside([, type, values]: Entry): number {
  const bytes = values.length * (type === RATIONAL ? 4 : BYTES_OF[type]);
  return bytes > 4 ? Math.ceil(bytes / 4) * 4 : 0;
}

function encodeHeader(entries: readonly Entry[], size: number): Uint8Array {
  const header = new Uint8Array(size);
  const view = new DataView(header.buffer);
  const order = HOST_LITTLE_ENDIAN;
  header.fill(order ? 0x49 : 0x4d, 0, 2);
  view.setUint16(2, 42, order);
  view.setUint32(4, 8, order);
  view.setUint16(8, entries.length, order);
  let free = 10 + entries.length * 12 + 4;
  entries.forEach(([tag, type, values], i) => {
    const at = 10 + i * 12;
    view.setUint16(at, tag, order);
    view.setUint16(at + 2, type, order);
    view.setUint32(at + 4, type === RATIONAL ? values.length / 2 : values.length, order);
    const room = outside([tag, type, values]);
    if (room > 0) view.setUint32(at + 8, free, order);
    values.forEach((value, j) => {
      const start = room > 0 ? free : at + 8;
      if (type === SHORT) view.setUint16(start + j * 2, value, order);
      else view.setUint32(start + j * 4, value, order);
    });
    free += room;
  });
  return header;
}

async function* chunksOf(header: Uint8Array, samples: Uint8Array): AsyncIterable<Uint8Array> {
  yield header;
  for (let at = 0; at < samples.byteLength; at += CHUNK_BYTES) {
    yield samples.slice(at, at + CHUNK_BYTES);
  }
}

function tooLarge(size: number): RegistryError {
  return fault({
    code: "Unsupported",
    action: "write TIFF",
    state: `the file would have ${size} bytes, more than its offsets can count`,
    hint: "Save the array as .npy, or the image in parts.",
  });
}
