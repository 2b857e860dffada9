import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { holdfast, succeeds } from "../../../captured_io.ts";
import { projectTest } from "./project.ts";

projectTest("pipeline status lists the runs of all pipelines, newest first", async (it) => {
  const { out: none, err } = await it.holdfast("pipeline status");
  assertEquals([none, err], ["", "No runs yet. Start one: holdfast pipeline run\n"]);
  await it.holdfast(["pipeline", "run", "-q", "--set", "operators.train.params.fail=no"]);
  await it.succeeds("pipeline run -q");
  await it.succeeds("pipeline run -q --set pipeline.pipeline_id=other --operator clean");
  await it.succeeds("save my:run - --as text", { cwd: it.cwd, stdin: "no plan of a pipeline" });
  const lines = (await it.succeeds("pipeline status")).trimEnd().split("\n");
  assertEquals(lines.map((line) => line.split(" ")[0]), [
    "RUN",
    "other@1",
    "nightly@2",
    "nightly@1",
  ]);
  assertMatch(lines[3], /failed: 1 ran, 1 failed, 1 blocked$/);
  await it.prints("pipeline status nightly -q", "nightly@2\nnightly@1\n");
  const { out, err: more } = await it.holdfast("pipeline status nightly --limit 1 --json");
  const { run, end, steps, counts } = JSON.parse(out);
  assertEquals([run, end, steps, counts], ["nightly@2", "ok", 3, { ran: 2, skipped: 1 }]);
  assertStringIncludes(more, "There may be more");
});

projectTest("pipeline status of a run says what became of each step", async (it) => {
  await it.holdfast(["pipeline", "run", "-q", "--set", "operators.train.params.fail=no data"], {
    cwd: it.cwd,
  });
  const { out, err } = await it.holdfast("pipeline status nightly@1");
  assertMatch(out, /^clean +ran +[\d.]+s +nightly:output:clean@1\.0\.0$/m);
  assertMatch(out, /^train +failed +[\d.]+s +3 \(logic\): no data$/m);
  assertMatch(out, /^report +blocked +step train has no success$/m);
  assertStringIncludes(err, "holdfast pipeline logs nightly@1 train\n");
  assertEquals(
    (await it.succeeds("pipeline status nightly@latest")).split("\n")[1],
    out.split("\n")[1],
  );
  for (
    const [what, hint] of [["nightly@7", "status nightly"], ["nothing", "status"], [
      "nightly@x",
      "pipeline status",
    ]]
  ) {
    const { code, err } = await it.holdfast(["pipeline", "status", what]);
    assertEquals([code, err.includes(hint)], [what.includes("@x") ? 2 : 3, true], err);
  }
});

projectTest("pipeline logs prints every attempt", async (it) => {
  const retries = ["--set", "operators.train.retries={ attempts: 2, backoff: 1ms }"];
  await it.holdfast([
    "pipeline",
    "run",
    "-q",
    "--set",
    "operators.train.params.fail=no data",
    ...retries,
  ]);
  const lines = (await it.succeeds("pipeline logs nightly@1 train")).trimEnd().split("\n");
  assertEquals(lines.map((line) => line.replace(/^\S+Z /, "")), [
    "info learning with 0.1",
    "error no data",
    "info learning with 0.1",
    "error no data",
  ]);
  const rows = (await it.succeeds("pipeline logs nightly --json")).trimEnd().split("\n").map((
    row,
  ) => JSON.parse(row));
  assertEquals(rows.map(({ step, attempt, level }) => [step, attempt, level].join(" ")), [
    "train 1 info",
    "train 1 error",
    "train 2 info",
    "train 2 error",
  ]);
  const { code, err } = await it.holdfast("pipeline logs nightly trian");
  assertEquals(code, 3);
  assertStringIncludes(err, "It has: clean, train, report.");
  assertStringIncludes((await it.holdfast("pipeline logs nightly clean")).err, "no log was saved");
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
  const { code, err } = await it.holdfast("pipeline cancel nightly@1");
  assertEquals(code, 4);
  assertStringIncludes(err, "it has ended (ok)");
  assertEquals((await it.holdfast("pipeline cancel nightly@2")).code, 3);
});
