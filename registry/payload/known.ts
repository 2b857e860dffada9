// What others have, told to whoever stores files: so short that it can go with every job, however
// many there are.
/** The first 32 bits of each SHA-256, in ascending order. What is among them may be known: who keeps the digests says. */
export type Known = Uint32Array;

/** What none has. */
export const NOTHING_KNOWN: Known = new Uint32Array(0);

/** Digests as they are told. */
export function knownOf(digests: Iterable<string>): Known {
  return Uint32Array.from(digests, beginning).sort();
}

/** Several of them as one. */
export function knownOfAll(some: readonly Known[]): Known {
  return some.length === 1 ? some[0] : Uint32Array.from(some.flatMap((known) => [...known])).sort();
}

/** Whether a file may be known. */
export function mayBeKnown(known: Known, sha256: string): boolean {
  const wanted = beginning(sha256);
  let from = 0, to = known.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (known[middle] < wanted) from = middle + 1;
    else to = middle;
  }
  return known[from] === wanted;
}

function beginning(sha256: string): number {
  return parseInt(sha256.slice(0, 8), 16);
}
