// Bytes that tell whose they are and whether they are whole.
import { sha256 } from "../../core/bytes/digest.ts";
import { sampleBytes } from "../conformance/backend/samples.ts";

const HEADER_BYTES = 100;

/** So many bytes of a writer behind a header. */
export function signedBytes(writer: string, size: number): Uint8Array {
  const content = sampleBytes(size, size + 1);
  const header = `${writer} ${size} ${sha256(content)}`.padEnd(HEADER_BYTES);
  const bytes = new Uint8Array(HEADER_BYTES + size);
  bytes.set(new TextEncoder().encode(header));
  bytes.set(content, HEADER_BYTES);
  return bytes;
}

/** Whose bytes these are. Throws where they are not whole. */
export function signerOf(bytes: Uint8Array): string {
  const [writer, size, digest] = new TextDecoder().decode(bytes.subarray(0, HEADER_BYTES)).split(
    " ",
  );
  const content = bytes.subarray(HEADER_BYTES);
  if (content.byteLength === Number(size) && sha256(content) === digest) return writer;
  throw new Error(`${bytes.byteLength} bytes of "${writer}" are not the ${size} that it signed`);
}
