import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { parseCsv } from "../../formats/csv.ts";
import { refused } from "../support/refused.ts";

const stream = (...chunks: (string | Uint8Array<ArrayBuffer>)[]) => new Blob(chunks).stream();
const rowsOf = async (bytes: ReadableStream<Uint8Array>) =>
  await Array.fromAsync(parseCsv(bytes, { maxRowCharacters: 20 }));

Deno.test("rows have cells without their quotes, and the line that they end in", async () => {
  assertEquals(await rowsOf(stream('\ufeffa,b\n\n"c\n""d""",\n1\n')), [
    { cells: ["a", "b"], line: 1 },
    { cells: ['c\n"d"', ""], line: 4 },
    { cells: ["1"], line: 5 },
  ]);
});

Deno.test("UTF-16 is detected by its byte order mark", async () => {
  const wide = new Uint8Array(Uint16Array.from("\ufeffä,b", (c) => c.charCodeAt(0)).buffer);
  assertEquals(await rowsOf(stream(wide)), [{ cells: ["ä", "b"], line: 1 }]);
});

Deno.test("invalid text and misplaced quotes are Invalid", async () => {
  const invalid = ["\xe4\n", "\xc3", '"b', '"' + "b".repeat(50), '"b"c\n'];
  for (const text of invalid) {
    const bytes = Uint8Array.from(`a\n${text}`, (c) => c.charCodeAt(0));
    await refused("Invalid", () => rowsOf(stream(bytes)));
  }
});

Deno.test("errors of the stream are rethrown", async () => {
  const cause = new Error("unplugged");
  const broken = new ReadableStream({ pull: (controller) => controller.error(cause) });
  assertStrictEquals(await assertRejects(() => rowsOf(broken)), cause);
});
