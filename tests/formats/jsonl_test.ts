import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { isRegistryError } from "../../core/errors.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";
import { jsonl, readJsonLines } from "../../formats/jsonl.ts";
import { anyBytes, contentBytes, fileOf } from "./format_files.ts";
import { slowTest } from "../support/seeds.ts";
import { CODE_POINT } from "../support/strings/code_point.ts";

const read = async (text: string | Uint8Array) =>
  await jsonl().decode(fileOf(text, "runs/a.jsonl"));

/** The code and the message of what something fails with. */
async function failure(run: () => unknown): Promise<string> {
  const error = await assertRejects(async () => await run(), Error);
  return isRegistryError(error) ? `${error.code}: ${error.message}` : String(error);
}

Deno.test("each line is a value; empty lines, marks and carriage returns are skipped", async () => {
  assertEquals(await read('\ufeff{"a":[1,2.50,-0]}\r\n\n"x"\n \nnull'), [
    { a: [1, 2.5, -0] },
    "x",
    null,
  ]);
  assertEquals(await read(""), []);
  const lines = await Array.fromAsync(readJsonLines(fileOf('1\n\n"two"\n')));
  assertEquals(lines, [{ value: 1, line: 1 }, { value: "two", line: 3 }]);
});

Deno.test("invalid JSON is Corrupt, with the path and the line", async () => {
  const wrong: [text: string | Uint8Array, state: string][] = [
    ["1\n{\n", "line 2 is not JSON"],
    ['{"a":1}{"b":2}\n', "line 1 is not JSON"],
    ["1\nNaN\n", "line 2 is not JSON"],
    ['1\n\n{"a":{"b":":","b":1}}\n', "line 3: duplicate name in an object"],
    ['{"a":1,"\\u0061":"\\\\"}', "line 1: duplicate name"],
    ["[".repeat(1_001) + "]".repeat(1_001), "line 1: it is nested more than 1000 levels deep"],
    ["[".repeat(1_000_000), "line 1 is not JSON"],
    [Uint8Array.of(0x31, 0x0a, 0x22, 0xff, 0x22), "text is not UTF-8, in bytes 0 to 5"],
    [Uint8Array.of(0x22, 0xc3), "text is not UTF-8, at its end"],
  ];
  for (const [text, state] of wrong) {
    const said = await failure(() => read(text));
    assertStringIncludes(said, 'Corrupt: Cannot read JSON Lines "runs/a.jsonl": ');
    assertStringIncludes(said, state);
  }
});

Deno.test("numbers that JavaScript cannot represent are Unsupported", async () => {
  for (const number of ["12345678901234567890", "1e400", "-1e-400", "0.12345678901234567890"]) {
    const said = await failure(() => read(`{"1e999":true}\n[${number}]\n`));
    assertStringIncludes(said, "Unsupported: ");
  }
  const values = await read("[123456789012345680000,0.1000000000000000]");
  assertEquals(values, [[123456789012345680000, 0.1]]);
});

slowTest("lines have a maximum length when read and written", async () => {
  const most = 16 * 1024 * 1024;
  const said = await failure(() => read('1\n"' + "x".repeat(most)));
  assertStringIncludes(said, `line 2 exceeds ${most} characters`);
  const refusal = await failure(() => jsonl().encode(["x".repeat(most - 1)]));
  assertStringIncludes(refusal, `value 1 exceeds ${most}`);
  const bytes = await contentBytes(await jsonl().encode(["x".repeat(most - 2)]));
  assertEquals((await read(bytes) as string[])[0].length, most - 2);
});

Deno.test("values that JSON cannot hold are Unsupported, with the path to them", async () => {
  class Own {}
  const hidden = Object.defineProperty({}, "a", { value: 1 });
  const getter = Object.defineProperty({}, "a", { get: () => 1, enumerable: true });
  const wrong = [
    ...[undefined, NaN, Infinity, -0, 1n, new Date(0), new Own(), [, 1], getter, hidden],
    ...[Object.create(null), { [Symbol.iterator]: 1 }, new Uint8Array(1), () => {}],
    Object.assign([1], { a: 1 }),
  ];
  for (const value of wrong) {
    assertEquals(jsonl().accepts([value]), false);
    const said = await failure(() => jsonl().encode([value as PlainValue]));
    assertStringIncludes(said, "Unsupported: ");
  }
  const nested = [1, { a: [{ "b c": undefined }] }] as unknown as PlainValue[];
  const said = await failure(() => jsonl().encode(nested));
  assertStringIncludes(said, "value 2: its .a[0].b c is undefined");
  assertStringIncludes(await failure(() => jsonl().encode(5 as never)), "Unsupported: ");
});

slowTest("many values are written as a stream and read one by one", async () => {
  let asked = 0;
  async function* values() {
    for (; asked < 100_000; asked++) yield { text: "x".repeat(100), asked };
  }
  const content = await jsonl().encode(values());
  assertEquals([content instanceof ReadableStream, asked < 50_000], [true, true]);
  let next = 0;
  const file = { path: "a", stream: () => content as ReadableStream };
  for await (const { value, line } of readJsonLines(file)) {
    assertEquals([(value as { asked: number }).asked, line], [next, ++next]);
  }
  assertEquals(next, 100_000);
});

slowTest("any values are read back equal, however the stream is split", async () => {
  const value = fc.jsonValue({ stringUnit: CODE_POINT }).filter((value) => !hasNegativeZero(value));
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

Deno.test("reading any text returns values or throws a RegistryError", async () => {
  const pieces = fc.constantFrom(...'{}[],:"\\a1-\n ', "e5", "true");
  await anyBytes(pieces, 20, async (bytes) => void await read(bytes));
});
