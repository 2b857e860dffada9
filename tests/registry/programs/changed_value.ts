// Versions of a large file, each with a few changed bytes.
const BYTES = 4_000_000, CHANGED_BYTES = 3_000;

/** Returns bytes of a generator that begins with this number, not 0. */
function randomBytes(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(length / 4);
  let state = seed * 2_654_435_769 >>> 0;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    words[i] = state ^= state << 5;
  }
  return new Uint8Array(words.buffer);
}

/** The bytes of a version, from 1 on: those of the version before, with some changed. */
export function changedValue(version: number): Uint8Array {
  const bytes = randomBytes(BYTES, 1);
  for (let i = 2; i <= version; i++) {
    bytes.set(randomBytes(CHANGED_BYTES, i), (i * 104_729) % (BYTES - CHANGED_BYTES));
  }
  return bytes;
}
