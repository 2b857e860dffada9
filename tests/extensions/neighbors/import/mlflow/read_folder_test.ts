// `holdfast import mlflow` of folders: what arrives, and what is refused.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { createLocalBackend } from "../../../../../backends/local.ts";
import { type CliTest, cliTest } from "../../../../apps/captured_io.ts";
import { runIdOf } from "../../../../../extensions/runs/mlflow/ids.ts";
import { openMlflow } from "../../../gateways/mlflow/open_mlflow.ts";
import { byKey } from "../../../gateways/mlflow/open_mlflow.ts";
import { EXPERIMENT, metaOf, modelFiles, OTHER, RUN, runFiles, runMeta } from "./write_mlruns.ts";
import { writeTree } from "./write_mlruns.ts";
import { reportLines } from "../report_lines.ts";

const IMPORT = "import mlflow mlruns .holdfast --create";

/** Imports a tree that has a problem. Returns the lines and the report. */
async function imported(it: CliTest, files: Record<string, string | Uint8Array>, flags = "") {
  await writeTree(join(it.cwd, "mlruns"), files);
  const { code, out } = await it.holdfast(`${IMPORT} --json ${flags}`);
  const lines = reportLines(out);
  return { code, problems: lines.slice(0, -1), report: lines.at(-1) };
}

cliTest("a folder is seen by clients of MLflow as it was, and in the explorer", async (it) => {
  const { code, report } = await imported(it, { ...runFiles(), ...modelFiles() });
  assertEquals([code, report.runs, report.versions, report.points], [0, 1, 2, 5]);
  await using service = await openMlflow({
    backend: createLocalBackend({ path: join(it.cwd, ".holdfast") }),
  });
  const { experiment } = await service.get("experiments/get-by-name", {
    experiment_name: "team/digits",
  });
  const { runs: [run] } = await service.post("runs/search", {
    experiment_ids: [experiment.experiment_id],
  });
  assertEquals(
    [run.info.status, run.info.start_time, run.info.end_time, run.info.user_id],
    ["FINISHED", 1700000000000, 1700000009000, "ada"],
  );
  assertEquals(byKey(run.data.params), { rate: "0.1", "opt/name": "sgd\nline" });
  assertEquals(byKey(run.data.tags)["mlflow.note.content"], "a note");
  const id = run.info.run_id;
  assertEquals(await service.values(id, "loss"), [[0, 0.5], [1, 0.25], [2, "NaN"]]);
  assertEquals(await service.values(id, "val/auc"), [[0, "Infinity"], [0, 1e-05]]);
  const artifacts = `${experiment.experiment_id}/${id}/artifacts`;
  assertEquals(await service.list(artifacts), ["model/", "note.txt"]);
  assertEquals(await service.text(`${artifacts}/model/w.bin`), "weights");
  const { model_version } = await service.get("registered-models/alias", {
    name: "clf",
    alias: "champion",
  });
  assertEquals(
    [model_version.version, model_version.run_id, model_version.source],
    ["1", id, `runs:/${id}/model`],
  );
  assertEquals([model_version.creation_timestamp, model_version.description], [
    1700000003000,
    "one",
  ]);
  const { registered_model } = await service.get("registered-models/get", { name: "clf" });
  assertEquals(registered_model.description, "a classifier");
  assertEquals(byKey(registered_model.tags), { owner: "me" });
  assertEquals(
    registered_model.aliases.map(({ alias, version }: Record<string, string>) => [alias, version]),
    [["champion", "1"], ["production", "2"]],
  );
  const { metadata } = await service.registry.info("team/digits");
  assertEquals([metadata.curves, (metadata.run as { points: number }).points], [
    "history.jsonl",
    4,
  ]);
  assertEquals((metadata.metrics as Record<string, unknown>)["loss.min"], 0.25);
});

