// `holdfast import mlflow` of databases in a file of SQLite.
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { createLocalBackend } from "../../../../../backends/local.ts";
import { cliTest } from "../../../../apps/captured_io.ts";
import { byKey, openMlflow } from "../../../gateways/mlflow/open_mlflow.ts";
import { reportLines } from "../report_lines.ts";
import { OTHER, RUN, writeTree } from "./write_mlruns.ts";

/** The tables of MLflow 2.0, which later releases add columns and tables to. */
const TABLES = `
CREATE TABLE experiments (experiment_id INTEGER, name TEXT, artifact_location TEXT, lifecycle_stage TEXT);
CREATE TABLE runs (run_uuid TEXT, name TEXT, user_id TEXT, status TEXT, start_time BIGINT, end_time BIGINT,
  lifecycle_stage TEXT, artifact_uri TEXT, experiment_id INTEGER);
CREATE TABLE metrics (key TEXT, value FLOAT, timestamp BIGINT, run_uuid TEXT, step BIGINT, is_nan BOOLEAN);
CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);
CREATE TABLE registered_models (name TEXT, description TEXT);
CREATE TABLE model_versions (name TEXT, version INTEGER, creation_time BIGINT, description TEXT,
  current_stage TEXT, source TEXT, run_id TEXT);
`;

/** Writes a database with a run that ended, one that is deleted, and a model. */
function writeDatabase(cwd: string, location: string): void {
  const database = new DatabaseSync(join(cwd, "mlflow.db"));
  database.exec(TABLES);
  const add = (table: string, ...values: (string | number | null)[]) =>
    database.prepare(`INSERT INTO ${table} VALUES (${values.map(() => "?")})`).run(...values);
  add("experiments", 1, "team/digits", location, "active");
  for (const [id, stage] of [[RUN, "active"], [OTHER, "deleted"]] as const) {
    const uri = `${location}/1/${id}/artifacts`;
    add("runs", id, "first", "ada", "FINISHED", 1700000000000, 1700000009000, stage, uri, 1);
  }
  add("metrics", "loss", 0.5, 1700000001000, RUN, 0, 0);
  add("metrics", "loss", 0, 1700000002000, RUN, 1, 1);
  add("params", "rate", "0.1", RUN);
  add("tags", "stage", "x", RUN);
  add("registered_models", "clf", "a classifier");
  const source = `${location}/1/${RUN}/artifacts/model`;
  add("model_versions", "clf", 1, 1700000003000, null, "Production", source, RUN);
  database.close();
}

cliTest("a database is seen by clients of MLflow as it was", async (it) => {
  writeDatabase(it.cwd, "/gone/mlruns");
  await writeTree(it.cwd, { [`mlruns/1/${RUN}/artifacts/model/w.bin`]: "weights" });
  const lines = reportLines(
    await it.succeeds("import mlflow sqlite:///mlflow.db .holdfast --create --json"),
  );
  assertEquals(lines.map(({ reason, runs }) => reason ?? runs), ["it is deleted", 1]);
  await using service = await openMlflow({
    backend: createLocalBackend({ path: join(it.cwd, ".holdfast") }),
  });
  const run = await service.run(`${RUN}__team_2fdigits`);
  assertEquals([run.info.status, run.info.end_time, run.info.user_id], [
    "FINISHED",
    1700000009000,
    "ada",
  ]);
  assertEquals(byKey(run.data.params), { rate: "0.1" });
  assertEquals(await service.values(run.info.run_id, "loss"), [[0, 0.5], [1, "NaN"]]);
  const { model_version } = await service.get("registered-models/alias", {
    name: "clf",
    alias: "production",
  });
  assertEquals(model_version.run_id, run.info.run_id);
  const out = await it.succeeds("import mlflow mlflow.db .holdfast");
  assertMatch(out, /^Imported 0 runs, 0 versions .* 2 unchanged\n$/);
});

cliTest("prompts, which have no files, are left out and fail nothing", async (it) => {
  writeDatabase(it.cwd, join(it.cwd, "mlruns"));
  await writeTree(it.cwd, { [`mlruns/1/${RUN}/artifacts/model/w.bin`]: "weights" });
  const database = new DatabaseSync(join(it.cwd, "mlflow.db"));
  database.exec(
    "CREATE TABLE registered_model_tags (key TEXT, value TEXT, name TEXT);" +
      "INSERT INTO registered_models VALUES ('hi', NULL);" +
      "INSERT INTO registered_model_tags VALUES ('mlflow.prompt.is_prompt', 'true', 'hi');" +
      "INSERT INTO model_versions VALUES ('hi', 1, 1, NULL, 'None', 'dummy-source', NULL);",
  );
  database.close();
  const { code, err } = await it.holdfast("import mlflow mlflow.db .holdfast --create");
  assertEquals(code, 0);
  assertMatch(err, /model hi: it is a prompt/);
});

cliTest("artifacts elsewhere than beside the database need --artifacts", async (it) => {
  writeDatabase(it.cwd, "mlflow-artifacts:");
  await writeTree(it.cwd, { [`store/1/${RUN}/artifacts/model/w.bin`]: "weights" });
  const line = "import mlflow mlflow.db .holdfast --create";
  const { code, out } = await it.holdfast(line);
  assertEquals(code, 1);
  assertMatch(out, /pass --artifacts/);
  assertMatch(
    await it.succeeds(`${line} --artifacts store`),
    /^Imported 1 run, 1 version of models/,
  );
});

cliTest("files that are no database of MLflow are refused, and create nothing", async (it) => {
  await writeTree(it.cwd, { "text.db": "no database", "empty.db": "" });
  for (const file of ["text.db", "empty.db", "sqlite:///missing.db"]) {
    await it.fails(`import mlflow ${file} .holdfast --create`, 2, "the file of SQLite");
  }
  await it.fails("ls", 3);
});

cliTest("steps that JSON would change are reported, never left out", async (it) => {
  writeDatabase(it.cwd, "/gone/mlruns");
  await writeTree(it.cwd, { [`mlruns/1/${RUN}/artifacts/model/w.bin`]: "weights" });
  const database = new DatabaseSync(join(it.cwd, "mlflow.db"));
  database.exec(
    `INSERT INTO metrics VALUES ('huge', 1, 1700000001000, '${RUN}', ${2n ** 53n + 1n}, 0)`,
  );
  database.close();
  const { code, out } = await it.holdfast("import mlflow mlflow.db .holdfast --create");
  assertEquals(code, 1);
  assertMatch(out, /a value of "huge" is not a metric/);
});
