import { assertEquals, assertStringIncludes } from "@std/assert";
import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { realSystem } from "../../core/system.ts";
import { REPOSITORY, runDeno, spawnDeno } from "../support/run_deno.ts";
import { tempRoot } from "../support/temp_root.ts";
import { filledTest, fillRegistry, noise } from "./captured_io.ts";

const ALL = ["--allow-all"];

Deno.test("the process uses exit codes and both streams", async () => {
  await using root = await tempRoot();
  const options = { cwd: root.path, permissions: ALL };
  const steps: [args: string[], code: number, stdout: string][] = [
    [["ls"], 3, ""],
    [["init", "-q"], 0, ""],
    [["save", "a", "-", "-q"], 0, "a@1.0.0\n"],
    [["save", "a", "-", "--version", "1"], 4, ""],
    [["cat", "a"], 0, "piped in"],
    [["nonsense"], 2, ""],
    [["load", "b"], 3, ""],
  ];
  for (const [args, code, stdout] of steps) {
    const ran = await runDeno("apps/cli.ts", args, { ...options, stdin: "piped in" });
    assertEquals([ran.code, ran.stdout], [code, stdout], `${args.join(" ")}: ${ran.stderr}`);
    assertEquals(ran.stderr.startsWith("error: "), code !== 0, ran.stderr);
  }
});

filledTest("a closed pipe ends the process quietly", async (it) => {
  const options = { cwd: it.root.path, permissions: ALL };
  await runDeno("apps/cli.ts", ["save", "big", "-"], {
    ...options,
    stdin: new Uint8Array(8 * 1024 ** 2),
  });
  const child = spawnDeno("apps/cli.ts", ["cat", "big"], options);
  await child.stdin.close();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const errors = await new Response(child.stderr).text();
  assertEquals([(await child.status).code, errors], [0, ""]);
});

filledTest("a command ends if its output does not fit on the disk", (it) => {
  const args = ["run", ...ALL, join(REPOSITORY, "apps/cli.ts"), "ls"];
  const full = openSync("/dev/full", "w");
  try {
    const options = {
      cwd: it.root.path,
      timeout: 60_000,
      killSignal: "SIGKILL",
      encoding: "utf8",
    } as const;
    const ran = spawnSync(Deno.execPath(), args, { ...options, stdio: ["ignore", full, "pipe"] });
    assertEquals([ran.status, ran.signal], [7, null]);
    assertStringIncludes(ran.stderr, "error: Cannot write: the disk is full");
    const noted = spawnSync(Deno.execPath(), args, { ...options, stdio: ["ignore", "pipe", full] });
    assertEquals([noted.status, noted.signal], [0, null]);
  } finally {
    closeSync(full);
  }
  return Promise.resolve();
});

filledTest("variables, notes and the current folder must be UTF-8", async (it) => {
  const env = {
    PATH: realSystem.env("PATH")!,
    DENO: Deno.execPath(),
    CLI: join(REPOSITORY, "apps/cli.ts"),
  };
  const run = async (script: string) => {
    const command = new Deno.Command("bash", { args: ["-c", script], cwd: it.root.path, env });
    const { code, stderr, stdout } = await command.output();
    const [text, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, text, error: errors!.split("\n")[0] };
  };
  const cli = `$DENO run -A $CLI`;
  const bad = `$'J\\xf6rg'`;
  const refused = {
    [`HOLDFAST_BY=${bad} ${cli} save a -`]:
      "error: Cannot read environment variable HOLDFAST_BY: it is not UTF-8",
    [`${cli} note data:raw ${bad}`]: "error: Cannot read notes: not UTF-8",
    [`mkdir ${bad} && cd ${bad} && ${cli} ls`]:
      "error: Cannot use the current folder: its path is not UTF-8",
  };
  for (const [script, error] of Object.entries(refused)) {
    const ran = await run(script);
    assertEquals([ran.code, ran.error!.slice(0, error.length)], [2, error]);
  }
  assertEquals((await run(`OTHER=${bad} ${cli} ls`)).code, 0);
});

filledTest("binary data passes through pipes unchanged", async (it) => {
  const bytes = noise(300_000);
  const options = { cwd: it.root.path, permissions: ALL };
  await runDeno("apps/cli.ts", ["save", "noise", "-"], { ...options, stdin: bytes });
  const child = spawnDeno("apps/cli.ts", ["cat", "noise"], options);
  await child.stdin.close();
  const { stdout } = await child.output();
  assertEquals(stdout, bytes);
});

Deno.test("the registry may be named by the environment and by .env", async () => {
  await using root = await tempRoot();
  await fillRegistry(root.path);
  await Deno.mkdir(root.join("elsewhere"));
  const cwd = root.join("elsewhere");
  const env = { HOLDFAST_REGISTRY: "../.holdfast" };
  const named = await runDeno("apps/cli.ts", ["ls", "-q"], { cwd, permissions: ALL, env });
  assertStringIncludes(named.stdout, "config\n");
  await Deno.writeTextFile(root.join("elsewhere/.env"), "HOLDFAST_REGISTRY=../none\n");
  const missing = await runDeno("apps/cli.ts", ["ls", "-q"], { cwd, permissions: ALL });
  assertEquals(missing.code, 3, missing.stderr);
});
