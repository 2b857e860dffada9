import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import { openRegistry } from "../../../../mod.ts";
import { spawnDeno } from "../../../support/run_deno.ts";
import type { TempRoot } from "../../../support/temp_root.ts";
import { type WatchedProcess, watchProcess } from "../../../support/watch_process.ts";
import { succeeds } from "../../../apps/captured_io.ts";
import { projectRoot } from "./project.ts";

/** `hold` prints its process id and runs until it is stopped; a stubborn one ignores TERM. */
const pipeline = (stubborn = false) => `
variables: { day: today }
pipeline:
  pipeline_id: nightly
  operators:
    - { operator_id: before, start_command: [sh, -c, "echo made > $OUTPUT_ROOT/made"], outputs: { made: registry:made } }
    - operator_id: hold
      upstream_dependencies: [before]
      outputs: { held: registry:held }
      start_command: [sh, -c, '${
  stubborn ? `trap "echo caught it" TERM; ` : ""
}test -e go && echo held > $OUTPUT_ROOT/held && exit
        0; echo "process $$"; while :; do sleep 0.05; done']
    - { operator_id: after, start_command: ["true"], upstream_dependencies: [hold] }
`;

/** Runs the pipeline until its second step says its process. */
async function holding(
  root: TempRoot,
  args: string[] = [],
): Promise<{ program: WatchedProcess; child: Deno.ChildProcess; pid: number }> {
  const line = ["pipeline", "run", ...args];
  const child = spawnDeno("apps/cli.ts", line, { cwd: root.path, permissions: ["--allow-all"] });
  const program = watchProcess(child);
  const said = () => /process (\d+)["\n]/.exec(program.stderr + program.stdout);
  await program.until(() => said() !== null);
  return { program, child, pid: Number(said()![1]) };
}

/** One that has ended may be there until the system takes it away. */
function isRunning(pid: number): boolean {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return !/^[ZX]/.test(text.slice(text.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}

/** Lets the held step end, runs again, and looks whether each output is there once. */
async function goesOn(root: TempRoot, { before }: { before: "skipped" | "ran" }): Promise<void> {
  await Deno.writeTextFile(root.join("go"), "");
  const result = JSON.parse(
    (await succeeds("pipeline run --json", { cwd: root.path, system: realSystem })).trimEnd().split(
      "\n",
    ).at(-1)!,
  );
  const ends = Object.values(result.steps).map((step) => (step as { end: string }).end);
  assertEquals(ends, [before, "ran", "ran"]);
  await using registry = await openRegistry(root.join(".holdfast"), { create: false });
  for (
    const name of ["made", "held", "nightly:step:before", "nightly:step:hold", "nightly:step:after"]
  ) {
    assertEquals((await Array.fromAsync(registry.versions(name))).length, 1, name);
  }
  const { inputs } = await registry.info("held");
  assertEquals(inputs.map((input) => typeof input === "string" ? input : input.ref), [
    "made@1.0.0",
  ]);
  assertStringIncludes(await succeeds("verify", { cwd: root.path }), "No problems");
}

Deno.test("Ctrl-C ends a run with its processes, keeps its progress, and prints how to continue", async () => {
  await using root = await projectRoot({ pipeline: pipeline() });
  const options = ["--set", "variables.day=x y", "--force", "before", "--force", "hold"];
  const { program, pid } = await holding(root, options);
  const { code, stderr } = await program.stop("SIGINT");
  assertEquals(code, 130, stderr);
  assertEquals(isRunning(pid), false);
  const again = "holdfast pipeline run --set 'variables.day=x y' --force before --force hold\n";
  assertStringIncludes(stderr, `nightly@1 was stopped. Continue it: ${again}`);
  assertStringIncludes(stderr, "error: Interrupted");
  const rows = (await succeeds("pipeline status nightly@1 --json", { cwd: root.path })).trimEnd()
    .split("\n");
  assertEquals(rows.map((row) => JSON.parse(row).end), ["ran", "cancelled", "cancelled"]);
  await goesOn(root, { before: "skipped" });
});

Deno.test("a second Ctrl-C ends at once, also a process that does not want to", async () => {
  await using root = await projectRoot({ pipeline: pipeline(true) });
  const { program, child, pid } = await holding(root);
  child.kill("SIGINT");
  await program.until(() => program.stderr.includes("caught it")); // so that the system does not make one of both
  const { code, stderr } = await program.stop("SIGINT");
  assertEquals(code, 130, stderr);
  await gone(pid);
  await goesOn(root, { before: "skipped" });
});

Deno.test("a run that was killed is gone on with, and its status is not made up", async () => {
  await using root = await projectRoot({ pipeline: pipeline() });
  const { program, pid } = await holding(root, ["--json"]);
  const { signal } = await program.stop("SIGKILL");
  assertEquals(signal, "SIGKILL");
  assert(isRunning(pid), "a killed runner ends nobody");
  Deno.kill(pid, "SIGKILL");
  const rows = (await succeeds("pipeline status nightly@1 --json", { cwd: root.path })).trimEnd()
    .split("\n");
  assertEquals(rows.map((row) => JSON.parse(row).end), ["ran", "unknown", "unknown"]);
  assertStringIncludes(
    await succeeds("pipeline status", { cwd: root.path }),
    "unknown (no result: running or killed)",
  );
  await goesOn(root, { before: "skipped" });
});

Deno.test("pipeline cancel ends a run that another process runs", async () => {
  await using root = await projectRoot({ pipeline: pipeline() });
  const { program, pid } = await holding(root);
  assertEquals(
    await succeeds("pipeline cancel nightly", { cwd: root.path }),
    "nightly@1 was asked to stop\n",
  );
  const { code, stdout } = await program.ended;
  assertEquals(code, 1);
  assertStringIncludes(stdout, "nightly@1 cancelled in ");
  assertEquals(isRunning(pid), false);
  const log = await succeeds("pipeline logs nightly@1 hold", { cwd: root.path });
  assertStringIncludes(log, `stdout process ${pid}\n`);
  assertStringIncludes(log, "warn Cannot continue run nightly@1: it was cancelled\n");
  await goesOn(root, { before: "skipped" });
});

/** A signal takes a moment to arrive; this waits for it, but not for ever, and leaves no process. */
async function gone(pid: number): Promise<void> {
  for (let look = 0; look < 60_000 && isRunning(pid); look++) await realSystem.sleep(2);
  const isLeft = isRunning(pid);
  if (isLeft) Deno.kill(pid, "SIGKILL");
  assert(!isLeft, "the process goes on alone");
}
