// Runs that real writers wrote arrive as TensorBoard itself reads them.
import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { promisify } from "node:util";
import { join } from "@std/path";
import { realSystem } from "../../../../../core/system.ts";
import { SourceFiles } from "../../../../../extensions/neighbors/import/source_files.ts";
import { runsIn } from "../../../../../extensions/neighbors/import/tensorboard/read_runs.ts";
import { RecordWriter } from "../../../../../extensions/neighbors/import/write_records.ts";
import { createLocalFiles } from "../../../../../files/mod.ts";
import { openRegistry } from "../../../../../mod.ts";
import { metricsIn } from "../../../../../extensions/runs/mlflow/points.ts";
import { judgeSeed, judgeTest } from "../../../../judges/judge_test_case.ts";
import { IS_QUICK, kindsOfShare } from "../../../../support/seeds.ts";
import { tempRoot } from "../../../../support/temp_root.ts";

const run = promisify(execFile);
const clients = realSystem.env("HOLDFAST_TENSORBOARD") ??
  join(realSystem.env("HOME") ?? "", ".cache/holdfast-ci/tensorboard");
const torch = realSystem.env("HOLDFAST_TORCH_PYTHON") ??
  join(realSystem.env("HOME") ?? "", ".cache/holdfast-ci/torch/bin/python");
const script = new URL("judge.py", import.meta.url).pathname;

/** A writer: `tensorboardX` of two years, that of PyTorch, and TensorBoard's own, which writes tensors. */
const WRITERS = ["new", "old", "torch", "tensorboard"] as const;

async function python(writer: typeof WRITERS[number], args: readonly string[]): Promise<string> {
  const venv = join(clients, writer === "old" ? "old" : "new");
  const packages = readdirSync(join(venv, "lib")).map((each) =>
    join(venv, "lib", each, "site-packages")
  );
  const program = writer === "torch" ? torch : join(venv, "bin/python");
  // TensorBoard is not beside PyTorch.
  const env = writer === "torch" ? [`PYTHONPATH=${packages.join(":")}`] : [];
  const { stdout } = await run("env", [...env, program, script, ...args], { maxBuffer: 2 ** 28 });
  return stdout;
}

type Row = unknown[];

function sorted(rows: Row[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

/** Returns one text for a number of a line and for one that Python printed. */
function asNumber(value: unknown): string {
  const text = `${value}`.replace("nan", "NaN").replace("inf", "Infinity");
  return Object.is(value, -0) || text === "-0.0" ? "-0" : `${Number(text)}`;
}

for (const writer of kindsOfShare("tensorboard", WRITERS)) {
  const isThere = existsSync(join(clients, "new/bin/python")) &&
    existsSync(writer === "torch" ? torch : join(clients, "old/bin/python"));
  const missing = IS_QUICK
    ? "a quick run starts no writers"
    : isThere
    ? undefined
    : "TensorBoard is not installed; .ci/run installs it";
  judgeTest(`runs of a real writer are those of TensorBoard (${writer})`, missing, async () => {
    await using root = await tempRoot();
    const folder = join(root.path, "logs");
    await python(writer, ["write", folder, writer, `${judgeSeed}`]);
    const truth = JSON.parse(await python("new", ["read", folder, writer, "0"]));
    await using registry = await openRegistry(root.path + "/registry");
    await using store = createLocalFiles({ root: folder });
    const write = async () => {
      const records = runsIn(new SourceFiles(store), { nameOf: (name) => name }, "logs");
      return await new RecordWriter(registry, {}).write(records);
    };
    const report = await write();
    assertEquals(report.notImported, []);
    for await (const { version, info } of registry.versions("logs", { details: true })) {
      const { metadata } = info!,
        { runName } = Object.fromEntries(
          Object.entries(metadata.tags as object).map(([tag, text]) => [tag.slice(7), text]),
        );
      const artifact = await registry.open("logs", { version });
      const textIn = async (path: unknown) =>
        artifact.info.files.some((file) => file.path === path)
          ? new TextDecoder().decode(await artifact.file(`${path}`).bytes()).trim()
          : "";
      const { start_time } = metadata.mlflow as { start_time: number };
      const points = (await textIn(metadata.curves)).split("\n").flatMap((line) =>
        [...metricsIn(line, start_time)].map(({ key, value, step, timestamp }) =>
          [key, step, asNumber(value), timestamp] as Row
        )
      );
      const sums = new Map(artifact.info.files.map(({ path, sha256 }) => [path, sha256]));
      const lines = (await textIn("media.jsonl")).split("\n").filter(Boolean).map((line) =>
        JSON.parse(line)
      );
      const media = lines.map(({ tag, step, _type, ...values }): Row => {
        if (_type === "image-file") return [tag, step, sums.get(values.path)];
        if (_type === "text") return [tag, step, values.text];
        const { _timestamp, buckets, min, max, num, sum, sum_squares, ...old } = values;
        const numbers = buckets?.flat() ??
          [min, max, num, sum, sum_squares, ...old.bucket_limit, ...old.bucket];
        return [tag, step, numbers.map(asNumber)];
      });
      const { [runName]: there } = truth;
      const thereMedia = there.media.map((
        [tag, step, value]: Row,
      ) => [
        tag,
        step,
        Array.isArray(value) && tag !== "text" && !`${tag}`.startsWith("note")
          ? value.map(asNumber)
          : value,
      ]);
      const therePoints = there.points.map((
        [tag, step, value, at]: Row,
      ) => [tag, step, asNumber(value), at]);
      assertEquals(sorted(points), sorted(therePoints), runName);
      assertEquals(sorted(media), sorted(thereMedia), runName);
      if (/\d+\.\d+$|tensors/.test(runName)) {
        const { on, ...params } = metadata.params as Record<string, string>;
        assertEquals(params, { lr: "0.1", opt: "sgd", n: "3" });
        assertEquals(["true", "1"].includes(on!), true); // PyTorch's writer has a number there
      }
      delete truth[runName];
    }
    assertEquals(Object.keys(truth), []);
    assertEquals((await write()).unchanged, report.runs);
  });
}
