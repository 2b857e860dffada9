// `holdfast export mlflow`: what was exported is imported again as it was, and MLflow reads it.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { join } from "@std/path";
import { cliTest } from "../../../../apps/captured_io.ts";
import { CLIENTS, clientTest, serveMlflow } from "../../../gateways/mlflow/serve_mlflow.ts";
import { MlrunsExport } from "../../../../../extensions/neighbors/import/mlflow/export_folder.ts";
import { openRegistry } from "../../../../../mod.ts";
import { openRun } from "../../../../../extensions/runs/mod.ts";
import { tempRoot } from "../../../../support/temp_root.ts";
import { metaOf, modelFiles, OTHER, RUN, runFiles, writeTree } from "./write_mlruns.ts";

cliTest("an exported folder has what was imported", async (it) => {
  await writeTree(join(it.cwd, "mlruns"), {
    ...runFiles(),
    ...runFiles(OTHER, { end_time: 1700000008000, status: 4 }),
    [`7/${OTHER}/tags/mlflow.parentRunId`]: RUN,
    ...dataFiles(),
    ...modelFiles(),
  });
  await it.succeeds("import mlflow mlruns .holdfast --create");
  const out = await it.succeeds("export mlflow team/digits models:clf --to out");
  assertMatch(out, /^Exported 2 runs, 2 versions of models \(6 files, .*\) to out\n$/);
  await it.succeeds("import mlflow out again --create");
  const { metadata: { tags } } = await it.json("info team/digits@2 --json");
  assertEquals(JSON.parse(tags["holdfast:input.data.train.d1"]), {
    tags: [{ key: "mlflow.data.context", value: "training" }],
    dataset: {
      name: "train",
      digest: "d1",
      source_type: "local",
      source: "{}",
      schema: '[{"name": "x"}]',
    },
  });
  assertEquals(JSON.parse(tags[`holdfast:output.m-${RUN}`]), { model_id: `m-${RUN}`, step: 3 });
  for (const ref of ["team/digits@1", "team/digits@2", "models:clf@1", "models:clf@production"]) {
    const [before, after] = [
      await it.json(`info ${ref} --json`),
      await it.json(`info ${ref} -r again --json`),
    ];
    assertEquals(after.digest, before.digest, ref);
    for (const member of ["params", "tags", "metrics", "run"]) {
      assertEquals(after.metadata[member], before.metadata[member], `${ref}: ${member}`);
    }
  }
  await it.fails("export mlflow team/digits --to out", 4, "not empty");
});

cliTest("keys that folders cannot have are listed, and all else is exported", async (it) => {
  await using registry = await openRegistry(join(it.cwd, ".holdfast"));
  const run = await openRun(registry, "digits", { params: { p: 1, "p/long": 2, "a//b": 3 } });
  run.log({ loss: 0.5, "loss/val": 0.25, ["k".repeat(300)]: 1 });
  await run.finish();
  const { code, out, err } = await it.holdfast("export mlflow digits --to out");
  assertEquals([code, out.startsWith("Exported 1 run, ")], [0, true], err);
  const of = "of [0-9a-f]{32}:";
  for (
    const [key, state] of [
      [`params "p" ${of}`, "it would be a file and a folder"],
      [`params "a//b" ${of}`, "it cannot be the name of a file"],
      [`metrics "loss" ${of}`, "it would be a file and a folder"],
      [`metrics "kkk.* ${of}`, "it cannot be the name of a file"],
    ]
  ) assertMatch(err, new RegExp(`Left out ${key} ${state}`));
  await it.succeeds("import mlflow out again --create");
  const { metadata } = await it.json("info digits -r again --json");
  assertEquals([metadata.params, metadata.metrics], [{ "p/long": "2" }, { "loss/val": 0.25 }]);
});

