/** Encodes text as Windows PowerShell writes it: UTF-16 with a byte order mark. */
export function inUtf16(text: string, { littleEndian = true } = {}): Uint8Array<ArrayBuffer> {
  const marked = `\ufeff${text}`;
  const bytes = new DataView(new ArrayBuffer(2 * marked.length));
  for (let i = 0; i < marked.length; i++) {
    bytes.setUint16(2 * i, marked.charCodeAt(i), littleEndian);
  }
  return new Uint8Array(bytes.buffer);
}
