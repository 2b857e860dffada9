import { assertEquals, assertMatch } from "@std/assert";
import { realSystem } from "../../../core/system.ts";
import { createLocalEngine } from "../../../operators/engines/local.ts";
import { readStat } from "../../../operators/process/proc.ts";
import { type TempRoot, tempRoot, testInRoot } from "../../support/temp_root.ts";
import { linesOf, untilLine, untilState } from "../../conformance/engines.ts";
import { createSlurmEngine } from "../../../operators/engines/slurm.ts";
import { startSlurm } from "../../support/servers/programs/slurm.ts";
import { programTest } from "../../support/servers/programs/program_tests.ts";

const ignore = Deno.build.os !== "linux"; // elsewhere only the process group of a step is known
const UNTIL_PID = "until [ -s pid ]; do sleep 0.01; done";

function stepOf(root: TempRoot, script: string) {
  const command = ["bash", "-c", script];
  return { run: "r@1", step: "s", name: "one", command, cwd: root.path, env: {}, resources: {} };
}

async function runs(root: TempRoot): Promise<boolean> {
  const [pid] = await linesOf(root.join("pid"));
  return readStat(Number(pid))?.ended === false;
}

testInRoot("a child in its own session ends with its step", async (root) => {
  await using engine = createLocalEngine();
  const daemon = "(setsid bash -c 'echo $$ > pid; while :; do sleep 1; done' > /dev/null 2>&1 &)";
  const id = await engine.submit(stepOf(root, `${daemon}\n${UNTIL_PID}`));
  assertEquals((await untilState(engine, id)).state, "ended");
  assertEquals(await runs(root), false);
}, { ignore });

testInRoot("a child in its own session ends when its step is cancelled", async (root) => {
  await using engine = createLocalEngine();
  const id = await engine.submit(
    stepOf(root, `setsid bash -c 'echo $$ > pid; sleep 3600; :' & ${UNTIL_PID}; wait`),
  );
  await untilLine(root.join("pid"));
  await engine.cancel(id);
  assertEquals((await untilState(engine, id)).state, "cancelled");
  assertEquals(await runs(root), false);
}, { ignore });

testInRoot("a step that ignores TERM is killed after its timeout and grace", async (root) => {
  await using engine = createLocalEngine();
  const script = `trap '' TERM; echo $$ > pid; while :; do sleep 1; done`;
  const id = await engine.submit({ ...stepOf(root, script), timeoutMs: 300 });
  const { state, reason } = await untilState(engine, id);
  assertEquals([state, reason], ["failed", 'Cannot finish "bash": timed out after 300 ms']);
  assertEquals(await runs(root), false);
}, { ignore });

programTest("a step survives a kill of its node's daemon", "slurm", async () => {
  await using slurm = await startSlurm();
  await using root = await tempRoot();
  await using engine = createSlurmEngine({ env: slurm.env });
  const script = "echo begun >> times; while [ ! -e go ]; do sleep 0.05; done";
  const step = {
    run: "r@1",
    step: "s",
    name: "killed-node",
    command: ["sh", "-c", script],
    cwd: root.path,
    env: {},
    resources: {},
  };
  const id = await engine.submit(step);
  await untilLine(root.join("times"));
  await slurm.killNode();
  assertEquals((await engine.poll([id]))[0].state, "running");
  await Deno.writeTextFile(root.join("go"), "");
  await slurm.startNode();
  assertEquals((await untilState(engine, id)).state, "ended");
  assertEquals(await linesOf(root.join("times")), ["begun"]);
});

programTest("a step on a drained node says why it waits", "slurm", async () => {
  await using slurm = await startSlurm();
  await using root = await tempRoot();
  await using engine = createSlurmEngine({ env: slurm.env });
  const scontrol = async (...args: string[]) => {
    const { success } = await new Deno.Command("scontrol", { args, env: slurm.env }).output();
    assertEquals(success, true, args.join(" "));
  };
  await scontrol("update", "nodename=ALL", "state=drain", "reason=repair");
  const command = ["true"];
  const step = { run: "r@1", step: "s", name: "drained", command, cwd: root.path };
  const id = await engine.submit({ ...step, env: {}, resources: {} });
  let job = (await engine.poll([id]))[0]!;
  while (job.reason === undefined) {
    assertEquals(job.state, "waiting");
    await realSystem.sleep(50);
    job = (await engine.poll([id]))[0]!;
  }
  assertMatch(job.reason, /ReqNodeNotAvail|Nodes required|Resources|DRAIN/i);
  await scontrol("update", "nodename=ALL", "state=resume");
  assertEquals((await untilState(engine, id)).state, "ended");
});
