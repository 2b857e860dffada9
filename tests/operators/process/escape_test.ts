// Children that leave their process group, their environment or their name behind, and processes
// that only look like children.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { realSystem, type System } from "../../../core/system.ts";
import { runCommand, type RunCommandOptions } from "../../../operators/mod.ts";
import { readStat } from "../../../operators/process/proc.ts";
import { ProcessTree } from "../../../operators/process/process_tree.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";

/** How a child leaves; each writes its id into the file `pid`, and sleeps. */
const ESCAPES = {
  "a child with an emptied environment and a session of its own, with the pipes of the command is ended with its command":
    `env -i setsid bash -c 'echo $$ > pid; sleep 3600; :' &`,
  "a child with an emptied environment, as a daemon, with the pipes of the command is ended with its command":
    `(env -i setsid bash -c '(echo $BASHPID > pid; while :; do sleep 1; done) &') &`,
  "a child with an emptied environment and no pipe of the command, in the session of the command is ended with its command":
    `env -i bash -c 'echo $$ > pid; exec sleep 3600' > /dev/null 2>&1 < /dev/null &`,
  "a child with another name and a session of its own is ended with its command":
    `setsid bash -c 'echo $$ > pid; exec -a kthreadd sleep 3600' > /dev/null 2>&1 &`,
  "a child after a double fork, with neither a pipe nor a group of the command is ended with its command":
    `(setsid bash -c '(echo $BASHPID > pid; exec sleep 3600) &' > /dev/null 2>&1 &)`,
};

/** Elsewhere only the process group of a command is known. */
const ignore = Deno.build.os !== "linux";

function testOnLinux(name: string, run: (root: TempRoot) => Promise<void>): void {
  testInRoot(name, run, { ignore });
}

async function sh(root: TempRoot, script: string, options: Partial<RunCommandOptions> = {}) {
  return await runCommand(["bash", "-c", script], { cwd: root.path, ...options });
}

async function pidIn(root: TempRoot): Promise<number> {
  return Number((await Deno.readTextFile(root.join("pid"))).trim());
}

function runs(pid: number): boolean {
  return readStat(pid)?.ended === false;
}

for (const [name, script] of Object.entries(ESCAPES)) {
  testOnLinux(name, async (root) => {
    // The command stays until it was looked at: on a busy machine it would have ended before.
    const wait = "while [ ! -s pid ] || [ ! -e seen ]; do sleep 0.01; done";
    const onUsage = () => Deno.writeTextFileSync(root.join("seen"), "");
    const { exitCode } = await sh(root, `${script}\n${wait}`, { onUsage });
    assertEquals(exitCode, 0);
    assertEquals(runs(await pidIn(root)), false);
  });
}

testOnLinux("a child known only by its parent is ended at an abort", async (root) => {
  const stop = new AbortController();
  const onLine = (_stream: string, line: string) =>
    line === "ready" && stop.abort(new Error("stop"));
  const script = `env -i setsid --wait bash -c 'echo $$ > pid; sleep 3600; :' > /dev/null 2>&1 &
  while [ ! -s pid ]; do sleep 0.01; done; echo ready; wait`;
  await assertRejects(() => sh(root, script, { signal: stop.signal, onLine }), Error, "stop");
  assertEquals(runs(await pidIn(root)), false);
});

for (const checkMs of [1_000, 10_000]) {
  testOnLinux(
    `the grace ends by the clock, and in a kill, where each check takes ${checkMs / 1_000} s`,
    async (root) => {
      let slowMs = 0; // each sleep of this busy machine takes so much longer
      const system: System = {
        ...realSystem,
        monotonic: () => realSystem.monotonic() + slowMs,
        async sleep(ms, signal) {
          await realSystem.sleep(Math.min(ms, 30), signal);
          slowMs += checkMs;
        },
      };
      const startedAt = { ms: 0 };
      const stop = new AbortController();
      const onLine = () => {
        startedAt.ms = system.monotonic();
        stop.abort(new Error("stop"));
      };
      const script = "trap '' TERM; echo ready; while :; do sleep 0.1; done";
      const options = {
        signal: stop.signal,
        onLine,
        graceMs: 5_000,
        sampleEveryMs: Infinity,
        system,
      };
      await assertRejects(() => sh(root, script, options), Error, "stop");
      const tookMs = system.monotonic() - startedAt.ms;
      assert(tookMs < 60_000 + 5 * checkMs, `${tookMs} ms`);
    },
  );
}

testOnLinux("a process older than the command is left alone, even with its mark", async (root) => {
  const id = "a-mark";
  const value = [id, `${id}/${Deno.pid}`].join(" ");
  const foreign = new Deno.Command("sleep", { args: ["3600"], env: { HOLDFAST_PROCESS: value } })
    .spawn();
  await sh(root, "true", { system: { ...realSystem, id: () => id } });
  assertEquals(runs(foreign.pid), true);
  foreign.kill("SIGKILL");
  await foreign.status;
});

testOnLinux("a process with a reused pid is left alone", async () => {
  const foreign = new Deno.Command("sleep", { args: ["3600"] }).spawn();
  const { start } = readStat(foreign.pid)!;
  const earlier = { start: start - 1, since: start - 1 };
  const tree = new ProcessTree({ root: foreign.pid, earlier, mark: "a-mark", system: realSystem });
  await tree.end(0);
  assertEquals(runs(foreign.pid), true);
  await new ProcessTree({
    root: foreign.pid,
    earlier: { start, since: start },
    mark: "a-mark",
    system: realSystem,
  }).end(0);
  assertEquals(runs(foreign.pid), false);
  await foreign.status;
});
