// Regular expressions of conditions: as those of JavaScript, in linear time, or refused.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import { linearPattern } from "../../../core/text/linear_pattern.ts";
import fs from "node:fs";
import { pythonTest, runProgram } from "../../python/reader.ts";
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
  ["^[\\t-\\r][\\[-a][+-\\/]$", ["\n_.", "\r[+"], ["-_.", "\n{.", "\n_\\"]],
  ["^[\\d-z][^\\]-b]$", ["-c", "z\\", "3["], ["y1", "z]", "za"]],
  ["^xa{0}(b{0,0})y$", ["xy"], ["xay", "xby"]],
  ["(?i)^sk[x-z]$", ["SKY", "\u017f\u212ax"], ["ßkx", "skw"]],
  ["(?i)^\u017f\u212a\u03c2$", ["sk\u03c3", "SK\u03a3"], ["ssk"]],
  ["(?i)^[^k]$", ["i", "\u0130", "ß"], ["K", "\u212a"]],
];

Deno.test("a pattern describes what it describes in JavaScript", () => {
  for (const [pattern, texts, others] of MATCHES) {
    const matches = linearPattern(pattern);
    for (const text of texts) assertEquals(matches(text), true, `${pattern}: ${text}`);
    for (const text of others) assertEquals(matches(text), false, `${pattern}: ${text}`);
  }
});

/** Yields patterns, and texts that they may match. */
function* madeUp(seed: number): Generator<{ pattern: string; texts: string[] }, undefined> {
  const { pick, chance, int } = createRandom(seed);
  const kinds = ["a", "b", "[ab]", "[^a]", ".", "\\w", "\\b", "\\d", "^", "$"];
  const part = (depth: number): string => {
    if (depth === 0 || chance(0.4)) return pick(kinds);
    const [one, two] = [part(depth - 1), part(depth - 1)];
    return pick([`${one}${two}`, `(${one}|${two})`, `(?:${one})${pick(["*", "+", "?", "{2}"])}`]);
  };
  const text = () => Array.from({ length: int(8) }, () => pick(["a", "b", "1", " "])).join("");
  for (;;) yield { pattern: part(4), texts: Array.from({ length: 6 }, text) };
}

Deno.test("patterns that a program made up have the matches of JavaScript", () => {
  for (const { pattern, texts } of madeUp(7).take(3_000)) {
    const matches = linearPattern(pattern), own = new RegExp(pattern, "u");
    for (const text of texts) {
      assertEquals(matches(text), own.test(text), `${pattern}: ${JSON.stringify(text)}`);
    }
  }
});

Deno.test("patterns that need more time, or differ between languages, are refused", () => {
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
  const nested = ["(((((){200}){200}){200}){200}){200}", "((((a{0}){200}){200}){200}){200}"];
  const ranges = ["[a-\\d]", "[\\r-\\t]"];
  for (const pattern of [...patterns, ...more, ...nested, ...ranges]) {
    assertEquals(
      assertThrows(() => linearPattern(pattern), RegistryError).code,
      "Invalid",
      pattern,
    );
  }
});

const PROGRAM = `
import json, sys
from holdfast.artifacts.patterns import linear_pattern

for pattern, text, is_found in json.load(open(sys.argv[1])):
    assert linear_pattern(pattern)(text) == is_found, (pattern, text, is_found)
`;

pythonTest("Python has the same matches", async (root) => {
  const pairs = MATCHES.flatMap(([pattern, texts, others]) => [
    ...texts.map((text) => [pattern, text, true]),
    ...others.map((text) => [pattern, text, false]),
  ]);
  const made = [...madeUp(3).take(500)].flatMap(({ pattern, texts }) =>
    texts.map((text) => [pattern, text, linearPattern(pattern)(text)])
  );
  fs.writeFileSync(root.join("cases.json"), JSON.stringify([...pairs, ...made]));
  await runProgram(PROGRAM, { args: [root.join("cases.json")] });
});

Deno.test("patterns that other programs would try in exponentially many ways take little time", () => {
  for (const pattern of ["^(a+)+$", "^(a|a)*$", "^(a?){50}a{50}$", "(.*a){12}$", "(x+x+)+y"]) {
    linearPattern(pattern)(`${"a".repeat(20_000)}!${"x".repeat(20_000)}`);
  }
});

Deno.test("patterns with many states keep few of them", () => {
  const { pick } = createRandom(1);
  const matches = linearPattern("(a|b)*a(a|b){40}$c");
  const before = Deno.memoryUsage().heapUsed;
  for (let i = 0; i < 10; i++) {
    matches(Array.from({ length: 60_000 }, () => pick(["a", "b"])).join(""));
  }
  const grownBy = Deno.memoryUsage().heapUsed - before;
  assert(grownBy < 120e6, `${grownBy} bytes`); // 270e6 with all states
});
