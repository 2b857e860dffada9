// BloscLZ (https://github.com/Blosc/c-blosc, `blosclz.c`), an older relative of LZ4, which is only
// read.
import { copyBack, copyIn, Lz4Problem } from "../../../core/bytes/lz4.ts";

/** The bytes of one block, never more than `size`. */
export function unpackBloscLz(packed: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let from = 0, to = 0;
  const next = () => {
    if (from >= packed.byteLength) throw new Lz4Problem("it is cut off");
    return packed[from++];
  };
  let control = next() & 31;
  for (;;) {
    if (control < 32) {
      const length = control + 1;
      to = copyIn(packed, from, { out, to, length });
      from += length;
    } else {
      let length = (control >> 5) + 2;
      if (length === 9) {
        let more;
        do length += more = next(); while (more === 255);
      }
      const high = control & 31;
      const low = next();
      const isFar = low === 255 && high === 31;
      const distance = isFar ? (next() << 8 | next()) + 8192 : (high << 8) + low + 1;
      to = copyBack(out, to, distance, length);
    }
    if (from === packed.byteLength) return out.subarray(0, to);
    control = next();
  }
}
