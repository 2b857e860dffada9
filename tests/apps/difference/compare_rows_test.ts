import { assertEquals } from "@std/assert";
import {
  type CompareOptions,
  compareRows,
  findKeys,
} from "../../../apps/difference/compare_rows.ts";
import type { Cell } from "../../../formats/tables/table.ts";
import { slowTest } from "../../support/seeds.ts";

interface Rows {
  columns: readonly string[];
  rows: readonly (readonly Cell[])[];
  hasNull?: boolean;
}

/** A table whose rows come in small parts. */
const tableOf = ({ columns, rows, hasNull = true }: Rows) => ({
  columns: columns.map((name) => ({ name, type: "string" })),
  hasNull,
  async *parts(chosen: readonly number[]) {
    for (let at = 0; at < rows.length; at += 100) {
      yield { rows: rows.slice(at, at + 100).map((row) => chosen.map((i) => row[i] ?? null)) };
    }
  },
});

const keysOf = (left: Rows, right: Rows) => findKeys(tableOf(left), tableOf(right));
const compared = (left: Rows, right: Rows, options?: CompareOptions) =>
  compareRows(tableOf(left), tableOf(right), options);

async function changesOf(left: Rows, right: Rows, options?: CompareOptions): Promise<string[]> {
  const { changes } = (await compared(left, right, options))!;
  return changes.map(({ key, change }) => `${key} ${change}`);
}

Deno.test("tables match by a unique column; added, removed and changed rows are found", async () => {
  const left = { columns: ["kind", "id", "x"], rows: [["a", 1, 1], ["a", 2, 2], ["b", 3, 3]] };
  const right = { columns: ["id", "kind", "y"], rows: [[3, "c", 0], [1, "a", 0], [4, "a", 0]] };
  assertEquals(await keysOf(left, right), ["id"]);
  const found = (await compared(left, right, { key: "id" }))!;
  assertEquals(found.changes.map(({ key, change }) => [key, change]), [
    ["2", "removed"],
    ["3", "changed"],
    ["4", "added"],
  ]);
  assertEquals([found.added, found.removed, found.changed], [1, 1, 1]);
  assertEquals(found.changes[1]!.cells, [{ column: "kind", before: "b", after: "c" }]);
  assertEquals(found.byColumn, [["kind", 1]]);
  assertEquals(found.columns, { added: ["y"], removed: ["x"] });
  assertEquals(await compared(left, right, { key: "kind" }), undefined);
});

/** A table in which no column is unique, and its measurements. */
function measured(count: number) {
  const rows = Array.from({ length: count }, (_, i) => [`t${i % 9}`, i % 7, (i * 37) % 50]);
  return { columns: ["kind", "plate", "cells"], rows };
}

Deno.test("without a key, a deleted row is one change, and rows around it match", async () => {
  const left = measured(180);
  const right = { ...left, rows: left.rows.filter((_, i) => i !== 9 && i !== 90) };
  assertEquals(await keysOf(left, right), []);
  assertEquals(await changesOf(left, right), ["row 9 removed", "row 90 removed"]);
  assertEquals(await changesOf(right, left), ["new row 9 added", "new row 90 added"]);
  right.rows = right.rows.with(9, ["t1", 3, -1]); // was row 10
  const found = (await compared(left, right))!;
  assertEquals(found.changes[1]!.cells, [{ column: "cells", before: "20", after: "-1" }]);
  assertEquals(found.changes.map(({ change }) => change), ["removed", "changed", "removed"]);
  assertEquals([found.added, found.removed, found.changed], [0, 2, 1]);
  const computed = right.rows.map(([kind, plate, cells]) => [kind!, plate!, Number(cells) + 0.5]);
  assertEquals((await compared(left, { ...right, rows: computed }))!.byColumn, [["cells", 178]]);
});

Deno.test("without a key, rows in another order are no changes", async () => {
  const left = measured(300);
  const sorted = left.rows.toSorted((a, b) => Number(a[2]) - Number(b[2]));
  assertEquals(await changesOf(left, { ...left, rows: sorted }), []);
  const twice = { columns: ["a"], rows: [["x"], ["x"]] };
  assertEquals(await changesOf(twice, { ...twice, rows: [["x"]] }), ["row 1 removed"]);
  assertEquals(await changesOf({ ...twice, rows: [["x"]] }, twice), ["new row 1 added"]);
});

