import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { isRegistryError } from "../../core/errors.ts";
import { text } from "../../formats/text.ts";
import { contentBytes, fileOf } from "./format_files.ts";

Deno.test("any well-formed text comes back as it was, with its mark and its line breaks", async () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("", "\ufeffa\r\nb\rc\n", "\0"),
  );
  await fc.assert(fc.asyncProperty(texts, async (value) => {
    assertEquals(text().accepts(value), true);
    assertEquals(
      await text().decode(fileOf(await contentBytes(await text().encode(value)))),
      value,
    );
  }));
});

Deno.test("a file that is not UTF-8 is Corrupt, with its path", async () => {
  for (const bytes of [[0xff], [0x61, 0xc3], [0xed, 0xa0, 0x80], [0xff, 0xfe, 0x61, 0x00]]) {
    const error = await assertRejects(
      async () => await text().decode(fileOf(Uint8Array.from(bytes), "notes/a.md")),
      Error,
      'Cannot read text "notes/a.md": it is not UTF-8',
    );
    assertEquals(isRegistryError(error, "Corrupt"), true);
  }
});

Deno.test("what is no string, or one that UTF-8 cannot express, is Unsupported", () => {
  for (const value of ["a\ud800", 5, null, new String("a")]) {
    assertEquals(text().accepts(value), false);
    assertEquals(
      isRegistryError(assertThrows(() => text().encode(value as string)), "Unsupported"),
      true,
    );
  }
});

Deno.test("an aborted reading ends", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(async () => await text().decode(fileOf("a"), { signal }), Error, "enough");
});
