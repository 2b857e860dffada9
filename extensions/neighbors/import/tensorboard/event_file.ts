// Records of an event file of TensorBoard, which are those of TFRecord. The checksums are masked.
//
//   length (8), CRC-32C of it (4), bytes, CRC-32C of them (4)
//
// github.com/tensorflow/tensorflow: core/lib/io/record_writer.h, core/lib/hash/crc32c.h
import { Buffer } from "node:buffer";
import { corrupt, crc32c, shown } from "../../../../core/kernel.ts";

const HEAD = 12, SUM = 4;
const MOST_BYTES = 64 * 1024 * 1024;

/** Yields records with their places in the file, and a part of one that its end cuts. Throws `Corrupt`. */
export async function* recordsIn(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ data: Buffer; offset: number; isCut?: boolean }> {
  let parts: Uint8Array[] = [], held = 0, need = HEAD, offset = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    held += chunk.byteLength;
    if (held < need) continue;
    const bytes = Buffer.concat(parts);
    let at = 0;
    const check = (from: number, to: number) => {
      const sum = crc32c(bytes.subarray(from, to));
      const masked = ((sum >>> 15 | sum << 17) + 0xa282ead8) >>> 0;
      if (bytes.readUInt32LE(to) === masked) return;
      throw corrupt("read", shown(path), `a checksum differs, at byte ${offset + at}`);
    };
    for (; (need = HEAD) <= held - at; at += need) {
      check(at, at + 8);
      const length = Number(bytes.readBigUInt64LE(at));
      if (length > MOST_BYTES) throw corrupt("read", shown(path), `a record has ${length} bytes`);
      need = HEAD + length + SUM;
      if (need > held - at) break;
      check(at + HEAD, at + need - SUM);
      yield { data: bytes.subarray(at + HEAD, at + need - SUM), offset: offset + at + HEAD };
    }
    parts = [bytes.subarray(at)];
    held -= at;
    offset += at;
  }
  if (held > 0) yield { data: Buffer.alloc(0), offset, isCut: true };
}
