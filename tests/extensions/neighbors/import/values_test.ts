// Values of all kinds arrive as they are at the source, or are refused by their names.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { mkdir } from "node:fs/promises";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { type CliTest, cliTest } from "../../../apps/captured_io.ts";
import { commit, outOf, writeCache } from "./dvc/write_repository.ts";
import { cached, md5 } from "./dvc/write_repository.ts";
import { RUN, runFiles, writeTree } from "./mlflow/write_mlruns.ts";
import { end, folder, item, log, message, run as runRecord } from "./wandb/write_wandb.ts";
import { reportLines } from "./report_lines.ts";

/** Numbers as Python writes them. */
const WRITTEN = [
  ...["0", "-0.0", "1", "-1", "1.0", "0.1", "1e-05", "5e-324", "1.7976931348623157e+308"],
  ...["9007199254740991", "9007199254740993", "1152921504606846976", "1152921504606846977"],
  ...[
    "-9223372036854775808",
    "18446744073709551615",
    "0.30000000000000004",
    "123456789012345678.0",
  ],
];
const NOT_FINITE = ["NaN", "Infinity", "-Infinity"];
const NUMBERS = [...WRITTEN, ...NOT_FINITE];
/** Configurations in JSON, and their parameters here. */
const CONFIGURED: Record<string, [json: string, text: string]> = {
  ...Object.fromEntries(NUMBERS.map((text, i) => [`n${i}`, [text, text] as [string, string]])),
  list: [
    `[1, 2.0, 1152921504606846977, "3", [true, null]]`,
    `[1,2.0,1152921504606846977,"3",[true,null]]`,
  ],
  empty: ["{}", "{}"],
  none: ["null", "null"],
  flag: ["true", "true"],
  text: ['"1.0 \\" ü"', '1.0 " ü'],
};
const CONFIG = Object.entries(CONFIGURED).map(([key, [json]]) => `"${key}": ${json}`).join(", ");
const PARAMS = Object.fromEntries(
  Object.entries(CONFIGURED).map(([key, [, text]]) => [key, text]),
);

/** True if a number of JavaScript is the one that is written. */
function isExact(text: string): boolean {
  const number = Number(text);
  return !/^-?\d+$/.test(text) || BigInt(number) === BigInt(text);
}

async function imported(it: CliTest, line: string) {
  const { code, out, err } = await it.holdfast(`${line} .holdfast --create --json`);
  assertStringIncludes(out, "{", err);
  return { code, problems: reportLines(out).slice(0, -1).map(({ reason }) => `${reason}`) };
}

/** Returns the values of a metric in the curve of the only version of a name. */
async function values(it: CliTest, name: string, key: string): Promise<number[]> {
  const lines = (await it.succeeds(`cat ${name} history.jsonl`)).trim().split("\n");
  return lines.map((line) => JSON.parse(line)).filter((point) => key in point)
    .map((point) => Number(point[key]));
}

const EXACT = NUMBERS.filter(isExact), ROUNDED = NUMBERS.filter((text) => !isExact(text));

cliTest("numbers of MLflow's folders and databases are the same floats", async (it) => {
  const lines = NUMBERS.map((text, i) => {
    const python = text.replace("Infinity", "inf").replace("NaN", "nan");
    return `170000000100${i % 10} ${python} ${i}\n`;
  });
  await writeTree(join(it.cwd, "mlruns"), {
    ...runFiles(RUN, { artifact_uri: null }),
    [`7/${RUN}/metrics/x`]: lines.join(""),
  });
  assertEquals((await imported(it, "import mlflow mlruns")).problems, []);
  assertEquals(
    (await values(it, "team/digits", "x")).map(String).sort(),
    NUMBERS.map(Number).map(String).sort(),
  );
  const own = await values(it, "team/digits", "x");
  assertEquals(own.filter((value) => Object.is(value, -0)).length, 1);
});

