// Order, filters, groups and the ranking of parameters of versions are those of pandas and SciPy.
import { assert, assertEquals } from "@std/assert";
import { columnsOf, type ExperimentColumn } from "../../src/views/versions/columns.ts";
import { namedFilter } from "../../src/views/versions/conditions.ts";
import {
  chooseExperiments,
  type Experiment,
  experimentsOf,
  numberAt,
} from "../../src/views/versions/experiments.ts";
import { groupsOf, partsOf } from "../../src/views/versions/groups.ts";
import { influenceOf } from "../../src/views/versions/influence.ts";
import { bestSoFar } from "../../src/views/versions/metric_charts.ts";
import { assertNumber, assertRows, pandasTest, type Plain, type Reference } from "./reference.ts";

const AT = "2026-01-01T00:00:00.000Z";

/** Versions with the metadata of runs, and their columns. */
function versionsOf({ runs }: Reference) {
  const rows = experimentsOf(
    runs.map((metadata, i) => ({
      name: "m",
      version: `${i}.0.0`,
      modifiedAt: AT,
      info: {
        size: 1,
        createdAt: AT,
        materializer: { id: "json" },
        files: [],
        metadata: { ...metadata, row: i },
      },
    })),
    [],
  );
  const columns = columnsOf(rows);
  const column = (name: string): ExperimentColumn =>
    columns.find(({ key }) => key === `metadata.${name}`)!;
  return { rows, columns, column };
}

function numbersOf(rows: Iterable<Experiment>): number[] {
  return [...rows].map(({ version }) => Number(version.split(".")[0]));
}

pandasTest(
  "versions have the order of pandas, with gaps, NaN and text numbers",
  (reference) => {
    const { rows } = versionsOf(reference);
    for (const [order, expected] of Object.entries(reference.expected["run orders"])) {
      const sort = order.replace(/^(-?)/, "$1metadata.");
      assertRows(numbersOf(chooseExperiments(rows, { filter: "", sort })), expected, order);
    }
  },
);

pandasTest("conditions choose the versions that pandas chooses", (reference) => {
  const { rows, columns } = versionsOf(reference);
  for (const [typed, expected] of Object.entries(reference.expected["run filters"])) {
    const filter = namedFilter(typed, columns);
    assert(expected.length > 0, typed);
    assertRows(numbersOf(chooseExperiments(rows, { filter, sort: "" })), expected, typed);
  }
});

function assertNear(value: unknown, expected: Plain | undefined, note: string): void {
  if (typeof expected !== "number") return assertEquals(String(value), String(expected), note);
  assertNumber(value as number, expected, 1e-9, note);
}

pandasTest("groups have the counts, the means and the best values of pandas", (reference) => {
  const { rows, columns } = versionsOf(reference);
  for (const [key, expected] of Object.entries(reference.expected.groups)) {
    const groups = groupsOf(rows, columns, `metadata.${key}`).rows;
    const byValue = new Map(groups.map(({ values }) => [values.get(`metadata.${key}`), values]));
    assertEquals(byValue.size, expected.length, key);
    for (const { value, count, means, ...best } of expected) {
      const values = byValue.get(value)!;
      const note = `${key} ${value}`;
      assertEquals(values.get("count"), count, note);
      for (const [name, mean] of Object.entries(means)) {
        assertNear(values.get(`metadata.${name}, mean`), mean, `${note} ${name}`);
      }
      assertNear(values.get("metadata.metrics.error, best"), best["best error"], note);
      assertNear(values.get("metadata.metrics.score, best"), best["best score"], note);
    }
  }
});

function pairsOf(rows: readonly Experiment[], key: ExperimentColumn, metric: ExperimentColumn) {
  return rows.map((row): [unknown, number] => [
    key.isNumber ? numberAt(row, key.key) : row.values.get(key.key),
    numberAt(row, metric.key),
  ]);
}

pandasTest("the influence of numbers and of words is that of SciPy", (reference) => {
  const { rows, column } = versionsOf(reference);
  const { numbers, words } = reference.expected;
  for (const [name, expected] of Object.entries(numbers)) {
    const [key, metric] = name.split(" ") as [string, string];
    const found = influenceOf(pairsOf(rows, column(key), column(metric)), true)!;
    assertEquals([found.versions, found.best !== undefined], [expected.versions, expected.bent]);
    assertNumber(found.value, expected.value, 1e-12, name);
    assertNumber(found.strength, expected.strength, 1e-12, name);
  }
  for (const [name, expected] of Object.entries(words)) {
    const [key, metric] = name.split(" ") as [string, string];
    const found = influenceOf(pairsOf(rows, column(key), column(metric)), false)!;
    assertEquals(found.versions, expected.versions, name);
    assertNumber(found.value, expected.value, 1e-12, name);
    assertNumber(found.strength, expected.strength, 1e-12, name);
    for (const [i, [word, mean]] of expected.words.entries()) {
      assertEquals(found.words?.[i]?.[0], word, name);
      assertNumber(found.words?.[i]?.[1] ?? NaN, mean, 1e-12, name);
    }
  }
});

pandasTest(
  "colors by quarters of a number, and the best so far, are those of pandas",
  (reference) => {
    const { rows, column } = versionsOf(reference);
    const { quarters, "best so far": best } = reference.expected;
    const parts = partsOf(rows, column("params.rate")).map((part) =>
      numbersOf(part.rows).sort((a, b) => a - b)
    );
    assertEquals(parts, quarters.map((each) => [...each]));
    const scores = rows.map((row) => numberAt(row, "metadata.metrics.score"))
      .map((score) => Number.isNaN(score) ? null : score);
    for (const better of ["high", "low"] as const) {
      const expected = best[better].map((each) => each === "NaN" ? null : each as number);
      assertEquals(bestSoFar(scores, better), expected, better);
    }
  },
);
