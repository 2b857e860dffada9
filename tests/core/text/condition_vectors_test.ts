// One language of conditions: each text has one result in lists, rules, searches, the explorer and
// Python.
import { assertEquals, assertThrows } from "@std/assert";
import { parseQuery, searchText } from "../../../apps/server/search/query.ts";
import { tokensOf } from "../../../apps/server/search/terms.ts";
import type { ArtifactInfo } from "../../../core/artifact.ts";
import { isRegistryError, RegistryError } from "../../../core/errors.ts";
import { parseCondition } from "../../../core/registry/conditions.ts";
import { queryOf } from "../../../explorer/src/api/search.ts";
import { pythonTest, runProgram } from "../../python/reader.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import vectors from "../../fixtures/condition_vectors.json" with { type: "json" };

const { version, conditions } = vectors;
const info = {
  ...version,
  by: { name: version.by },
  createdAt: new Date(version.createdAt),
  materializer: { id: version.kind, formatVersion: 1 },
  annotations: { labels: version.labels, revision: 1, changedAt: new Date(0) },
} as unknown as ArtifactInfo;

/** Returns a result, or null of a text that is refused. */
function resultOf(read: () => boolean): boolean | null {
  try {
    return read();
  } catch (error) {
    if (!isRegistryError(error) || error.code !== "Invalid") throw error;
    return null;
  }
}

const search = (text: string) => resultOf(() => parseQuery(text)(version, searchText(version)));

Deno.test("a condition has one result in lists, rules and searches", () => {
  for (const { text, is, where = is, rule = where } of conditions) {
    const inList = resultOf(() => parseCondition(text)(info, version.aliases));
    const inRule = resultOf(() => parseCondition(text, { isRule: true })(info));
    assertEquals({ search: search(text), inList, inRule }, {
      search: is,
      inList: where,
      inRule: rule,
    }, text);
  }
});

Deno.test("the tokens of a search are the same search, also with full names of their fields", () => {
  for (const { text, is } of conditions) {
    assertEquals(search(tokensOf(text).map((token) => token.text).join(" ")), is, text);
    if (text !== "auc>0.9" && text !== "tags.x=1") assertEquals(search(queryOf(text)), is, text);
  }
});

Deno.test("an unknown field gets the field that it may mean", () => {
  for (
    const [typed, meant] of [["epochs > 3", "metadata.epochs"], ["verson > 3", "version"]] as const
  ) {
    const error = (() => {
      try {
        parseCondition(typed);
      } catch (error) {
        return isRegistryError(error) ? error.hint : "";
      }
    })();
    assertEquals(error?.startsWith(`Did you mean ${meant}? `), true, error);
  }
});

Deno.test("words of other languages get what to write instead", () => {
  for (
    const [typed, instead] of [
      ["not kind = json", "!="],
      ["size > 1 and not (kind = json)", "!="],
      ["kind in (json, text)", "(kind = json or kind = text)"],
      ["(name LIKE bert)", "name ~ "],
      ["labels.stage is null", "labels.stage = "],
    ] as const
  ) {
    const error = assertThrows(() => parseCondition(typed), RegistryError);
    assertEquals(error.hint?.split("Compare ")[0]?.includes(instead), true, error.hint);
  }
});

Deno.test("stored rules keep an unknown author, as they did", () => {
  const anonymous = { ...info, by: undefined };
  assertEquals(parseCondition("by = ann", { isStored: true })(anonymous), true);
  assertEquals(parseCondition("by = ann")(anonymous), false);
});

const PROGRAM = `
import json, sys
from holdfast.artifacts.search import Found, parse_query
from holdfast.core.errors import HoldfastError

vectors = json.load(open(sys.argv[1]))
of = vectors["version"]
names = ("name", "version", "aliases", "metadata", "kind", "createdAt", "by", "size", "labels")
found = Found(*(of[name] for name in names))
for condition in vectors["conditions"]:
    try:
        result = parse_query(condition["text"])(found)
    except HoldfastError as error:
        result = None
    assert result == condition["is"], (condition, result)
`;

pythonTest("Python reads the same conditions", async () => {
  const path = `${REPOSITORY}/tests/fixtures/condition_vectors.json`;
  await runProgram(PROGRAM, { args: [path] });
});

Deno.test("long texts are split in little time", () => {
  const parts = [
    "a and ",
    "metadata.'",
    "a=' and ",
    "x'.",
    " ",
    '"',
    "= ",
    "and or ",
    "(",
    "( ",
    "(a= ",
    "a~( ",
  ];
  const spaces = " ".repeat(1300);
  for (const part of [...parts, `1${spaces}and${spaces}${"a".repeat(1300)}'`]) {
    const text = part.repeat(4_000 / part.length);
    tokensOf(text);
    for (const condition of [text, `a = ${text}`.slice(0, 4_000)]) {
      resultOf(() => parseCondition(condition)(info));
    }
  }
});
