// Parts of long text.

/** Decodes a part of a UTF-8 file, without the halves of characters at both ends. */
export function decodePart(bytes: Uint8Array, { isStart, isEnd }: {
  isStart: boolean;
  isEnd: boolean;
}): string {
  const isInside = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;
  let from = 0;
  while (!isStart && from < 3 && isInside(bytes[from])) from++;
  const decoder = new TextDecoder(encodingOf(isStart ? bytes : new Uint8Array()));
  return decoder.decode(bytes.subarray(from), { stream: !isEnd });
}

/** Returns the encoding that a byte order mark names. */
export function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}

const ROW_BYTES = 16;

/** Returns rows such as `00000010  48 65 6c 6c …  Hello`. */
export function hexRows(bytes: Uint8Array, offset: number): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.byteLength; at += ROW_BYTES) {
    const row = bytes.subarray(at, at + ROW_BYTES);
    const hex = Array.from(row, (byte) => byte.toString(16).padStart(2, "0"));
    const halves = `${hex.slice(0, 8).join(" ")}  ${hex.slice(8).join(" ")}`;
    const text = Array.from(row, (byte) => {
      return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
    });
    const place = (offset + at).toString(16).padStart(8, "0");
    rows.push(`${place}  ${halves.padEnd(48)}  ${text.join("")}`);
  }
  return rows.join("\n");
}
