// An uncompressed TIFF file of one image ("TIFF Revision 6.0", Adobe, 1992, sections 2 to 8, 18,
// 19).
import { HOST_BIG_ENDIAN, joinElements } from "../arrays/view_bytes.ts";
import type { Image, ImageDType } from "../images/image.ts";
import { unwritableImage } from "../images/image_file.ts";
import type { FileSource } from "../../core/materializer.ts";
import { TAGS } from "./directory.ts";
import { sampleFormat } from "./page.ts";

/** Approximate size of a strip, at least one row. */
const STRIP_BYTES = 65_536;
const MAX_BYTES = 2 ** 32 - 1;

const RESOLUTION_X = 282;
const RESOLUTION_Y = 283;
const RESOLUTION_UNIT = 296;
const SHORT = 3;
const LONG = 4;
const RATIONAL = 5;
const BYTES_OF = { [SHORT]: 2, [LONG]: 4, [RATIONAL]: 8 };

/** An entry of the directory. A rational has two numbers. */
type Entry = [tag: number, type: keyof typeof BYTES_OF, values: readonly number[]];

/** Encodes an image in native byte order. Samples of a large one are copied piece by piece. */
export function encodeTiff(
  { data, width, height, channels, dtype }: Image<ImageDType>,
): Uint8Array | FileSource {
  const samples = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  const rowBytes = samples.byteLength / height;
  const rowsPerStrip = Math.min(height, Math.max(1, Math.floor(STRIP_BYTES / rowBytes)));
  const strips = Math.ceil(height / rowsPerStrip);
  const isColor = channels === 3 || channels === 4;
  const extra = Array.from({ length: channels - (isColor ? 3 : 1) }, () => channels <= 4 ? 2 : 0);
  const each = (value: number, count: number) => Array.from({ length: count }, () => value);
  const entries: Entry[] = [
    [TAGS.width, LONG, [width]],
    [TAGS.height, LONG, [height]],
    [TAGS.bits, SHORT, each(data.BYTES_PER_ELEMENT * 8, channels)],
    [TAGS.compression, SHORT, [1]],
    [TAGS.photometric, SHORT, [isColor ? 2 : 1]],
    [TAGS.stripOffsets, LONG, each(0, strips)], // set below
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
  const values = used.reduce((sum, entry) => sum + outside(entry), 0);
  const dataOffset = Math.ceil((10 + used.length * 12 + 4 + values) / 8) * 8;
  const size = dataOffset + samples.byteLength;
  if (size > MAX_BYTES) {
    const hint = "Save the array as .npy, or the image in parts.";
    throw unwritableImage("TIFF", `the file would have ${size} bytes, more than 4 GiB`, hint);
  }
  for (const [tag, , values] of used as [number, number, number[]][]) {
    if (tag === TAGS.stripOffsets) {
      values.forEach((_, i) => values[i] = dataOffset + i * rowsPerStrip * rowBytes);
    }
    if (tag === TAGS.stripSizes) {
      values[strips - 1] = (height - (strips - 1) * rowsPerStrip) * rowBytes;
    }
  }
  return joinElements(encodeHeader(used, dataOffset), samples);
}

/** Returns the size of values that do not fit into their entry. */
function outside([, type, values]: Entry): number {
  const bytes = values.length * (type === RATIONAL ? 4 : BYTES_OF[type]);
  return bytes > 4 ? Math.ceil(bytes / 4) * 4 : 0;
}

function encodeHeader(entries: readonly Entry[], size: number): Uint8Array {
  const header = new Uint8Array(size);
  const view = new DataView(header.buffer);
  const order = !HOST_BIG_ENDIAN;
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
