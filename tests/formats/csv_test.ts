import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { createTable, csv, parseCsv } from "../../formats/csv.ts";
import { fileOf } from "./format_files.ts";
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

Deno.test("a first line that declares the separator is not a row, however it is cut", async () => {
  const rows = [{ cells: ["a", "b,c"], line: 2 }, { cells: ["1", "2"], line: 3 }];
  for (const start of ["", "\ufeff"]) {
    for (const end of ["\r\n", "\n", "\r"]) {
      const text = `${start}sep=;${end}a;b,c${end}1;2`;
      assertEquals(await rowsOf(stream(text)), rows);
      const bytes = new TextEncoder().encode(text);
      const each = new ReadableStream({
        start(controller) {
          for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
          controller.close();
        },
      });
      assertEquals(await rowsOf(each), rows);
    }
  }
  assertEquals(await rowsOf(stream("SEP=\t\na\tb")), [{ cells: ["a", "b"], line: 2 }]);
  assertEquals(await rowsOf(stream("sep=;")), []);
  for (const text of ["sep=;a\n", '"sep=;"\n', "sep=x\n", "sep=\n", 'sep="\n"', "a\nsep=;\n"]) {
    const [first] = await rowsOf(stream(text)).catch(() => [{ cells: [], line: 1 }]);
    assertEquals(first.line, 1, text);
  }
});

Deno.test("a cell that would declare a separator is read back", async () => {
  for (const name of ["sep=;", "sep=,", "SEP=|", "sep="]) {
    for (const delimiter of [",", ";"] as const) {
      const format = csv({ delimiter });
      for (const names of [[name], [name, "b"]]) {
        const row = Object.fromEntries(names.map((name) => [name, "sep=;"]));
        const columns = Object.fromEntries(names.map((name) => [name, "string"] as const));
        const encoded = await format.encode(createTable(columns, [row]));
        const bytes = new Uint8Array(await new Response(encoded as BodyInit).arrayBuffer());
        const { rows } = await format.decode(fileOf(bytes, "a.csv"));
        assertEquals(await Array.fromAsync(rows()), [row]);
      }
    }
  }
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
