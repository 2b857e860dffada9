// Processes that a command leaves: those that work on its outputs are awaited, the others ended.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { realSystem } from "../../../core/system.ts";
import { readStat } from "../../../operators/process/proc.ts";
import { runNotedCommand } from "../../../operators/process/run_command.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";

const options = { ignore: Deno.build.os !== "linux" }; // elsewhere its processes are not known

interface Limits {
  waitMs?: number;
  timeoutMs?: number;
}

/**
 * Runs a script of bash whose outputs are in `out`. Its processes wait for `gate`, which is opened
 * when the script has ended.
 */
async function run(root: TempRoot, script: string, { waitMs, timeoutMs }: Limits = {}) {
  await Deno.mkdir(root.join("out"));
  await new Deno.Command("mkfifo", { args: [root.join("gate")] }).output();
  const notes: string[] = [];
  let opened: Promise<void> | undefined;
  const result = await runNotedCommand(["bash", "-c", `${script}\necho $$`], {
    cwd: root.path,
    timeoutMs,
    onLine: (_, line) => {
      if (waitMs === undefined && timeoutMs === undefined) opened = openGate(root, Number(line));
    },
    outputs: { folder: root.join("out"), waitMs, onNote: (note) => void notes.push(note) },
  });
  await opened;
  return { ...result, notes };
}

async function openGate(root: TempRoot, pid: number): Promise<void> {
  while (!isGone(pid)) await realSystem.sleep(1);
  await Deno.writeTextFile(root.join("gate"), "go\n");
}

const pidOf = async (root: TempRoot) => Number(await Deno.readTextFile(root.join("pid")));
const isGone = (pid: number) => readStat(pid)?.ended ?? true;

const BEGUN = "while [ ! -e begun ]; do :; done";
const WRITER = `(echo $BASHPID > pid; exec sleep 3600 > out/file) &
  while [ ! -e out/file ]; do :; done`;

testInRoot("a process that writes to a file of the outputs is awaited", async (root) => {
  const script =
    `{ echo > begun; read -r _ < gate; sleep 0.1; echo whole; } > out/file &\n${BEGUN}`;
  assertEquals((await run(root, script)).exitCode, 0);
  assertEquals(await Deno.readTextFile(root.join("out/file")), "whole\n");
}, options);

testInRoot(
  "processes that read the rest of a pipe are awaited, one after the other",
  async (root) => {
    const rest = "echo > begun; read -r _ < gate; sort -r | cat > out/sorted";
    const script = `seq 3 | tee >(${rest}) > /dev/null\n${BEGUN}`;
    assertEquals((await run(root, script)).exitCode, 0);
    assertEquals(await Deno.readTextFile(root.join("out/sorted")), "3\n2\n1\n");
  },
  options,
);

testInRoot("other processes are ended and named, also readers of a written pipe", async (root) => {
  const script = `tail -f /dev/null | (echo $BASHPID > pid; exec cat > /dev/null) &
    sleep 3600 < /dev/null > /dev/null &
    while [ ! -s pid ]; do :; done`;
  const { exitCode, notes: [note, ...more] } = await run(root, script, { waitMs: 0 });
  assertEquals([exitCode, more], [0, []]);
  assertMatch(note, /^stopping processes that it left: .*(bash|sleep|cat) \(\d+\)/);
  assert(isGone(await pidOf(root)));
}, options);

testInRoot("a command whose processes still write after the longest wait fails", async (root) => {
  const { exitCode, error, notes } = await run(root, WRITER, { waitMs: 0 });
  assertEquals([exitCode, notes], [3, []]);
  const pid = await pidOf(root);
  const [, left] = error!.message.split("it left processes that still work on its outputs: ");
  assertMatch(left, new RegExp(`^(bash|sleep) \\(${pid}\\)$`));
  assert(isGone(pid));
}, options);

testInRoot("the time limit holds while processes are awaited", async (root) => {
  const { exitCode, timedOut } = await run(root, WRITER, { timeoutMs: 1 });
  assertEquals([exitCode, timedOut], [4, true]);
}, options);

testInRoot("a failed command waits for nothing", async (root) => {
  const { exitCode, notes } = await run(root, `${WRITER}; exit 3`, { waitMs: 3_600_000 });
  assertEquals([exitCode, notes], [3, []]);
  assert(isGone(await pidOf(root)));
}, options);
