import { assertEquals, assertRejects } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import { readStat } from "../../../../operators/process/proc.ts";
import { runDeno, spawnDeno } from "../../../support/run_deno.ts";
import { testInRoot } from "../../../support/temp_root.ts";

const PROGRAM = "tests/operators/runner/step/killed_command.ts";
const ignore = Deno.build.os !== "linux"; // elsewhere nothing ends what a killed run left

testInRoot("the command of a killed run is ended before the step is repeated", async (root) => {
  const killed = spawnDeno(PROGRAM, [root.path], { permissions: ["-A"] });
  const read = () => Deno.readTextFile(root.join("pids")).catch(() => "");
  while (await read() === "") await realSystem.sleep(20);
  killed.kill("SIGKILL");
  await killed.output();
  const pids = (await read()).trim().split("\n").map(Number);
  assertEquals(
    pids.map((pid) => readStat(pid)?.ended),
    [false, false],
    "nobody has ended them yet",
  );
  const again = await runDeno(PROGRAM, [root.path], { permissions: ["-A"] });
  try {
    assertEquals(again.stdout, "ran\n", again.stderr);
    await assertRejects(() => Deno.readTextFile(root.join("beside")), Deno.errors.NotFound);
  } finally {
    for (const pid of pids) if (readStat(pid)?.ended === false) Deno.kill(pid, "SIGKILL");
  }
}, { ignore });
