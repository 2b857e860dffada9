import { assertEquals } from "@std/assert";
import { sharedPaths } from "../../src/compare/beside.ts";
import { compareFiles } from "../../src/compare/directories.ts";
import type { ArtifactVersion } from "../../src/artifact_file.ts";
import { factsOf } from "../../src/compare/facts.ts";
import { differenceOf } from "../../src/compare/images.ts";
import { diffLines } from "../../src/compare/texts.ts";
import { placeText } from "../../src/compare/values.ts";
import { unifiedDiff } from "../../../apps/diff.ts";
import { entriesOf } from "../../src/previews/directory.ts";
import { fakeFile, fakeVersion } from "../support/fake_file.ts";

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

Deno.test("a key of metadata with the name of a fact is a value, not that fact", () => {
  const [one, two] = [1, 2].map((saved) => ({
    metadata: { Saved: saved, State: "open" },
    inputs: [],
    materializer: "json",
    files: [],
    createdAt: "2026-01-01T00:00:00.000Z",
  } as unknown as ArtifactVersion));
  const { facts } = factsOf([one!, two!]);
  const rows = facts.filter(({ name }) => /Saved|State/.test(name));
  assertEquals(rows.map(({ name, values: [value] }) => [name, value]), [
    ["metadata.Saved", 1],
    ["metadata.State", "open"],
    ["Saved", "2026-01-01T00:00:00.000Z"],
  ]);
});
