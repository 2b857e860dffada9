import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { posix } from "node:path";
import { filePathProblem, linkTargetProblem } from "../../../core/naming/file_paths.ts";

Deno.test("ordinary relative paths are valid, with any names", () => {
  const paths = ["ü/😀", " a", "a?*<>|\"'", "a\nb"];
  paths.push(..."a a/b/c.txt .hidden ... a..b aux.c con ab:c ~ -rf".split(" "));
  for (const path of paths) assertEquals(filePathProblem(path, false), undefined, path);
});

Deno.test("paths that leave the folder or differ between systems are invalid", () => {
  const paths = ["", "a\0b", "\\\\host\\share", "..\\a", "a\\b", "\ud800"];
  paths.push(..."/ /etc/passwd //host/share .. ../a a/.. a/../../b . ./a a/./b a//b".split(" "));
  paths.push(..."a/ c: C:/a c:a".split(" "));
  for (const path of paths) assertNotEquals(filePathProblem(path, false), undefined, path);
});

Deno.test("on Windows, device names and names that it cannot store are invalid", () => {
  const names = ["a ", "a\x01", '"'];
  names.push(..."aux AUX.c con nul.txt com1 LPT9.x prn a? a*b ab:c a. a|b".split(" "));
  for (const name of names) {
    assertNotEquals(filePathProblem(`folder/${name}/x`, true), undefined, name);
  }
  for (const name of ["auxiliary", "console", "com", "lpt10", "a.aux"]) {
    assertEquals(filePathProblem(name, true), undefined);
  }
});

Deno.test("links inside are valid; links outside, or that climb after a name, are not", () => {
  const inside = [["a", "b"], ["a", "./b/c/"], ["a/b", "../c"], ["a/b/c", "../.."], ["a", "."]];
  for (const [path, target] of [...inside, ["a", "..."], ["a/b", ".././/c"]]) {
    assertEquals(linkTargetProblem(path, target), undefined, `${path} -> ${target}`);
  }
  const targets: Record<string, string[]> = {
    "a": ["", "/", "/etc/passwd", "..", "../a", "b\0", "..\\..\\b", "c:/x"],
    "a/b": ["../../c", "../../.."],
    "a/b/c": ["d/../e", "../d/.."],
  };
  for (const [path, wrong] of Object.entries(targets)) {
    for (const target of wrong) {
      assertNotEquals(linkTargetProblem(path, target), undefined, `${path} -> ${target}`);
    }
  }
});

Deno.test("valid paths and links stay inside when they are resolved", () => {
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
