import { assert, assertEquals, assertMatch } from "@std/assert";
import { isRegistryError } from "../../../core/errors.ts";
import { parsePipeline, problemsOf } from "../../../operators/config/mod.ts";
import type { ConfigProblem } from "../../../operators/config/mod.ts";
import { OF_GRAPHS } from "./mistakes/graphs.ts";
import { OF_KEYS } from "./mistakes/keys.ts";
import { OF_SYNTAX } from "./mistakes/syntax.ts";
import { OF_VALUES } from "./mistakes/values.ts";

const MISTAKES = [...OF_SYNTAX, ...OF_KEYS, ...OF_VALUES, ...OF_GRAPHS];

const operators = {
  has: (key: string) => key.length < 2 || key === "clean",
  names: () => ["cleaner_v1", "a", "b"],
};
const system = { env: () => undefined };

function problemsIn(
  text: string,
  language: "yaml" | "toml" | "json" = "yaml",
): readonly ConfigProblem[] {
  try {
    parsePipeline(text, { language, operators, system });
  } catch (error) {
    assert(isRegistryError(error, "Invalid"), String(error));
    return problemsOf(error);
  }
  return [];
}

for (const { name, text, language, says, hint } of MISTAKES) {
  Deno.test(`a pipeline with ${name} is told with its place and what to do`, () => {
    const before = text.slice(0, text.indexOf("‸"));
    const [problem, ...others] = problemsIn(text.replace("‸", ""), language);
    const line = before.split("\n").length;
    const column = before.length - before.lastIndexOf("\n");
    assertEquals(
      [problem?.line, problem?.column],
      [line, column],
      JSON.stringify([problem, ...others]),
    );
    assertEquals(problem.file, `pipeline.${language ?? "yaml"}`);
    assertEquals(others, [], "one mistake is told once");
    assertMatch(problem.message, says);
    assertMatch(problem.hint, hint);
  });
}

Deno.test("there are mistakes of more than forty kinds, and each has one name", () => {
  assert(MISTAKES.length > 40);
  assertEquals(new Set(MISTAKES.map(({ name }) => name)).size, MISTAKES.length);
});