cliTest("numbers of a database are the same floats", async (it) => {
  const database = new DatabaseSync(join(it.cwd, "mlflow.db"));
  database.exec(
    `CREATE TABLE experiments (experiment_id INTEGER, name TEXT, lifecycle_stage TEXT);
    CREATE TABLE runs (run_uuid TEXT, status TEXT, start_time BIGINT, end_time BIGINT,
      lifecycle_stage TEXT, artifact_uri TEXT, experiment_id INTEGER);
    CREATE TABLE metrics (key TEXT, value FLOAT, timestamp BIGINT, run_uuid TEXT, step BIGINT, is_nan BOOLEAN);
    INSERT INTO experiments VALUES (1, 'digits', 'active');
    INSERT INTO runs VALUES ('one', 'FINISHED', 1, 2, 'active', '${it.cwd}/mlruns/1/one/artifacts', 1);`,
  );
  await mkdir(join(it.cwd, "mlruns"));
  const add = database.prepare("INSERT INTO metrics VALUES ('x', ?, 1, 'one', ?, ?)");
  NUMBERS.forEach((text, i) =>
    add.run(text === "NaN" ? 0 : Number(text), i, text === "NaN" ? 1 : 0)
  );
  database.close();
  assertEquals((await imported(it, "import mlflow mlflow.db")).problems, []);
  assertEquals(await values(it, "digits", "x"), NUMBERS.map(Number));
});

/** Writes a run of W&B, in a folder of its client or in an export. */
const WANDB: Record<string, (it: CliTest, metrics: readonly string[]) => Promise<string>> = {
  async folder(it, metrics) {
    const config = message([
      5,
      message(...Object.entries(CONFIGURED).map(([key, [json]]) => item(key, json))),
    ]);
    const steps = metrics.map((text, i) =>
      message([2, message(item("x", text), [2, message([1, i])])])
    );
    const summary = message([3, message(item("best", '{"max": 9}'), item("x", "0.97"))]);
    await writeTree(it.cwd, {
      [`${folder("abc")}/run-abc.wandb`]: log([runRecord(), config, ...steps, summary, end()]),
    });
    return "wandb";
  },
  async export(it, metrics) {
    const rows = metrics.map((text, i) => `{"_step": ${i}, "x": ${text}}\n`);
    await writeTree(it.cwd, {
      "out/abc/run.json":
        `{"id": "abc", "project": "digits", "state": "finished", "rows": ${rows.length}, ` +
        `"summary": {"best": {"max": 9}, "x": 0.97}, "config": {${CONFIG}}}`,
      "out/abc/history.jsonl": rows.join(""),
    });
    return "out";
  },
};

for (const [kind, write] of Object.entries(WANDB)) {
  cliTest(`values of W&B are as they are written: ${kind}`, async (it) => {
    const from = await write(it, EXACT);
    assertEquals((await imported(it, `import wandb ${from}`)).problems, []);
    const { metadata } = await it.json("info digits --json");
    assertEquals(metadata.params, PARAMS);
    assertEquals(await values(it, "digits", "x"), EXACT.map(Number));
    assertEquals([metadata.metrics.x, metadata.metrics["best.max"]], [0.97, 9]);
  });

  for (const text of ROUNDED) {
    cliTest(
      `an integer that a number would round is refused by its name: ${kind} ${text}`,
      async (it) => {
        const { code, problems } = await imported(
          it,
          `import wandb ${await write(it, ["1", text])}`,
        );
        assertEquals([code, problems.length], [1, 1]);
        assertStringIncludes(problems[0]!, `"x" is ${text}, which a number would round`);
      },
    );
  }
}

cliTest("keys of a configuration that become one are refused by their name", async (it) => {
  await writeTree(it.cwd, {
    "out/abc/run.json": '{"id": "abc", "state": "finished", "config": {"a.b": 1, "a": {"b": 2}}}',
    "out/abc/history.jsonl": "",
  });
  assertEquals((await imported(it, "import wandb out")).problems, [
    `its configuration has "a.b" twice`,
  ]);
});

cliTest("an export that lost lines or files stays out", async (it) => {
  const facts = { id: "abc", state: "finished", rows: 2, sizes: { "a.txt": 2, "b.txt": 1 } };
  await writeTree(it.cwd, {
    "out/abc/run.json": JSON.stringify(facts),
    "out/abc/history.jsonl": '{"x": 1}\n',
    "out/abc/files/a.txt": "hi",
  });
  const [problem] = (await imported(it, "import wandb out")).problems;
  assertEquals(problem, `"abc/files/b.txt" is missing, and 1 more`);
  await writeTree(it.cwd, {
    "out/abc/history.jsonl": '{"x": 1}\n{"x": 2}\n',
    "out/abc/files/b.txt": "too long",
  });
  const [size] = (await imported(it, "import wandb out")).problems;
  assertEquals(size, "it has 3 bytes of files, and 10 of them can be imported");
  await writeTree(it.cwd, { "out/abc/files/b.txt": "!" });
  assertEquals((await imported(it, "import wandb out")).problems, []);
});

