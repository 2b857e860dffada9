// The same program against `serve --mlflow` and MLflow's own server: same answers, same errors. A table
// has the differences, with their reasons.
import { assertEquals } from "@std/assert";
import { spawnWatched, untilReady } from "../../support/servers/watched_program.ts";
import { claimPort } from "../../support/servers/ports.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { clientTest, pythonOf, serveMlflow } from "./serve_mlflow.ts";

const IS_NAME = "an experiment is a name: it has no tags, no place, and does not change";
const FIRST = "experiments and models are there from their first run or version on";
const MORE = "more is accepted here";
const LESS = "refused here, and documented";

const DIFFERENCES: Readonly<Record<string, string>> = {
  "experiment without a run twice": FIRST,
  "experiment without a run by name": FIRST,
  "experiment with tags": IS_NAME,
  "experiment with an artifact location": IS_NAME,
  "tag of an experiment": IS_NAME,
  "rename an experiment": IS_NAME,
  "delete an experiment": IS_NAME,
  "metric inf": "MLflow stores the largest number",
  "metric -inf": "MLflow stores the smallest number",
  "too long tag": "MLflow cuts it",
  "batch with a param twice, alike": MORE,
  "search params.lr IN ('1','2')": MORE,
  "search params.lr NOT IN ('1')": MORE,
  "search attributes.run_name IN ('run1','run2')": MORE,
  "search attributes.status IN ('FAILED')": MORE,
  "search metrics.loss IS NULL": MORE,
  "search metrics.some IS NOT NULL": MORE,
  "search metrics.loss < 0.5 AND": "MLflow takes half a filter",
  "search dataset.name = 'x'": LESS,
  "search datasets.name = 'x'": LESS,
  "experiments creation_time > 0": LESS,
  "model twice": FIRST,
  "model with a slash": MORE,
  "model with a colon": MORE,
  "version of no model": MORE,
  "alias that is a number": LESS,
  "rename a model": LESS,
  "make it again": "MLflow uses the numbers of deleted versions again",
};

const SERVER = `
import sys, uvicorn
uvicorn.run("mlflow.server.fastapi_app:app", host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
`;

/** Runs MLflow's own server with a database in a file. */
async function serveTheirs(client: "new") {
  const root = await tempRoot();
  const claimed = await claimPort();
  const logFile = root.join("log");
  const program = spawnWatched([pythonOf(client), "-c", SERVER, `${claimed.port}`], {
    root: root.path,
    logFile,
    env: {
      HOME: root.path,
      _MLFLOW_SERVER_FILE_STORE: `sqlite:///${root.join("mlflow.db")}`,
      _MLFLOW_SERVER_REGISTRY_STORE: `sqlite:///${root.join("mlflow.db")}`,
      _MLFLOW_SERVER_ARTIFACT_ROOT: "mlflow-artifacts:/",
      _MLFLOW_SERVER_ARTIFACT_DESTINATION: root.join("artifacts"),
      _MLFLOW_SERVER_SERVE_ARTIFACTS: "true",
      MLFLOW_DISABLE_TELEMETRY: "true",
    },
  });
  const url = `http://127.0.0.1:${claimed.port}`;
  const isReady = () =>
    fetch(`${url}/health`).then(
      (answer) => answer.body?.cancel().then(() => answer.ok) ?? answer.ok,
      () => false,
    );
  await untilReady(program, isReady, { name: "MLflow's server", logFile });
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      await program.end();
      claimed.release();
      await root.remove();
    },
  };
}

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
