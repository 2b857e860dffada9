import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import process from "node:process";
import { RegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { type CommandResult, runCommand, type RunCommandOptions } from "../../../operators/mod.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";

/** Runs a script of the shell, and says what it wrote. */
async function sh(root: TempRoot, script: string, options: Partial<RunCommandOptions> = {}) {
  const lines: string[] = [];
  const onLine = (stream: string, line: string) => void lines.push(`${stream}: ${line}`);
  const result = await runCommand(["bash", "-c", script], { cwd: root.path, onLine, ...options });
  return { ...result, lines };
}

async function pids(root: TempRoot): Promise<number[]> {
  return (await Deno.readTextFile(root.join("pids"))).trim().split("\n").map(Number);
}

/** True if a process runs; a zombie does not. */
async function runs(pid: number): Promise<boolean> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => ") Z");
  return !/\) [ZX]/.test(stat);
}

async function assertNoneLeft(root: TempRoot, count: number): Promise<void> {
  const all = await pids(root);
  assertEquals(all.length, count);
  for (const pid of all) assertEquals(await runs(pid), false, `${pid} runs`);
}

testInRoot("output is reported by line, and the end as an exit code", async (root) => {
  const { lines, ...result } = await sh(root, "echo one; echo two >&2; printf three");
  assertEquals(lines.filter((line) => line.startsWith("stdout")), ["stdout: one", "stdout: three"]);
  assert(lines.includes("stderr: two"));
  assertEquals([result.exitCode, result.code, result.timedOut, result.error], [
    0,
    0,
    false,
    undefined,
  ]);
  const codes = { 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 3, 255: 3, 126: 5, 127: 5 };
  for (const [code, expected] of Object.entries(codes)) {
    const ended = await sh(root, `exit ${code}`);
    assertEquals([ended.exitCode, ended.code, ended.error?.code], [
      expected,
      Number(code),
      "TaskFailed",
    ], code);
  }
});

testInRoot("a terminated command ends with 3, a killed one with 4", async (root) => {
  const terminated = await sh(root, "kill -TERM $$");
  assertEquals([terminated.exitCode, terminated.signal], [3, "SIGTERM"]);
  const killed = await sh(root, "kill -KILL $$");
  assertEquals([killed.exitCode, killed.signal], [4, "SIGKILL"]);
  for (const signal of ["KILL", "XCPU", "XFSZ"]) { // of the command itself, or inside of it
    assertEquals((await sh(root, `kill -${signal} $$`)).exitCode, 4, signal);
    for (const script of [`bash -c 'kill -${signal} $$'; exit $?`, `(kill -${signal} $BASHPID)`]) {
      assertEquals((await sh(root, script)).exitCode, 4, script);
    }
  }
});

testInRoot("a command has empty stdin, and inherited and own variables", async (root) => {
  const { lines } = await sh(root, 'cat; echo "$A $INHERITED"', {
    env: { A: "a b" },
    system: {
      ...realSystem,
      envNames: () => ["PATH", "INHERITED"],
      env: (name) => name === "PATH" ? "/usr/bin:/bin" : "i",
    },
  });
  assertEquals(lines, ["stdout: a b i"]);
});

testInRoot("a missing program ends with 5, an empty command with 1", async (root) => {
  const failure = async (command: string[], cwd = root.path) => {
    const { exitCode, code, error } = await runCommand(command, { cwd });
    return [exitCode, code, error?.message, error?.hint];
  };
  const [exitCode, code, message, hint] = await failure(["no-such-program", "a"]);
  assertEquals([exitCode, code, message], [
    5,
    null,
    'Cannot run "no-such-program": no such program',
  ]);
  assertStringIncludes(String(hint), "PATH");
  assertEquals((await failure([]))[0], 1);
  assertEquals((await failure(["true"], root.join("missing")))[0], 5);
  await Deno.writeTextFile(root.join("plain"), "text");
  assertEquals((await failure([root.join("plain")]))[0], 5);
});

testInRoot("times that no timer can wait are refused before the command starts", async (root) => {
  for (
    const wrong of [{ timeoutMs: NaN }, { timeoutMs: 2 ** 31 }, { graceMs: -1 }, {
      sampleEveryMs: NaN,
    }]
  ) {
    const [name] = Object.keys(wrong);
    await assertRejects(
      () => sh(root, "echo > started", wrong),
      RegistryError,
      `Cannot run a command: ${name} is`,
    );
  }
  await assertRejects(() => Deno.stat(root.join("started")), Deno.errors.NotFound);
  assertEquals((await sh(root, "sleep 0.1; exit 0", { timeoutMs: Infinity })).exitCode, 0);
});

