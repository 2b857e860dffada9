import { assertEquals } from "@std/assert";
import { sharedPaths } from "../../../../apps/explorer/compare/beside.ts";
import { compareFiles } from "../../../../apps/explorer/compare/directories.ts";
import { differenceOf } from "../../../../apps/explorer/compare/images.ts";
import {
  type CompareOptions,
  compareRows,
  findKeys,
} from "../../../../apps/explorer/previews/tables/compare_rows.ts";
import type { Cell } from "../../../../formats/tables/table.ts";
import { diffLines } from "../../../../apps/explorer/compare/texts.ts";
import { placeText } from "../../../../apps/explorer/compare/values.ts";
import { unifiedDiff } from "../../../../apps/diff.ts";
import { entriesOf } from "../../../../apps/explorer/previews/directory.ts";
import { fakeFile, fakeVersion } from "../support/fake_file.ts";

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

Deno.test("large tables are compared by all of their rows, in any order", async () => {
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

Deno.test("folders differ by digest, and a folder of zarr is one entry", () => {
  const file = (path: string, digest: string) => fakeFile(path, new Uint8Array(2), { digest });
  const left = [
    file("a.txt", "1"),
    file("b.txt", "1"),
    file("z.zarr/zarr.json", "1"),
    file("z.zarr/c/0", "1"),
    file("z.zarr/inner/zarr.json", "1"),
  ];
  const right = [
    file("a.txt", "1"),
    file("c.txt", "1"),
    ...left.slice(2, 3),
    file("z.zarr/c/0", "2"),
  ];
  assertEquals(compareFiles(left, right), [
    { path: "a.txt", change: "same", before: 2, after: 2 },
    { path: "b.txt", change: "removed", before: 2 },
    { path: "c.txt", change: "added", after: 2 },
    { path: "z.zarr/", change: "changed", before: 6, after: 4 },
  ]);
  assertEquals(compareFiles(left, right, "z.zarr").map(({ path, change }) => [path, change]), [
    ["z.zarr/c/0", "changed"],
    ["z.zarr/inner/", "removed"],
    ["z.zarr/zarr.json", "same"],
  ]);
  assertEquals(entriesOf(left, "").map(({ name, isFolder, files }) => [name, isFolder, files]), [
    ["z.zarr", true, 3],
    ["a.txt", false, 1],
    ["b.txt", false, 1],
  ]);
});

Deno.test("a patch becomes lines with their numbers in both texts", () => {
  const patch = unifiedDiff({ name: "a", text: "1\n2\n3\n" }, {
    name: "b",
    text: "1\nx\n3\n--- y",
  })!;
  assertEquals(diffLines(patch), [
    { kind: "gap", text: "@@ -1,3 +1,4 @@" },
    { kind: "same", text: "1", before: 1, after: 1 },
    { kind: "removed", text: "2", before: 2 },
    { kind: "added", text: "x", after: 2 },
    { kind: "same", text: "3", before: 3, after: 3 },
    { kind: "added", text: "--- y", after: 4 },
    { kind: "gap", text: "\\ No newline at end of file" },
  ]);
});

Deno.test("pixels that differ are counted; transparency counts too", () => {
  const before = Uint8ClampedArray.of(1, 2, 3, 255, 9, 9, 9, 255, 5, 5, 5, 0);
  const after = Uint8ClampedArray.of(1, 2, 3, 255, 9, 19, 9, 255, 5, 5, 5, 200);
  const { count, largest, pixels } = differenceOf(before, after);
  assertEquals([count, largest], [2, 200]);
  assertEquals([...pixels.slice(0, 8)], [0, 0, 0, 255, 0, 10, 0, 255]);
});

Deno.test("places of JSON are written as in JavaScript", () => {
  assertEquals(placeText(["layers", 1, "size"]), "layers[1].size");
  assertEquals(placeText(["a b", "<b>"]), '["a b"]["<b>"]');
  assertEquals(placeText([]), "the value itself");
});

Deno.test("images, sounds and tables that several versions have are shown side by side", () => {
  const version = (...paths: string[]) =>
    fakeVersion(new Map(paths.map((path) => [path, new Uint8Array()])));
  const first = version("t.csv", "a.wav", "m.png", "w.bin", "alone.png");
  assertEquals(sharedPaths([first, version("m.png", "t.csv"), version("a.wav", "w.bin")]), [
    "m.png",
    "a.wav",
    "t.csv",
  ]);
  assertEquals(sharedPaths([first]), []);
});
