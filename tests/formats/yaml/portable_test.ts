import { assertEquals, assertRejects } from "@std/assert";
import { type PlainValue, yaml } from "../../../formats/yaml.ts";
import { parsePyYaml } from "../../../formats/yaml/pyyaml.ts";
import { fileOf } from "../format_files.ts";

const written = (value: PlainValue) => new TextDecoder().decode(yaml().encode(value) as Uint8Array);
const QUOTED = ["no", "On", "12:30:45", "2001-01-01", "0b11", "017", "1_000", "<<", "="];

/** Values and their YAML, which PyYAML 6.0.3 and ruamel.yaml 0.19.1 read as these values. */
const PORTABLE: [value: PlainValue, text: string][] = [
  [{ a: "x\u007f", b: "plain" }, 'a: "x\\u007f"\nb: plain\n'],
  ["\u0085x", '"\\u0085x"\n'],
  [
    ["\u009f", "\u2028", "a\u2029", "\ufeffa"],
    '- "\\u009f"\n- "\\u2028"\n- "a\\u2029"\n- "\\ufeffa"\n',
  ],
  [["\ufffe", "\uffff", "\0\x1b"], '- "\\ufffe"\n- "\\uffff"\n- "\\u0000\\u001b"\n'],
  [{ "\u0080k": 1 }, '"\\u0080k": 1\n'],
  ["😀 é ~ \u00a0", '"😀 é ~ \u00a0"\n'],
  [{ e: "😀 é", i: "a\u00a0b" }, "e: 😀 é\ni: a\u00a0b\n"],
  [["a\tb", "a\r\nb"], '- "a\\tb"\n- "a\\r\\nb"\n'],
  ["one\ntwo\n", '"one\\ntwo\\n"\n'],
  [{ k: "one\n\ttwo\n" }, "k: |\n  one\n  \ttwo\n"],
  [QUOTED, QUOTED.map((text) => `- "${text}"\n`).join("")],
  [
    { off: [1e21, -1e-7, 1.5e300, -0, 1e15] },
    '"off":\n  - 1.0e+21\n  - -1.0e-7\n  - 1.5e+300\n  - -0.0\n  - 1000000000000000\n',
  ],
];

Deno.test("strings that other programs misread are written with escapes and quotes", async () => {
  for (const [value, text] of PORTABLE) {
    assertEquals(written(value), text);
    assertEquals(await yaml().decode(fileOf(text)), value);
  }
});

Deno.test("a lone surrogate is written as an escape, and is read back", async () => {
  assertEquals(written({ a: "\ud800x" }), 'a: "\\ud800x"\n');
  assertEquals(await yaml().decode(fileOf(written({ a: "\ud800x" }))), { a: "\ud800x" });
});

Deno.test("a merge key is refused unless it is quoted", async () => {
  const base = "base: &base {a: 1}\n";
  for (const text of ["own:\n  <<: *base\n", "own: {<<: [*base]}\n", "<<: {a: 1}\n"]) {
    await assertRejects(async () => await yaml().decode(fileOf(base + text)), Error, "or is `<<`");
    const found = parsePyYaml(base + text);
    assertEquals("code" in found && found.code, "Unsupported");
  }
  for (const key of ['"<<"', "'<<'", "!!str <<"]) {
    assertEquals(await yaml().decode(fileOf(`${key}: 1\n`)), { "<<": 1 });
  }
  assertEquals(await yaml().decode(fileOf(written({ "<<": 1 }))), { "<<": 1 });
});