cliTest("a file that a run of W&B has noted, and that is gone, keeps the run out", async (it) => {
  const files = message([6, message([1, message([1, "a.txt"])], [1, message([1, "*.ckpt"])])]);
  const path = `${folder("abc")}/run-abc.wandb`;
  await writeTree(it.cwd, { [path]: log([runRecord(), files, end()]) });
  const { code, problems } = await imported(it, "import wandb wandb");
  assertEquals([code, problems.length], [1, 1]);
  assertStringIncludes(problems[0]!, `files/a.txt" is missing`);
  await writeTree(it.cwd, { [`${folder("abc")}/files/a.txt`]: "hi" });
  assertEquals((await imported(it, "import wandb wandb")).problems, []);
});

cliTest("metrics of DVC are exact or a problem, and DVCLive's parameters arrive", async (it) => {
  const root = join(it.cwd, "digits"), tsv = "dvclive/plots/metrics/n.tsv";
  await mkdir(root);
  const metrics = (numbers: readonly string[]) =>
    `{${numbers.map((text, i) => `"n${i}": ${text}`).join(", ")}}`;
  const files = {
    "dvclive/params.yaml": "lr: 1e-3\nopt: {name: sgd}\n",
    "dvc.yaml": "params: [dvclive/params.yaml]\nmetrics: [metrics.json]\n",
    "w.bin.dvc": outOf("w.bin", md5("weights")),
  };
  const exact = NUMBERS.filter((text) => NOT_FINITE.includes(text) || isExact(text));
  await commit(root, { ...files, "metrics.json": metrics(exact) }, ["v1.0.0"]);
  const rounded = WRITTEN.filter((text) => !isExact(text));
  assert(rounded.length > 0);
  for (const [i, text] of rounded.entries()) {
    await commit(root, { "metrics.json": metrics([text]) }, [`v2.${i}`]);
  }
  const [first = ""] = rounded;
  await commit(root, { "metrics.json": "{}", [tsv]: `step\tn\n0\t${first}\n` }, ["v3"]);
  await writeCache(root, cached(["weights"]));
  const { problems } = await imported(it, "import dvc digits");
  assertEquals(problems, [
    ...rounded.map((text) => `"n0" is ${text}, which a number would round`),
    `"${tsv}" has ${first}, which a number would round`,
  ]);
  const { version, metadata } = await it.json("info digits --json");
  assertEquals(version, "1.0.0");
  assertEquals(metadata.params, {
    "dvclive/params.yaml:lr": "1e-3",
    "dvclive/params.yaml:opt.name": "sgd",
  });
  for (const [i, text] of exact.entries()) {
    const kept = NOT_FINITE.includes(text) ? text : Number(text) + 0;
    assertEquals(metadata.metrics[`n${i}`], kept, text);
  }
});

cliTest(
  "values of DVC are as they are written, and counts of its files are checked",
  async (it) => {
    const root = join(it.cwd, "digits");
    await mkdir(root);
    const yaml = Object.entries(CONFIGURED).map(([key, [json]]) => `${key}: ${json}\n`).join("");
    const files = (size: number) => ({
      "params.yaml": yaml,
      "w.bin.dvc": outOf("w.bin", md5("weights"), `  size: ${size}\n`),
    });
    await commit(root, files(7), ["v1.0.0"]);
    await commit(root, files(8), ["v2.0.0"]);
    await writeCache(root, cached(["weights"]));
    const { problems } = await imported(it, "import dvc digits");
    assertEquals(problems, ["it has 8 bytes of files, and 7 of them can be imported"]);
    const { version, metadata } = await it.json("info digits --json");
    assertEquals([version, metadata.params], ["1.0.0", PARAMS]);
    assert(metadata.imported.files === 1);
  },
);
