// The text of files that people write, with any editor or shell.

/**
 * Decodes UTF-8, or UTF-16 with a byte order mark, as Windows PowerShell writes it, and removes the
 * mark. Invalid bytes become U+FFFD.
 */
export function decodeWritten(bytes: Uint8Array): string {
  const mark = bytes.length < 2 ? 0 : bytes[0]! << 8 | bytes[1]!;
  const encoding = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}
