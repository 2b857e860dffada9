import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { holdfast, succeeds } from "../../../captured_io.ts";
import { projectRoot } from "./project.ts";

Deno.test("pipeline status lists the runs of all pipelines, newest first", async () => {
  await using root = await projectRoot();
  const { path: cwd } = root;
  const { out: none, err } = await holdfast("pipeline status", { cwd });
  assertEquals([none, err], ["", "No runs yet. Start one: holdfast pipeline run\n"]);
  await holdfast(["pipeline", "run", "-q", "--set", "operators.train.params.fail=no"], { cwd });
  await succeeds("pipeline run -q", { cwd });
  await succeeds("pipeline run -q --set pipeline.pipeline_id=other --operator clean", { cwd });
  await succeeds("save my:run - --as text", { cwd, stdin: "no plan of a pipeline" });
  const lines = (await succeeds("pipeline status", { cwd })).trimEnd().split("\n");
  assertEquals(lines.map((line) => line.split(" ")[0]), [
    "RUN",
    "other@1",
    "nightly@2",
    "nightly@1",
  ]);
  assertMatch(lines[3], /failed: 1 ran, 1 failed, 1 blocked$/);
  assertEquals(await succeeds("pipeline status nightly -q", { cwd }), "nightly@2\nnightly@1\n");
  const { out, err: more } = await holdfast("pipeline status nightly --limit 1 --json", { cwd });
  const { run, end, steps, counts } = JSON.parse(out);
  assertEquals([run, end, steps, counts], ["nightly@2", "ok", 3, { ran: 2, skipped: 1 }]);
  assertStringIncludes(more, "There may be more");
});

Deno.test("pipeline status of a run says what became of each step", async () => {
  await using root = await projectRoot();
  const { path: cwd } = root;
  await holdfast(["pipeline", "run", "-q", "--set", "operators.train.params.fail=no data"], {
    cwd,
  });
  const { out, err } = await holdfast("pipeline status nightly@1", { cwd });
  assertMatch(out, /^clean +ran +[\d.]+s +nightly:output:clean@1\.0\.0$/m);
  assertMatch(out, /^train +failed +[\d.]+s +3 \(logic\): no data$/m);
  assertMatch(out, /^report +blocked +step train has no success$/m);
  assertStringIncludes(err, "holdfast pipeline logs nightly@1 train\n");
  assertEquals(
    (await succeeds("pipeline status nightly@latest", { cwd })).split("\n")[1],
    out.split("\n")[1],
  );
  for (
    const [what, hint] of [["nightly@7", "status nightly"], ["nothing", "status"], [
      "nightly@x",
      "pipeline status",
    ]]
  ) {
    const { code, err } = await holdfast(["pipeline", "status", what], { cwd });
    assertEquals([code, err.includes(hint)], [what.includes("@x") ? 2 : 3, true], err);
  }
});

Deno.test("pipeline logs prints what a step said in each attempt, and what all said", async () => {
  await using root = await projectRoot();
  const { path: cwd } = root;
  const retries = ["--set", "operators.train.retries={ attempts: 2, backoff: 1ms }"];
  await holdfast([
    "pipeline",
    "run",
    "-q",
    "--set",
    "operators.train.params.fail=no data",
    ...retries,
  ], { cwd });
  const lines = (await succeeds("pipeline logs nightly@1 train", { cwd })).trimEnd().split("\n");
  assertEquals(lines.map((line) => line.replace(/^\S+Z /, "")), [
    "info learning with 0.1",
    "error no data",
    "info learning with 0.1",
    "error no data",
  ]);
  const rows = (await succeeds("pipeline logs nightly --json", { cwd })).trimEnd().split("\n").map((
    row,
  ) => JSON.parse(row));
  assertEquals(rows.map(({ step, attempt, level }) => [step, attempt, level].join(" ")), [
    "train 1 info",
    "train 1 error",
    "train 2 info",
    "train 2 error",
  ]);
  const { code, err } = await holdfast("pipeline logs nightly trian", { cwd });
  assertEquals(code, 3);
  assertStringIncludes(err, "It has: clean, train, report.");
  assertStringIncludes(
    (await holdfast("pipeline logs nightly clean", { cwd })).err,
    "no log was saved",
  );
});

Deno.test("the log of a step that was skipped is that of the success that counts", async () => {
  await using root = await projectRoot();
  const { path: cwd } = root;
  await succeeds("pipeline run -q", { cwd });
  await succeeds("pipeline run -q", { cwd });
  const { out, err } = await holdfast("pipeline logs nightly@2 train", { cwd });
  assertStringIncludes(out, "learning with 0.1");
  assertStringIncludes(err, "train was skipped; this is the log of nightly:step:train@1.0.0:");
  await succeeds("pipeline run -q --force", { cwd });
  assertEquals(
    await succeeds("pipeline logs nightly@1 train", { cwd }),
    out,
    "what it says in other runs is not of this one",
  );
});

Deno.test("pipeline cancel refuses a run that has ended, and one that is not there", async () => {
  await using root = await projectRoot();
  const { path: cwd } = root;
  await succeeds("pipeline run -q", { cwd });
  const { code, err } = await holdfast("pipeline cancel nightly@1", { cwd });
  assertEquals(code, 4);
  assertStringIncludes(err, "it has ended (ok)");
  assertEquals((await holdfast("pipeline cancel nightly@2", { cwd })).code, 3);
});
