import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { refused } from "../support/refused.ts";
import { text } from "../../formats/text.ts";
import { contentBytes, fileOf } from "./format_files.ts";
import { CODE_POINT } from "../support/strings/code_point.ts";

Deno.test("any well-formed text is read back with its mark and line breaks", async () => {
  const special = fc.constantFrom("", "\ufeffa\r\nb\rc\n", "\0");
  const texts = fc.oneof(fc.string({ unit: CODE_POINT }), special);
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
    const file = fileOf(Uint8Array.from(bytes), "notes/a.md");
    const error = await refused("Corrupt", async () => await text().decode(file));
    assertEquals(error.message, 'Cannot read text "notes/a.md": text is not UTF-8');
  }
});

Deno.test("other values, and strings that UTF-8 cannot express, are Unsupported", async () => {
  for (const value of ["a\ud800", 5, null, new String("a")]) {
    assertEquals(text().accepts(value), false);
    await refused("Unsupported", async () => await text().encode(value as string));
  }
});

Deno.test("an aborted reading ends", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(async () => await text().decode(fileOf("a"), { signal }), Error, "enough");
});
