// The operators have one meaning in conditions, rules and searches, and in Python.
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseQuery } from "../../../apps/server/search/query.ts";
import { parseCondition } from "../../../core/registry/conditions.ts";
import {
  compareKeys,
  comparing,
  type Comparison,
  fromMetadata,
  type SortKey,
  sortKeyOf,
} from "../../../core/text/comparing.ts";
import { sortByField } from "../../../apps/difference/sort_by_field.ts";
import type { ArtifactInfo } from "../../../core/artifact.ts";
import { writeFile } from "node:fs/promises";
import { instantOf } from "../../../core/text/iso_time.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { pythonTest, runProgram } from "../../python/reader.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import cases from "./comparisons.json" with { type: "json" };

const OPERATORS: Comparison[] = ["=", "!=", ">", ">=", "<", "<="];

/** Each case by each operator: the data, the operator and the typed text, and whether it matches. */
const each = cases.flatMap(({ stored, typed, holds }) =>
  OPERATORS.map((operator) => ({
    data: stored === undefined ? {} : { key: stored, deep: { key: stored } },
    stored,
    operator,
    typed,
    expected: holds.split(" ").includes(operator),
  }))
);
const nameOf = ({ stored, operator, typed }: typeof each[number]) =>
  `${JSON.stringify(stored)} ${operator} ${typed}`;

Deno.test("each operator has one result for each kind of value", () => {
  for (const one of each) {
    const { stored, operator, typed, expected } = one;
    assertEquals(comparing(operator, typed)(fromMetadata(stored)), expected, nameOf(one));
  }
  assertEquals(comparing("=", "NaN")(NaN), true);
  assertEquals(comparing("!=", "3")(NaN), true);
});

/** Returns the info of a version with these members. */
function infoOf(members: object): ArtifactInfo {
  const materializer = { id: "json", formatVersion: 1 };
  return { materializer, createdAt: new Date(0), ...members } as ArtifactInfo;
}

Deno.test("conditions and searches compare metadata and labels alike", () => {
  for (const one of each) {
    const { data, operator, typed, expected } = one;
    for (const field of ["key", "deep.key"]) {
      const info = infoOf({ metadata: data, annotations: { labels: data } });
      const found = { metadata: data, labels: data } as unknown as Parameters<
        ReturnType<typeof parseQuery>
      >[0];
      for (const kind of ["metadata", "labels"]) {
        const term = `${kind}.${field}${operator}`;
        const name = `${kind}.${field}: ${nameOf(one)}`;
        assertEquals(parseCondition(`${term} '${typed}'`)(info), expected, name);
        assertEquals(parseQuery(`${term}"${typed}"`)(found, ""), expected, name);
      }
    }
  }
  const unlabeled = infoOf({ metadata: {} });
  assertEquals(parseCondition("labels.stage != rejected")(unlabeled), true);
  assertEquals(parseCondition("labels.stage = rejected")(unlabeled), false);
});

/** Keys that are not words, and how conditions and searches name them. */
const KEYS: Record<string, string> = {
  "optimizer.lr": "optimizer.lr",
  "val/loss": "val/loss",
  "F1 score": '"F1 score"',
  "a=b": '"a=b"',
  "Genauigkeit_für_Ä": "Genauigkeit_für_Ä",
  ".": ".",
  "top-1.": "top-1.",
};

Deno.test("every key of metadata and labels can be compared, also with dots and spaces", () => {
  for (const [key, typed] of Object.entries(KEYS)) {
    for (const data of [{ [key]: 5 }, { "deep.er": { [key]: 5 } }]) {
      const path = "deep.er" in data ? `deep.er.${typed}` : typed;
      const found = { metadata: data, labels: data, annotations: { labels: data } };
      for (const field of ["metadata", "labels"]) {
        for (
          const text of [`${field}.${path}>4`, `${field}.${path} > 4`, `${field}.${path} = "5"`]
        ) {
          assertEquals(parseCondition(text)(infoOf(found)), true, text);
          assertEquals(parseQuery(text)(found as never, ""), true, text);
        }
        const other = `${field}.${path}>5`;
        assertEquals(parseCondition(other)(infoOf(found)), false, other);
        assertEquals(parseQuery(other)(found as never, ""), false, other);
      }
    }
  }
  const both = { metadata: { a: { b: 1 }, "a.b": 2 } };
  assertEquals(parseQuery("metadata.a.b=1")(both as never, ""), true);
});

Deno.test("versions are compared by their order, aliases as a set", () => {
  const found = { version: "10.0.0", aliases: ["a"] } as unknown as Parameters<
    ReturnType<typeof parseQuery>
  >[0];
  const results = {
    "version>9": true,
    "version<9.1.0": false,
    "version=10.0": true,
    "version!=10": false,
    "version=ten": false,
    "version>=10.0.0-rc.1": true,
  };
  for (const [text, expected] of Object.entries(results)) {
    assertEquals(parseQuery(text)(found, ""), expected, text);
    assertEquals(parseCondition(text)(infoOf(found)), expected, text);
  }
  assertEquals(parseQuery("alias!=a")(found, ""), false);
  assertEquals(parseQuery("alias!=b")(found, ""), true);
  assertEquals(parseQuery("alias!=b")({ ...found, aliases: [] }, ""), true);
});

