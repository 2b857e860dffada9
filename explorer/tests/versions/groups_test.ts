// Versions together by the value of a key, as rows of means and as colors.
import { assertEquals } from "@std/assert";
import { columnsOf } from "../../src/views/versions/columns.ts";
import { experimentsOf } from "../../src/views/versions/experiments.ts";
import { groupsOf, partsOf } from "../../src/views/versions/groups.ts";

const AT = "2026-01-01T00:00:00.000Z";

function rowsOf(all: readonly Record<string, unknown>[]) {
  return experimentsOf(
    all.map((metadata, i) => ({
      name: "m",
      version: `${i + 1}.0.0`,
      modifiedAt: AT,
      info: { size: 1, createdAt: AT, materializer: { id: "json" }, files: [], metadata },
    })),
    [],
  );
}

Deno.test("a group has its count, the means of numbers, and the best of measures", () => {
  const rows = rowsOf([
    { loss: 4, opt: "adam", seed: 1 },
    { loss: 2, opt: "adam", seed: 4 },
    { loss: "NaN", opt: "adam" },
    { loss: 1, opt: "sgd", note: "x" },
    { loss: 9 },
    { loss: 9, opt: null },
    { loss: 9 },
    { loss: 9 },
  ]);
  const { rows: groups, columns } = groupsOf(rows, columnsOf(rows), "metadata.opt");
  assertEquals(
    columns.map(({ title, better, best }) => [title, better, best]),
    [
      ["opt", undefined, undefined],
      ["Versions", undefined, undefined],
      ["loss, mean", "low", 1],
      ["loss, best", "low", 1],
      ["seed, mean", undefined, undefined],
    ],
  );
  assertEquals(groups.map(({ values }) => columns.map(({ key }) => values.get(key))), [
    ["(none)", 4, 9, 9, undefined],
    ["adam", 3, 3, 2, 2.5],
    ["sgd", 1, 1, 1, undefined],
  ]);
});

Deno.test("keys of groups whose last parts are alike have headings that differ", () => {
  const rows = rowsOf([
    { params: { opt: "adam" }, metrics: { accuracy: 0.5, val: { accuracy: 0.4 } } },
    { params: { opt: "sgd" }, metrics: { accuracy: 0.6, val: { accuracy: 0.5 } } },
  ]);
  const { columns } = groupsOf(rows, columnsOf(rows), "metadata.params.opt");
  const headings = columns.map(({ title, short, group }) => [group, short ?? title]);
  assertEquals(headings.slice(2), [
    [undefined, "accuracy, mean"],
    [undefined, "accuracy, best"],
    [undefined, "val.accuracy, mean"],
    [undefined, "val.accuracy, best"],
  ]);
});

Deno.test("the mean of a group with an infinity is infinite, and its best value is not", () => {
  const rows = rowsOf([
    { loss: 1, accuracy: "Infinity", opt: "a" },
    { loss: "Infinity", accuracy: 0.5, opt: "a" },
    { loss: "-Infinity", opt: "b" },
  ]);
  const { rows: groups } = groupsOf(rows, columnsOf(rows), "metadata.opt");
  const of = (name: string) => groups.map(({ values }) => values.get(`metadata.${name}`));
  assertEquals(of("loss, mean"), [Infinity, -Infinity]);
  assertEquals([of("loss, best"), of("accuracy, best")], [[1, undefined], [0.5, undefined]]);
});

Deno.test("versions without a value are not those whose value is a word for it", () => {
  const rows = rowsOf([{ loss: 1, opt: "none" }, { loss: 2 }, { loss: 3 }]);
  const { rows: groups } = groupsOf(rows, columnsOf(rows), "metadata.opt");
  assertEquals(groups.map(({ values }) => values.get("metadata.opt")), ["(none)", "none"]);
  assertEquals(new Set(groups.map(({ version }) => version)).size, 2);
});

Deno.test("numbers and the same numbers in text are one group", () => {
  const rows = rowsOf([{ loss: 1, k: 1 }, { loss: 3, k: "1.0" }, { loss: 5, k: 2 }]);
  const { rows: groups } = groupsOf(rows, columnsOf(rows), "metadata.k");
  assertEquals(groups.map(({ values }) => [values.get("metadata.k"), values.get("count")]), [
    [1, 2],
    [2, 1],
  ]);
});

Deno.test("colors are the frequent words, or quarters of numbers that cut no value in two", () => {
  const parts = (values: readonly unknown[]) => {
    const rows = rowsOf(values.map((k) => ({ k })));
    const column = columnsOf(rows).find(({ title }) => title === "k")!;
    return partsOf(rows, column).map(({ label, rows }) => `${label}: ${rows.size}`);
  };
  assertEquals(parts(["a", "b", "a", undefined]), ["k a: 2", "k b: 1", "other: 1"]);
  assertEquals(parts([1, 2, 1, "Infinity"]), ["k 1: 2", "k 2: 1", "k Infinity: 1"]);
  assertEquals(parts([..."abcdefgh", "h"]).slice(-1), ["other: 1"]);
  assertEquals(parts(Array.from({ length: 16 }, (_, i) => i < 6 ? 0 : i).concat(NaN)), [
    ...["k 0: 6", "k 6 to 7: 2", "k 8 to 11: 4", "k 12 to 15: 4"],
    "other: 1",
  ]);
});
