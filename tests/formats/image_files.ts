// Fixtures of the tests of image formats.
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Format } from "../../formats/content/format.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { contentBytes } from "../../formats/content/content.ts";
import { ELEMENTS } from "../../formats/arrays/ndarray.ts";
import { type ErrorCode, isRegistryError } from "../../core/errors.ts";
import { type Image, type ImageDType, isImage } from "../../formats/images/image.ts";
import { refused } from "../support/refused.ts";
import { withoutHanging } from "../support/without_hanging.ts";

/** An image of any dtype. */
export type AnyImage = Image<ImageDType>;

/** A file in memory that counts what was read of it. */
export interface CountedFile extends FileToDecode {
  /** Bytes read so far. */
  read: number;
  /** Number of reads. */
  reads: number;
}

export function fileOf(bytes: Uint8Array, path = "folder/image.bin"): CountedFile {
  const copy = bytes.slice();
  function take(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const piece = copy.slice(offset, offset + length);
    file.read += piece.byteLength;
    file.reads++;
    return piece;
  }
  const file: CountedFile = {
    path,
    size: copy.byteLength,
    read: 0,
    reads: 0,
    bytes: () => Promise.resolve(take(0, copy.byteLength)),
    stream: (range) =>
      new Blob([take(range?.offset ?? 0, range?.length ?? copy.byteLength)]).stream(),
  };
  return file;
}

/** Encodes an image into memory. */
export async function encoded(
  format: Format<AnyImage>,
  image: AnyImage,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await contentBytes(await format.encode(image)));
}

/** Arbitrary images with sides up to 9. */
export function anyImage(
  dtypes: readonly ImageDType[],
  channels: readonly number[],
): fc.Arbitrary<Image> {
  const side = fc.integer({ min: 1, max: 9 });
  return fc.tuple(fc.constantFrom(...dtypes), side, side, fc.constantFrom(...channels)).chain((
    [dtype, width, height, channels],
  ) => {
    const { bytes, array } = ELEMENTS[dtype];
    const length = width * height * channels;
    return fc.uint8Array({ minLength: length * bytes, maxLength: length * bytes }).map((bits) => {
      const data = new array(bits.slice().buffer, 0, length);
      return { data, width, height, channels, dtype } as Image;
    });
  });
}

/** Compares all bits, even of NaN. */
export function assertSameImage(actual: AnyImage, expected: AnyImage): void {
  assert(isImage(actual));
  assertEquals({ ...actual, data: undefined }, { ...expected, data: undefined } as unknown);
  const [found, meant] = [actual, expected].map(({ data: { buffer, byteOffset, byteLength } }) =>
    new Uint8Array(buffer, byteOffset, byteLength)
  );
  const place = found.findIndex((byte, i) => byte !== meant[i]);
  assert(place < 0, `byte ${place} is ${found[place]}, not ${meant[place]}`);
}

/** Checks that reading fails with this code, names the path, and does not hang. */
export async function assertFails(
  format: Format<AnyImage>,
  bytes: Uint8Array,
  code: ErrorCode,
  says: RegExp = /./,
): Promise<void> {
  const decoding = Promise.resolve(format.decode(fileOf(bytes)));
  const outcome = await withoutHanging("an image", decoding).catch((error: unknown) => error);
  assert(isRegistryError(outcome, code), `expected ${code}, found ${outcome}`);
  assert(outcome.message.includes('"folder/image.bin"'), outcome.message);
  assert(says.test(outcome.message), outcome.message);
}

/** Checks that a format refuses values, and does not cast them. */
export async function assertRefuses(
  format: Format<AnyImage>,
  images: readonly unknown[],
): Promise<void> {
  for (const image of images) {
    assertEquals(format.accepts(image), false);
    await refused("Unsupported", async () => await format.encode(image as AnyImage));
  }
}
