import { assertEquals } from "@std/assert";
import { realSystem } from "../../../core/system.ts";
import { endLeftCommand } from "../../../operators/process/left_command.ts";
import { readStat } from "../../../operators/process/proc.ts";
import { REPOSITORY, spawnDeno } from "../../support/run_deno.ts";
import { testInRoot } from "../../support/temp_root.ts";

const RUNNER = `${REPOSITORY}tests/operators/process/attack/killed_runner.ts`;
const ignore = Deno.build.os !== "linux"; // elsewhere nothing ends what a killed runner left

const runs = (pid: number) => readStat(pid)?.ended === false;

testInRoot("a command is ended after the runner of its runner was killed", async (root) => {
  const script = "echo $PPID $$ > new; mv new pids; while :; do sleep 1; done";
  const inner = [
    Deno.execPath(),
    "run",
    "-A",
    `--config=${REPOSITORY}deno.json`,
    RUNNER,
    root.path,
    root.join("inner"),
  ];
  const outer = spawnDeno(
    RUNNER,
    [root.path, root.join("outer"), ...inner, "bash", "-c", script],
    { permissions: ["-A"] },
  );
  const read = () => Deno.readTextFile(root.join("pids")).catch(() => "");
  while (await read() === "") await realSystem.sleep(20);
  const pids = (await read()).split(" ").map(Number);
  try {
    await endLeftCommand(root.join("inner"), realSystem, 100);
    assertEquals(pids.map(runs), [true, true]);
    outer.kill("SIGKILL");
    await outer.output();
    assertEquals(pids.map(runs), [true, true], "nobody has ended them yet");
    await endLeftCommand(root.join("inner"), realSystem, 100);
    assertEquals(pids.map(runs), [false, false]);
  } finally {
    for (const pid of pids) if (runs(pid)) Deno.kill(pid, "SIGKILL");
  }
}, { ignore });

testInRoot("a damaged note ends nothing", async (root) => {
  const foreign = new Deno.Command("sleep", { args: ["600"] }).spawn();
  const start = readStat(foreign.pid)?.start;
  for (
    const note of [
      "",
      "\n",
      `a b\n${foreign.pid} ${start}\n`,
      `x/1.00000000/1\n${foreign.pid} ${start}`,
      "\n-1 0\n",
    ]
  ) {
    await Deno.writeTextFile(root.join("note"), note);
    await endLeftCommand(root.join("note"), realSystem, 0);
  }
  await endLeftCommand(root.join("missing"), realSystem, 0);
  assertEquals(runs(foreign.pid), true);
  foreign.kill("SIGKILL");
  await foreign.status;
}, { ignore });
