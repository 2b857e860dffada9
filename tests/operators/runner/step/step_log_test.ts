import { assertEquals } from "@std/assert";
import { StepLog } from "../../../../operators/runner/step/step_log.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { testInRoot } from "../../../support/temp_root.ts";

function open(path: string) {
  const seen: string[] = [];
  let masked = 0;
  const log = new StepLog({
    path,
    mask: (text) => (masked++, text.replaceAll("secret", "***")),
    onLine: (level, line) => void seen.push(`${level} ${line}`),
    system: createScriptedSystem(),
  });
  return { log, seen, masked: () => masked };
}

testInRoot("output that a command has masked is not masked again", async (root) => {
  const { log, seen, masked } = open(root.join("log.txt"));
  for (let i = 0; i < 1000; i++) log.write(i % 2 === 0 ? "stdout" : "stderr", `line ${i}`);
  log.write("info", "a secret");
  await Promise.resolve(); // a follower reads it while the step runs
  const lines = (await Deno.readTextFile(log.path)).trimEnd().split("\n");
  assertEquals(lines.map((line) => line.replace(/^\S+Z /, "")), seen);
  assertEquals([seen.length, seen.at(-1), masked()], [1001, "info a ***", 1]);
  log.close();
});

testInRoot("a full disk is reported once, and the last lines are tried again", async (root) => {
  await Deno.symlink("/dev/full", root.join("log.txt"));
  const { log, seen } = open(root.join("log.txt"));
  for (let turn = 0; turn < 3; turn++) {
    for (let i = 0; i < 3; i++) log.write("stdout", `line ${turn}${i}`);
    await Promise.resolve();
  }
  log.close();
  const warnings = seen.filter((line) => line.startsWith("warn"));
  assertEquals([seen.length, warnings.length], [10, 1]);
});
