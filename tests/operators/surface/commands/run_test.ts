import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { OPERATORS_DOOR, PIPELINE, projectTest } from "./project.ts";

const FAILING = ["--set", "operators.train.params.fail=no data"];

projectTest("pipeline run runs changed steps, and prints the outcome of each", async (it) => {
  const { code, out, err } = await it.holdfast("pipeline run");
  assertEquals(code, 0, err);
  assertMatch(out, /^nightly@1 ok in [\d.]+s: 3 ran\n$/);
  assertStringIncludes(err, "train  | learning with 0.1\n");
  assertMatch(err, /^train {3}ran in [\d.]+s → model@1\.0\.0$/m);
  await it.prints("cat model@1 weights", "0.1");
  assertMatch(await it.succeeds("pipeline run"), /^nightly@2 ok in [\d.]+s: 3 skipped\n$/);
  await it.prints("pipeline run -q", "nightly@3\n");
});

projectTest("a failed step ends the run with 1, a reason and a log", async (it) => {
  const { code, out, err } = await it.holdfast(["pipeline", "run", ...FAILING]);
  assertEquals(code, 1);
  assertMatch(out, /^nightly@1 failed in [\d.]+s: 1 ran, 1 failed, 1 blocked\n/);
  assertStringIncludes(out, "\ntrain failed with 3 (logic): no data\n");
  assertStringIncludes(out, "\n  log: holdfast pipeline logs nightly@1 train\n");
  assertStringIncludes(err, "report  blocked: step train has no success\n");
  assertMatch(await it.succeeds("pipeline run"), /: 2 ran, 1 skipped\n$/);
});

projectTest("run --json prints events, then the result", async (it) => {
  const { code, out, err } = await it.holdfast(["pipeline", "run", "--json", ...FAILING], {
    cwd: it.cwd,
  });
  assertEquals([code, err], [1, ""]);
  const lines = out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines[0], { type: "run started", run: "nightly@1", steps: 3 });
  assertEquals(
    lines.find(({ type, step }) => type === "log" && step === "train").line,
    "learning with 0.1",
  );
  const { kind, end, steps } = lines.at(-1);
  assertEquals([kind, end, steps.train.exitCode, steps.report.end], [
    "result",
    "failed",
    3,
    "blocked",
  ]);
  assertEquals(lines.at(-2).type, "run ended");
});

projectTest(
  "the merged configuration of a run names its secrets, and only its user can read it",
  async (it) => {
    await it.succeeds("pipeline run -q --set variables.lr=0.3", { env: { NOTE: "a secret" } });
    const path = it.root.join(".holdfast-runs/nightly/1/pipeline.json");
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    const kept = await it.succeeds("cat nightly:run@1 pipeline.json");
    assertEquals(JSON.parse(kept).pipeline.operators[1].params.lr, 0.3);
    assertEquals([kept.includes('"from_env": "NOTE"'), kept.includes("a secret")], [true, false]);
    const check = `pipeline plan --check ${path} --operators operators.ts --json`;
    const valid = await it.json(check);
    assertEquals([valid.pipeline, valid.steps], ["nightly", ["clean", "train", "report"]]);
  },
  {
    pipeline: PIPELINE.replace(
      "text: cleaned",
      'text: { from_env: NOTE }, other: "$$${lr}"',
    ),
  },
);

projectTest("log_config sets the level and the file of logs", async (it) => {
  const line = "pipeline run --operator clean";
  const { err } = await it.holdfast(line);
  assertEquals([err.includes("quiet"), err.includes("clean  | loud")], [false, true]);
  assertMatch(await Deno.readTextFile(it.root.join("logs/run.log")), /^\S+Z clean warn loud\n$/);
  await it.fails(`${line} --force -v`, 0, "quiet");
}, {
  pipeline: PIPELINE.replace(
    "nodes:",
    "log_config: { level: warn, file: logs/run.log }\n  nodes:",
  ),
  operators: `import { createOperators } from ${JSON.stringify(OPERATORS_DOOR)};
    const run = ({ logger }) => { logger.info("quiet"); logger.warn("loud"); };
    const step = { run, command: () => [] };
    export const operators = createOperators({ write: step, train: step });`,
});

projectTest("a terminal keeps one line per ended step", async (it) => {
  const terminals = ["stdout", "stderr"] as const;
  const { err } = await it.holdfast("pipeline run", {
    cwd: it.cwd,
    terminals: [...terminals],
    columns: 40,
    env: { NO_COLOR: "1" },
  });
  const drawn = err.split("\x1b[J");
  const staying = drawn.map((part) => part.split("\n")).filter((lines) =>
    / (ran|failed) /.test(lines[0])
  ).map(([line]) => line);
  assertEquals(staying.map((line) => line.split(" ")[0]), ["clean", "train", "report"]);
  assertEquals(drawn.at(-1), "", "temporary lines are removed");
  const live = drawn.map((part) => part.split("\x1b[")[0].replace(/\r$/, "").split("\n").at(-1)!);
  assertEquals(live.filter((line) => line.length > 39), []);
  assertEquals(err.includes("\x1b[2m"), false, "no color is wanted");
});
