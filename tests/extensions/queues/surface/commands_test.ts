import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type JobQueue, openQueue } from "../../../../extensions/queues/mod.ts";
import { createListener } from "../../../conformance/queues/queue_case.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { cliTest, holdfast } from "../../../apps/captured_io.ts";

/** A queue with a job that is done, one that failed, and one that is delayed. */
async function fill(queue: JobQueue): Promise<void> {
  const job = (id: string) => ({ id, group: "resize", kind: "task", data: { file: `${id}.png` } });
  await queue.add([job("good"), { ...job("bad"), attempts: 2, backoffMs: 1, group: "other" }]);
  await queue.add({ ...job("later"), delayMs: 600_000 });
  const { onEvent, until } = createListener();
  const over = Promise.withResolvers<void>();
  const worker = await queue.work(({ id }, { onProgress }) => {
    onProgress({ done: 1, of: 2 });
    if (id === "bad") throw new Error("the disk is full\n  at somewhere");
    return { size: 7 };
  }, {
    onEvent(told) {
      onEvent(told);
      if (told.event === "failed" && !told.again) over.resolve();
    },
  });
  await until("done", "good");
  await over.promise;
  await worker.close();
}

let made = 0;

/** Runs commands on a queue with some jobs. */
function jobsTest(
  name: string,
  run: (
    context: { queue: JobQueue; jobs(line: string): ReturnType<typeof holdfast> },
  ) => Promise<void>,
): void {
  programTest(name, "redis", async ({ shared }) => {
    await using root = await tempRoot();
    const url = `${(await shared()).url}?queue=commands-${made++}`;
    await using queue = await openQueue(url);
    await fill(queue);
    await run({
      queue,
      jobs: (line) => holdfast(["jobs", ...line.split(" "), "--queue", url], { cwd: root.path }),
    });
  });
}

jobsTest("jobs ls lists jobs with states and reasons", async ({ jobs }) => {
  const { out, code } = await jobs("ls");
  assertEquals(code, 0);
  const rows = out.trim().split("\n").map((line) => line.split(/ {2,}/));
  assertEquals(rows[0], ["JOB", "STATE", "OF", "TRIES", "WHEN", "WHAT"]);
  assertEquals(rows.slice(1).map((row) => row.slice(0, 4)).sort(), [
    ["bad", "failed", "other", "2/2"],
    ["good", "done", "resize", "1/1"],
    ["later", "delayed", "resize", "0/1"],
  ]);
  assertStringIncludes(out, "the disk is full");
  assertEquals((await jobs("ls --state failed -q")).out, "bad\n");
  assertEquals((await jobs("ls --group resize --limit 1 -q")).out, "later\n");
  const next = await jobs("ls --group resize --limit 1 --after later");
  assertStringIncludes(next.out, "good");
  assertStringIncludes(next.err, "There may be more: --after good");
  const [bad] = (await jobs("ls --state failed --json")).out.trim().split("\n").map((line) =>
    JSON.parse(line)
  );
  const { addedAt, startedAt, endedAt, ...known } = bad;
  assertEquals(known, {
    id: "bad",
    group: "other",
    kind: "task",
    data: { file: "bad.png" },
    state: "failed",
    attempts: 2,
    attemptsMade: 2,
    progress: { done: 1, of: 2 },
    reason: "the disk is full\n  at somewhere",
  });
  for (const time of [addedAt, startedAt, endedAt]) {
    assertMatch(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  }
});

jobsTest("jobs show prints a job, and --follow its changes", async ({ jobs, queue }) => {
  const { out } = await jobs("show good");
  assertStringIncludes(out, "state     done\n");
  assertStringIncludes(out, 'result    {"size":7}\n');
  assertStringIncludes(out, 'data      {"file":"good.png"}\n');
  assertEquals((await jobs("show good --follow")).code, 0);
  assertEquals((await jobs("show bad --follow")).code, 1);
  assertEquals(JSON.parse((await jobs("show good --json")).out).result, { size: 7 });
  const unknown = await jobs("show nobody");
  assertEquals(unknown.code, 3);
  assertStringIncludes(unknown.err, "no such job in the queue");
  const following = jobs("show later --follow");
  await queue.cancel("later", { reason: "enough" });
  const { code, out: said } = await following;
  assertEquals([code, said.endsWith("cancelled: enough\n")], [1, true], said);
});

jobsTest("jobs retry lets what failed wait again, one or all", async ({ jobs, queue }) => {
  assertEquals((await jobs("retry bad")).out, "bad\n");
  assertEquals((await queue.get("bad"))?.state, "waiting");
  const nothing = await jobs("retry good nobody");
  assertEquals(nothing.code, 3);
  assertStringIncludes(nothing.err, "good, nobody");
  assertEquals((await jobs("retry --all-failed")).out, "");
  await queue.cancel("later");
  assertEquals((await jobs("retry later")).out, "later\n");
  assertEquals((await jobs("retry")).code, 2);
  assertEquals((await jobs("retry bad --all-failed")).code, 2);
});

jobsTest(
  "jobs cancel ends waiting jobs, and lists those that had ended",
  async ({ jobs, queue }) => {
    assertEquals((await jobs("cancel later --reason unwanted")).out, "later\tcancelled\n");
    assertEquals((await queue.get("later"))?.reason, "unwanted");
    const ended = await jobs("cancel good bad");
    assertEquals([ended.code !== 0, ended.out], [true, "good\tdone\nbad\tfailed\n"]);
    assertStringIncludes(ended.err, "good done, bad failed");
    assertEquals((await jobs("cancel nobody")).code, 3);
    assertStringIncludes(
      (await jobs("cancel 01a1ffe1…a183c78b")).err,
      "Full ids: holdfast jobs ls --quiet",
    );
  },
);

cliTest("jobs refuses missing, wrong and secret queues", async (it) => {
  const refused = async (line: string, said: string) => {
    const { code, err } = await it.holdfast(line);
    assertEquals(code, 2, err);
    assertStringIncludes(err, said);
    assertEquals(err.includes("hunter2"), false);
  };
  await refused("jobs ls", "neither --queue nor HOLDFAST_ENGINE is set");
  await refused("jobs ls --queue memory:", "no other process can add");
  await refused("jobs ls --queue kafka://h", 'unknown scheme "kafka"');
  await refused(
    "jobs ls --queue redis://u:hunter2@127.0.0.1:1",
    "Cannot take a password from --queue",
  );
  await refused("jobs ls --queue redis://127.0.0.1:1 --state gone", "--state");
});
