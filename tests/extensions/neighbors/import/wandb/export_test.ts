// Exports of W&B's server: what the script of the page writes, with a stand-in for W&B's package, and
// what is imported of it.
import { assertEquals, assertMatch } from "@std/assert";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "@std/path";
import { promisify } from "node:util";
import { realSystem } from "../../../../../core/system.ts";
import { type CliTest, cliTest } from "../../../../apps/captured_io.ts";
import { findPython } from "../../../../support/numpy.ts";
import { REPOSITORY } from "../../../../support/run_deno.ts";
import { writeTree } from "../mlflow/write_mlruns.ts";
import { end, RECORDS, runFiles } from "./write_wandb.ts";

const FACTS = {
  id: "abc",
  name: "first",
  project: "digits",
  state: "finished",
  tags: ["x", "y"],
  notes: null,
  created_at: "2023-11-14T22:13:20",
  heartbeat_at: "2023-11-14T22:13:30Z",
  user: "ada",
  config: { lr: 0.1, opt: { name: "sgd" }, _wandb: {} },
  summary: { loss: 0.25, best: 0.9, _runtime: 10, plot: { _type: "image-file", size: 3 } },
  artifacts: [{
    name: "m:v3",
    type: "model",
    digest: "d1",
    aliases: ["latest", "v3", "best"],
    description: "about it",
    files: { "w.bin": "XrY7u+Ae7tCTyyK7j1rNww==" }, // "hello world"
  }],
};
const HISTORY = [
  { _step: 0, _timestamp: 1_700_000_001.5, _runtime: 1, loss: 0.5, val: { auc: 0.5 }, text: "x" },
  { _step: 1, _timestamp: 1_700_000_002.5, _runtime: 2, loss: "NaN", table: { _type: "table" } },
].map((row) => JSON.stringify(row)).join("\n");

function exported(facts: Record<string, unknown> = {}): Record<string, string> {
  return {
    "out/abc/run.json": JSON.stringify({ ...FACTS, ...facts }),
    "out/abc/history.jsonl": `${HISTORY}\n`,
    "out/abc/files/output.log": "hi",
    "out/abc/artifacts/0/w.bin": "hello world",
  };
}

