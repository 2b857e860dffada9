// The digests of the parts of a large file, taken while it passes: a range of it can be verified by
// them, and its parts in any order.
import { createSha256, type Sha256 } from "../../../core/bytes/digest.ts";
import type { Part } from "../../../core/record.ts";

export const PART_BYTES: number = 8 * 1024 * 1024;
/** Files up to this size are one part: hashing them twice costs more than what a range of them is worth. */
export const ONE_PART_BYTES: number = 64 * 1024 * 1024;
/** A file has at most so many parts, or the list of them would grow without bounds: the last one holds the rest. */
const MAX_PARTS = 128 * 1024;

export interface PartDigests {
  update(chunk: Uint8Array): void;
  digest(): string;
  parts(): Omit<Part, "object">[];
}

export function createPartDigests(size = Infinity): PartDigests {
  const most = size <= ONE_PART_BYTES ? 1 : MAX_PARTS;
  const whole = createSha256();
  const ended: { size: number; sha256: string }[] = [];
  let part: Sha256 | undefined; // of the first part there is none: it is the whole so far
  let count = 0;

  const endPart = () => {
    ended.push({ size: count, sha256: part?.digest() ?? whole.soFar() });
    part = createSha256();
    count = 0;
  };

  return {
    update(chunk) {
      for (let rest = chunk; rest.byteLength > 0;) {
        if (count === PART_BYTES && ended.length < most - 1) endPart();
        const taken = ended.length < most - 1 ? rest.subarray(0, PART_BYTES - count) : rest;
        whole.update(taken);
        part?.update(taken);
        count += taken.byteLength;
        rest = rest.subarray(taken.byteLength);
      }
    },
    digest() {
      if (ended.length === 0) ended.push({ size: count, sha256: "" }); // that of the file says the same
      else endPart();
      return whole.digest();
    },
    parts() {
      let offset = 0;
      return ended.map(({ size, sha256 }) => {
        const part: Omit<Part, "object"> = { ...(offset === 0 ? {} : { offset }), size };
        if (sha256 !== "") part.sha256 = sha256;
        offset += size;
        return part;
      });
    },
  };
}
