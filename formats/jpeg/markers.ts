// The markers of a JPEG file (ITU-T T.81, annex B), looked through before anything is decoded: what
// it is, and whether it has its end. A decoder fills what is missing with grey.
import { checkPixels, corruptImage, unsupportedImage } from "../../core/image_file.ts";

export interface JpegFrame {
  width: number;
  height: number;
  /** Components: 1 or 3. */
  components: number;
}

/** A picture that comes in steps has some ten of them; each costs a look at all pixels. */
const MAX_SCANS = 100;

const START = 0xd8;
const END = 0xd9;
const SCAN = 0xda;

export function readJpegMarkers(bytes: Uint8Array, path: string, maxPixels?: number): JpegFrame {
  if (bytes[0] !== 0xff || bytes[1] !== START) throw corruptImage(path, "it is no JPEG file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frame: JpegFrame | undefined;
  let scans = 0;
  for (let at = 2;;) {
    if (at + 2 > bytes.byteLength) throw corruptImage(path, "it is cut off");
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff) throw corruptImage(path, `there is no marker at byte ${at}`);
    if (marker === END) break;
    if (marker === 0xff) {
      at++; // any number of these may stand before a marker
      continue;
    }
    if (marker < 0xc0 || (marker >= 0xd0 && marker <= START)) {
      throw corruptImage(path, `it has marker ${marker.toString(16)} at byte ${at}`);
    }
    const size = at + 4 > bytes.byteLength ? 0 : view.getUint16(at + 2);
    if (size < 2 || at + 2 + size > bytes.byteLength) throw corruptImage(path, "it is cut off");
    if (marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      if (frame !== undefined) throw corruptImage(path, "it has two frames");
      frame = parseFrame(marker, bytes.subarray(at + 4, at + 2 + size), path, maxPixels);
    }
    at += 2 + size;
    if (marker !== SCAN) continue;
    if (frame === undefined) throw corruptImage(path, "its pixels come before its header");
    if (++scans > MAX_SCANS) throw unsupportedImage(path, `it has more than ${MAX_SCANS} scans`);
    at = endOfScan(bytes, at);
  }
  if (frame === undefined || scans === 0) throw corruptImage(path, "it has no pixels");
  // Each block of 8 x 8 pixels has a code of its mean, which has a bit or more.
  const blocks = Math.ceil(frame.width / 8) * Math.ceil(frame.height / 8);
  if (bytes.byteLength * 8 >= blocks) return frame;
  throw corruptImage(
    path,
    `its ${bytes.byteLength} bytes cannot hold ${frame.width} x ${frame.height} pixels`,
  );
}

/** Where the next marker is that is not a part of the scan: a stuffed byte or a restart. */
function endOfScan(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return bytes.byteLength;
}

function parseFrame(
  marker: number,
  content: Uint8Array,
  path: string,
  maxPixels?: number,
): JpegFrame {
  if (content.byteLength < 6) throw corruptImage(path, "its header is cut off");
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const [depth, height, width, components] = [
    content[0],
    view.getUint16(1),
    view.getUint16(3),
    content[5],
  ];
  if (marker > 0xc2) throw unsupportedImage(path, `its frame is of kind ${marker.toString(16)}`);
  if (depth !== 8) throw unsupportedImage(path, `its samples have ${depth} bits`);
  if (components !== 1 && components !== 3) {
    throw unsupportedImage(path, `it has ${components} components`);
  }
  checkPixels(path, { width, height }, maxPixels);
  return { width, height, components };
}
