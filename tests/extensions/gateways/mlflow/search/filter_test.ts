// MLflow's language of filters and orders.
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { RegistryError } from "../../../../../core/errors.ts";
import { seededRandom } from "../../../../support/scripted_system.ts";
import {
  type Fields,
  parseFilter,
  parseOrder,
  type Value,
} from "../../../../../extensions/gateways/mlflow/search/filter.ts";

const FIELDS: Fields = {
  kinds: { metrics: ["metric", "number"], metric: ["metric", "number"], tags: ["tag", "text"] },
  attributes: { name: "text", start_time: "number" },
  aliases: { "Run name": "name" },
};
const VALUES: Readonly<Record<string, Value>> = {
  "metric auc": 0.5,
  "metric a b": 2,
  "metric nan": NaN,
  "tag stage": "Prod.1",
  "tag mlflow.user": "it's",
  "attribute name": "one",
  "attribute start_time": 1000,
};

function holds(filter: string): boolean {
  return parseFilter(filter, FIELDS)(({ kind, key }) => VALUES[`${kind} ${key}`]);
}

Deno.test("comparisons of a filter must all hold", () => {
  for (
    const filter of [
      "",
      "  ",
      "metrics.auc > 0.4",
      "metrics.auc>=.5 and metric.auc<=5e-1 AND  start_time = 1000",
      "metrics.`a b` = 2",
      'metrics."a b" != 3',
      "metrics.auc > -1",
      "tags.stage = 'Prod.1'",
      'tags.stage = "Prod.1"',
      'tags.mlflow.user = "it\'s"',
      "tags.`mlflow.user` LIKE 'it_s'",
      "tags.stage LIKE 'Pro%'",
      "tags.stage ILIKE 'pROD__'",
      "tags.stage LIKE '%%o%d%'",
      "tags.stage LIKE '%_.1%'",
      "tags.stage IN ('x', 'Prod.1')",
      "tags.stage NOT IN ('x')",
      "tags.none IS NULL AND tags.stage is not null",
      "attributes.name = 'one' AND attr.`Run name` = 'one' and `Run name` != 'two'",
      "name LIKE '%'",
    ]
  ) {
    assert(holds(filter), filter);
  }
  for (
    const filter of [
      "metrics.auc > 0.5",
      "metrics.nan > 0",
      "metrics.none != 1",
      "tags.none != 'x'",
      "tags.stage LIKE 'prod%'",
      "tags.stage LIKE 'Prod'",
      "tags.stage LIKE ''",
      "tags.stage LIKE '%1_'",
      "tags.stage LIKE 'Prod[.]1'",
      "tags.none NOT IN ('x')",
      "metrics.auc = 0.5 AND name = 'two'",
      "tags.stage = ''",
    ]
  ) {
    assert(!holds(filter), filter);
  }
});

Deno.test("a LIKE with many % takes no longer than its text and its pattern", () => {
  const text = "a".repeat(65_536);
  const isIn = (pattern: string, operator = "LIKE") =>
    parseFilter(`name ${operator} '${pattern}'`, FIELDS)(() => text);
  assert(isIn(`${"%a".repeat(450)}%`));
  assert(!isIn(`${"%a".repeat(450)}%b`)); // never returns by a search of all ways
  assert(!isIn(`${"%_a".repeat(300)}%b`));
  assert(!isIn(`%${"a".repeat(450)}b${"a".repeat(450)}%`, "ILIKE"));
  for (const pattern of ["a".repeat(1001), "%".repeat(1001)]) {
    assertThrows(() => isIn(pattern), RegistryError, "more than 1000 characters");
  }
  const several = Array(3).fill(`name LIKE '${"a".repeat(400)}'`).join(" AND ");
  assertThrows(() => parseFilter(several, FIELDS), RegistryError, "more than 1000 characters");
});

Deno.test("a LIKE is as one that tries all ways", () => {
  const slow = (text: string[], pattern: string[]): boolean => {
    const [first, ...rest] = pattern;
    if (first === undefined) return text.length === 0;
    if (first === "%") {
      return slow(text, rest) || text.length > 0 && slow(text.slice(1), pattern);
    }
    return text.length > 0 && (first === "_" || first === text[0]) && slow(text.slice(1), rest);
  };
  const random = seededRandom(7);
  const some = (characters: string[], most: number) =>
    Array.from(
      { length: Math.floor(random() * (most + 1)) },
      () => characters[Math.floor(random() * characters.length)]!,
    );
  for (let n = 0; n < 20_000; n++) {
    const text = some(["a", "b", "\u{1f600}", "é"], 8),
      pattern = some(["a", "b", "%", "_", "\u{1f600}"], 7);
    const holds = parseFilter(`name LIKE '${pattern.join("")}'`, FIELDS)(() => text.join(""));
    assertEquals(holds, slow(text, pattern), `${text.join("")} LIKE ${pattern.join("")}`);
  }
});

Deno.test("other filters and orders are refused", () => {
  for (
    const filter of [
      "metrics.auc",
      "metrics.auc >",
      "metrics.auc > 'x'",
      "metrics.auc > 1 OR metrics.auc < 0",
      "metrics.auc > 1 AND",
      "metrics.auc > 1 metrics.auc > 2",
      "metrics.auc LIKE 1",
      "(metrics.auc > 1)",
      "NOT name = 'x'",
      "name > 'a'",
      "name = 1",
      "name = one",
      "name = 'a",
      "name IN 'a'",
      "name IN ()",
      "name IN ('a'",
      "params.a = '1'",
      "mlflow.user = 'x'",
      "constructor = 'x'",
      "dataset.name = 'x'",
      "start_time BETWEEN 1 AND 2",
      "start_time = 1x",
      `name = '${"x".repeat(9000)}'`,
    ]
  ) {
    assertThrows(() => holds(filter), Error, "Invalid filter", filter);
  }
  for (const order of ["", "none", "name UP", "name ASC, start_time", "metrics", "params.x DESC"]) {
    assertThrows(() => parseOrder([order], FIELDS), Error, "Invalid", order);
  }
});

Deno.test("an order that cannot be read is called an order, and the hint quotes keys", () => {
  const hintOf = (read: () => unknown) => assertThrows(read, RegistryError).hint ?? "";
  for (const order of ["", "metrics.avg score DESC", "name ASC NULLS LAST"]) {
    const read = () => parseOrder([order], FIELDS);
    assertThrows(read, RegistryError, "Invalid order: ", order);
    assertStringIncludes(hintOf(read), "Put keys with spaces in backquotes");
  }
  assertThrows(() => parseOrder(["x".repeat(9000)], FIELDS), RegistryError, "Invalid order: ");
  assertStringIncludes(hintOf(() => holds("metrics.avg score > 1")), "in backquotes");
  assertStringIncludes(hintOf(() => holds("name = 'ada\\'s'")), "texts with ' in double quotes");
});

Deno.test("missing values are last in both directions, NaN before them", () => {
  const items = [undefined, 2, NaN, 1, 3];
  const sorted = (order: string) => {
    const { compare } = parseOrder([order], FIELDS);
    return items.toSorted((a, b) => compare([a], [b]));
  };
  assertEquals(items.toSorted((a, b) => parseOrder([], FIELDS).compare([a], [b])), [
    ...items.filter((item) => item !== undefined),
    undefined,
  ]);
  assertEquals(sorted("metrics.a"), [1, 2, 3, NaN, undefined]);
  assertEquals(sorted("metrics.`a b` DESC"), [3, 2, 1, NaN, undefined]);
  assertEquals(sorted("start_time asc"), [1, 2, 3, NaN, undefined]);
});