/** Values that are equal, alike or next to each other more often than chance would have it. */
const digits = fc.stringMatching(/^[+-]?(0{0,2}[0-9]{1,3}(\.[0-9]{0,3})?|\.[0-9]{1,2})$/);
const power = fc.constantFrom("", "e0", "e-1", "E+2", "e400", "e-400");
const zone = fc.constantFrom("", "Z", "z", "+00:00", "+02:00", "-0800", "+14");
const clock = fc.constantFrom(
  "T00:00",
  "T07:00:00",
  " 07:00:00.0",
  "t07:00:00.000000001",
  "T23:59",
);
const time = fc.tuple(fc.constantFrom("2026-11-20", "2026-11-19", "2024-02-29"), clock, zone)
  .map((parts) => parts.join(""));
const arbitrary = fc.oneof(
  fc.double({ noNaN: true, min: -1000, max: 1000 }),
  fc.constantFrom(0, 0.1, 0.5, 7, 10, 1e300, 1234567890123456800, "Infinity", "-Infinity"),
  fc.tuple(digits, power).map((parts) => parts.join("")),
  ...[time, time],
  fc.constantFrom("2026-11-20", "2026-02-30", "2026", "", "abc", "Z", "a b", "NaN1", "1.2.3", "😀"),
  fc.string({ maxLength: 4 }),
);
const keyOf = (value: number | string) => sortKeyOf(fromMetadata(value) as number | string);

Deno.test("values have one total order, which operators and sorted lists follow", () => {
  fc.assert(fc.property(fc.array(arbitrary, { minLength: 3, maxLength: 6 }), (values) => {
    const [a, b, c] = values.map(keyOf) as [SortKey, SortKey, SortKey];
    const order = compareKeys(a, b);
    assertEquals(compareKeys(a, a), 0);
    assertEquals(Math.sign(order), 0 - Math.sign(compareKeys(b, a)));
    if (order <= 0 && compareKeys(b, c) <= 0) assert(compareKeys(a, c) <= 0);
    const typed = `${values[1]}`;
    const meets = OPERATORS.filter((each) => comparing(each, typed)(fromMetadata(values[0])));
    if (a.kind === b.kind) {
      const expected = order < 0 ? "!= < <=" : order > 0 ? "!= > >=" : "= >= <=";
      assertEquals(meets.toSorted(), expected.split(" ").toSorted(), `${values[0]} and ${typed}`);
    }
    const sorted = sortByField(values, "value", (value) => fromMetadata(value));
    const filled = sorted.filter((value) => value !== "").map(keyOf);
    for (const [i, key] of filled.slice(1).entries()) assert(compareKeys(filled[i]!, key) <= 0);
  }));
});

const PROGRAM = `
import json, sys
from holdfast.artifacts.search import Found, parse_query

for case in json.load(open(sys.argv[1])):
    data = {"key": case["stored"]} if "stored" in case else {}
    found = Found("a", "10.0.0", ["a"], data, "json", "2026-01-01")
    for operator in ("=", "!=", ">", ">=", "<", "<="):
        query = f'metadata.key{operator}"{case["typed"]}"'
        assert parse_query(query)(found) == (operator in case["holds"].split()), (case, query)
for key, typed in json.loads(sys.argv[3]).items():
    for data, path in [({key: 5}, typed), ({"deep.er": {key: 5}}, f"deep.er.{typed}")]:
        found = Found("a", "10.0.0", ["a"], data, "json", "2026-01-01")
        for query in (f"metadata.{path}>4", f"metadata.{path} > 4", f'metadata.{path} = "5"'):
            assert parse_query(query)(found), query
        assert not parse_query(f"metadata.{path}>5")(found), path
for query, expected in json.loads(sys.argv[2]).items():
    assert parse_query(query)(found) == expected, query
`;

pythonTest("Python compares as conditions and searches do", async () => {
  const more = {
    "version>9": true,
    "version<9.1.0": false,
    "version=10.0": true,
    "version!=10": false,
    "version=ten": false,
    "alias!=a": false,
    "alias!=b": true,
    "alias=a": true,
  };
  const data = `${REPOSITORY}/tests/core/text/comparisons.json`;
  await runProgram(PROGRAM, { args: [data, ...[more, KEYS].map((each) => JSON.stringify(each))] });
});

pythonTest("Python has the same order of any values", async () => {
  const typed = arbitrary.map(String).filter((text) => !/["\s=<>!]/.test(text) && text !== "");
  const pairs = fc.sample(fc.tuple(arbitrary, typed), 3000)
    .filter(([, typed]) => instantOf(typed) !== "invalid")
    .map(([stored, typed]) => {
      const holds = OPERATORS.filter((each) => comparing(each, typed)(fromMetadata(stored)));
      return { stored, typed, holds: holds.join(" ") };
    });
  const root = await tempRoot();
  try {
    await writeFile(root.join("cases.json"), JSON.stringify(pairs));
    await runProgram(PROGRAM, { args: [root.join("cases.json"), "{}", "{}"] });
  } finally {
    await root.remove();
  }
});
