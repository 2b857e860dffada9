// `holdfast import mlflow` of a database in SQLite with many runs: the first import, and the next.
import fs from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { holdfast } from "../../apps/captured_io.ts";
import { type BenchSettings, type Group, type Measure, timed } from "../measure.ts";

/** The tables of MLflow 2.0 that the import reads. Later releases add columns and tables. */
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
CREATE INDEX metrics_of_run ON metrics (run_uuid);
CREATE INDEX params_of_run ON params (run_uuid);
CREATE INDEX tags_of_run ON tags (run_uuid);
`;
const METRICS = 5, STEPS = 20;

// deno-lint-ignore require-await -- like the other groups
export async function createMlflowImportGroup(
  { folder, quick, n }: BenchSettings,
): Promise<Group> {
  const runs = n ?? (quick ? 100 : 10_000);
  const artifacts = join(folder, "mlruns");
  fs.mkdirSync(artifacts);
  writeDatabase(join(folder, "mlflow.db"), { runs, artifacts });
  let copies = 0;
  const imported = (found: RegExp) =>
    timed(async () => {
      const line = `import mlflow mlflow.db registry${copies} --create`;
      const { code, out, err } = await holdfast(line, { cwd: folder });
      if (code !== 0 || !found.test(out)) throw new Error(out + err);
    });
  const first: Measure = {
    name: `${runs} runs with ${METRICS * STEPS} values each`,
    count: runs,
    unit: "op",
    run() {
      copies++;
      return imported(new RegExp(`Imported ${runs} runs`));
    },
  };
  const next: Measure = {
    name: "the same again, with nothing new",
    count: runs,
    unit: "op",
    run: () => imported(new RegExp(`Imported 0 runs.* ${runs} unchanged`)),
  };
  return { measures: [first, next], [Symbol.asyncDispose]: () => Promise.resolve() };
}

function writeDatabase(
  path: string,
  { runs, artifacts }: { runs: number; artifacts: string },
): void {
  const database = new DatabaseSync(path);
  database.exec(`${TABLES}BEGIN`);
  const add = (table: string, count: number) =>
    database.prepare(`INSERT INTO ${table} VALUES (${Array(count).fill("?")})`);
  add("experiments", 4).run(1, "team/digits", `${artifacts}/1`, "active");
  const run = add("runs", 9), metric = add("metrics", 6), param = add("params", 3);
  for (let at = 0; at < runs; at++) {
    const id = `${at}`.padStart(32, "0"), startedMs = 1.7e12 + at;
    const place = `${artifacts}/1/${id}/artifacts`;
    run.run(id, `run ${at}`, "ada", "FINISHED", startedMs, startedMs + 9000, "active", place, 1);
    for (let key = 0; key < METRICS; key++) {
      for (let step = 0; step < STEPS; step++) {
        metric.run(`m${key}`, 1 / (1 + step + at), startedMs + step, id, step, 0);
      }
      param.run(`p${key}`, `${(at * key) % 17}`, id);
    }
  }
  database.exec("COMMIT");
  database.close();
}
