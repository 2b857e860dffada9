// `holdfast import wandb`: what arrives, and what is refused.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "@std/path";
import { type CliTest, cliTest } from "../../../../apps/captured_io.ts";
import { writeTree } from "../mlflow/write_mlruns.ts";
import {
  artifact,
  end,
  type Field,
  folder,
  item,
  log,
  message,
  RECORDS,
  run,
  runFiles,
  step,
} from "./write_wandb.ts";
import { reportLines } from "../report_lines.ts";

async function imported(it: CliTest, files: Record<string, string | Uint8Array>, flags = "") {
  await writeTree(it.cwd, files);
  const { code, out } = await it.holdfast(`import wandb wandb .holdfast --create --json ${flags}`);
  const lines = reportLines(out);
  return { code, problems: lines.slice(0, -1), report: lines.at(-1) };
}

cliTest("runs arrive with configuration, history, summary and files, and once", async (it) => {
  const { code, problems, report } = await imported(it, runFiles("abc"));
  assertEquals([code, report.runs, report.points], [0, 1, 4]);
  assertEquals(problems.map(({ action, what }) => [action, what]), [["left", 'artifact "m"']]);
  const { metadata } = await it.json("info digits --json");
  assertEquals(metadata.params, {
    lr: "0.1",
    "opt.name": "sgd",
    by: "constructor",
    most: "Infinity",
  });
  assertEquals([metadata.metrics.loss, metadata.metrics.best], [0.25, 0.9]);
  assertEquals([metadata.tags["mlflow.runName"], metadata.tags["wandb.tags"]], ["first", "x"]);
  assertEquals([metadata.mlflow.status, metadata.mlflow.end_time], ["FINISHED", 1700000003000]);
  assertEquals(metadata.wandb.artifacts[0].aliases, ["best"]);
  assertEquals(await it.succeeds("cat digits a.txt"), "hi");
  assertMatch(await it.succeeds("cat digits history.jsonl"), /"step":1,"_time":1.5,"loss":"NaN"/);
  const next = await imported(it, runFiles("def", [...RECORDS, end(1)]));
  assertEquals([next.report.runs, next.report.unchanged], [1, 1]);
  assertEquals((await it.json("info digits --json")).metadata.mlflow.status, "FAILED");
  assertEquals((await imported(it, {}, "--prefix x")).report.runs, 0);
});

cliTest("samples of the machine arrive as system metrics", async (it) => {
  const sample = (second: number, value: string) =>
    message([
      7,
      message(
        [2, message([1, 1_700_000_000 + second], [2, 500_000_000])],
        [3, message([1, "gpu.0.memory"], [16, value])],
        [3, message([1, "host"], [16, '"x"'])],
      ),
    ]);
  const records = [run(), sample(0, "10.5"), step(5, "0.5"), sample(6, "NaN"), end()];
  const { report } = await imported(it, runFiles("abc", records));
  assertEquals([report.runs, report.points], [1, 3]);
  const { metadata } = await it.json("info digits --json");
  assertEquals(metadata.metrics["system/gpu.0.memory"], "NaN");
  const lines = (await it.succeeds("cat digits history.jsonl")).trim().split("\n");
  assertEquals(lines.map((line) => JSON.parse(line)), [
    { step: 0, _time: 0.5, "system/gpu.0.memory": 10.5 },
    { step: 5, _time: 5.5, loss: 0.5 },
    { step: 5, _time: 6.5, "system/gpu.0.memory": "NaN" },
  ]);
});

cliTest("records of several blocks are read", async (it) => {
  const steps = Array.from({ length: 3000 }, (_, i) => step(i, `${i / 2}`));
  const large = message([5, message(item("text", `"${"x".repeat(100_000)}"`))]);
  const { report } = await imported(it, runFiles("abc", [run(), large, ...steps, end()]));
  assertEquals([report.runs, report.points], [1, 3000]);
});

cliTest("artifacts for which metadata has no room are in a file", async (it) => {
  const many = Array<Buffer>(2000).fill(artifact);
  const { code } = await imported(it, runFiles("abc", [run(), ...many, end()]));
  assertEquals([code, (await it.json("info digits --json")).metadata.wandb], [0, undefined]);
  assertEquals((await it.json("cat digits .mlflow/artifacts.json")).length, 2000);
});

