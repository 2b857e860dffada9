// The text form of an object's checksum.
/** Returns a checksum as the store writes it: base64 of four bytes, big-endian. */
export function encodeCrc32c(sum: number): string {
  return btoa(String.fromCharCode(sum >>> 24, sum >>> 16 & 255, sum >>> 8 & 255, sum & 255));
}
