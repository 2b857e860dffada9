// `holdfast import neptune`: folders as neptune-exporter writes them arrive as pyarrow reads them.
import { assertEquals, assertMatch } from "@std/assert";
import { execFile } from "node:child_process";
import { mkdir, symlink } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { join } from "@std/path";
import { type CliTest, cliTest } from "../../../../apps/captured_io.ts";
import { judgeSeed } from "../../../../judges/judge_test_case.ts";
import { findPython } from "../../../../support/numpy.ts";
import { writeTree } from "../mlflow/write_mlruns.ts";
import { reportLines } from "../report_lines.ts";

const python = await findPython("pyarrow");
const script = fileURLToPath(new URL("judge.py", import.meta.url));
const PROJECT = "team_digits-9e949b7053981f8c";

type Point = [key: string, step: number, value: string, at: number];

async function imported(it: CliTest, flags = "") {
  const { code, out } = await it.holdfast(
    `import neptune exports .holdfast --create --json ${flags}`,
  );
  const lines = reportLines(out);
  return { code, problems: lines.slice(0, -1), report: lines.at(-1) };
}

/** Numbers as Python prints them, in the words of points. */
function asNumber(text: string): unknown {
  const number = Number(text.replace("nan", "NaN").replace("inf", "Infinity"));
  return Object.is(number, -0) ? "-0" : `${number}`;
}

cliTest("runs arrive as pyarrow reads them, and once", async (it) => {
  const args = [script, join(it.cwd, "exports"), `${judgeSeed}`];
  const { stdout } = await promisify(execFile)(python!, args, { maxBuffer: 2 ** 28 });
  const truth = JSON.parse(stdout);
  const first = await imported(it);
  assertEquals([first.code, first.report.runs, first.report.failures], [1, 3, 2]);
  assertMatch(first.problems[0].reason, /img\/step_0.png" is missing, and 2 more/);
  assertEquals(first.problems[1].reason, "part 1 is missing");
  assertEquals((await imported(it)).report.unchanged, 3);
  const partial = await imported(it, "--partial");
  assertEquals([partial.code, partial.report.runs, partial.report.unchanged], [0, 2, 3]);
  for (const { version } of await it.jsonLines("versions team/digits --json")) {
    const ref = `team/digits@${version}`, { metadata, files } = await it.json(`info ${ref} --json`);
    const { points, texts } = truth[metadata.run.id];
    const start = metadata.mlflow.start_time, id = metadata.run.id;
    const lines = metadata.curves ? await it.jsonLines(`cat ${ref} ${metadata.curves}`) : [];
    const here = lines.flatMap(({ step, _time, ...values }): Point[] =>
      Object.entries(values).map((
        [key, value],
      ) => [
        key.replace("metric:", ""),
        step,
        Object.is(value, -0) ? "-0" : `${value}`,
        Math.round(_time * 1000) + start,
      ])
    );
    const there = points.map(([key, step, value, at]: Point) => [key, step, asNumber(value), at]);
    const sorted = (rows: Point[]) => rows.map((row) => JSON.stringify(row)).sort();
    // Of the run without part 1, only the parts before it.
    if (id !== "no part") assertEquals(sorted(here), sorted(there), `${id}, seed ${judgeSeed}`);
    const { "sys/name": name, ...params } = texts;
    const { "parameters/n": n, "parameters/opt": opt } = metadata.params;
    assertEquals({ "parameters/n": n, "parameters/opt": opt }, {
      "parameters/n": undefined,
      "parameters/opt": undefined,
      ...params,
    });
    assertEquals(metadata.tags["mlflow.runName"], name);
    assertEquals(metadata.mlflow.status, id === "RUN-1" ? "FAILED" : "FINISHED");
    if (id !== "RUN-1" && id !== "my run/ü") continue;
    assertEquals(metadata.tags["neptune.tags"], "a, b");
    assertEquals(files.map(({ path }: { path: string }) => path), [
      "img/step_0.png",
      "img/step_1.png",
      "img/step_2.png",
      "set/a/b.txt",
      "media.jsonl",
      "history.jsonl",
    ]);
    assertEquals(await it.succeeds(`cat ${ref} img/step_0.png`), `${id} 0`);
    const media = await it.jsonLines(`cat ${ref} media.jsonl`);
    assertEquals(media.slice(0, 3).map(({ step: _step, _timestamp, ...values }) => values), [
      { tag: "out", _type: "text", text: "l 0" },
      { tag: "h", _type: "histogram", type: "COUNTING", edges: [0, 0.5, 1], values: [3, 0] },
      { tag: "img", _type: "file", path: "img/step_0.png" },
    ]);
  }
}, { ignore: python === undefined });

cliTest("damaged parts fail their runs, links are not followed, models are listed", async (it) => {
  await writeTree(it.cwd, {
    [`exports/data/${PROJECT}/a_part_0.parquet`]: "hello, I am a text",
    [`exports/data/${PROJECT}/b_part_0.parquet`]: "",
    [`exports/data/${PROJECT}/models/m_part_0.parquet`]: "x",
    [`exports/data/${PROJECT}/c_part_4000000000.parquet`]: "x",
    [`exports/data/${PROJECT}/d_part_0.parquet.tmp`]: "x",
    secret: "secret",
  });
  await symlink(join(it.cwd, "secret"), join(it.cwd, `exports/data/${PROJECT}/e_part_0.parquet`));
  const { code, problems, report } = await imported(it);
  assertEquals([code, report.runs, report.failures, report.left], [1, 0, 3, 2]);
  const texts = problems.map(({ what, reason }) => `${what} ${reason}`).join("\n");
  assertMatch(texts, /a_part_0.parquet": /);
  assertMatch(texts, /part 0 is missing/);
  assertMatch(texts, /e_part_0.parquet" is a link/);
  assertMatch(texts, /models are not imported/);
});

cliTest("a folder without runs is refused", async (it) => {
  await mkdir(join(it.cwd, "exports"));
  await it.fails("import neptune exports .holdfast --create", 3, "neptune-exporter");
  await it.fails("ls", 3);
});