cliTest("runs without an end are left out, and a dry run writes nothing", async (it) => {
  const whole = log(RECORDS);
  const files = { [`${folder("abc")}/run-abc.wandb`]: whole.subarray(0, whole.length - 3) };
  const { code, problems } = await imported(it, files);
  assertEquals([code, problems[0].reason], [0, "it is still running"]);
  assertEquals((await imported(it, files, "--running --dry-run")).report.runs, 1);
  await it.fails("info digits", 3);
  assertEquals((await imported(it, files, "--running")).report.runs, 1);
  assertEquals((await it.json("info digits --json")).metadata.mlflow.status, "KILLED");
});

/** Damaged runs, and the words of the problem. */
const DAMAGED: Record<string, [file: Uint8Array | string, words: RegExp]> = {
  "another file": ["hello, I am not of W&B", /does not begin/],
  "an empty file": ["", /no record of a run/],
  "another checksum": [
    Buffer.from(log([...RECORDS, end()])).fill("y", 300, 301),
    /a checksum differs/,
  ],
  "a message that is cut": [log([run(), Buffer.from([18, 100, 1]), end()]), /a field is cut/],
  "an endless number": [log([run(), Buffer.alloc(30, 255), end()]), /a number is cut/],
  "a number for a message": [log([message([17, 5])]), /a message is a number/],
  "a name that Holdfast does not take": [log([run("../x"), end()]), /\.\.\/x/],
};

for (const [what, [file, words]] of Object.entries(DAMAGED)) {
  cliTest(`${what} fails its run, and no other`, async (it) => {
    const files = { ...runFiles("abc"), [`${folder("bad")}/run-bad.wandb`]: file };
    const { code, problems, report } = await imported(it, files);
    const failed = problems.filter(({ action }) => action === "failed");
    assertEquals([code, report.runs, failed.length], [1, 1, 1], JSON.stringify(problems));
    assertMatch(failed[0].reason, words);
  });
}

