import { assert, assertEquals } from "@std/assert";
import { findManifest } from "../../../../apps/cli/batch/manifest.ts";
import { iterableStream } from "../../../../core/bytes/bytes.ts";
import { captureIo } from "../../captured_io.ts";

/** Rows without end, made as they are read. */
function endless(
  heading: string,
  row: (k: number) => string,
): { stream: ReadableStream<Uint8Array>; made: () => number } {
  const encoder = new TextEncoder();
  let made = 0;
  const stream = iterableStream((async function* () {
    yield encoder.encode(heading);
    for (;;) yield encoder.encode(Array.from({ length: 100 }, () => row(made++)).join(""));
  })());
  return { stream, made: () => made };
}

for (
  const [format, heading, row] of [
    ["jsonl", "", (k: number) => `{"name":"n${k}","value":"ä"}\n`],
    ["csv", "name,value\n", (k: number) => `n${k},"""ä"""\n`],
  ] as const
) {
  Deno.test(`rows of ${format} are read as they come: of an endless manifest the first are there at once`, async () => {
    const { stream, made } = endless(heading, row);
    const io = {
      ...captureIo({ cwd: "/there" }),
      stdin: { isTerminal: false, stream: () => stream },
    };
    const manifest = await findManifest("-", format, io);
    assertEquals([manifest.folder, manifest.path, manifest.isFile], ["/there", "/there/-", false]);
    let count = 0;
    for await (const { fields, line } of manifest.rows()) {
      assertEquals(fields?.name, `n${count}`);
      assertEquals(line, ++count + (format === "csv" ? 1 : 0));
      if (count === 5_000) break;
    }
    assert(made() < 30_000, `${made()} rows were made for ${count}`);
  });
}

Deno.test("a row may be cut anywhere between two chunks, also within a letter", async () => {
  const bytes = new TextEncoder().encode(`{"name":"ä€𝄞"}\n\n{"name":"b"}`);
  const stream = iterableStream((async function* () {
    for (const byte of bytes) yield Uint8Array.of(byte);
  })());
  const io = { ...captureIo({ cwd: "/" }), stdin: { isTerminal: false, stream: () => stream } };
  const rows = await Array.fromAsync((await findManifest("-", undefined, io)).rows());
  assertEquals(rows, [{ line: 1, fields: { name: "ä€𝄞" } }, { line: 3, fields: { name: "b" } }]);
});
