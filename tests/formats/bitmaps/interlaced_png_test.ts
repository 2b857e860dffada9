import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { png } from "../../../formats/png.ts";
import { assertFails, fileOf } from "../image_files.ts";
import { interlacedPng, type Pixels } from "./interlaced_files.ts";

const side = fc.integer({ min: 1, max: 20 });
const anyPixels: fc.Arbitrary<Pixels> = fc.tuple(side, side, fc.constantFrom(1 as const, 2, 4))
  .chain(([width, height, depth]) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      depth: fc.constant(depth),
      samples: fc.uint8Array({
        minLength: width * height,
        maxLength: width * height,
        max: 2 ** depth - 1,
      }),
      palette: fc.option(fc.uint8Array({ minLength: 3 * 2 ** depth, maxLength: 3 * 2 ** depth }), {
        nil: undefined,
      }),
      filters: fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 7 }),
    }) as fc.Arbitrary<Pixels>
  );

Deno.test("interlaced pixels of 1, 2 and 4 bits are read exactly, gray ones and those of a palette", async () => {
  await fc.assert(
    fc.asyncProperty(anyPixels, async (pixels) => {
      const { width, height, depth, samples, palette } = pixels;
      const image = await png().decode(fileOf(interlacedPng(pixels)));
      const expected = palette === undefined
        ? [...samples].map((sample) => sample * 255 / (2 ** depth - 1))
        : [...samples].flatMap((index) => [...palette.subarray(index * 3, index * 3 + 3)]);
      assertEquals([...image.data], expected);
      assertEquals([image.width, image.height, image.channels], [
        width,
        height,
        palette === undefined ? 1 : 3,
      ]);
    }),
  );
});

Deno.test("a filter that there is not is Corrupt", async () => {
  const pixels: Pixels = {
    width: 9,
    height: 9,
    depth: 2,
    samples: new Uint8Array(81).fill(2),
    filters: [0, 1, 2, 3, 4],
  };
  await assertFails(png(), interlacedPng({ ...pixels, filters: [5] }), "Corrupt", /filter 5/);
});