testInRoot("a cancellation ends the command and throws its reason", async (root) => {
  const reason = new Error("stop");
  const controller = new AbortController();
  const onLine = (_stream: string, line: string) => line === "ready" && controller.abort(reason);
  const running = sh(root, "echo $$ > pids; echo ready; sleep 3600", {
    signal: controller.signal,
    onLine,
  });
  assert(await assertRejects(() => running) === reason);
  await assertNoneLeft(root, 1);
  await assertRejects(
    () => sh(root, "echo > started", { signal: AbortSignal.abort(reason) }),
    Error,
    "stop",
  );
  await assertRejects(() => Deno.stat(root.join("started")), Deno.errors.NotFound);
});

testInRoot("a listener that throws ends the command", async (root) => {
  const failing = () => {
    throw new TypeError("full");
  };
  await assertRejects(
    () => sh(root, "echo $$ > pids; echo a; sleep 3600", { onLine: failing }),
    TypeError,
    "full",
  );
  await assertNoneLeft(root, 1);
});

testInRoot("long lines, binary output and colors are cleaned", async (root) => {
  const { lines } = await sh(
    root,
    `head -c 100000 /dev/zero | tr '\\0' x; echo; printf 'a\\0b\\377c\\033[31mred\\033[0m\\r\\n'`,
  );
  assertEquals(lines[0], `stdout: ${"x".repeat(16_384)}… (83616 more characters)`);
  assertEquals(lines[1], "stdout: a\ufffdb\ufffdcred");
});

testInRoot("a command over its memory limit ends with 4", async (root) => {
  const script =
    'echo $$ > pids; a=$(head -c 100000000 /dev/zero | tr "\\0" x); echo "${#a}"; read -r < <(sleep 3600)';
  const result: CommandResult = await sh(root, script, { maxBytes: 60_000_000, sampleEveryMs: 5 });
  assertEquals([result.exitCode, result.timedOut, result.error?.code], [4, false, "Unavailable"]);
  assert(result.peakBytes > 60_000_000);
  assertStringIncludes(result.error!.message, "the limit is 60000000");
  await assertNoneLeft(root, 1);
});

testInRoot("usage of a command is measured", async (root) => {
  const { cpuSeconds, peakBytes, durationMs } = await sh(
    root,
    "for ((i = 0; i < 200000; i++)); do :; done; exit",
    { sampleEveryMs: 5 },
  );
  assert(peakBytes > 500_000 && durationMs > 0 && cpuSeconds >= 0);
  assertEquals(await runs(process.pid), true);
});

testInRoot("nested commands are ended together", async (root) => {
  const inner = "import { runCommand } from '/REPO/operators/process/run_command.ts';" +
    "await runCommand(['sh', '-c', 'echo $$ > inner; exec sleep 300'], { cwd: Deno.args[0] });";
  await Deno.writeTextFile(root.join("outer.ts"), inner.replace("/REPO/", REPOSITORY));
  const config = `--config=${REPOSITORY}deno.json`;
  const stop = new AbortController();
  const running = runCommand([
    Deno.execPath(),
    "run",
    "-A",
    config,
    root.join("outer.ts"),
    root.path,
  ], { cwd: root.path, signal: stop.signal, graceMs: 0 });
  const read = () => Deno.readTextFile(root.join("inner")).catch(() => "");
  while (!(await read()).endsWith("\n")) await realSystem.sleep(20);
  stop.abort(new Error("enough"));
  await assertRejects(() => running, Error, "enough");
  const left = `/proc/${(await read()).trim()}/cmdline`;
  assertEquals(await Deno.readTextFile(left).catch(() => ""), "", "nothing runs there any more");
});

testInRoot("arguments that the system does not take are a wrong configuration", async (root) => {
  const env = { LONG: "x".repeat(128 * 1024) };
  for (const options of [{ env }, {}]) {
    const command = ["echo", ...options.env === undefined ? [env.LONG] : []];
    const { exitCode, error } = await runCommand(command, { cwd: root.path, ...options });
    assertEquals([exitCode, error?.code], [1, "Invalid"]);
    assertStringIncludes((error as RegistryError).hint!, "128 KiB");
  }
});

testInRoot("a string is not a command", async (root) => {
  const { error } = await runCommand("echo hi" as never, { cwd: root.path });
  assertEquals([error?.code, error?.message], [
    "Invalid",
    "Cannot run a command: it is not a list",
  ]);
});
