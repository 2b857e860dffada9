// The headers of BMP files, as Windows has them
// (https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-storage, and the pages of
// BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER and BITMAPV5HEADER there).
import { checkPixels, corruptImage, unsupportedImage } from "../../core/image_file.ts";

export const FILE_HEADER_BYTES = 14;
export const INFO_HEADER_BYTES = 40;
/** Bytes of a BITMAPV4HEADER. */
export const V4_HEADER_BYTES = 108;
/** How pixels are packed: as they are, or by masks that say where the samples are. */
export const COMPRESSIONS = { none: 0, masks: 3, masksWithAlpha: 6 };

const CORE_HEADER_BYTES = 12;
/** What else there is: with masks for red, green and blue, and for alpha, in them. */
const HEADER_BYTES = [CORE_HEADER_BYTES, INFO_HEADER_BYTES, 52, 56, V4_HEADER_BYTES, 124];
/** The places of red, green and blue in pixels of 24 and 32 bits where no masks say others: bytes. */
const PLACES = [2, 1, 0];

/** What is needed of a file to read its pixels. */
export interface BmpHeader {
  width: number;
  height: number;
  isFromTop: boolean;
  /** Bits of a pixel: 1, 4, 8, 24 or 32. */
  bits: number;
  rowBytes: number;
  offset: number;
  /** The colours of an indexed image, four samples each: blue, green, red and nothing. */
  palette?: Uint8Array;
  /** Where the samples of the others lie in a pixel, bytes: red, green, blue, and alpha where there is one. */
  places: readonly number[];
}

/** Reads the headers and the palette; throws where the rows are not all there. */
export function readBmpHeader(bytes: Uint8Array, path: string, maxPixels?: number): BmpHeader {
  if (bytes[0] !== 0x42 || bytes[1] !== 0x4d) throw corruptImage(path, "it is no BMP file");
  if (bytes.byteLength < FILE_HEADER_BYTES + CORE_HEADER_BYTES) {
    throw corruptImage(path, "its header is cut off");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offset = view.getUint32(10, true);
  const size = view.getUint32(FILE_HEADER_BYTES, true);
  if (!HEADER_BYTES.includes(size)) throw unsupportedImage(path, `its header has ${size} bytes`);
  if (bytes.byteLength < FILE_HEADER_BYTES + size) {
    throw corruptImage(path, "its header is cut off");
  }
  const isCore = size === CORE_HEADER_BYTES;
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true);
  const rows = isCore ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(isCore ? 24 : 28, true);
  const compression = isCore ? COMPRESSIONS.none : view.getUint32(30, true);
  const height = Math.abs(rows);
  checkPixels(path, { width, height }, maxPixels);
  const masks = readPlaces(path, view, { size, bits, compression });
  const rowBytes = Math.ceil(width * bits / 32) * 4;
  const begin = FILE_HEADER_BYTES + size + masks.bytes;
  if (offset < begin || offset + rowBytes * height > bytes.byteLength) {
    throw corruptImage(
      path,
      `its rows need ${rowBytes * height} bytes at ${offset}, it has ${bytes.byteLength}`,
    );
  }
  const header = {
    width,
    height,
    isFromTop: rows < 0,
    bits,
    rowBytes,
    offset,
    places: masks.places,
  };
  if (bits > 8) return header;
  const said = isCore ? 0 : view.getUint32(46, true);
  if (said > 2 ** bits) throw corruptImage(path, `its palette has ${said} colours`);
  const count = Math.min(said || 2 ** bits, Math.floor((offset - begin) / (isCore ? 3 : 4)));
  const palette = new Uint8Array(count * 4);
  for (let colour = 0; colour < count; colour++) {
    const from = begin + colour * (isCore ? 3 : 4);
    palette.set(bytes.subarray(from, from + 3), colour * 4);
  }
  return { ...header, palette };
}

/** Where the samples lie, and how many bytes of masks stand behind the header. */
function readPlaces(
  path: string,
  view: DataView,
  { size, bits, compression }: { size: number; bits: number; compression: number },
): { places: readonly number[]; bytes: number } {
  const isKnown = [1, 4, 8, 24].includes(bits) ? compression === COMPRESSIONS.none : bits === 32;
  if (!isKnown || !Object.values(COMPRESSIONS).includes(compression)) {
    throw unsupportedImage(path, `it has pixels of ${bits} bits with compression ${compression}`);
  }
  if (compression === COMPRESSIONS.none) return { places: PLACES, bytes: 0 };
  const count = compression === COMPRESSIONS.masksWithAlpha || size >= 56 ? 4 : 3;
  const at = FILE_HEADER_BYTES + INFO_HEADER_BYTES;
  if (view.byteLength < at + count * 4) throw corruptImage(path, "its masks are cut off");
  const masks = Array.from({ length: count }, (_, i) => view.getUint32(at + i * 4, true));
  if (masks[3] === 0) masks.pop(); // it has no alpha
  const places = masks.map((mask) => [0xff, 0xff00, 0xff0000, 0xff000000].indexOf(mask));
  if (places.includes(-1) || new Set(places).size !== places.length) {
    const shown = masks.map((mask) => mask.toString(16)).join(", ");
    throw unsupportedImage(
      path,
      `its samples are no whole bytes, or share them: the masks are ${shown}`,
    );
  }
  return { places, bytes: size === INFO_HEADER_BYTES ? count * 4 : 0 };
}
