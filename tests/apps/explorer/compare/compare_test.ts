import { assertEquals } from "@std/assert";
import { sharedPaths } from "../../../../apps/explorer/compare/beside.ts";
import { compareFiles } from "../../../../apps/explorer/compare/directories.ts";
import { differenceOf } from "../../../../apps/explorer/compare/images.ts";
import { compareTables, findKeys } from "../../../../apps/explorer/compare/tables.ts";
import { diffLines } from "../../../../apps/explorer/compare/texts.ts";
import { placeText } from "../../../../apps/explorer/compare/values.ts";
import { unifiedDiff } from "../../../../apps/diff.ts";
import { entriesOf } from "../../../../apps/explorer/previews/directory.ts";
import { fakeFile, fakeVersion } from "../support/fake_file.ts";

Deno.test("tables match by the first unique column; added, removed and changed rows are found", () => {
  const left = { columns: ["kind", "id", "x"], rows: [["a", 1, 1], ["a", 2, 2], ["b", 3, 3]] };
  const right = { columns: ["id", "kind", "y"], rows: [[3, "c", 0], [1, "a", 0], [4, "a", 0]] };
  assertEquals(findKeys(left, right), ["id"]);
  const found = compareTables(left, right, "id");
  assertEquals(found.changes.map(({ key, change }) => [key, change]), [
    ["2", "removed"],
    ["3", "changed"],
    ["4", "added"],
  ]);
  assertEquals(found.changes[1]!.cells, [{ column: "kind", before: "b", after: "c" }]);
  assertEquals([found.byColumn, found.added, found.removed], [[["kind", 1]], ["y"], ["x"]]);
});

/** A table in which no column is unique, and its measurements. */
function measured(count: number) {
  const rows = Array.from({ length: count }, (_, i) => [`t${i % 9}`, i % 7, (i * 37) % 50]);
  return { columns: ["kind", "plate", "cells"], rows };
}

const changesOf = (...tables: Parameters<typeof compareTables>) =>
  compareTables(...tables).changes.map(({ key, change }) => `${key} ${change}`);

Deno.test("without a key, a deleted row is one change, and rows around it match", () => {
  const left = measured(180);
  const right = { ...left, rows: left.rows.filter((_, i) => i !== 9 && i !== 90) };
  assertEquals(findKeys(left, right), []);
  assertEquals(changesOf(left, right, undefined), ["row 9 removed", "row 90 removed"]);
  assertEquals(changesOf(right, left, undefined), ["new row 9 added", "new row 90 added"]);
  right.rows = right.rows.with(9, ["t1", 3, -1]); // was row 10
  const found = compareTables(left, right, undefined);
  assertEquals(found.changes[1]!.cells, [{ column: "cells", before: "20", after: "-1" }]);
  assertEquals(found.changes.map(({ change }) => change), ["removed", "changed", "removed"]);
  const computed = right.rows.map(([kind, plate, cells]) => [kind!, plate!, Number(cells) + 0.5]);
  assertEquals(compareTables(left, { ...right, rows: computed }, undefined).byColumn, [
    ["cells", 178],
  ]);
});

Deno.test("without a key, rows in another order, and rows after those read, are no changes", () => {
  const left = measured(300);
  const sorted = left.rows.toSorted((a, b) => Number(a[2]) - Number(b[2]));
  assertEquals(changesOf(left, { ...left, rows: sorted }, undefined), []);
  const cut = { ...left, rows: left.rows.slice(0, 200), isAll: false };
  const next = { ...left, rows: left.rows.slice(1, 201), isAll: false };
  assertEquals(changesOf(cut, next, undefined), ["row 0 removed"]);
  const twice = { columns: ["a"], rows: [["x"], ["x"]] };
  assertEquals(changesOf(twice, { ...twice, rows: [["x"]] }, undefined), ["row 1 removed"]);
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
