// Regular expressions of conditions: as those of JavaScript, in linear time, or refused.
import { assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import { linearPattern } from "../../../core/text/linear_pattern.ts";
import { createRandom } from "../../simulate/random.ts";

const MATCHES: readonly [pattern: string, texts: readonly string[], others: readonly string[]][] = [
  ["bert", ["bert", "roberta"], ["BERT", "ber", ""]],
  ["(?i)bert|T5", ["BERT", "t5-small"], ["gpt"]],
  ["^resnet(18|50)$", ["resnet18", "resnet50"], ["resnet101", "a resnet18", "resnet18\n"]],
  ["a{2,3}$", ["aa", "xaaa"], ["a", "aab"]],
  ["^(a|b){2}c?$", ["ab", "bbc"], ["a", "abcc"]],
  ["\\bv\\d+\\b", ["v12", "a v1."], ["v", "xv1", "v1x"]],
  ["^[^/]+/[a-c-]*$", ["x/a-b", "y/"], ["/a", "x/d"]],
  ["^.$", ["a", "é", "😀"], ["", "ab", "\n"]],
  ["^\\D\\W\\S\\.$", ["a-b."], ["1-b.", "a-bx"]],
  ["", ["", "a"], []],
  ["x*?", ["", "a"], []],
  ["^(a*)*$", ["", "aaa"], ["b"]],
];

Deno.test("a pattern describes what it describes in JavaScript", () => {
  for (const [pattern, texts, others] of MATCHES) {
    const matches = linearPattern(pattern);
    for (const text of texts) assertEquals(matches(text), true, `${pattern}: ${text}`);
    for (const text of others) assertEquals(matches(text), false, `${pattern}: ${text}`);
  }
});

Deno.test("patterns that a program made up have the matches of JavaScript", () => {
  const { pick, chance, int } = createRandom(7);
  const part = (depth: number): string => {
    const kinds = ["a", "b", "[ab]", "[^a]", ".", "\\w", "\\b", "\\d", "^", "$"];
    if (depth === 0 || chance(0.4)) return pick(kinds);
    const [one, two] = [part(depth - 1), part(depth - 1)];
    return pick([`${one}${two}`, `(${one}|${two})`, `(?:${one})${pick(["*", "+", "?", "{2}"])}`]);
  };
  for (let i = 0; i < 3_000; i++) {
    const pattern = part(4), matches = linearPattern(pattern), own = new RegExp(pattern, "u");
    for (let j = 0; j < 6; j++) {
      const text = Array.from(
        { length: int(8) },
        () => pick(["a", "b", "1", " "]),
      )
        .join("");
      assertEquals(matches(text), own.test(text), `${pattern}: ${JSON.stringify(text)}`);
    }
  }
});

Deno.test("what is not described in linear time, or differs between languages, is refused", () => {
  const patterns = ["(a)\\1", "(?=a)", "(?<n>a)", "\\p{L}", "\\x41", "[a", "[]", "(a", "a)", "*a"];
  const more = [
    "a**",
    "a{3,2}",
    "a{,3}",
    "[z-a]",
    "\\",
    "a{900}",
    "((a{99}){99}){99}",
    "a".repeat(201),
  ];
  for (const pattern of [...patterns, ...more, "(((((){200}){200}){200}){200}){200}"]) {
    assertEquals(
      assertThrows(() => linearPattern(pattern), RegistryError).code,
      "Invalid",
      pattern,
    );
  }
});

Deno.test("patterns that other programs would try in exponentially many ways take little time", () => {
  for (const pattern of ["^(a+)+$", "^(a|a)*$", "^(a?){50}a{50}$", "(.*a){12}$", "(x+x+)+y"]) {
    linearPattern(pattern)(`${"a".repeat(20_000)}!${"x".repeat(20_000)}`);
  }
});
