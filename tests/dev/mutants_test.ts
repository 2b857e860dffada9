import { assert, assertEquals, assertThrows } from "@std/assert";
import { dirname, join } from "@std/path";
import { MUTANTS } from "../../dev/mutants/list/mod.ts";
import { SEEDED } from "../../dev/mutants/list/seeded.ts";
import { applyEdit, editsOf, type Mutant } from "../../dev/mutants/mutant.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { sourceFiles } from "../support/source_files.ts";

const MOST = 110;

const readSource = (file: string) => Deno.readTextFile(join(REPOSITORY, file));

/** The source that a mutant leaves of each file that it changes. */
async function changed(mutant: Mutant): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  for (const edit of editsOf(mutant)) {
    sources.set(edit.file, applyEdit(sources.get(edit.file) ?? await readSource(edit.file), edit));
  }
  return sources;
}

Deno.test("the text that a mutant changes is in the source, once", async () => {
  const problems: string[] = [];
  for (const mutant of [...MUTANTS, ...SEEDED]) {
    try {
      for (const [file, source] of await changed(mutant)) {
        assert(source !== await readSource(file), "nothing changes");
      }
    } catch (error) {
      problems.push(`${mutant.name}: ${(error as Error).message}`);
    }
  }
  assertEquals(problems, []);
});

Deno.test("a mutant refuses a text that occurs twice, or not at all", () => {
  const edit = { file: "a.ts", text: "f(one, two)", replacement: "$&" };
  assertEquals(applyEdit("f(\n  one,\n  two,\n) three", edit), "$& three");
  assertThrows(() => applyEdit("f(one, two) f(one,two)", edit), Error, "occurs 2 times");
  assertThrows(() => applyEdit("f(onetwo)", edit), Error, "occurs 0 times");
});

Deno.test("mutants are few, and each has a unique name", () => {
  const names = MUTANTS.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  assert(names.length <= MOST);
});

Deno.test("the test that finds a mutant is there, and mutants are of the product", async () => {
  const files = await sourceFiles(["tests"]);
  const cases = await Promise.all(files.filter(isShared).map(readSource));
  for (const { name, file, test, testName = "" } of MUTANTS) {
    assert(!file.startsWith("tests/") && !file.startsWith("dev/"), name);
    if (test === undefined) continue;
    const beside = files.filter((file) => dirname(file) === dirname(test));
    const sources = [...await Promise.all(beside.map(readSource)), ...cases];
    const [, own] = /^(?:\w+ )?(?:engine|queue|bus): (.*)$/.exec(testName) ?? [, testName]; // which runs the case
    assert(sources.some((source) => source.includes(own)), `${name}: no test "${testName}"`);
  }
});

/** Cases that every store is tested by. */
function isShared(path: string): boolean {
  return path.startsWith("tests/conformance/");
}
