import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { projectTest } from "./project.ts";

const FAILING = ["pipeline", "run", "-q", "--set", "operators.train.params.fail=no data"];

projectTest("pipeline status lists the runs of all pipelines, newest first", async (it) => {
  await it.fails("pipeline status", 0, "No runs yet. Start one: holdfast pipeline run\n");
  await it.holdfast(FAILING);
  await it.succeeds("pipeline run -q");
  await it.succeeds("pipeline run -q --set pipeline.pipeline_id=other --operator clean");
  await it.succeeds("save my:run - --as text", { stdin: "no plan of a pipeline" });
  const lines = (await it.succeeds("pipeline status")).trimEnd().split("\n");
  const first = lines.map((line) => line.split(" ")[0]);
  assertEquals(first, ["RUN", "other@1", "nightly@2", "nightly@1"]);
  assertMatch(lines[3], /failed: 1 ran, 1 failed, 1 blocked$/);
  await it.prints("pipeline status nightly -q", "nightly@2\nnightly@1\n");
  const { out, err } = await it.holdfast("pipeline status nightly --limit 1 --json");
  const { run, end, steps, counts } = JSON.parse(out);
  assertEquals([run, end, steps, counts], ["nightly@2", "ok", 3, { ran: 2, skipped: 1 }]);
  assertStringIncludes(err, "There may be more");
});

projectTest("pipeline status of a run lists its steps", async (it) => {
  await it.holdfast(FAILING);
  const { out, err } = await it.holdfast("pipeline status nightly@1");
  assertMatch(out, /^clean +ran +[\d.]+s +nightly:output:clean@1\.0\.0 +never ran$/m);
  assertMatch(out, /^train +failed +[\d.]+s +3 \(logic\): no data +never ran$/m);
  assertMatch(out, /^report +blocked +step train has no success$/m);
  assertStringIncludes(err, "holdfast pipeline logs nightly@1 train\n");
  await it.succeeds("pipeline run -q");
  await it.succeeds("pipeline run -q --set operators.train.params.lr=0.5");
  const third = (await it.holdfast("pipeline status nightly@3")).out;
  assertMatch(third, /^train +ran .* params\.lr 0\.1 → 0\.5$/m);
  assertMatch(third, /^clean +skipped .*nothing changed$/m);
  await it.tells("pipeline status nightly@latest", third.split("\n")[1]);
  await it.fails("pipeline status nightly@7", 3, "status nightly");
  await it.fails("pipeline status nothing", 3, "status");
  await it.fails("pipeline status nightly@x", 2, "pipeline status");
});

projectTest("pipeline status and versions show the metrics of steps", async (it) => {
  const script =
    'echo 1 > "$OUTPUT_ROOT/weights"; echo "{\\"loss\\": 0.123456, \\"test\\": {\\"acc\\": 1}}" > "$OUTPUT_ROOT/m.json"';
  const set = [
    `operators.train.script=${JSON.stringify(script)}`,
    "operators.train.metrics=m.json",
  ];
  const run = await it.holdfast(["pipeline", "run", ...set.flatMap((each) => ["--set", each])]);
  assertMatch(
    run.err,
    /^train +ran in .* → model@1\.0\.0, loss 0\.1235, test\.acc 1$/m,
  );
  const { out } = await it.holdfast("pipeline status nightly@1");
  assertMatch(out, /^train +ran .* model@1\.0\.0, loss 0\.1235, test\.acc 1 /m);
  const rows = await it.jsonLines("pipeline status nightly@1 --json");
  const { metrics } = rows.find(({ step }) => step === "train")!;
  assertEquals(metrics, { loss: 0.123456, test: { acc: 1 } });
  const columns = "version,metadata.metrics.loss,metadata.params.lr";
  const listed = await it.succeeds(`versions model --columns ${columns}`);
  assertMatch(listed, /^1\.0\.0 +0\.123456 +0\.1$/m);
});

projectTest("pipeline logs prints every attempt", async (it) => {
  const retries = ["--set", "operators.train.retries={ attempts: 2, backoff: 1ms }"];
  await it.holdfast([...FAILING, ...retries]);
  const lines = (await it.succeeds("pipeline logs nightly@1 train")).trimEnd().split("\n");
  const attempt = ["info learning with 0.1", "error no data"];
  assertEquals(lines.map((line) => line.replace(/^\S+Z /, "")), [
    ...attempt,
    ...attempt,
    "warn not retried: attempt 2 of 2 failed",
  ]);
  const rows = await it.jsonLines("pipeline logs nightly --json");
  const words = rows.map(({ step, attempt, level }) => [step, attempt, level].join(" "));
  assertEquals(words, [
    ...["train 1 info", "train 1 error", "train 2 info", "train 2 error", "train 2 warn"],
  ]);
  await it.fails("pipeline logs nightly trian", 3, "It has: clean, train, report.");
  await it.fails("pipeline logs nightly clean", 0, "no log was saved");
});

projectTest("the log of a skipped step is that of its success", async (it) => {
  await it.succeeds("pipeline run -q");
  await it.succeeds("pipeline run -q");
  const { out, err } = await it.holdfast("pipeline logs nightly@2 train");
  assertStringIncludes(out, "learning with 0.1");
  assertStringIncludes(err, "train was skipped; this is the log of nightly:step:train@1.0.0:");
  await it.succeeds("pipeline run -q --force");
  await it.prints("pipeline logs nightly@1 train", out);
});

projectTest("pipeline cancel refuses ended and missing runs", async (it) => {
  await it.succeeds("pipeline run -q");
  await it.fails("pipeline cancel nightly@1", 4, "it has ended (ok)");
  await it.fails("pipeline cancel nightly@2", 3);
});
