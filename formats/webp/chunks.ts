// The chunks of a WebP file (RFC 9649), looked through before anything is decoded: what it is, and
// whether it is whole.
import { checkPixels, corruptImage, unsupportedImage } from "../../core/image_file.ts";

export interface WebpHeader {
  width: number;
  height: number;
  alpha: boolean;
}

/** Where the payload of the only chunk of a file without extensions begins. */
const PAYLOAD = 20;
/** Flags of the extended format, section 2.7. */
const ANIMATION = 0x02;

export function readWebpChunks(bytes: Uint8Array, path: string, maxPixels?: number): WebpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (text(0) !== "RIFF" || text(8) !== "WEBP") throw corruptImage(path, "it is no WebP file");
  const end = view.getUint32(4, true) + 8;
  if (end > bytes.byteLength) throw corruptImage(path, "it is cut off");
  let alpha = false;
  for (let at = 12; at + 8 <= end;) {
    const size = view.getUint32(at + 4, true);
    if (at + 8 + size > end) throw corruptImage(path, "it is cut off");
    const content = new DataView(bytes.buffer, bytes.byteOffset + at + 8, size);
    const type = text(at);
    if (type === "VP8X") {
      if (size < 10) throw corruptImage(path, "its header is cut off");
      if ((content.getUint8(0) & ANIMATION) !== 0) throw unsupportedImage(path, "it is animated");
      const canvas = {
        width: (content.getUint32(3, true) >>> 8) + 1,
        height: (content.getUint32(6, true) >>> 8) + 1,
      };
      checkPixels(path, canvas, maxPixels); // the decoder compares it with the frame
    } else if (type === "ALPH") alpha = true;
    else if (type === "ANIM" || type === "ANMF") throw unsupportedImage(path, "it is animated");
    else if (type === "VP8 " || type === "VP8L") {
      const frame = type === "VP8 "
        ? lossyFrame(content, alpha, path)
        : losslessFrame(content, path);
      checkPixels(path, frame, maxPixels);
      return frame;
    }
    at += 8 + size + size % 2;
  }
  throw corruptImage(path, "it has no pixels");
}

/** The frame header of VP8, RFC 6386 section 9.1: three bytes, three that are known, and two sides of 14 bits. */
function lossyFrame(content: DataView, alpha: boolean, path: string): WebpHeader {
  if (content.byteLength < 10 || content.getUint32(2, true) >>> 8 !== 0x2a019d) {
    throw corruptImage(path, "its frame does not begin as one");
  }
  return {
    width: content.getUint16(6, true) & 0x3fff,
    height: content.getUint16(8, true) & 0x3fff,
    alpha,
  };
}

/** The header of lossless pixels, RFC 9649 section 3.4: a byte that is known, two sides of 14 bits less one, and alpha. */
function losslessFrame(content: DataView, path: string): WebpHeader {
  if (content.byteLength < 5 || content.getUint8(0) !== 0x2f) {
    throw corruptImage(path, "its pixels do not begin as such");
  }
  const bits = content.getUint32(1, true);
  return {
    width: (bits & 0x3fff) + 1,
    height: (bits >>> 14 & 0x3fff) + 1,
    alpha: (bits >>> 28 & 1) === 1,
  };
}

/**
 * Says of a lossless file that it has alpha. It is a hint, which does not change how pixels are decoded; an encoder does
 * not give it where all alpha is full, and the image would have lost a channel.
 */
export function markAlpha(bytes: Uint8Array): void {
  bytes[PAYLOAD + 4] |= 0x10;
}