cliTest("a second import adds what is new, and nothing twice", async (it) => {
  const files = { ...runFiles(), ...modelFiles() };
  await imported(it, files);
  await it.prints(
    IMPORT,
    "Imported 0 runs, 0 versions of models (0 points, 0 files, 0 B), 3 unchanged\n",
  );
  await it.succeeds("alias models:clf champion 2 -r .holdfast");
  const next = { ...files, ...runFiles(OTHER), "models/clf/aliases/newest": "2" };
  const { report, problems } = await imported(it, next);
  assertEquals([report.runs, report.versions, report.unchanged, report.aliases], [1, 0, 3, 1]);
  const reason = "it is 2.0.0 here, and 1.0.0 there";
  assertEquals(problems, [{ action: "left", what: "models:clf@champion", reason }]);
  await it.succeeds("rm team/digits@1 --yes");
  assertEquals((await imported(it, next)).report.runs, 0); // what was deleted here stays deleted
});

cliTest("a dry run reads all points, and writes nothing", async (it) => {
  await writeTree(join(it.cwd, "mlruns"), { ...runFiles(), ...modelFiles() });
  const dry = await it.succeeds(`${IMPORT} --dry-run`);
  assertMatch(dry, /^Would import 1 run, 2 versions of models \(5 points, 3 files, /);
  await it.fails("ls", 3);
});

cliTest("deleted runs are left out, and those that go on, too", async (it) => {
  const { code, problems, report } = await imported(it, {
    ...runFiles(RUN, { status: 1, end_time: null }),
    ...runFiles(OTHER, { lifecycle_stage: "deleted" }),
    "8/meta.yaml": metaOf({ name: "gone", lifecycle_stage: "deleted" }),
    ".trash/9/meta.yaml": metaOf({ name: "trash" }),
    "models/empty/meta.yaml": metaOf({ name: "empty" }),
  });
  assertEquals([code, report.runs, report.left], [0, 0, 5]);
  assertEquals(problems.map(({ reason }) => reason).sort(), [
    "it has no versions",
    "it is deleted",
    "it is deleted",
    "it is deleted",
    "it is still running",
  ]);
  assertEquals((await imported(it, {}, "--running")).report.runs, 1);
  const { metadata } = await it.json("info team/digits --json");
  assertEquals([metadata.mlflow.status, metadata.run.failed], ["KILLED", "KILLED"]);
});

/** Trees with a damaged run, and the words of its problem. */
const DAMAGED: Record<string, [files: Record<string, string | Uint8Array>, words: RegExp]> = {
  "no meta.yaml": [{ [`7/${OTHER}/params/a`]: "1" }, /meta\.yaml" is missing/],
  "broken YAML": [{ [`7/${OTHER}/meta.yaml`]: "a: [1\n" }, /is not a description/],
  "YAML that is a list": [{ [`7/${OTHER}/meta.yaml`]: "- 1\n" }, /is not a description/],
  "YAML of two documents": [{ [`7/${OTHER}/meta.yaml`]: "a: 1\n---\nb: 1\n" }, /second document/],
  "huge YAML": [
    { [`7/${OTHER}/meta.yaml`]: "a: 1\n".repeat(300_000) },
    /bytes, 1048576 are allowed/,
  ],
  "YAML that expands": [
    {
      [`7/${OTHER}/meta.yaml`]: "a: &a [1,1,1,1,1,1,1,1,1,1]\n" +
        [..."bcdefgh"].map((c, i) => `${c}: &${c} [${`*${"abcdefg"[i]},`.repeat(10)}]\n`).join(""),
    },
    /expand/,
  ],
  "YAML in another encoding": [
    { [`7/${OTHER}/meta.yaml`]: new Uint8Array([0x61, 0x3a, 0xfc, 0x0a]) },
    /cannot be read/,
  ],
  "a parameter in another encoding": [
    { ...runFiles(OTHER), [`7/${OTHER}/params/p`]: new Uint8Array([0xfc]) },
    /params\/p" cannot be read/,
  ],
  "a huge tag": [
    { ...runFiles(OTHER), [`7/${OTHER}/tags/t`]: "x".repeat(2 ** 20 + 1) },
    /tags\/t" cannot be read/,
  ],
  "half a metric": [
    { ...runFiles(OTHER), [`7/${OTHER}/metrics/loss`]: "1700000001000 0.5 0\n17000" },
    /line 2 of .* is not a metric/,
  ],
  "a word in place of a value": [
    { ...runFiles(OTHER), [`7/${OTHER}/metrics/loss`]: "1700000001000 constructor 0\n" },
    /line 1 of .* is not a metric/,
  ],
  "a status that is none": [runFiles(OTHER, { status: 9 }), /is not a status/],
  "no start": [runFiles(OTHER, { start_time: null }), /is not a time/],
};

for (const [what, [files, words]] of Object.entries(DAMAGED)) {
  cliTest(`a damaged run is reported, and the others are imported: ${what}`, async (it) => {
    const { code, problems, report } = await imported(it, { ...runFiles(), ...files });
    assertEquals([code, report.runs, report.failures], [1, 1, 1]);
    assertEquals(problems[0].action, "failed");
    assertStringIncludes(problems[0].what, OTHER);
    assertMatch(problems[0].reason, words);
  });
}

cliTest("a description never leads out of the folder", async (it) => {
  await writeTree(it.cwd, { "secret/key.pem": "secret" });
  const secret = join(it.cwd, "secret");
  const uris = [
    `file://${secret}`,
    secret,
    "../secret",
    "../../secret",
    `mlflow-artifacts:/../secret`,
    "s3://bucket/secret",
    "/etc",
  ];
  for (const [i, uri] of uris.entries()) {
    const id = RUN.slice(0, -1) + i;
    const { [`7/${id}/artifacts/model/w.bin`]: _, [`7/${id}/artifacts/note.txt`]: __, ...files } =
      runFiles(id, { artifact_uri: JSON.stringify(uri) });
    await writeTree(join(it.cwd, "mlruns"), files);
  }
  const source = JSON.stringify(`file://${secret}`);
  const { code, problems, report } = await imported(it, {
    "models/clf/meta.yaml": metaOf({ name: "clf" }),
    "models/clf/version-1/meta.yaml": metaOf({ version: 1, source, storage_location: source }),
  });
  assertEquals([code, report.runs, report.files], [1, 0, 0]);
  assertEquals(problems.length, uris.length + 1);
  for (const { reason } of problems) assertStringIncludes(reason, "pass --artifacts");
  const partial = await imported(it, {}, "--partial");
  assertEquals([partial.report.runs, partial.report.versions], [uris.length, 0]);
  const { files } = await it.json("info team/digits --json");
  assertEquals(files.map(({ path }: { path: string }) => path), ["history.jsonl"]);
});

cliTest("links are never followed", async (it) => {
  await writeTree(it.cwd, { "secret/key.pem": "secret", "other/meta.yaml": runMeta() });
  const mlruns = join(it.cwd, "mlruns");
  await writeTree(mlruns, runFiles());
  await symlink("../../../../secret/key.pem", join(mlruns, `7/${RUN}/artifacts/key.pem`));
  await symlink("../../../../secret", join(mlruns, `7/${RUN}/artifacts/folder`));
  await symlink("../../other", join(mlruns, `7/${OTHER}`)); // a run that is a link
  const { code, problems } = await imported(it, {});
  assertEquals([code, problems.length], [1, 2]);
  assertMatch(problems[0].reason, new RegExp(`${OTHER}" is a link$`));
  assertMatch(problems[1].reason, /folder" is a link, and 1 more$/);
  await imported(it, {}, "--partial");
  const { files } = await it.json("info team/digits --json");
  assertEquals(
    files.map(({ path }: { path: string }) => path),
    ["model/w.bin", "note.txt", "history.jsonl"],
  );
});

cliTest("artifacts elsewhere are read from the place that --artifacts names", async (it) => {
  await writeTree(it.cwd, { [`elsewhere/7/${RUN}/artifacts/w.bin`]: "weights" });
  const { [`7/${RUN}/artifacts/model/w.bin`]: _, [`7/${RUN}/artifacts/note.txt`]: __, ...files } =
    runFiles(RUN, { artifact_uri: `mlflow-artifacts:/7/${RUN}/artifacts` });
  const { report } = await imported(it, files, "--artifacts elsewhere");
  assertEquals([report.runs, report.failures, report.files], [1, 0, 2]);
  const { files: saved } = await it.json("info team/digits --json");
  assertEquals(saved[0].path, "w.bin");
});

cliTest("names that do not fit are reported, and --rename makes them fit", async (it) => {
  const files = { ...runFiles(), "7/meta.yaml": metaOf({ name: '"a@b"', experiment_id: 7 }) };
  const { code, problems } = await imported(it, files);
  assertEquals([code, problems.length], [1, 1]);
  assertStringIncludes(problems[0].reason, "a@b");
  assertEquals((await imported(it, files, "--rename a@=a:")).report.runs, 1);
  assertEquals((await imported(it, files, "--prefix nothing")).report.runs, 0);
  await it.tells("ls", "a:b");
});

cliTest("a name that YAML would read as a number stays one", async (it) => {
  await imported(it, { ...runFiles(), "7/meta.yaml": metaOf({ name: "1e5" }) });
  await it.tells("ls", "1e5");
});

cliTest("parameters and tags without room are in a file", async (it) => {
  const { report, problems } = await imported(it, {
    ...runFiles(),
    [`7/${RUN}/params/long`]: "x".repeat(40_000),
    [`7/${RUN}/tags/long`]: "y".repeat(10_000),
  });
  assertEquals([report.runs, report.left], [1, 1]);
  assertMatch(problems[0].reason, /too long for metadata: long, long\. See \.mlflow\/long\.json/);
  const out = await it.succeeds("download team/digits --to copy");
  const folder = / to (.*) \(/.exec(out)?.[1] ?? "";
  const kept = JSON.parse(await Deno.readTextFile(join(folder, ".mlflow/long.json")));
  assertEquals(kept, { params: { long: "x".repeat(40_000) }, tags: { long: "y".repeat(10_000) } });
});

cliTest("nested runs keep their parents, whose ids differ here", async (it) => {
  await imported(it, {
    ...runFiles(),
    ...runFiles(OTHER, { end_time: 1700000008000 }),
    [`7/${OTHER}/tags/mlflow.parentRunId`]: RUN,
  });
  const { metadata } = await it.json("info team/digits@1 --json");
  assertEquals(metadata.tags["mlflow.parentRunId"], `${RUN}__team_2fdigits`);
});

cliTest("an import that is stopped goes on later", async (it) => {
  const ids = Array.from({ length: 5 }, (_, i) => RUN.slice(0, -1) + i);
  for (const id of ids) await writeTree(join(it.cwd, "mlruns"), runFiles(id));
  const stop = new AbortController();
  await writeFile(join(it.cwd, "mlruns", "marker"), "");
  stop.abort();
  const { code } = await it.holdfast(IMPORT, { signal: stop.signal });
  assert(code !== 0);
  assertEquals((await imported(it, {})).report.runs + 0, 5);
});

cliTest("other folders are refused, and create nothing", async (it) => {
  await mkdir(join(it.cwd, "empty"));
  await it.fails("import mlflow empty .holdfast --create", 3, "Pass the mlruns folder");
  await it.fails("import mlflow nowhere .holdfast --create", 3);
  await it.fails("ls", 3);
  await writeTree(join(it.cwd, "mlruns"), EXPERIMENT);
  await it.fails("import mlflow mlruns missing", 3, "--create");
  await rm(join(it.cwd, "mlruns"), { recursive: true });
});

cliTest("a folder of a run that is a link is reported, and the others are imported", async (it) => {
  const mlruns = join(it.cwd, "mlruns");
  await writeTree(it.cwd, { "elsewhere/w.bin": "weights" });
  for (const part of ["artifacts", "params", "metrics"]) {
    await rm(mlruns, { recursive: true, force: true });
    await writeTree(mlruns, { ...runFiles(), ...runFiles(OTHER) });
    await rm(join(mlruns, `7/${RUN}/${part}`), { recursive: true });
    await symlink("../../../elsewhere", join(mlruns, `7/${RUN}/${part}`));
    const { code, problems, report } = await imported(it, {}, "--dry-run");
    assertEquals([code, report.runs], [1, 1], part);
    assertMatch(problems[0].reason, new RegExp(`${part}" is a link$`));
  }
});

cliTest("experiments and runs that are links are reported", async (it) => {
  await writeTree(join(it.cwd, "elsewhere"), runFiles());
  await writeTree(join(it.cwd, "mlruns"), runFiles());
  await symlink("../elsewhere/7", join(it.cwd, "mlruns/8"));
  await symlink(`../../elsewhere/7/${RUN}`, join(it.cwd, `mlruns/7/${OTHER}`));
  const { code, problems, report } = await imported(it, {});
  assertEquals([code, report.runs], [1, 1]);
  assertEquals(problems.map(({ what }) => what).sort(), [
    "experiment 8",
    `run ${OTHER} of "team/digits"`,
  ]);
});

cliTest("a pipe in place of a description does not stop the import", async (it) => {
  if (Deno.build.os === "windows") return;
  await writeTree(join(it.cwd, "mlruns"), { ...runFiles(), ...runFiles(OTHER) });
  const path = join(it.cwd, `mlruns/7/${OTHER}/meta.yaml`);
  await rm(path);
  await new Deno.Command("mkfifo", { args: [path] }).output();
  const { code, problems, report } = await imported(it, {});
  assertEquals([code, report.runs], [1, 1]);
  assertMatch(problems[0].reason, /is a pipe/);
});

cliTest("labels that a stopped import did not set are set by the next one", async (it) => {
  const { "models/clf/version-1/tags/ok": label, ...files } = modelFiles();
  const first = { ...runFiles(), ...files };
  await imported(it, first);
  await imported(it, { "models/clf/version-1/tags/ok": label });
  assertEquals((await it.json("info models:clf@1.0.0 --json")).annotations.labels, { ok: "yes" });
});

cliTest("a run that ended again at the source is updated, and only once", async (it) => {
  await imported(it, runFiles());
  const next = {
    ...runFiles(RUN, { end_time: 1700000019000 }),
    [`7/${RUN}/metrics/loss`]: "1700000012000 0.125 3\n",
  };
  const { problems, report } = await imported(it, next);
  const reason = "it has ended again since it was imported; import it with --update";
  assertEquals([report.runs, problems.map((each) => each.reason)], [0, [reason]]);
  assertEquals((await imported(it, next, "--update --dry-run")).report.runs, 1);
  assertEquals((await imported(it, next, "--update")).report.runs, 1);
  assertEquals((await imported(it, next, "--update")).report.runs, 0);
  await using service = await openMlflow({
    backend: createLocalBackend({ path: join(it.cwd, ".holdfast") }),
  });
  const id = runIdOf({ name: "team/digits", id: RUN });
  assertEquals(await service.values(id, "loss"), [[3, 0.125]]);
  await service.post("runs/update", { run_id: id, status: "RUNNING" }); // resumed here
  const later = runFiles(RUN, { end_time: 1700000029000 });
  const resumed = await imported(it, later, "--update");
  assertEquals([resumed.report.runs, resumed.problems.map((each) => each.reason)], [0, [
    "it has ended again since it was imported, and it was resumed here",
  ]]);
});
