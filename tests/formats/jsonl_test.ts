import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { isRegistryError } from "../../core/errors.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";
import { jsonl, type JsonLinesOptions, readJsonLines } from "../../formats/jsonl.ts";
import { contentBytes, fileOf } from "./format_files.ts";

const read = async (text: string | Uint8Array, options?: JsonLinesOptions) =>
  await jsonl(options).decode(fileOf(text, "runs/a.jsonl"));

/** The code and the message of what something fails with. */
async function failure(run: () => unknown): Promise<string> {
  const error = await assertRejects(async () => await run(), Error);
  return isRegistryError(error) ? `${error.code}: ${error.message}` : String(error);
}

Deno.test("each line is a value; empty ones, a mark and carriage returns are not", async () => {
  assertEquals(await read('\ufeff{"a":[1,2.50,-0]}\r\n\n"x"\n \nnull'), [
    { a: [1, 2.5, -0] },
    "x",
    null,
  ]);
  assertEquals(await read(""), []);
  const lines = await Array.fromAsync(readJsonLines(fileOf('1\n\n"two"\n')));
  assertEquals(lines, [{ value: 1, line: 1 }, { value: "two", line: 3 }]);
});

Deno.test("what is no JSON is Corrupt, with the path and the line", async () => {
  const wrong: [text: string | Uint8Array, state: string][] = [
    ["1\n{\n", "line 2 is no JSON"],
    ['{"a":1}{"b":2}\n', "line 1 is no JSON"],
    ["1\nNaN\n", "line 2 is no JSON"],
    ['1\n\n{"a":{"b":":","b":1}}\n', "line 3: a name is there twice in one object"],
    ['{"a":1,"\\u0061":"\\\\"}', "line 1: a name is there twice"],
    ["[".repeat(1_001) + "]".repeat(1_001), "line 1: it is nested more than 1000 levels deep"],
    ["[".repeat(1_000_000), "line 1 is no JSON"],
    [Uint8Array.of(0x31, 0x0a, 0x22, 0xff, 0x22), "its text is not UTF-8, in bytes 0 to 5"],
    [Uint8Array.of(0x22, 0xc3), "its text is not UTF-8, at its end"],
  ];
  for (const [text, state] of wrong) {
    const said = await failure(() => read(text));
    assertStringIncludes(said, 'Corrupt: Cannot read JSON Lines "runs/a.jsonl": ');
    assertStringIncludes(said, state);
  }
});

Deno.test("numbers that JavaScript has not are Unsupported", async () => {
  for (const number of ["12345678901234567890", "1e400", "-1e-400", "0.12345678901234567890"]) {
    assertStringIncludes(
      await failure(() => read(`{"1e999":true}\n[${number}]\n`)),
      "Unsupported: ",
    );
  }
  assertEquals(await read("[123456789012345680000,0.1000000000000000]"), [[
    123456789012345680000,
    0.1,
  ]]);
});

Deno.test("no line is longer than it may be, there and back", async () => {
  const options = { maxLineCharacters: 10 };
  assertStringIncludes(
    await failure(() => read('1\n"' + "x".repeat(100), options)),
    "line 2 is longer than 10 characters",
  );
  assertStringIncludes(
    await failure(() => jsonl(options).encode(["x".repeat(9)])),
    "value 1: it has more than 10",
  );
  assertEquals(
    await read(await contentBytes(await jsonl(options).encode(["x".repeat(8)])), options),
    ["x".repeat(8)],
  );
});

Deno.test("what JSON cannot hold is Unsupported, with the path to it", async () => {
  class Own {}
  const hidden = Object.defineProperty({}, "a", { value: 1 });
  const wrong = [
    undefined,
    NaN,
    Infinity,
    -0,
    1n,
    new Date(0),
    new Own(),
    [, 1],
    {
      get a() {
        return 1;
      },
    },
    hidden,
    Object.create(null),
    { [Symbol.iterator]: 1 },
    new Uint8Array(1),
    () => {},
    Object.assign([1], { a: 1 }),
  ];
  for (const value of wrong) {
    assertEquals(jsonl().accepts([value]), false);
    assertStringIncludes(
      await failure(() => jsonl().encode([value as PlainValue])),
      "Unsupported: ",
    );
  }
  const nested = [1, { a: [{ "b c": undefined }] }] as unknown as PlainValue[];
  assertStringIncludes(
    await failure(() => jsonl().encode(nested)),
    "value 2: its .a[0].b c is undefined",
  );
  assertStringIncludes(await failure(() => jsonl().encode(5 as never)), "Unsupported: ");
});

Deno.test("many values go out as a stream and come in one by one", async () => {
  let asked = 0;
  async function* values() {
    for (; asked < 100_000; asked++) yield { text: "x".repeat(100), asked };
  }
  const content = await jsonl().encode(values());
  assertEquals([content instanceof ReadableStream, asked < 50_000], [true, true]);
  let next = 0;
  for await (
    const { value, line } of readJsonLines({ path: "a", stream: () => content as ReadableStream })
  ) {
    assertEquals([(value as { asked: number }).asked, line], [next, ++next]);
  }
  assertEquals(next, 100_000);
});

Deno.test("any values come back equal, however the stream is cut", async () => {
  const value = fc.jsonValue({ stringUnit: "binary" }).filter((value) => !hasNegativeZero(value));
  const keyed = fc.dictionary(fc.constantFrom("__proto__", "a", '"', ":", "\\", "7"), value, {
    noNullPrototype: true,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(value, keyed)), fc.nat(7), async (values, size) => {
      const bytes = await contentBytes(await jsonl().encode(values as PlainValue[]));
      const pieces = Array.from(
        { length: bytes.length / (size + 1) + 1 },
        (_, i) => bytes.slice(i * (size + 1), (i + 1) * (size + 1)),
      );
      const file = { ...fileOf(bytes), stream: () => ReadableStream.from(pieces) };
      assertEquals(await jsonl().decode(file), values as PlainValue[]);
    }),
  );
});

function hasNegativeZero(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return Object.is(value, -0);
  return Object.values(value).some(hasNegativeZero);
}

Deno.test("whatever the text, reading gives values or a RegistryError", async () => {
  const pieces = fc.array(
    fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"',
      "\\",
      "a",
      "1",
      "e5",
      "-",
      "true",
      "\n",
      " ",
    ),
  );
  const bytes = fc.oneof(
    fc.uint8Array(),
    pieces.map((pieces) => new TextEncoder().encode(pieces.join(""))),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (bytes) => {
      try {
        await read(bytes);
      } catch (error) {
        assertEquals(isRegistryError(error, "Corrupt", "Unsupported"), true, String(error));
      }
    }),
    { numRuns: 300 },
  );
});
