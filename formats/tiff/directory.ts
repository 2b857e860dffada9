// The directories of a TIFF file: properties of its pages and offsets of their blocks ("TIFF
// Revision 6.0", Adobe, 1992, section 2; BigTIFF has offsets of eight bytes). No number is trusted.
import type { FileToDecode } from "../../core/file_store.ts";
import { openWindow } from "../content/window.ts";
import { viewOf } from "../arrays/view_bytes.ts";
import { corruptImage, unsupportedImage } from "../images/image_file.ts";

/** Read-ahead for a directory: most fit, with all values that they refer to. */
const HEAD_BYTES = 16_384;
/** A page usually has about twenty entries, those of microscopes a hundred. */
const MAX_ENTRIES = 1024;
const MAX_PAGES = 65_536;

/** Tags of the pixels, section 8, and of tiles, section 15. */
export const TAGS = {
  subfile: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  description: 270,
  stripOffsets: 273,
  samples: 277,
  rowsPerStrip: 278,
  stripSizes: 279,
  planar: 284,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileSizes: 325,
  extraSamples: 338,
  sampleFormat: 339,
  depth: 32_997,
  stack: 33_629,
} as const;

/** Sizes of the supported types of values: BYTE, ASCII, SHORT, LONG, UNDEFINED, LONG8, UTF-8. */
const TYPE_BYTES: Record<number, number | undefined> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  7: 1,
  16: 8,
  129: 1,
};

export interface TiffReader {
  readonly path: string;
  /** Size of the file, bytes. */
  readonly size: number;
  readonly littleEndian: boolean;
  /** Size of an offset: 4, or 8 in BigTIFF. */
  readonly offsetBytes: 4 | 8;
  readonly first: number;
  /** Reads with read-ahead. Both methods throw if the file is too short. */
  read(offset: number, length: number): Promise<Uint8Array>;
  readExactly(offset: number, length: number): Promise<Uint8Array>;
}

export interface Directory {
  /** Returns the number of values of a tag, 0 for an absent one. */
  count(tag: number): number;
  values(tag: number, from: number, count: number): Promise<number[]>;
  value(tag: number, otherwise?: number): Promise<number>;
  /** Returns the beginnings of all strings of a tag, which programs write several times. */
  texts(tag: number, mostBytes: number): Promise<string[]>;
}

export async function openTiff(file: FileToDecode, signal?: AbortSignal): Promise<TiffReader> {
  const { path, size } = file;
  const refuse = () => corruptImage(path, `file is truncated: it has ${size} bytes`);
  const window = { end: size, refuse, signal };
  const read = openWindow(file, { ...window, aheadBytes: HEAD_BYTES });
  const readExactly = openWindow(file, { ...window, aheadBytes: 0 });

  const head = size < 8 ? new Uint8Array(8) : await read(0, Math.min(16, size));
  const order = String.fromCharCode(...head.subarray(0, 2));
  const littleEndian = order === "II";
  const view = viewOf(head);
  const version = view.getUint16(2, littleEndian);
  if ((order !== "II" && order !== "MM") || (version !== 42 && version !== 43)) {
    throw corruptImage(path, "not a TIFF file");
  }
  const isBig = version === 43;
  const [offsetBytes, reserved] = [4, 6].map((at) => view.getUint16(at, littleEndian));
  if (isBig && (head.byteLength < 16 || offsetBytes !== 8 || reserved !== 0)) {
    throw corruptImage(path, "header is damaged");
  }
  const first = isBig ? numberAt(view, 8, 8, littleEndian) : view.getUint32(4, littleEndian);
  return { path, size, littleEndian, offsetBytes: isBig ? 8 : 4, first, read, readExactly };
}

export async function* readDirectories(reader: TiffReader): AsyncGenerator<Directory> {
  const { path, offsetBytes, littleEndian } = reader;
  const countBytes = offsetBytes === 4 ? 2 : 8;
  const entryBytes = offsetBytes === 4 ? 12 : 20;
  const visitedOffsets = new Set<number>();
  for (let at = reader.first; at !== 0;) {
    if (visitedOffsets.has(at)) throw corruptImage(path, "its pages form a cycle");
    if (visitedOffsets.add(at).size > MAX_PAGES) {
      throw unsupportedImage(path, `it has more than ${MAX_PAGES} pages`);
    }
    const head = viewOf(await reader.read(at, countBytes));
    const entries = numberAt(head, 0, countBytes, littleEndian);
    if (entries > MAX_ENTRIES) throw unsupportedImage(path, `a page has ${entries} entries`);
    const size = entries * entryBytes + offsetBytes;
    const view = viewOf((await reader.read(at + countBytes, size)).slice());
    yield directoryOf(reader, view, entries, entryBytes);
    at = numberAt(view, size - offsetBytes, offsetBytes, littleEndian);
  }
}

function directoryOf(
  reader: TiffReader,
  view: DataView,
  entries: number,
  entryBytes: number,
): Directory {
  const { path, littleEndian, offsetBytes } = reader;
  const places = new Map<number, number[]>();
  for (let entry = 0; entry < entries; entry++) {
    const tag = view.getUint16(entry * entryBytes, littleEndian);
    places.set(tag, [...places.get(tag) ?? [], entry * entryBytes]);
  }
  const countAt = (place: number) => numberAt(view, place + 4, offsetBytes, littleEndian);
  function count(tag: number): number {
    const [place] = places.get(tag) ?? [];
    return place === undefined ? 0 : countAt(place);
  }
  async function values(tag: number, from: number, length: number): Promise<number[]> {
    const [place] = places.get(tag) ?? [];
    if (place === undefined || from + length > count(tag)) {
      throw corruptImage(path, `tag ${tag} has ${count(tag)} values, expected ${from + length}`);
    }
    return await valuesAt(place, tag, { from, length });
  }
  async function valuesAt(
    place: number,
    tag: number,
    { from, length }: { from: number; length: number },
  ): Promise<number[]> {
    const bytes = TYPE_BYTES[view.getUint16(place + 2, littleEndian)];
    if (bytes === undefined) throw corruptImage(path, `tag ${tag} has values of another type`);
    const field = place + 4 + offsetBytes;
    const isInline = countAt(place) * bytes <= offsetBytes;
    const start = isInline ? 0 : numberAt(view, field, offsetBytes, littleEndian) + from * bytes;
    const source = isInline
      ? new DataView(view.buffer, view.byteOffset + field + from * bytes, length * bytes)
      : viewOf(await reader.read(start, length * bytes));
    const indices = Array.from({ length }, (_, i) => i * bytes);
    return indices.map((at) => numberAt(source, at, bytes, littleEndian));
  }
  async function value(tag: number, otherwise?: number): Promise<number> {
    if (otherwise !== undefined && count(tag) === 0) return otherwise;
    return (await values(tag, 0, 1))[0]!;
  }
  async function texts(tag: number, mostBytes: number): Promise<string[]> {
    const strings: string[] = [];
    for (const place of places.get(tag) ?? []) {
      const length = Math.min(countAt(place), mostBytes);
      strings.push(String.fromCharCode(...await valuesAt(place, tag, { from: 0, length })));
    }
    return strings;
  }
  return { count, values, value, texts };
}

/** Reads 1, 2, 4 or 8 bytes. An unsafe integer is larger than any file, and is refused as such. */
function numberAt(view: DataView, at: number, bytes: number, littleEndian: boolean): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, littleEndian);
  return bytes === 4
    ? view.getUint32(at, littleEndian)
    : Number(view.getBigUint64(at, littleEndian));
}
