// Runs that are not finished, as rows among the versions of their name.
import { assertEquals } from "@std/assert";
import type { LoggedRun } from "../../src/api/logged_runs.ts";
import {
  chooseExperiments,
  experimentsOf,
  experimentsOfRuns,
  shortRunName,
  withRuns,
} from "../../src/views/versions/experiments.ts";

const at = (minute: number) => `2026-01-02T03:${String(minute).padStart(2, "0")}:00.000Z`;

function run(id: string, state: LoggedRun["state"], minute: number, tags = {}): LoggedRun {
  const [startedAt, lastAt] = [at(0), at(minute)];
  return { name: "m", id, state, params: { rate: minute }, tags, startedAt, lastAt, points: 1 };
}

function version(number: number, minute: number) {
  const createdAt = at(minute);
  return { name: "m", version: `${number}.0.0`, modifiedAt: createdAt };
}

Deno.test("runs that go on come first, and those that ended among the versions by time", () => {
  const versions = experimentsOf([version(3, 30), version(2, 20), version(1, 10)], []);
  const rows = withRuns(
    versions,
    experimentsOfRuns([
      run("old", "failed", 5),
      run("silent", "silent", 1),
      run("between", "failed", 25),
      run("live", "running", 15),
      run("new", "failed", 40),
    ]),
  );
  assertEquals(rows.map(({ version }) => version), [
    ...["run:live", "run:silent", "run:new", "3.0.0", "run:between"],
    ...["2.0.0", "1.0.0", "run:old"],
  ]);
  assertEquals(withRuns(versions, []), versions);
});

Deno.test("a silent run is found as running and as killed, and others by their state", () => {
  const rows = experimentsOfRuns([
    run("a", "silent", 1),
    run("b", "running", 2),
    run("c", "failed", 3),
  ]);
  const found = (filter: string) =>
    chooseExperiments(rows, { filter, sort: "" }).map(({ run }) => run?.id).join("");
  assertEquals(found("state=running"), "ab");
  assertEquals(found("state=killed"), "a");
  assertEquals(found("state=failed"), "c");
  assertEquals(found("params.rate>1"), "bc");
  assertEquals(found("state=finished or params.rate=1"), "a");
});

Deno.test("a run has the name that its client gave it, and of a random id its end", () => {
  const id = "01a23cac-886c-76a0-8c6c-39a0b5991de9";
  const names = experimentsOfRuns([
    run(id, "running", 1),
    run(id, "running", 1, { "mlflow.runName": "sweep-1" }),
    run("trial-01", "running", 1),
  ]).map(shortRunName);
  assertEquals(names, ["39a0b5991de9", "sweep-1", "trial-01"]);
});
