// SHA-256 (FIPS 180-4) for browsers, which can only hash data that is in memory as a whole.
const BLOCK_BYTES = 64;
/** The first 32 fractional bits of the cube roots of 64 primes, and of 8 square roots. */
function primeFractions(): { round: Uint32Array; start: Uint32Array } {
  const primes: number[] = [];
  for (let number = 2; primes.length < 64; number++) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  }
  const bits = (root: number) => (root - Math.floor(root)) * 2 ** 32;
  return {
    round: Uint32Array.from(primes, (prime) => bits(Math.cbrt(prime))),
    start: Uint32Array.from(primes.slice(0, 8), (prime) => bits(Math.sqrt(prime))),
  };
}

let fractions: ReturnType<typeof primeFractions> | undefined;

interface PortableSha256 {
  update(bytes: Uint8Array): void;
  /** Returns 32 bytes. Ends the hash. */
  digest(): Uint8Array;
}

export function createPortableSha256(): PortableSha256 {
  const { round, start } = fractions ??= primeFractions();
  const state = start.slice();
  const words = new Uint32Array(64);
  const rest = new Uint8Array(BLOCK_BYTES);
  let restBytes = 0;
  let size = 0;

  return {
    update(bytes) {
      size += bytes.byteLength;
      let at = 0;
      if (restBytes > 0) {
        at = Math.min(BLOCK_BYTES - restBytes, bytes.byteLength);
        rest.set(bytes.subarray(0, at), restBytes);
        restBytes += at;
        if (restBytes < BLOCK_BYTES) return;
        take(rest, 0);
      }
      for (; at + BLOCK_BYTES <= bytes.byteLength; at += BLOCK_BYTES) take(bytes, at);
      rest.set(bytes.subarray(at));
      restBytes = bytes.byteLength - at;
    },
    digest() {
      const blocks = restBytes + 9 > BLOCK_BYTES ? 2 : 1; // padding: a bit, zeros, the bit count
      const end = new Uint8Array(blocks * BLOCK_BYTES);
      end.set(rest.subarray(0, restBytes));
      end[restBytes] = 0x80;
      new DataView(end.buffer).setBigUint64(end.byteLength - 8, BigInt(size) * 8n);
      for (let at = 0; at < end.byteLength; at += BLOCK_BYTES) take(end, at);
      const digest = new DataView(new ArrayBuffer(32));
      state.forEach((word, i) => digest.setUint32(4 * i, word));
      return new Uint8Array(digest.buffer);
    },
  };

  function take(bytes: Uint8Array, at: number): void {
    const block = new DataView(bytes.buffer, bytes.byteOffset + at, BLOCK_BYTES);
    for (let i = 0; i < 16; i++) words[i] = block.getUint32(4 * i);
    for (let i = 16; i < 64; i++) {
      const x = words[i - 15]!, y = words[i - 2]!;
      const small = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
      const large = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
      words[i] = words[i - 16]! + small + words[i - 7]! + large;
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
    for (let i = 0; i < 64; i++) {
      const large = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
      const first = h + large + (e & f ^ ~e & g) + round[i]! + words[i]! | 0;
      const small = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
      const second = small + (a & b ^ a & c ^ b & c) | 0;
      h = g;
      g = f;
      f = e;
      e = d + first | 0;
      d = c;
      c = b;
      b = a;
      a = first + second | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((added, i) => state[i]! += added);
  }
}