cliTest(
  "values of logged models have the run that logged them, and all stays as it was",
  async (it) => {
    const model = `m-${RUN}`, long = "x".repeat(40_000);
    await writeTree(join(it.cwd, "mlruns"), {
      ...runFiles(),
      ...runFiles(OTHER),
      ...modelFiles(),
      [`7/${RUN}/params/long`]: long,
      [`7/${RUN}/metrics/edge`]: "1700000001000 -0.0 0\n1700000001000 5e-324 1\n",
      [`7/${OTHER}/metrics/later`]: "1700000005000 0.25 0\n",
      [`7/${OTHER}/inputs/${"2".repeat(32)}/meta.yaml`]: metaOf({
        source_type: "MODEL",
        source_id: model,
        destination_id: model,
      }),
      [`7/models/${model}/meta.yaml`]: metaOf({
        name: "net",
        status: 2,
        creation_timestamp: 1700000000000,
        last_updated_timestamp: 1700000001000,
        source_run_id: RUN,
        artifact_location: `file:///gone/mlruns/7/models/${model}/artifacts`,
      }),
      [`7/models/${model}/artifacts/MLmodel`]: "flavors: {}",
      [`7/models/${model}/metrics/edge`]: `1700000001000 -0.0 0 ${RUN}\n`,
      [`7/models/${model}/metrics/later`]: `1700000005000 0.25 0 ${OTHER}\n`,
    });
    await it.succeeds("import mlflow mlruns .holdfast --create");
    await it.succeeds("export mlflow team/digits models:clf --to out");
    const [experiment] = (await Array.fromAsync(Deno.readDir(join(it.cwd, "out"))))
      .map(({ name }) => name).filter((name) => name !== "models");
    const read = (path: string) => Deno.readTextFile(join(it.cwd, "out", path));
    const own = `${experiment}/models/${model}/metrics`;
    assertEquals(await read(`${own}/edge`), `1700000001000 -0.0 0 ${RUN}\n`);
    assertEquals(await read(`${own}/later`), `1700000005000 0.25 0 ${OTHER}\n`);
    assertEquals(
      await read(`${experiment}/${RUN}/metrics/edge`),
      "1700000001000 -0.0 0\n1700000001000 5e-324 1\n",
    );
    assertEquals(await read(`${experiment}/${RUN}/params/long`), long);
    assertMatch(await read("models/clf/version-2/meta.yaml"), /^current_stage: "Production"$/m);
  },
);

/** Inputs and outputs of a run. */
function dataFiles(): Record<string, string> {
  const id = "d".repeat(32), model = `m-${RUN}`;
  const output = { source_type: "RUN_OUTPUT", source_id: model, destination_type: "MODEL_OUTPUT" };
  return {
    [`7/datasets/${id}/meta.yaml`]: metaOf({
      name: "train",
      digest: "d1",
      source_type: "local",
      source: "'{}'",
      schema: '\'[{"name": "x"}]\'',
      profile: null,
    }),
    [`7/${RUN}/inputs/${"1".repeat(32)}/meta.yaml`]: metaOf({
      source_type: "DATASET",
      source_id: id,
      destination_type: "RUN",
      destination_id: id,
      tags: "{mlflow.data.context: training}",
    }),
    [`7/${RUN}/inputs/${"2".repeat(32)}/meta.yaml`]: metaOf({
      source_type: "MODEL",
      source_id: model,
      destination_type: "RUN",
      destination_id: model,
      tags: "{}",
    }),
    [`7/${RUN}/outputs/${model}/meta.yaml`]: metaOf({
      ...output,
      destination_id: model,
      tags: "{}",
      step: 3,
    }),
  };
}

cliTest("an export lists what it left out, and refuses what it cannot do", async (it) => {
  await it.succeeds("init");
  await it.succeeds("save team/notes - --as text", { stdin: "no run" });
  const { code, err } = await it.holdfast("export mlflow team/notes --to out/mlruns");
  assertEquals(code, 0);
  assertStringIncludes(err, "Left out team/notes@1.0.0: it is not a run");
  await it.fails("export mlflow team/notes@1 --to out/other", 2, "Leave out the version");
  await it.fails("export mlflow team/notes", 2, "Add --to FOLDER");
});

Deno.test("a key never leads out of the folder", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry("memory:");
  const run = await openRun(registry, "digits");
  run.log({ "../../../evil": 1 });
  await run.finish();
  const { signal } = new AbortController();
  const exported = new MlrunsExport(registry, root.join("a/mlruns"), { models: "models:", signal });
  const { left: [left = ""] } = await exported.export(["digits"]);
  assertStringIncludes(left, "evil");
  assertEquals(existsSync(root.join("a/evil")) || existsSync(root.join("evil")), false);
});

clientTest("an exported folder is read by MLflow", CLIENTS, async (client) => {
  await using service = await serveMlflow();
  const run = await openRun(service.registry, "digits", { params: { rate: 0.1 } });
  run.log({ step: 0, loss: 0.5 });
  run.log({ step: 1, loss: NaN });
  await run.finish("weights");
  const to = join(service.root.path, "mlruns");
  const { signal } = new AbortController();
  await new MlrunsExport(service.registry, to, { models: "models:", signal }).export(["digits"]);
  assertEquals(existsSync(to), true);
  const read = `
from mlflow import MlflowClient
c = MlflowClient()
e = c.get_experiment_by_name("digits")
r = c.search_runs([e.experiment_id])[0]
print(r.info.status, r.data.params, [(m.step, m.value) for m in c.get_metric_history(r.info.run_id, "loss")])
print(len(c.list_artifacts(r.info.run_id)))
`;
  const env = { MLFLOW_TRACKING_URI: `file:${to}`, MLFLOW_ALLOW_FILE_STORE: "true" };
  assertEquals(await service.run(client, read, env), [
    "FINISHED {'rate': '0.1'} [(0, 0.5), (1, nan)]",
    "1",
  ]);
});
