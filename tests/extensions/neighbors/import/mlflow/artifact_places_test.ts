// Artifacts of MLflow that are elsewhere, that were moved, or that were not copied.
import { assertEquals, assertMatch } from "@std/assert";
import { mkdir, rename, rm, symlink } from "node:fs/promises";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { type CliTest, cliTest } from "../../../../apps/captured_io.ts";
import { reportLines } from "../report_lines.ts";
import { metaOf, modelFiles, OTHER, RUN, runFiles, writeTree } from "./write_mlruns.ts";

const MODEL = `m-${RUN}`;

/** A run that a store has without artifacts, whose folder MLflow makes. */
async function writeRun(it: CliTest, id: string, { uri, root = "mlruns" }: {
  uri: string;
  root?: string;
}) {
  const { [`7/${id}/artifacts/model/w.bin`]: _, [`7/${id}/artifacts/note.txt`]: __, ...files } =
    runFiles(id, { artifact_uri: JSON.stringify(uri) });
  await writeTree(join(it.cwd, root), files);
  await mkdir(join(it.cwd, root, `7/${id}/artifacts`), { recursive: true });
}

async function imported(it: CliTest, flags = "", from = "mlruns") {
  const { out } = await it.holdfast(`import mlflow ${from} .holdfast --create --json ${flags}`);
  const lines = reportLines(out), { runs, failures } = lines.at(-1);
  return { counts: [runs, failures], reasons: lines.slice(0, -1).map(({ reason }) => reason) };
}

async function artifacts(it: CliTest): Promise<string[]> {
  const { files } = await it.json("info team/digits --json");
  return files.map(({ path }: { path: string }) => path)
    .filter((path: string) => path !== "history.jsonl");
}

for (const root of ["store", "mlruns"]) {
  cliTest(`artifacts of a server with its own root are never lost: ${root}`, async (it) => {
    const place = join(it.cwd, "far", root);
    await writeRun(it, RUN, { uri: `${place}/7/${RUN}/artifacts` });
    await writeTree(place, { [`7/${RUN}/artifacts/w.bin`]: "weights" });
    const { counts, reasons } = await imported(it);
    assertEquals(counts, [0, 1]);
    assertMatch(reasons[0], /its artifacts are at .*: pass --artifacts$/);
    await mkdir(join(it.cwd, "wrong"));
    assertMatch((await imported(it, "--artifacts wrong")).reasons[0], /with a place that has them/);
    await rename(place, join(it.cwd, "copied")); // their paths end alike
    assertEquals((await imported(it, "--artifacts copied")).counts, [1, 0]);
    assertEquals(await artifacts(it), ["w.bin"]);
    assertEquals((await imported(it)).counts, [0, 0]);
  });
}

cliTest(
  "a run without artifacts is whole if it is where it was, or others moved along",
  async (it) => {
    await mkdir(join(it.cwd, "real"));
    await symlink("real", join(it.cwd, "linked"));
    const uri = `file://${it.cwd}/linked/mlruns/7/${OTHER}/artifacts`;
    await writeRun(it, OTHER, { uri, root: "real/mlruns" });
    assertEquals((await imported(it, "", "real/mlruns")).counts, [1, 0]);
    await writeRun(it, RUN, { uri: `/gone/mlruns/7/${RUN}/artifacts` });
    assertEquals((await imported(it)).counts, [0, 1]);
    const third = "a".repeat(32);
    const moved = runFiles(third, { artifact_uri: `/gone/mlruns/7/${third}/artifacts` });
    await writeTree(join(it.cwd, "mlruns"), moved);
    assertEquals((await imported(it)).counts, [2, 0]);
  },
);

cliTest("a run whose folder of artifacts was not copied stays out until it is", async (it) => {
  await writeTree(join(it.cwd, "mlruns"), { ...runFiles(), ...runFiles(OTHER) });
  await rename(join(it.cwd, `mlruns/7/${RUN}/artifacts`), join(it.cwd, "kept"));
  const { counts, reasons } = await imported(it);
  assertEquals(counts, [1, 1]);
  assertMatch(reasons[0], new RegExp(`${RUN}/artifacts" is missing$`));
  await rename(join(it.cwd, "kept"), join(it.cwd, `mlruns/7/${RUN}/artifacts`));
  assertEquals((await imported(it)).counts, [1, 0]);
});