cliTest("links are not followed, and resumed runs are listed", async (it) => {
  await writeTree(it.cwd, { ...runFiles("abc"), secret: "secret" });
  await symlink(join(it.cwd, "secret"), join(it.cwd, folder("abc"), "files/b.txt"));
  await symlink(join(it.cwd, folder("abc")), join(it.cwd, "wandb/latest-run"));
  const { code, problems } = await imported(it, {
    [`wandb/run-20240101_000000-abc/run-abc.wandb`]: log([...RECORDS, end()]),
  });
  assertEquals(code, 1);
  const reasons = problems.map(({ reason }) => reason).join();
  assertMatch(reasons, /b\.txt" is a link/);
  assertMatch(reasons, /it goes on in "run-20240101_000000-abc"/);
  assertEquals((await imported(it, {}, "--partial")).report.files, 2);
});

cliTest("a folder without runs is refused", async (it) => {
  await mkdir(join(it.cwd, "wandb"));
  const { code, err } = await it.holdfast("import wandb wandb .holdfast --create");
  assertEquals(code, 3);
  assertStringIncludes(err, "no run is there");
  await it.fails("ls", 3);
});

cliTest("names of metrics that begin with _ are kept, except for those of W&B", async (it) => {
  const own = ["_step", "_timestamp", "_runtime", "_wandb"].map((key) => item(key, "1"));
  const values = message([2, message(item("__proto__", "7"), item("_mine", "8"), ...own)]);
  const last = message([3, message([1, message([2, "_wandb"], [2, "runtime"], [16, "5"])])]);
  await imported(it, runFiles("abc", [run(), values, last, end()]));
  const { metrics } = (await it.json("info digits --json")).metadata;
  assertEquals(Object.entries(metrics), [["__proto__", 7], ["_mine", 8]]);
});

cliTest("a run that was imported without its end is updated", async (it) => {
  await imported(it, runFiles("abc", RECORDS), "--running");
  assertEquals((await imported(it, {}, "--running")).problems, []);
  const reason = "it has ended again since it was imported; import it with --update";
  const files = runFiles("abc", [...RECORDS, step(3, "0.125"), end()]);
  assertEquals((await imported(it, files)).problems.map((each) => each.reason), [reason]);
  assertEquals((await imported(it, {}, "--update")).report.runs, 1);
  assertEquals((await imported(it, {}, "--update")).report.runs, 0);
  const { version, metadata } = await it.json("info digits --json");
  assertEquals([version, metadata.mlflow.status], ["2.0.0", "FINISHED"]);
});

cliTest("artifacts are versions, with files of W&B's cache whose MD5 is checked", async (it) => {
  const hash = (text: string) => createHash("md5").update(text);
  const entry = (path: string, text: string, local: string, more: Field[] = []): Field => {
    const digest = hash(text).digest("base64");
    return [4, message([1, path], [2, digest], [4, text.length], [6, `/gone/${local}`], ...more)];
  };
  const logged = (digest: string, entries: Field[], type = "model", name = "m"): Buffer => {
    const facts: Field[] = [[4, type], [5, name], [6, digest], [11, "best"], [11, "latest"]];
    return message([8, message(...facts, [12, message(...entries)])]);
  };
  const md5 = hash("cached").digest("hex");
  await writeTree(it.cwd, {
    [`kept/obj/md5/${md5.slice(0, 2)}/${md5.slice(2)}`]: "cached",
    "kept/staging/tmp1": "staged",
    "kept/staging/tmp2": "damage",
  });
  const records = [
    run(),
    logged("one", [entry("a", "cached", "tmp0"), entry("d/b", "staged", "tmp1")]),
    logged("two", [entry("a", "other!", "tmp2")]),
    logged("three", [entry("a", "missing", "tmp3")]),
    logged("four", [entry("a", "x", "tmp1", [[3, "s3://b/k"]])]),
    logged("table", [entry("a", "cached", "tmp0")], "run_table"),
    logged("jobs", [entry("a", "cached", "tmp0")], "jobs", "jobs"),
    logged("unnamed", [entry("a", "cached", "tmp0")], "model", ""),
    logged("one", [entry("a", "cached", "tmp0")]),
    end(),
  ];
  const files = {
    ...runFiles("abc", records),
    [`${folder("bad")}/run-bad.wandb`]: log([message([17, 5])]),
  };
  const { code, problems, report } = await imported(it, files, "--artifacts kept");
  assertEquals([code, report.runs, report.versions, report.aliases], [1, 1, 2, 2]);
  await it.prints("ls -q", "digits\ndigits/jobs\ndigits/m\n");
  const reasons = problems.map(({ reason }) => reason).join("\n");
  assertMatch(reasons, /its MD5 is .*\n"a" is not in --artifacts .*\n"a" is a reference/);
  assertEquals(await it.succeeds("cat digits/m@best d/b"), "staged");
  const { metadata } = await it.json("info digits/m --json");
  assertEquals(metadata, { digest: "one", wandb: { type: "model", run: "abc" } });
  assertEquals((await imported(it, {}, "--artifacts kept")).report.versions, 0);
});

cliTest("a dry run finds paths of artifacts that cannot be saved", async (it) => {
  const md5 = createHash("md5").update("x");
  const hex = md5.copy().digest("hex"), digest = md5.digest("base64");
  await writeTree(it.cwd, { [`kept/obj/md5/${hex.slice(0, 2)}/${hex.slice(2)}`]: "x" });
  const logged = (name: string, paths: string[]): Buffer => {
    const entries = paths.map((path): Field => [4, message([1, path], [2, digest], [4, 1])]);
    return message([8, message([4, "model"], [5, name], [6, "d"], [12, message(...entries)])]);
  };
  const wrong = [["../a"], ["/a"], ["a", "a"], ["a", "a/b"], ["a/b", "a"], ["a", "a-", "a/b"]];
  const artifacts = [...wrong, ["a", "b"]].map((paths, i) => logged(`m${i}`, paths));
  const files = runFiles("abc", [run(), ...artifacts, end()]);
  for (const flags of ["--dry-run", ""]) {
    const { problems, report } = await imported(it, files, `--artifacts kept ${flags}`);
    assertEquals([report.versions, problems.length], [1, wrong.length], flags);
  }
});
