import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { RegistryError } from "../../core/errors.ts";
import { readSlice } from "../../formats/npy.ts";
import { openParquet } from "../../formats/parquet.ts";
import { readPages, readRegion } from "../../formats/tiff.ts";

// deno-lint-ignore no-explicit-any -- mistakes that types would report
type Untyped = any;

Deno.test("a path instead of an open file is Invalid, and the hint opens one", async () => {
  const region = { x: 0, y: 0, width: 1, height: 1 };
  for (const given of ["a.parquet", undefined, {}, new Uint8Array(3)] as Untyped[]) {
    const calls = [
      openParquet(given),
      readSlice(given),
      readPages(given),
      readRegion(given, region),
    ];
    for (const call of calls) {
      const error = await assertRejects(() => call as Promise<unknown>, RegistryError);
      assertEquals(error.code, "Invalid");
      assertMatch(
        `${error.message} # ${error.hint}`,
        /not an open file # Open it: await files\.open/,
      );
    }
  }
});