cliTest("a run that logged a model has files, and so has the logged model", async (it) => {
  const uri = `file:///gone/mlruns/7/models/${MODEL}/artifacts`;
  await writeTree(join(it.cwd, "mlruns"), {
    ...runFiles(),
    ...runFiles(OTHER, { artifact_uri: `file:///gone/mlruns/7/${OTHER}/artifacts` }),
    [`7/${OTHER}/tags/mlflow.log-model.history`]: '[{"artifact_path": "model"}]',
    [`7/models/${MODEL}/meta.yaml`]: metaOf({
      name: "clf",
      status: 2,
      creation_timestamp: 1,
      last_updated_timestamp: 2,
      source_run_id: RUN,
      artifact_location: uri,
    }),
    [`7/${RUN}/outputs/${MODEL}/meta.yaml`]: metaOf({ destination_id: MODEL, step: 0 }),
  });
  await rm(join(it.cwd, `mlruns/7/${OTHER}/artifacts`), { recursive: true });
  await mkdir(join(it.cwd, `mlruns/7/${OTHER}/artifacts`));
  const { counts, reasons } = await imported(it);
  assertEquals(counts, [1, 2]);
  assertEquals(reasons.sort().map((reason) => reason.replace(/^.*" /, "")), [
    "has no files",
    "is missing",
  ]);
});

cliTest("a metric without values, which MLflow refuses to read, is a problem", async (it) => {
  await writeTree(join(it.cwd, "mlruns"), { ...runFiles(), [`7/${RUN}/metrics/auc`]: "" });
  const { counts, reasons } = await imported(it);
  assertEquals(counts, [0, 1]);
  assertMatch(reasons[0], /metrics\/auc" is empty/);
  await writeTree(join(it.cwd, "mlruns"), { [`7/${RUN}/metrics/auc`]: "1700000001000 0.5 0\n" });
  assertEquals((await imported(it)).counts, [1, 0]);
});

/** Writes a database with a run whose artifacts are at a URI. */
function writeDatabase(it: CliTest, uris: Record<string, string>): void {
  const database = new DatabaseSync(join(it.cwd, "mlflow.db"));
  database.exec(
    `CREATE TABLE experiments (experiment_id INTEGER, name TEXT, lifecycle_stage TEXT);
    CREATE TABLE runs (run_uuid TEXT, status TEXT, start_time BIGINT, end_time BIGINT,
      lifecycle_stage TEXT, artifact_uri TEXT, experiment_id INTEGER);
    INSERT INTO experiments VALUES (1, 'team/digits', 'active');`,
  );
  const add = database.prepare("INSERT INTO runs VALUES (?, 'FINISHED', 1, 2, 'active', ?, 1)");
  for (const [id, uri] of Object.entries(uris)) add.run(id, uri);
  database.close();
}

cliTest("a folder mlruns beside a database is no other root of that name", async (it) => {
  writeDatabase(it, { [RUN]: `/far/mlruns/1/${RUN}/artifacts` });
  await writeTree(it.cwd, { [`copied/1/${RUN}/artifacts/w.bin`]: "weights" });
  await mkdir(join(it.cwd, "mlruns/1"), { recursive: true });
  const { counts, reasons } = await imported(it, "", "mlflow.db");
  assertEquals(counts, [0, 1]);
  assertMatch(reasons[0], /pass --artifacts$/);
  assertEquals((await imported(it, "--artifacts copied", "mlflow.db")).counts, [1, 0]);
  assertEquals(await artifacts(it), ["w.bin"]);
});

cliTest("runs of a database without artifacts are whole where MLflow made its root", async (it) => {
  writeDatabase(it, { [RUN]: `${it.cwd}/mlruns/1/${RUN}/artifacts` });
  assertEquals((await imported(it, "", "mlflow.db")).counts, [0, 1]);
  await mkdir(join(it.cwd, "mlruns"));
  assertEquals((await imported(it, "", "mlflow.db")).counts, [1, 0]);
});

cliTest("a model is not imported with the files of a run that lacks some here", async (it) => {
  await writeTree(join(it.cwd, "mlruns"), { ...runFiles(), ...modelFiles() });
  const link = join(it.cwd, `mlruns/7/${RUN}/artifacts/model/link`);
  await symlink("w.bin", link);
  assertEquals((await imported(it, "--partial --prefix team/")).counts, [1, 0]);
  assertEquals((await imported(it)).counts, [0, 3]);
  await it.fails("info models:clf", 3);
  await rm(link);
  await writeTree(it.cwd, { [`mlruns/7/${RUN}/artifacts/model/link`]: "weights" });
  assertEquals((await imported(it, "--update")).counts, [1, 0]);
  assertEquals(await it.succeeds("cat models:clf@2 link"), "weights");
});
