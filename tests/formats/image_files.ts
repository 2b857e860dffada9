// What the tests of the formats of images have in common.
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Format } from "../../formats/content/format.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { ELEMENTS } from "../../formats/arrays/ndarray.ts";
import { type ErrorCode, isRegistryError } from "../../core/errors.ts";
import { type Image, type ImageDType, isImage } from "../../formats/images/image.ts";
import { withoutHanging } from "../support/without_hanging.ts";

/** An image of any kind of samples. */
export type AnyImage = Image<ImageDType>;

/** A file in memory that counts what was read of it. */
export interface CountedFile extends FileToDecode {
  /** Bytes that were asked for so far. */
  read: number;
  /** How often somebody asked. */
  reads: number;
}

/** A file with these bytes. */
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

/** The bytes that a format makes of an image, of those that give them at once. */
export async function encoded(
  format: Format<AnyImage>,
  image: AnyImage,
): Promise<Uint8Array<ArrayBuffer>> {
  const content = await format.encode(image);
  if (content instanceof Uint8Array) return content.slice();
  const stream = content instanceof ReadableStream ? content : content.stream();
  return new Uint8Array(
    await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer(),
  );
}

/** An image of any pixels, with sides up to 9. */
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
      return {
        data: new array(bits.slice().buffer, 0, length),
        width,
        height,
        channels,
        dtype,
      } as Image;
    });
  });
}

/** Equal to the last bit, NaN too. */
export function assertSameImage(actual: AnyImage, expected: AnyImage): void {
  assert(isImage(actual));
  assertEquals({ ...actual, data: undefined }, { ...expected, data: undefined } as unknown);
  const [found, meant] = [actual, expected].map(({ data: { buffer, byteOffset, byteLength } }) =>
    new Uint8Array(buffer, byteOffset, byteLength)
  );
  const place = found.findIndex((byte, i) => byte !== meant[i]);
  assert(place < 0, `byte ${place} is ${found[place]}, not ${meant[place]}`);
}

/** That reading these bytes fails with this code and names the path. */
export async function assertFails(
  format: Format<AnyImage>,
  bytes: Uint8Array,
  code: ErrorCode,
  says: RegExp = /./,
): Promise<void> {
  const outcome = await outcomeOf(format, bytes);
  assert(isRegistryError(outcome, code), `expected ${code}, found ${outcome}`);
  assert(outcome.message.includes('"folder/image.bin"'), outcome.message);
  assert(says.test(outcome.message), outcome.message);
}

async function outcomeOf(format: Format<AnyImage>, bytes: Uint8Array): Promise<unknown> {
  try {
    return await withoutHanging("an image", Promise.resolve(format.decode(fileOf(bytes))));
  } catch (error) {
    return error;
  }
}
