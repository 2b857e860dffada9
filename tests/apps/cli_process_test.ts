import { assertEquals, assertStringIncludes } from "@std/assert";
import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
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
