import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Engine, EngineJob, EngineStep } from "../../../operators/contract/engine.ts";
import { realSystem } from "../../../core/system.ts";
import { createStepHandler } from "../../../operators/engines/mod.ts";
import { createLocalEngine } from "../../../operators/engines/local.ts";
import { readStat } from "../../../operators/process/proc.ts";
import { LOADS_LATE } from "../../support/run_deno.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { withoutHanging } from "../../support/without_hanging.ts";
import { linesOf, untilLine, untilState } from "../../conformance/engines.ts";

const PROGRAM = new URL("./persistent.ts", import.meta.url).pathname;
const persistent = [Deno.execPath(), "run", "-A", LOADS_LATE, "--quiet", PROGRAM];
const ignore = Deno.build.os !== "linux"; // elsewhere left processes and memory are unknown

const command = ["false"]; // never executed
let made = 0;

/** Runs steps one after another. Returns their jobs, and the process of each. */
async function runSteps(
  root: TempRoot,
  ...steps: (string | Partial<EngineStep>)[]
): Promise<{ jobs: Partial<EngineJob>[]; pids: number[] }> {
  await using engine = createLocalEngine({ cores: 1 });
  const jobs: Partial<EngineJob>[] = [];
  for (const given of steps) {
    const id = await submit(engine, root, given);
    const { state, exitCode, reason } = await untilState(engine, id);
    jobs.push({ state, exitCode, reason });
  }
  return { jobs, pids: await pidsIn(root) };
}

async function submit(
  engine: Engine,
  { path: cwd }: TempRoot,
  given: string | Partial<EngineStep>,
): Promise<string> {
  const more = typeof given === "string" ? { step: given } : given;
  const name = `persistent-${made++}`;
  const rest = { run: "r@1", step: "do", name, command, persistent, cwd, env: {}, resources: {} };
  return await engine.submit({ ...rest, ...more });
}

async function pidsIn(root: TempRoot): Promise<number[]> {
  return (await linesOf(root.join("begun"))).map(parseFloat);
}

const ENDED: Partial<EngineJob> = { state: "ended", exitCode: 0, reason: undefined };

testInRoot("steps of a run share a persistent process, one after another", async (root) => {
  const { jobs, pids: [one, ...others] } = await runSteps(root, "do", "do", { shards: 2 });
  assertEquals(jobs, [ENDED, ENDED, ENDED]);
  assertEquals(others, [one, one, one]);
  const begun = await linesOf(root.join("begun"));
  assertEquals(begun.map((line) => line.split(" ")[2]), ["", "", "0", "1"]);
  assert(readStat(one)?.ended ?? true, "it ends with its engine");
});

testInRoot("a process with another environment is another process", async (root) => {
  const { jobs, pids: [one, other] } = await runSteps(root, "do", { env: { OTHER: "yes" } });
  assertEquals(jobs, [ENDED, ENDED]);
  assertNotEquals(one, other);
});

testInRoot("a step that fails, throws or exits affects no later step", async (root) => {
  const { jobs, pids } = await runSteps(root, "fail", "throw", "exit", "do");
  assertEquals(jobs, [
    { state: "failed", exitCode: 3, reason: "no data" },
    { state: "failed", exitCode: 1, reason: "no value" },
    ENDED,
    ENDED,
  ]);
  assertEquals(new Set(pids).size, 4);
});

testInRoot("a failed step may have any bytes as its reason", async (root) => {
  const { jobs: [binary, next] } = await runSteps(root, "binary", "do");
  assertEquals([binary.exitCode, binary.reason, next], [3, "\x01".repeat(2_000), ENDED]);
});

testInRoot("a kill of the process fails only its step", async (root) => {
  const { jobs: [before, killed, after], pids: [one, two, three] } = await runSteps(
    root,
    "do",
    "die",
    "do",
  );
  assertEquals([before, killed.state, after], [ENDED, "failed", ENDED]);
  assertEquals(one, two);
  assertNotEquals(two, three);
});

testInRoot("a step that floods its output ends, and so does the next one", async (root) => {
  const { jobs, pids: [one, other] } = await runSteps(root, "flood", "do");
  assertEquals(jobs, [ENDED, ENDED]);
  assertEquals(one, other);
});

testInRoot("a cancelled step ends its process, and the next one begins", async (root) => {
  await using engine = createLocalEngine({ cores: 1 });
  const id = await submit(engine, root, "wait");
  const next = await submit(engine, root, "do");
  const [begun] = await untilLine(root.join("begun"));
  await engine.cancel(id);
  assertEquals((await engine.poll([id]))[0].state, "cancelled");
  assert(readStat(parseFloat(begun))?.ended ?? true);
  assertEquals((await untilState(engine, next)).state, "ended");
});

testInRoot("a step that times out ends its process", async (root) => {
  const { jobs: [late, next], pids } = await runSteps(
    root,
    { step: "wait", timeoutMs: 1_000 },
    "do",
  );
  assertEquals([late.state, next], ["failed", ENDED]);
  assert(late.reason?.includes("timed out after 1000 ms"), late.reason);
  assert(pids.length <= 2 && readStat(pids[0])?.ended !== false);
});

testInRoot("a process that a step left ends with the step", async (root) => {
  const { jobs, pids: [one, other] } = await runSteps(root, "leave", "do");
  assertEquals(jobs, [ENDED, ENDED]);
  assertNotEquals(one, other);
  const left = new Deno.Command("pgrep", { args: ["-g", String(one)], stdout: "piped" });
  assertEquals((await left.output()).stdout.length, 0);
}, { ignore });

testInRoot("a process that keeps much memory is replaced", async (root) => {
  const { jobs, pids: [one, other] } = await runSteps(root, "grow", "do");
  assertEquals(jobs, [ENDED, ENDED]);
  assertNotEquals(one, other);
}, { ignore });

testInRoot("a persistent process ends when its parent is killed", async (root) => {
  const parent = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", PARENT, JSON.stringify(persistent), root.path],
    stdin: "null",
  }).spawn();
  const [begun] = await untilLine(root.join("begun"));
  parent.kill("SIGKILL");
  await parent.status;
  await withoutHanging("the end of the process", untilEnded(parseFloat(begun)));
}, { ignore });

const PARENT = `
import { createLocalEngine } from ${
  JSON.stringify(import.meta.resolve("../../../operators/engines/local.ts"))
};
const [persistent, cwd] = Deno.args;
const step = { run: "r@1", step: "do", name: "one", command: ["false"], env: {}, resources: {} };
await createLocalEngine().submit({ ...step, persistent: JSON.parse(persistent), cwd });
await new Promise((resolve) => setTimeout(resolve, 1e8));
`;

async function untilEnded(pid: number): Promise<void> {
  while (readStat(pid)?.ended === false) await realSystem.sleep(20);
}

testInRoot(
  "a worker's handler uses a persistent process, and passes on its output",
  async (root) => {
    const lines: string[] = [];
    const handler = createStepHandler(() => ({ command, persistent, cwd: root.path }), {
      onLine: (line, { step }) => lines.push(`${step}: ${line.length}`),
    });
    const { signal } = new AbortController();
    for (const step of ["flood", "do"]) {
      const job = { id: step, group: "r@1", kind: "step", data: { run: "r@1", step } };
      assertEquals(await handler(job, { signal, onProgress() {} }), { exitCode: 0 });
    }
    assertEquals(lines.map((line) => line.split(":")[0]), ["flood"]);
    const [one, other] = await pidsIn(root);
    assertEquals(one, other);
  },
);
