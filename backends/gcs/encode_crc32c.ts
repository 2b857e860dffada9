// How Google Cloud Storage writes the checksum that it keeps of every object.
/** A checksum as the store writes it: base64 of four bytes, the highest first. */
export function encodeCrc32c(sum: number): string {
  return btoa(String.fromCharCode(sum >>> 24, sum >>> 16 & 255, sum >>> 8 & 255, sum & 255));
}
