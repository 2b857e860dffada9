import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { isRegistryError } from "../../core/errors.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";
import { yaml } from "../../formats/yaml.ts";
import { anyBytes, contentBytes, fileOf } from "./format_files.ts";
import { CODE_POINT } from "../support/strings/code_point.ts";
import { casesOfRun } from "../support/seeds.ts";

const read = async (text: string | Uint8Array, options?: Parameters<typeof yaml>[0]) =>
  await yaml(options).decode(fileOf(text, "conf/a.yaml"));

/** Returns the code and the message of a failed read. */
async function failure(
  text: string | Uint8Array,
  options?: Parameters<typeof yaml>[0],
): Promise<string> {
  const error = await assertRejects(() => read(text, options), Error);
  return isRegistryError(error) ? `${error.code}: ${error.message}` : String(error);
}

async function again(value: unknown): Promise<unknown> {
  return await read(await contentBytes(await yaml().encode(value as PlainValue)));
}

Deno.test("documents use the core schema of YAML 1.2", async () => {
  const text = "# x\r\na: [1, 0x1F, 0o17, -1.50, .inf, -.Inf, .nan]\r\nb: yes\r\nc: ~\r\n";
  const value = { a: [1, 31, 15, -1.5, Infinity, -Infinity, NaN], b: "yes", c: null };
  assertEquals(await read(text), value);
  assertEquals(await read("%YAML 1.2\n---\n!!str 5\n...\n"), "5");
  assertEquals(await read("2024-01-31"), "2024-01-31");
  assertEquals(await read("a: |\n  x\n  y\nb: >-\n  x\n  y\n"), { a: "x\ny\n", b: "x y" });
});

Deno.test("an alias is the same object, and the number of aliases is limited", async () => {
  const { a, b } = await read("a: &x {n: 1}\nb: *x\n") as Record<string, PlainValue>;
  assertStrictEquals(a, b);
  const said = await failure("- &x 1\n" + "- *x\n".repeat(10_001));
  assertStringIncludes(said, "Unsupported: ");
  assertStringIncludes(said, "line 10002, column 3: more than 10000 aliases");
  const levels = Array.from({ length: 9 }, (_, i) => {
    return `- &l${i + 1} [${Array(5).fill(`*l${i}`)}]`;
  });
  assertStringIncludes(await failure(`- &l0 [x]\n${levels.join("\n")}\n`), "Unsupported: ");
  assertStringIncludes(await failure("&a [*a]"), "Corrupt: ");
});

Deno.test("invalid YAML is Corrupt, with its line and column", async () => {
  const wrong: [text: string, place: string][] = [
    ["", "line 1, column 1: document is empty"],
    ["# nothing\n", "document is empty"],
    ["a: [1, 2\nb: 3", "line 2, column 1: "],
    ["a:\n\tb: 1", "line 2, column 1: Tabs"],
    ['a: "x', "line 1, column 6: Missing closing"],
    ["a: 1\nb: 2\na: 3", 'line 3, column 1: duplicate key "a"'],
    ["a: *x", "alias *x has no anchor"],
    ["]", "line 1, column 1: Unexpected"],
    ["a: 1\rb: 2\r", 'line 1, column 5: unescaped control character "\\r"'],
    ["a: \0", 'line 1, column 4: unescaped control character "\\u0000"'],
  ];
  for (const [text, place] of wrong) {
    const said = await failure(text);
    assertStringIncludes(said, 'Corrupt: Cannot read YAML "conf/a.yaml": ');
    assertStringIncludes(said, place);
  }
  assertStringIncludes(await failure(Uint8Array.of(0x61, 0xff)), "Corrupt: ");
});

