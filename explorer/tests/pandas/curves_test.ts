// Curves and differences of tables are those of pandas and SciPy.
import { assertEquals } from "@std/assert";
import { compareRows, findKeys } from "../../../apps/difference/compare_rows.ts";
import { compareTableFiles } from "../../../apps/difference/table_difference.ts";
import { partOfRun } from "../../../tests/support/seeds.ts";
import { type Line, lineOf, thinned } from "../../src/curves/lines.ts";
import { findSteps, readSteps } from "../../src/curves/steps.ts";
import { valuesOf } from "../../src/curves/values_table.ts";
import { readTable } from "../../src/previews/tables/read_table.ts";
import { fakeVersion } from "../support/fake_file.ts";
import { assertNumber, pandasTest } from "./reference.ts";

function assertAllNear(found: readonly number[], expected: readonly number[], note: string): void {
  assertEquals(found.length, expected.length, note);
  for (const [i, value] of found.entries()) {
    assertNumber(value, expected[i]!, 1e-9, `${note} at ${i}`);
  }
}

function numbersOf(values: readonly number[]) {
  return { rows: [...values.keys()], values };
}

/** Returns the points of a line without gaps. */
function finite({ x, y }: Line): Line {
  const kept = [...y.keys()].filter((i) => Number.isFinite(y[i]));
  return { x: kept.map((i) => x[i]!), y: kept.map((i) => y[i]!) };
}

pandasTest(
  "smoothed curves of CSV, JSON Lines and Parquet are those of pandas",
  async (reference) => {
    const { expected, bytes } = reference;
    for (const path of ["curve.csv", "curve.jsonl", "curve.parquet"]) {
      const [file] = await findSteps(fakeVersion(new Map([[path, bytes(path)]])));
      const { columns } = await readSteps(file!, { most: 1e6 });
      const [x, y] = [columns.get("step")!, columns.get("loss")!];
      for (const [smoothing, values] of Object.entries(expected.smoothed)) {
        const line = finite(lineOf(x, y, Number(smoothing)));
        assertEquals(line.x, [...expected["smoothed steps"]], path);
        assertAllNear(line.y, values, `${path} ${smoothing}`);
      }
      assertAllNear(finite(lineOf(x, y, 0.9)).y, expected.filtered, path);
    }
  },
);

pandasTest("the values of a curve are those of pandas", async ({ expected, bytes }) => {
  const [file] = await findSteps(fakeVersion(new Map([["curve.csv", bytes("curve.csv")]])));
  const run = { ...await readSteps(file!, { most: 1e6 }), label: "run" };
  const [found, ...others] = valuesOf([run], { measures: ["loss", "absent"], axis: "step" });
  assertEquals(others, []);
  const { last, min, max, gaps } = expected.values;
  assertEquals([String(found?.last), found?.gaps], [String(last), gaps]);
  for (const [own, other] of [[found?.min, min], [found?.max, max]] as const) {
    assertAllNear(own ?? [], other, "extreme");
  }
});

pandasTest(
  "a long curve is drawn with points of it, its ends and its extremes",
  ({ expected }) => {
    const x = [...expected.long.values.keys()];
    for (
      const [smoothing, values] of [[0, expected.long.values], [
        0.9,
        expected.long.smoothed,
      ]] as const
    ) {
      const line = thinned(lineOf(numbersOf(x), numbersOf(expected.long.values), smoothing));
      assertAllNear(line.y, line.x.map((at) => values[at]!), `${smoothing}`);
      assertEquals([line.x[0], line.x.at(-1)], [0, 25_000]);
      const drawn = new Set(line.x);
      for (const extreme of [Math.min(...values), Math.max(...values)]) {
        assertEquals(drawn.has(values.indexOf(extreme)), true, `${extreme}`);
      }
    }
  },
);

pandasTest("a resumed run has the last value of each step", ({ expected: { resumed } }) => {
  const line = lineOf(numbersOf(resumed.x), numbersOf(resumed.y), 0);
  assertEquals(line.y, [...resumed.last]);
});

pandasTest("tables of 25,000 rows in another order differ as pandas says", async (reference) => {
  const { expected, file, bytes } = reference;
  for (const form of partOfRun(["csv", "parquet"], 2)) {
    const open = (name: string) => readTable(file(`${name}.${form}`));
    const [before, after] = [await open("large-before"), await open("large-after")];
    assertEquals(await findKeys(before, after), ["id"], form);
    const { added, removed, changed, byColumn, changes } =
      (await compareRows(before, after, { key: "id" }))!;
    const { columns, ...counts } = expected["by key"];
    assertEquals({ added, removed, changed }, counts, form);
    const total = counts.added + counts.removed + counts.changed;
    assertEquals([Object.fromEntries(byColumn), changes.length], [columns, total], form);
    const [old, now] = ["large-before", "large-after"].map((name) => `${name}.${form}`)
      .map((path) => ({ path, bytes: bytes(path) }));
    const ofService = await compareTableFiles(old!, now!);
    assertEquals(ofService.key, "id");
    assertEquals(
      [ofService.added, ofService.removed, ofService.changed],
      [counts.added, counts.removed, counts.changed],
      form,
    );
    for (const [name, only] of Object.entries(expected["by content"])) {
      const sides = [await open(`${name}-before`), await open(`${name}-after`)] as const;
      const { added = 0, removed = 0, changed } = (await compareRows(...sides))!;
      assertEquals(
        { old: removed + changed, new: added + changed },
        { ...only },
        `${form} ${name}`,
      );
    }
  }
});
