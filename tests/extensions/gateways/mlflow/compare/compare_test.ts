// The same program against `serve --mlflow` and MLflow's own server: same answers, same errors. A table
// has the differences.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { REPOSITORY } from "../../../../support/run_deno.ts";
import { clientTest, serveMlflow, serveTheirs } from "../serve_mlflow.ts";

const NO_RENAME = "Experiments, and registered models that have versions, cannot be renamed";
const MORE = "This service accepts more";
const LARGEST = "MLflow stores an infinite metric as the largest number";

/** Steps with different answers, and the words of docs/mlflow.md about each. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  "experiment with an artifact location": "Experiments have no artifact location",
  "rename an experiment": NO_RENAME,
  "metric -0.0": "loses the sign of -0.0",
  "metric inf": LARGEST,
  "metric -inf": LARGEST,
  "too long tag": "cuts tags at 8,000 characters",
  "batch with a param twice, alike": MORE,
  "search params.lr IN ('1','2')": MORE,
  "search params.lr NOT IN ('1')": MORE,
  "search attributes.run_name IN ('run1','run2')": MORE,
  "search attributes.status IN ('FAILED')": MORE,
  "search metrics.loss IS NULL": MORE,
  "search metrics.some IS NOT NULL": MORE,
  "search metrics.loss < 0.5 AND": "It refuses a filter that ends in `AND`",
  "model with a slash": MORE,
  "model with a colon": MORE,
  "version of no model": MORE,
  "alias that is a number": "An alias does not begin with a digit",
  "rename a model": NO_RENAME,
  "make it again": "It never reuses the number of a model version",
};

clientTest("answers are those of MLflow's own server", ["new"], async (client) => {
  await using theirs = await serveTheirs("new");
  await using ours = await serveMlflow();
  const program = await Deno.readTextFile(new URL("compare.py", import.meta.url));
  const answersOf = async (env: Record<string, string>) => {
    const lines = (await ours.run(client, program, env)).filter((line) => line.startsWith("["));
    return new Map(lines.map((line) => JSON.parse(line) as [string, unknown]));
  };
  const [expected, actual] = [
    await answersOf({ MLFLOW_TRACKING_URI: theirs.url }),
    await answersOf({}),
  ];
  assertEquals([...actual.keys()], [...expected.keys()]);
  const different = [...expected].filter(([step, answer]) =>
    JSON.stringify(actual.get(step)) !== JSON.stringify(answer)
  );
  for (const [step, answer] of different) {
    if (Object.hasOwn(DIFFERENCES, step)) continue;
    console.log(
      `${step}\n  MLflow ${JSON.stringify(answer)}\n  here   ${JSON.stringify(actual.get(step))}`,
    );
  }
  assertEquals(different.map(([step]) => step).sort(), Object.keys(DIFFERENCES).sort());
});

Deno.test("docs/mlflow.md has each difference from MLflow's own server", async () => {
  const text = await Deno.readTextFile(join(REPOSITORY, "docs/mlflow.md"));
  const words = text.replace(/\s+/g, " ");
  for (const difference of Object.values(DIFFERENCES)) assertStringIncludes(words, difference);
});
