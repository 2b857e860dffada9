// Files of an exported site, without the code that makes them.

export interface SiteFile {
  /** With `/`, safe on every disk and bucket. */
  path: string;
  type: string;
  /** Bytes, if known. */
  size?: number;
  content: ReadableStream<Uint8Array> | Uint8Array;
}
