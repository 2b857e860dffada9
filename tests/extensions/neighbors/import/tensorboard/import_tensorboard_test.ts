// `holdfast import tensorboard`: what arrives, and what is refused.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "@std/path";
import { type CliTest, cliTest } from "../../../../apps/captured_io.ts";
import { writeTree } from "../mlflow/write_mlruns.ts";
import { reportLines } from "../report_lines.ts";
import { message } from "../wandb/write_wandb.ts";
import { event, eventFile, FIRST, record, RECORDS, scalar } from "./write_events.ts";

async function imported(it: CliTest, files: Record<string, Uint8Array>, flags = "") {
  await writeTree(it.cwd, files);
  const line = `import tensorboard logs .holdfast --create --json ${flags}`;
  const { code, out } = await it.holdfast(line);
  const lines = reportLines(out);
  return { code, problems: lines.slice(0, -1), report: lines.at(-1) };
}

cliTest("runs arrive with their points, and once", async (it) => {
  const { code, problems, report } = await imported(it, eventFile());
  assertEquals([code, problems, report.runs, report.points], [0, [], 1, 2]);
  const { metadata } = await it.json("info logs --json");
  assertEquals([metadata.metrics.loss, metadata.tags], [0.25, { "mlflow.runName": "train" }]);
  assertEquals([metadata.mlflow.status, metadata.mlflow.end_time], ["FINISHED", 1700000002500]);
  assertMatch(await it.succeeds("cat logs history.jsonl"), /"step":1,"_time":1,"loss":0.5/);
  const next = await imported(it, { "logs/events.out.tfevents.1800000000.x": FIRST });
  assertEquals([next.report.runs, next.report.unchanged], [1, 1]);
  assertEquals((await it.json("info logs --json")).metadata.tags, { "mlflow.runName": "." });
});

cliTest("a dry run writes nothing, and a name replaces that of the folder", async (it) => {
  assertEquals((await imported(it, eventFile(), "--dry-run --name team/x")).report.runs, 1);
  await it.fails("info team/x", 3);
  assertEquals((await imported(it, {}, "--name team/x")).report.runs, 1);
  assertEquals((await imported(it, {}, "--name team/x --prefix y")).report.runs, 0);
  await it.succeeds("info team/x");
});

cliTest("a run that has grown is listed, and imported with --update", async (it) => {
  await imported(it, eventFile());
  const grown = eventFile([...RECORDS, scalar(9, 3, 0.125)]);
  const { problems, report } = await imported(it, grown);
  assertMatch(problems[0].reason, /ended again .*--update/);
  assertEquals([report.runs, report.unchanged], [0, 1]);
  assertEquals((await imported(it, {}, "--update")).report.points, 3);
  assertEquals((await it.json("info logs --json")).metadata.metrics.loss, 0.125);
  assertEquals((await imported(it, {}, "--update")).report.unchanged, 1);
});

cliTest("a record that the end of a file cuts is not there, and its run was killed", async (it) => {
  const whole = Buffer.concat([...RECORDS, scalar(9, 3, 1)]);
  const { code, report } = await imported(it, eventFile([whole.subarray(0, -3)]));
  assertEquals([code, report.points], [0, 2]);
  assertEquals((await it.json("info logs --json")).metadata.mlflow.status, "KILLED");
  assertEquals((await imported(it, eventFile([whole]), "--update")).report.points, 3);
  assertEquals((await it.json("info logs --json")).metadata.mlflow.status, "FINISHED");
});

/** Damaged runs, and the words of the problem. */
const DAMAGED: Record<string, [records: Buffer[], words: RegExp]> = {
  "another file": [[Buffer.from("hello, I am no event file")], /a checksum differs, at byte 0/],
  "another checksum": [[...RECORDS, Buffer.from(scalar(9, 3, 1)).fill("y", 20, 21)], /differs/],
  "a huge length": [[...RECORDS, record(Buffer.from("x"), 2 ** 60)], /a record has 1152921504/],
  "a message that is cut": [[...RECORDS, record(Buffer.from([42, 100, 1]))], /a field is cut/],
  "a bomb of fields": [[record(Buffer.alloc(3_000_000, 8))], /more than 1000000 fields/],
  "a time that is not a date": [[...RECORDS, scalar(NaN, 3, 1)], /the time NaN/],
  "a long tag": [[...RECORDS, scalar(3, 3, 1, "x".repeat(5000))], /tags are too long/],
};

for (const [what, [records, words]] of Object.entries(DAMAGED)) {
  cliTest(`${what} fails its run, and no other`, async (it) => {
    const other = { "logs/other/tfevents": Buffer.concat(RECORDS) };
    const { code, problems, report } = await imported(it, { ...eventFile(records), ...other });
    assertEquals([code, report.runs, problems.length], [1, 1, 1], JSON.stringify(problems));
    assertMatch(problems[0].reason, words);
    const partial = await imported(it, {}, "--partial");
    assertEquals([partial.code, partial.report.runs, partial.report.unchanged], [0, 1, 1]);
  });
}

cliTest("values of other plugins are listed", async (it) => {
  const about = message([1, message([1, "pr_curves"])]);
  const value = message([1, "curve"], [9, about], [8, message([1, 1])]);
  const records = [...RECORDS, event(3, 3, [5, message([1, value])]), event(4, 4, [4, "graph"])];
  const { code, problems, report } = await imported(it, eventFile(records));
  assertEquals([code, report.points], [0, 2]);
  assertEquals(problems[0].reason, "not imported: pr_curves, graphs");
});

cliTest("links are not followed, and folders are read at any depth", async (it) => {
  const deep = `logs/${"d/".repeat(100)}events.tfevents`;
  await writeTree(it.cwd, { ...eventFile(), [deep]: Buffer.concat(RECORDS), secret: FIRST });
  await symlink(join(it.cwd, "secret"), join(it.cwd, "logs/train/x.tfevents"));
  await symlink(join(it.cwd, "logs"), join(it.cwd, "logs/loop"));
  const { code, problems, report } = await imported(it, {});
  assertEquals([code, report.runs, report.points], [0, 2, 4]);
  assertEquals(problems.map(({ reason }) => reason), [
    '"loop" is a link',
    '"train/x.tfevents" is a link',
  ]);
});

cliTest(
  "a folder without event files is refused, and a run without events is left out",
  async (it) => {
    await mkdir(join(it.cwd, "logs"));
    const { code, err } = await it.holdfast("import tensorboard logs .holdfast --create");
    assertEquals(code, 3);
    assertStringIncludes(err, "tensorboard --logdir");
    await it.fails("ls", 3);
    const { problems } = await imported(it, eventFile([]));
    assertEquals(problems.map(({ reason }) => reason), ["it has no values"]);
  },
);
