import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { posix } from "node:path";
import { filePathProblem, linkTargetProblem } from "../../../core/naming/file_paths.ts";

Deno.test("ordinary relative paths may be used, with any names in them", () => {
  const paths = [
    "a",
    "a/b/c.txt",
    ".hidden",
    "...",
    "a..b",
    "ü/😀",
    " a",
    "aux.c",
    "con",
    "ab:c",
    "a?*<>|\"'",
    "~",
    "-rf",
    "a\nb",
  ];
  for (const path of paths) assertEquals(filePathProblem(path, false), undefined, path);
});

Deno.test("paths that leave the folder, or mean something else elsewhere, may not be used", () => {
  const paths = [
    "",
    "/",
    "/etc/passwd",
    "//host/share",
    "..",
    "../a",
    "a/..",
    "a/../../b",
    ".",
    "./a",
    "a/./b",
    "a//b",
    "a/",
    "a\0b",
    "\\\\host\\share",
    "..\\a",
    "a\\b",
    "c:",
    "C:/a",
    "c:a",
    "\ud800",
  ];
  for (const path of paths) assertNotEquals(filePathProblem(path, false), undefined, path);
});

Deno.test("on Windows, device names and names that it cannot store may not be used either", () => {
  const names = [
    "aux",
    "AUX.c",
    "con",
    "nul.txt",
    "com1",
    "LPT9.x",
    "prn",
    "a?",
    "a*b",
    "ab:c",
    "a.",
    "a ",
    "a\x01",
    "a|b",
    '"',
  ];
  for (const name of names) {
    assertNotEquals(filePathProblem(`folder/${name}/x`, true), undefined, name);
  }
  for (const name of ["auxiliary", "console", "com", "lpt10", "a.aux"]) {
    assertEquals(filePathProblem(name, true), undefined);
  }
});

Deno.test("links may lead to places inside", () => {
  const links = [["a", "b"], ["a", "./b/c/"], ["a/b", "../c"], ["a/b/c", "../.."], ["a", "."], [
    "a",
    "...",
  ], [
    "a/b",
    ".././/c",
  ]];
  for (const [path, target] of links) {
    assertEquals(linkTargetProblem(path, target), undefined, `${path} -> ${target}`);
  }
});

Deno.test("links may not lead outside, nor climb from where another link may lead", () => {
  const links = [
    ["a", ""],
    ["a", "/"],
    ["a", "/etc/passwd"],
    ["a", ".."],
    ["a", "../a"],
    ["a/b", "../../c"],
    ["a/b", "../../.."],
    ["a/b/c", "d/../e"],
    ["a/b/c", "../d/.."],
    ["a", "b\0"],
    ["a", "..\\..\\b"],
    ["a", "c:/x"],
  ];
  for (const [path, target] of links) {
    assertNotEquals(linkTargetProblem(path, target), undefined, `${path} -> ${target}`);
  }
});

Deno.test("whatever may be used stays inside when it is resolved", () => {
  const text = fc.array(fc.constantFrom("..", ".", "a", "b", "", "/", "c:", "\\")).map((parts) =>
    parts.join("/")
  );
  fc.assert(
    fc.property(text, text, (path, target) => {
      if (filePathProblem(path, false) !== undefined) return;
      assert(posix.resolve("/root", path).startsWith("/root/"));
      if (linkTargetProblem(path, target) !== undefined) return;
      assert(`${posix.resolve("/root", posix.dirname(path), target)}/`.startsWith("/root/"));
    }),
    { numRuns: 5_000 },
  );
});
