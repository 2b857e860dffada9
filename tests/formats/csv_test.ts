import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { isRegistryError } from "../../core/errors.ts";
import { parseCsv } from "../../formats/csv.ts";

const stream = (...chunks: (string | Uint8Array<ArrayBuffer>)[]) => new Blob(chunks).stream();

async function failure(bytes: ReadableStream<Uint8Array>): Promise<unknown> {
  return await assertRejects(() => Array.fromAsync(parseCsv(bytes, { maxRowCharacters: 20 })));
}

Deno.test("rows have cells without their quotes, and the line that they end in", async () => {
  assertEquals(await Array.fromAsync(parseCsv(stream('\ufeffa,b\n\n"c\n""d""",\n1\n'))), [
    { cells: ["a", "b"], line: 1 },
    { cells: ['c\n"d"', ""], line: 4 },
    { cells: ["1"], line: 5 },
  ]);
});

Deno.test("UTF-16 is known by its mark, and what is no text is Invalid", async () => {
  const wide = new Uint8Array(
    new Uint16Array([0xfeff, ..."ä,b"].map((c) => typeof c === "string" ? c.charCodeAt(0) : c))
      .buffer,
  );
  assertEquals(await Array.fromAsync(parseCsv(stream(wide))), [{ cells: ["ä", "b"], line: 1 }]);
  assertEquals(
    isRegistryError(await failure(stream("a\n", new Uint8Array([0xe4, 0x0a]))), "Invalid"),
    true,
  );
  assertEquals(
    isRegistryError(await failure(stream("a\n", new Uint8Array([0xc3]))), "Invalid"),
    true,
  );
});

Deno.test("a quote that is not closed, or not where one may be, is Invalid", async () => {
  assertEquals(isRegistryError(await failure(stream('a\n"b')), "Invalid"), true);
  assertEquals(isRegistryError(await failure(stream('a\n"' + "b".repeat(50))), "Invalid"), true);
  assertEquals(isRegistryError(await failure(stream('a\n"b"c\n')), "Invalid"), true);
});

Deno.test("what the stream fails with is thrown as it is", async () => {
  const cause = new Error("unplugged");
  assertStrictEquals(
    await failure(new ReadableStream({ pull: (controller) => controller.error(cause) })),
    cause,
  );
});