Deno.test("unsupported data and inexact numbers are Unsupported, with line and column", async () => {
  const wrong: [text: string, place: string][] = [
    ["a: !foo 1", "line 1, column 9: "],
    ["a: !!binary aGk=", "unsupported tag"],
    ["!!set {a, b}", "unsupported tag"],
    ["- a\n- !!omap [a: 1]", "line 2, column 10: unsupported tag"],
    ["%YAML 1.1\n---\na: yes", "its version is YAML 1.1"],
    ["1: a", "line 1, column 1: a key is not a string"],
    ["b: 1\n? [x]\n: d", "line 2, column 3: a key is not a string"],
    ["a: 12345678901234567890", 'line 1, column 4: "12345678901234567890" exceeds'],
    ["a: 0xFFFFFFFFFFFFFFFFF", "exceeds a 64-bit number"],
    ["a: 1e400", '"1e400" exceeds'],
    ["a: 1\n---\nb: 2", "line 2, column 1: it has a second document"],
  ];
  for (const [text, place] of wrong) {
    const said = await failure(text);
    assertStringIncludes(said, 'Unsupported: Cannot read YAML "conf/a.yaml": ');
    assertStringIncludes(said, place);
  }
});

Deno.test("deeply nested and long texts are refused early", async () => {
  for (const open of ["[", "{a: ", "- ", "? ", "? - "]) {
    assertStringIncludes(await failure(open.repeat(20_000)), "nested more than 100 levels deep");
  }
  assertStringIncludes(await failure("[".repeat(101) + "]".repeat(101)), "nested more than 100");
  assertEquals(JSON.stringify(await read("[".repeat(100) + "]".repeat(100))).length, 200);
  const bytes = () => Promise.reject(new Error("was read"));
  const file = { ...fileOf(""), size: 1024 * 1024 + 1, bytes };
  await assertRejects(async () => await yaml().decode(file), Error, "1048576 are allowed");
  assertStringIncludes(await failure("a: 1", { maxBytes: 3 }), "Unsupported: ");
});

Deno.test("values that YAML cannot hold are Unsupported, with the path to them", () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const deep = JSON.parse("[".repeat(101) + "]".repeat(101));
  const values = [undefined, 1n, new Date(0), { a: { b: [undefined] } }, cyclic, deep, [, 1]];
  const wrong = [...values, () => {}, new Map()];
  for (const value of wrong) {
    assertEquals(yaml().accepts(value), false);
    const error = assertThrows(() => yaml().encode(value as PlainValue));
    assertEquals(isRegistryError(error, "Unsupported"), true, String(error));
  }
  assertThrows(() => yaml().encode({ a: { b: [1n] } } as never), Error, "its .a.b[0] is a bigint");
  assertThrows(() => yaml({ maxBytes: 3 }).encode("four"), Error, "3 are allowed");
});

Deno.test("a shared object is written twice", async () => {
  const shared = { list: [1] };
  const bytes = await contentBytes(await yaml().encode({ a: shared, b: shared }));
  assertEquals(new TextDecoder().decode(bytes), "a:\n  list:\n    - 1\nb:\n  list:\n    - 1\n");
});

/** Strings that YAML would read as other values. */
const ODD = ["yes", "null", "~", "1e3", "0x1", "- a", "a: b", "# x", " ", "\n\n a\n", "<<"]
  .concat("__proto__", "\r", "\x7f");

Deno.test("any plain data is read back equal", async () => {
  const texts = fc.oneof(
    fc.string({ unit: CODE_POINT }),
    fc.constantFrom(...ODD),
    fc.array(fc.constantFrom("a", " ", "\n", ":", "#", "\t", "-", "'", '"', "\r", "\u2028"), {
      maxLength: 12,
    }).map((all) => all.join("")),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      texts,
      fc.double(),
      fc.integer(),
      fc.constantFrom(null, true, false),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.array(fc.tuple(texts, tie("value")), { maxLength: 4 }).map((entries) =>
        Object.fromEntries(entries)
      ),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(value, async (value) => {
      assertEquals(yaml().accepts(value), true);
      assertEquals(await again(value), value);
    }),
    { numRuns: casesOfRun(300) },
  );
});

Deno.test("reading any bytes returns plain data or throws a RegistryError", async () => {
  const tokens = [...'a- \n:?[]{},!|>"%', "&a", "*a", "!!set", "---", "\t", "#", "  ", "\n ", "1"];
  await anyBytes(fc.constantFrom(...tokens), 25, async (bytes) => {
    assertEquals(yaml().accepts(await read(bytes)), true);
  });
});
