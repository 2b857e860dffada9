// Values that identify themselves and show damage.
const SIZES = [100, 3_000_000, 70_000, 400_000];

/** The bytes of a number: one of four sizes that are stored in different ways. */
export function numberedValue(number: number): Uint8Array {
  const words = new Uint32Array(SIZES[number % SIZES.length] / 4).fill(number);
  return new Uint8Array(words.buffer);
}

/** Returns the number of a value. Throws if it is not whole. */
export function numberOf(value: unknown): number {
  const bytes = value as Uint8Array;
  const words = new Uint32Array(bytes.slice().buffer);
  const number = words[0];
  const whole = bytes.byteLength === SIZES[number % SIZES.length] &&
    words.every((word) => word === number);
  if (!whole) {
    throw new Error(
      `Cannot tell the number: ${bytes.byteLength} bytes that begin with ${number} are not whole`,
    );
  }
  return number;
}
