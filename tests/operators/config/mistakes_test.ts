import { assert, assertEquals, assertMatch } from "@std/assert";
import { isRegistryError } from "../../../core/errors.ts";
import { parsePipeline } from "../../../operators/config/mod.ts";
import { problemsOf } from "../../../operators/config/tree/problems.ts";
import { OF_GRAPHS, OF_KEYS, OF_SYNTAX, OF_VALUES, one, operators } from "./mistakes.ts";

const known = {
  has: (key: string) => key.length < 2 || key === "clean",
  names: () => ["cleaner_v1", "a", "b"],
};
const system = { env: (name: string) => name === "N" ? "many" : undefined };

function problemsIn(text: string, language: "yaml" | "json" = "yaml") {
  try {
    parsePipeline(text, { language, operators: known, system });
  } catch (error) {
    assert(isRegistryError(error, "Invalid"), String(error));
    return problemsOf(error);
  }
  return [];
}

Deno.test("each mistake is reported once, with its position and a hint", () => {
  for (const [text, says, hint, language] of [OF_SYNTAX, OF_KEYS, OF_VALUES, OF_GRAPHS].flat()) {
    const before = text.slice(0, text.indexOf("‸"));
    const [problem, ...others] = problemsIn(text.replace("‸", ""), language);
    const place = [before.split("\n").length, before.length - before.lastIndexOf("\n")];
    assertEquals([problem?.line, problem?.column], place, text + JSON.stringify(problem));
    assertEquals([problem.file, others], [`pipeline.${language ?? "yaml"}`, []], text);
    assertMatch(problem.message, says);
    assertMatch(problem.hint, hint);
  }
});

Deno.test("all mistakes are reported at once, in the order of the file", () => {
  const text = operators(
    "operator_id: a\ntimout: 5s\nshrads: 2\nshards: 1.5\ninputs: { constructor: b, d: step:c }",
    'operator_id: b\nresource: { gpu_limit: "${env:N}", cpu: 1 }\ngit_tag: v1',
  );
  assertEquals(problemsIn(text).map(({ path, message }) => `${path}: ${message}`), [
    'pipeline.operators[0].timout: unknown key "timout" in the operator',
    'pipeline.operators[0].shrads: unknown key "shrads" in the operator',
    "pipeline.operators[0].shards: 1.5 is not an integer from 1 to 100000",
    'pipeline.operators[0].inputs.constructor: "constructor" is a reserved name',
    'pipeline.operators[0].inputs.d: there is no operator for "step:c"',
    "pipeline.operators[1].resource.gpu_limit: the value of N is not an integer from 0 to 1000",
    'pipeline.operators[1].resource.cpu: unknown key "cpu" in resource',
    "pipeline.operators[1].git_tag: git_tag requires git_repo",
  ]);
});

Deno.test("problems show no secret", () => {
  const lines = [
    "params: { key: AKIAABCDEFGHIJKLMNOP }",
    "extra_env_vars: { A: { from_env: 1, key: AKIAABCDEFGHIJKLMNOP } }",
  ];
  for (const line of lines) assert(!JSON.stringify(problemsIn(one(line))).includes("AKIA"));
});