async function imported(it: CliTest, flags = "") {
  const { code, out, err } = await it.holdfast(
    `import wandb out .holdfast --create --json ${flags}`,
  );
  assertMatch(out, /^\{/, err);
  const lines = reportLines(out);
  return { code, problems: lines.slice(0, -1), report: lines.at(-1) };
}

cliTest(
  "an export arrives with times, history, summary, files and artifacts, and once",
  async (it) => {
    await writeTree(it.cwd, exported());
    for (const flags of ["--dry-run --check", ""]) {
      const { code, report, problems } = await imported(it, flags);
      assertEquals([code, problems], [0, []]);
      assertEquals([report.runs, report.versions, report.points], [1, 1, 4], flags);
    }
    const { metadata } = await it.json("info digits --json");
    assertEquals(metadata.params, { lr: "0.1", "opt.name": "sgd" });
    assertEquals(metadata.metrics, { loss: 0.25, "val.auc": 0.5, best: 0.9 });
    const { status, start_time, end_time } = metadata.mlflow;
    assertEquals([status, start_time, end_time], ["FINISHED", 1700000000000, 1700000010000]);
    assertEquals(metadata.tags, {
      "mlflow.runName": "first",
      "mlflow.user": "ada",
      "wandb.tags": "x, y",
    });
    assertEquals(await it.succeeds("cat digits output.log"), "hi");
    assertEquals(await it.succeeds("cat digits/m@best w.bin"), "hello world");
    assertEquals((await it.json("info digits/m --json")).metadata.digest, "d1");
    const again = (await imported(it)).report;
    assertEquals([again.runs, again.versions, again.unchanged], [0, 0, 2]);
  },
);

cliTest("a run that is here from a folder of the client is not imported again", async (it) => {
  await writeTree(it.cwd, { ...runFiles("abc", [...RECORDS, end()]), ...exported() });
  await it.succeeds("import wandb wandb .holdfast --create");
  assertEquals((await imported(it)).report.runs, 0);
});

cliTest("versions of artifacts are in the order of W&B's", async (it) => {
  const own = (n: number) => ({ ...FACTS.artifacts[0], name: `m:v${n}`, digest: `d${n}` });
  const files = exported({ artifacts: [own(10), own(2)] });
  await writeTree(it.cwd, { ...files, "out/abc/artifacts/1/w.bin": "hello world" });
  assertEquals((await imported(it)).report.versions, 2);
  assertEquals((await it.json("info digits/m@1 --json")).metadata.digest, "d2");
});

/** Exports that are not as the script writes them, and the words of the problem. */
const DAMAGED: Record<string, [files: Record<string, string>, words: RegExp]> = {
  "no run.json": [{ "out/bad/history.jsonl": "" }, /run.json" is missing: run the script/],
  "no JSON": [{ "out/bad/run.json": "{" }, /is not an object in JSON/],
  "no id": [{ "out/bad/run.json": "{}" }, /has no id/],
  "a name with dots": [{ "out/bad/run.json": '{"id": "b", "project": "../x"}' }, /\.\.\/x/],
  "no history": [
    { "out/bad/run.json": '{"id": "b", "state": "finished"}' },
    /history.jsonl" is missing/,
  ],
  "a line without an end": [
    {
      "out/bad/run.json": '{"id": "b", "state": "failed"}',
      "out/bad/history.jsonl": "x".repeat(20 * 1024 * 1024),
    },
    /a line has more than/,
  ],
  "a history that is cut": [
    { "out/bad/run.json": '{"id": "b", "state": "failed"}', "out/bad/history.jsonl": '{"a": 1' },
    /line 1 of .* is not JSON/,
  ],
};

for (const [what, [files, words]] of Object.entries(DAMAGED)) {
  cliTest(`${what} fails its run, and no other`, async (it) => {
    await writeTree(it.cwd, { ...exported(), ...files });
    const { code, problems, report } = await imported(it);
    assertEquals([code, report.runs, problems.length], [1, 1, 1], JSON.stringify(problems));
    assertMatch(problems[0].reason, words);
  });
}

cliTest(
  "files of artifacts that are missing, changed, or elsewhere fail their version",
  async (it) => {
    const [own] = FACTS.artifacts;
    const of = (digest: string, files: Record<string, string | null>) => ({
      ...own,
      digest,
      files,
    });
    const right = own!.files["w.bin"];
    const artifacts = [
      { ...of("ok", { "w.bin": "AAAAAAAAAAAAAAAAAAAAAA==" }), digest_algorithm: "MANIFEST_XXH128" },
      of("changed", { "w.bin": "AAAAAAAAAAAAAAAAAAAAAA==" }),
      of("missing", { "w.bin": right, "../../../secret": right }),
      of("elsewhere", { "w.bin": right, "far": null }),
    ];
    const copies = artifacts.map((_, i) => [`out/abc/artifacts/${i}/w.bin`, "hello world"]);
    await writeTree(it.cwd, { ...exported({ artifacts }), ...Object.fromEntries(copies) });
    for (const flags of ["--dry-run --check", ""]) {
      const { code, report, problems } = await imported(it, flags);
      assertEquals([code, report.versions, problems.length], [1, 1, 4], flags);
      const reasons = problems.map(({ reason }) => reason).join("\n");
      assertMatch(reasons, /its MD5 is [^]*secret" is missing\n"far" is a reference/);
    }
  },
);

cliTest("runs that go on are left out, and updated once they have ended", async (it) => {
  await writeTree(it.cwd, exported({ state: "running", artifacts: [] }));
  assertEquals((await imported(it)).problems[0].reason, "it is still running");
  assertEquals((await imported(it, "--running")).report.runs, 1);
  const later = { state: "failed", heartbeat_at: "2023-11-14T23:00:00Z", artifacts: [] };
  await writeTree(it.cwd, exported(later));
  assertEquals((await imported(it, "--update")).report.runs, 1);
  assertEquals((await it.json("info digits --json")).metadata.mlflow.status, "FAILED");
});

cliTest("tables, and --artifacts with an export, are refused with what to do", async (it) => {
  await writeTree(it.cwd, { "project.csv": "name\n", "tables/a.parquet": "PAR1", ...exported() });
  for (const [from, words] of [["project.csv", /the script/], ["tables", /the script/]] as const) {
    const { code, err } = await it.holdfast(`import wandb ${from} .holdfast --create`);
    assertEquals(code, 3);
    assertMatch(err, words);
  }
  const { code, err } = await it.holdfast("import wandb out .holdfast --create --artifacts tables");
  assertEquals(code, 2);
  assertMatch(err, /An export contains its artifacts/);
});

const python = await findPython("json");

/** The parts of W&B's package that the script uses. */
const STAND_IN = `
import os, pathlib
from types import SimpleNamespace as Thing
class File:
    name, size = "media/a.txt", 4
    def download(self, root, replace):
        path = pathlib.Path(root, "media", "a.txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("file")
class Artifact:
    name, type, digest, aliases, description = "m:v0", "model", "d", ["best"], None
    manifest = Thing(entries={"w.bin": Thing(ref=None, digest="XrY7u+Ae7tCTyyK7j1rNww==")})
    def download(self, root, allow_missing_references):
        pathlib.Path(root).mkdir(parents=True, exist_ok=True)
        pathlib.Path(root, "w.bin").write_text("hello world")
def run(id, state):
    return Thing(
        id=id, name=id, project="digits", state=state, tags=["x"], notes=None, group=None,
        created_at="2023-11-14T22:13:20Z", heartbeat_at="2023-11-14T22:13:30Z",
        config={"lr": 0.1}, summary_metrics={"loss": float("nan"), "best": 1},
        user=Thing(username="ada"), files=lambda: [File()], logged_artifacts=lambda: [Artifact()],
        scan_history=lambda: [{"_step": 0, "_timestamp": 1.7e9, "loss": float("inf")}],
    )
class Api:
    def __init__(self, timeout): pass
    def runs(self, path):
        assert path == "team/digits"
        return [run("one", "finished"), run("two", "running"), run("three", "crashed")]
`;
import { reportLines } from "../report_lines.ts";

cliTest("the script of the page writes what is imported", async (it) => {
  const page = await readFile(join(REPOSITORY, "docs/migrating.md"), "utf8");
  const [, script = ""] = /^```python wandb_export\n([^]*?)^```$/m.exec(page) ?? [];
  await writeTree(it.cwd, { "wandb.py": STAND_IN, "wandb_export.py": script });
  const env = { PATH: realSystem.env("PATH") ?? "" };
  for (const runs of [2, 0]) {
    await promisify(execFile)(python!, ["wandb_export.py", "team/digits"], { cwd: it.cwd, env });
    const line = "import wandb wandb-export .holdfast --create --json";
    const report = reportLines(await it.succeeds(line)).at(-1);
    assertEquals([report.runs, report.versions, report.aliases], [runs, runs && 1, runs && 1]);
  }
  const { metadata } = await it.json("info digits --json");
  assertEquals([metadata.metrics.best, metadata.tags["mlflow.user"]], [1, "ada"]);
  assertEquals(await it.succeeds("cat digits media/a.txt"), "file");
  assertEquals(await it.succeeds("cat digits/m@best w.bin"), "hello world");
}, { ignore: python === undefined });
