import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseYamlDocument } from "../../../formats/yaml/document.ts";
import { parseUsualYaml } from "../../../formats/yaml/usual_yaml.ts";

const SIGNS = [
  ..." \n:-#\"'{}[],&*!|>?%@\\\t1.~=a0xe+",
  "\n  ",
  ": ",
  "- ",
  " #",
  "---",
  "null",
  "0x1",
  "é",
  "\u00a0",
];

/** Values that are read without the library. */
const USUAL = [
  "a",
  "x y",
  "1",
  "-1",
  "0.1",
  "~",
  "True",
  "nUll",
  "1_000",
  "30m",
  "registry:data:raw@^1",
  "./a b/c.csv",
]
  .concat(
    "${env:A}",
    "s3://b/k#x",
    "2026-11-21",
    "<<",
    "=",
    "-a",
    '""',
    "''",
    '"a: b # c"',
    "'a, b'",
    '"it\'s"',
    "b:c",
  );
/** Values that mostly are not. */
const UNUSUAL = [
  "1.50",
  "1e3",
  "0x1F",
  "0o7",
  "017",
  "-0",
  "+1",
  ".5",
  "1.",
  "00",
  "FALSE",
  ".inf",
  "-.Inf",
  ".NaN",
]
  .concat(
    "12345678901234567890",
    "a #b",
    "'it''s'",
    '"a\\nb"',
    "",
    "--x",
    "a - b",
    'a"b',
    "a'",
    "a: b",
    "*a",
    "!t a",
  );

/** What may follow. */
const MORE = [...Array(12).fill(""), " ", " # c", " # c", "# c"];

/** Values of one line, in all ways to write them. */
const inline: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    { arbitrary: fc.constantFrom(...USUAL), weight: 20 },
    { arbitrary: fc.constantFrom(...UNUSUAL), weight: 1 },
    fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(", ")}]`),
    fc.array(tie("value"), { maxLength: 3 }).map((items) =>
      `{ ${items.map((item, i) => `k${i}: ${item}`).join(",")} }`
    ),
  ),
})).value;

/** Lines of mappings and lists, indented by one to four. */
const block: fc.Arbitrary<string[]> = fc.letrec<{ lines: string[] }>((tie) => ({
  lines: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    inline.map((value) => [value]),
    entries(tie("lines"), (i) => `${["a", "b_c", "d.e", "f-1", "G"][i]}:`),
    entries(tie("lines"), () => "-"),
  ),
})).lines;

function entries(
  child: fc.Arbitrary<string[]>,
  head: (i: number) => string,
): fc.Arbitrary<string[]> {
  const entry = fc.tuple(child, fc.constantFrom(2, 2, 2, 2, 1, 4, 0), fc.constantFrom(...MORE));
  return fc.array(entry, { minLength: 1, maxLength: 3 }).map((all) =>
    all.flatMap(([lines, indent, more], i) => {
      const own = lines.length === 1 && !/^-( |$)|:( |$)/.test(lines[0]);
      if (own) return [`${head(i)} ${lines[0]}${more}`];
      const compact = head(i) === "-" && indent === 2;
      if (compact) return lines.map((line, j) => (j === 0 ? `- ${line}` : `  ${line}`));
      return [`${head(i)}${more}`, ...lines.map((line) => " ".repeat(indent) + line)];
    })
  );
}

const text = entries(block, (i) => ["a", "b_c", "d.e", "f-1", "G"][i] + ":").map((lines) =>
  `${lines.join("\n")}\n`
);
const place = fc.noBias(fc.nat(9_999)).map((at) => at / 10_000);
/** Puts signs somewhere in a text, or moves, repeats or takes out lines. */
const change: fc.Arbitrary<(text: string) => string> = fc.oneof(
  fc.tuple(place, fc.constantFrom(...SIGNS), fc.nat(2)).map(
    ([where, sign, removed]) => (text: string) => {
      const at = Math.floor(where * text.length);
      return text.slice(0, at) + sign + text.slice(at + removed);
    },
  ),
  fc.tuple(place, fc.constantFrom("further", "nearer", "twice", "gone", "before")).map(
    ([where, what]) => (text: string) => {
      const lines = text.split("\n");
      const at = Math.floor(where * lines.length);
      const line = lines[at];
      if (what === "further") lines[at] = ` ${line}`;
      if (what === "nearer") lines[at] = line.slice(1);
      if (what === "twice") lines.splice(at, 0, line);
      if (what === "gone") lines.splice(at, 1);
      if (what === "before") lines.splice(Math.floor(at / 2), 0, line);
      return lines.join("\n");
    },
  ),
);
const changed = fc.tuple(text, fc.array(change, { minLength: 1, maxLength: 3 }))
  .map(([original, changes]) => changes.reduce((text, change) => change(text), original));

Deno.test("what is read without the library is what the library reads, places too", () => {
  let usual = 0;
  const runs = 2000;
  const compare = (text: string) => {
    const found = parseUsualYaml(text);
    if (found === undefined) return;
    usual++;
    assertEquals(
      { root: found, problems: [] },
      parseYamlDocument(text, { isUsual: false }),
      JSON.stringify(text),
    );
  };
  fc.assert(fc.property(changed, compare), { numRuns: runs });
  fc.assert(fc.property(text, compare), { numRuns: runs });
  console.log(usual);
  assertEquals(usual > runs / 4, true, `${usual}`);
});

Deno.test("what pipelines are usually written as is read without the library", () => {
  const root = parseUsualYaml(`# a pipeline
pipeline:
  pipeline_id: training # its id

  operators:
  - operator_id: clean
    inputs: { data: "registry:data:raw@^1", more: ./data }
    params: { lr: 0.1, layers: [64, 32], quiet: true, seed: null }
    start_command: [python, train.py, '--x', a b]
  -
    operator_id: train
    timeout: 30m
`);
  assertEquals(root?.kind, "map");
});

Deno.test("a deep text is left to the library, which says how deep it may be", () => {
  const deep = Array.from({ length: 60 }, (_, i) => `${" ".repeat(i)}a:\n`).join("") +
    `${" ".repeat(60)}b: 1\n`;
  assertEquals([parseUsualYaml(deep), parseUsualYaml(`a: ${"[".repeat(60)}${"]".repeat(60)}\n`)], [
    undefined,
    undefined,
  ]);
  assertEquals(parseYamlDocument(deep).problems, []);
});

for (
  const text of [
    "a: 1\na: 2\n",
    "true: 1\n",
    "a: {b: 1, b: 2}\n",
    "- a\nb: 1\n",
    "a:\n",
    "- 1\n--- \n- 2\n",
    "a: 'x\n",
    "a: [b:]\n",
    "a: 'it''s'\n",
  ]
) {
  Deno.test(`${JSON.stringify(text)} is left to the library`, () => {
    assertEquals(parseUsualYaml(text), undefined);
  });
}
