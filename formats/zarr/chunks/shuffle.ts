// What Blosc does to a block before it is packed: the bytes, or the bits, of all elements by their
// place in the element.
/** First all first bytes of elements, then all second ones; what is no whole element stays at the end. */
export function shuffled(block: Uint8Array, typesize: number): Uint8Array {
  const count = Math.floor(block.length / typesize);
  const out = block.slice();
  for (let byte = 0, to = 0; byte < typesize; byte++) {
    for (let from = byte; to < (byte + 1) * count; from += typesize) out[to++] = block[from];
  }
  return out;
}

export function unshuffled(block: Uint8Array, typesize: number): Uint8Array {
  const count = Math.floor(block.length / typesize);
  const out = block.slice();
  for (let byte = 0, from = 0; byte < typesize; byte++) {
    for (let to = byte; from < (byte + 1) * count; to += typesize) out[to] = block[from++];
  }
  return out;
}

/**
 * The elements again of a block whose bits were sorted: a row for each bit of an element, with a bit for each element.
 * Blosc sorts only blocks of a multiple of eight elements.
 */
export function bitsUnshuffled(block: Uint8Array, typesize: number): Uint8Array {
  const count = Math.floor(block.length / typesize);
  const out = block.slice();
  if (count % 8 !== 0) return out;
  out.fill(0, 0, count * typesize);
  const rowBytes = count / 8;
  for (let byte = 0; byte < typesize; byte++) {
    for (let bit = 0; bit < 8; bit++) {
      const row = (byte * 8 + bit) * rowBytes;
      for (let at = 0; at < rowBytes; at++) {
        const bits = block[row + at];
        for (let element = 0; element < 8; element++) {
          out[(at * 8 + element) * typesize + byte] |= (bits >> element & 1) << bit;
        }
      }
    }
  }
  return out;
}