/** The counts of two tables with one row for each key. */
function expectedOf(left: Rows, right: Rows) {
  const [before, after] = [left, right].map(({ rows }) => new Map(rows.map(([id, x]) => [id, x])));
  const added = [...after!.keys()].filter((id) => !before!.has(id)).length;
  const changed = [...before!].filter(([id, x]) => after!.has(id) && after!.get(id) !== x).length;
  return { added, removed: before!.size - (after!.size - added), changed };
}

slowTest("large tables are compared by all of their rows, in any order", async () => {
  const columns = ["id", "value"];
  const random = (from: number) => () => (from = (from * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  const next = random(7);
  const rows = Array.from({ length: 30_000 }, (_, i) => [i, (i * 37) % 1001]);
  const left = { columns, rows };
  const shuffled = rows.map((row) => [next(), row] as const).sort(([a], [b]) => a - b)
    .map(([, row]) => row);
  for (const key of ["id", undefined]) {
    const same = (await compared(left, { columns, rows: shuffled }, { key }))!;
    assertEquals([same.added, same.removed, same.changed, same.changes], [0, 0, 0, []], key);
    const less = { columns, rows: shuffled.filter(([id]) => id !== 29_999) };
    assertEquals((await changesOf(left, less, { key })).length, 1);
  }
  const edited = shuffled.flatMap(([id, value]) =>
    next() < 0.02
      ? []
      : [[id!, next() < 0.02 ? -1 : value!], ...next() < 0.02 ? [[id! + 5e5, 0]] : []]
  );
  const right = { columns, rows: edited };
  const { added, removed, changed, changes, byColumn } =
    (await compared(left, right, { key: "id" }))!;
  assertEquals({ added, removed, changed }, expectedOf(left, right));
  assertEquals(changes.length, added! + removed! + changed);
  assertEquals(byColumn, [["value", changed]]);
  const all = rows.map(([id, value]) => [id!, value! + 1]);
  const every = (await compared(left, { columns, rows: all }, { key: "id" }))!;
  assertEquals([every.changed, every.changes.length], [30_000, 10_000]);
});

Deno.test("of tables that are too long, nothing is said about rows without a partner", async () => {
  const rows = Array.from({ length: 300 }, (_, i) => [i, i]);
  const [long, other] = [rows, rows.toReversed()].map((rows) => ({ columns: ["id", "x"], rows }));
  const counts = async (left: Rows, right: Rows, key?: string) => {
    const { added, removed, changed, isAll } =
      (await compared(left, right, { key, maxRows: 200 }))!;
    return [added, removed, changed, ...isAll];
  };
  const short = { columns: ["id", "x"], rows: rows.slice(0, 150).with(3, [3, 0]) };
  for (const key of ["id", undefined]) {
    const unknown = [undefined, undefined, 0, false, false];
    assertEquals(await counts(long!, other!, key), unknown, key);
  }
  assertEquals(await counts(long!, short, "id"), [undefined, 50, 1, false, true]);
  assertEquals(await counts(short, long!, "id"), [50, undefined, 1, true, false]);
  assertEquals(await counts(long!, short), [undefined, 51, 0, false, true]);
  assertEquals(await counts(short, long!), [51, undefined, 0, true, false]);
});

Deno.test("null, an empty string and long texts that begin alike differ", async () => {
  const text = "x".repeat(500);
  const left = { columns: ["id", "note"], rows: [[1, null], [2, ""], [3, `${text}a${text}`]] };
  const right = { columns: ["id", "note"], rows: [[1, ""], [2, ""], [3, `${text}b${text}`]] };
  const { changes } = (await compared(left, right, { key: "id" }))!;
  assertEquals(changes.map(({ cells }) => cells[0]), [
    { column: "note", before: "null", after: "" },
    {
      column: "note",
      before: `…${"x".repeat(20)}a${"x".repeat(59)}…`,
      after: `…${"x".repeat(20)}b${"x".repeat(59)}…`,
    },
  ]);
  const csv = { hasNull: false }; // an empty cell of CSV is not a value
  assertEquals(await changesOf({ ...left, ...csv }, { ...right, ...csv }), ["row 2 changed"]);
});
