// How fast this machine hashes, compresses, expands and copies, measured when it is first asked.
import { sha256 } from "../../core/bytes/digest.ts";
import type { Encoding } from "../../core/record/record.ts";
import type { System } from "../../core/system.ts";
import { decodeBytes, encodeBytes } from "../payload/encoding.ts";

export type Rated = "hash" | "copy" | `${"encode" | "decode"} ${Encoding}`;

export type Rates = (what: Rated, bytes: number) => number;

const SAMPLE_BYTES = 256 * 1024;

/** Creates rates that measure each kind of work once, on a sample of 256 KiB: about a millisecond each. */
export function createRates(system: System): Rates {
  const perByte = new Map<Rated, number>();
  return (work, bytes) => {
    if (!perByte.has(work)) perByte.set(work, measure(work));
    return perByte.get(work)! * bytes;
  };

  function measure(work: Rated): number {
    const plain = sample();
    const [verb, encoding] = work.split(" ") as [string, Encoding];
    const encoded = verb === "decode" ? encodeBytes(plain, encoding) : plain;
    const run = () => {
      if (verb === "hash") sha256(plain);
      else if (verb === "copy") plain.slice();
      else if (verb === "encode") encodeBytes(plain, encoding);
      else decodeBytes(encoded, encoding, plain.byteLength);
    };
    run(); // the first time loads what it needs
    const startedAt = system.monotonic();
    run();
    return (system.monotonic() - startedAt) / SAMPLE_BYTES;
  }
}

/** Neither noise nor all the same: it compresses to about a half, as arrays of measured numbers do. */
function sample(): Uint8Array {
  const bytes = new Uint8Array(SAMPLE_BYTES);
  let state = 1;
  for (let i = 0; i < bytes.length; i++) {
    state = (state * 48271) % 0x7fffffff;
    bytes[i] = i & 1 ? state & 0x0f : state >> 8;
  }
  return bytes;
}
