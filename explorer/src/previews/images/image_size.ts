// The size of an image, from the first bytes of its file.
import { viewOf } from "../../../../formats/arrays/view_bytes.ts";

/** Bytes that hold the size of nearly every image. */
export const SIZE_BYTES = 256 * 1024;

export interface ImageSize {
  width: number;
  height: number;
}

/** Returns the declared size, or undefined for other files and for damaged ones. */
export function imageSizeOf(head: Uint8Array): ImageSize | undefined {
  try {
    const size = sizeIn(head);
    return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function sizeIn(head: Uint8Array): ImageSize | undefined {
  const view = viewOf(head);
  const mark = String.fromCharCode(...head.subarray(0, 16));
  if (mark.startsWith("\x89PNG\r\n\x1a\n")) {
    return { width: view.getUint32(16), height: view.getUint32(20) };
  }
  if (mark.startsWith("GIF8")) return sizeOfGif(view);
  if (mark.startsWith("BM")) {
    const isOld = view.getUint32(14, true) === 12; // a header of OS/2
    return isOld
      ? { width: view.getUint16(18, true), height: view.getUint16(20, true) }
      : { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
  }
  if (mark.startsWith("\xff\xd8")) return sizeOfJpeg(view);
  if (mark.startsWith("RIFF") && mark.slice(8, 12) === "WEBP") return sizeOfWebp(view);
  return mark.slice(4, 8) === "ftyp" ? sizeOfAvif(head) : undefined;
}

/** Returns the size of the screen, which grows with the first frame. */
function sizeOfGif(view: DataView): ImageSize {
  const colors = view.getUint8(10);
  let at = 13 + (colors & 0x80 ? 3 * 2 ** ((colors & 7) + 1) : 0);
  while (view.getUint8(at) === 0x21) { // an extension: blocks until an empty one
    for (at += 2; view.getUint8(at) !== 0;) at += 1 + view.getUint8(at);
    at++;
  }
  const number = (at: number) => view.getUint16(at, true);
  return {
    width: Math.max(number(6), number(at + 1) + number(at + 5)),
    height: Math.max(number(8), number(at + 3) + number(at + 7)),
  };
}

function sizeOfJpeg(view: DataView): ImageSize | undefined {
  for (let at = 2; view.getUint8(at) === 0xff;) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return undefined;
}

function sizeOfWebp(view: DataView): ImageSize | undefined {
  switch (String.fromCharCode(view.getUint8(15))) {
    case "X": {
      const part = (at: number) => (view.getUint32(at, true) & 0xffffff) + 1;
      return { width: part(24), height: part(27) };
    }
    case "L": {
      const bits = view.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: (bits >>> 14 & 0x3fff) + 1 };
    }
    case " ":
      return {
        width: view.getUint16(26, true) & 0x3fff,
        height: view.getUint16(28, true) & 0x3fff,
      };
  }
  return undefined;
}

/** Finds the largest `ispe` box: the size of an item or of one of its tiles. */
function sizeOfAvif(head: Uint8Array): ImageSize | undefined {
  const view = viewOf(head);
  let largest: ImageSize | undefined;
  for (let at = head.indexOf(0x69); at >= 0 && at + 16 <= head.length;) {
    const isBox = head[at + 1] === 0x73 && head[at + 2] === 0x70 && head[at + 3] === 0x65;
    const size = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (isBox && size.width * size.height > (largest?.width ?? 0) * (largest?.height ?? 0)) {
      largest = size;
    }
    at = head.indexOf(0x69, at + 1);
  }
  return largest;
}
