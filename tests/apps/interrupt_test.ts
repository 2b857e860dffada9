import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { realSystem } from "../../core/system.ts";
import { spawnDeno } from "../support/run_deno.ts";
import { tempRoot } from "../support/temp_root.ts";
import type { TempRoot } from "../support/temp_root.ts";
import { fillRegistry, holdfast, succeeds } from "./captured_io.ts";
import { walkFiles } from "./walk_files.ts";

const SIZE = 256 * 1024 ** 2;
const PERMISSIONS = ["--allow-all"];

/** A registry and a file that takes a while. */
async function withBigFile(): Promise<TempRoot> {
  const root = await tempRoot();
  await fillRegistry(root.path);
  using file = await Deno.open(root.join("big.bin"), { write: true, create: true });
  await file.truncate(SIZE);
  return root;
}

/** Runs a command, sends a signal when there are bytes on the disk that were not there, and waits. */
async function stopped(
  root: TempRoot,
  args: string[],
  options: { watch: string; signal?: Deno.Signal },
): Promise<{ code: number; err: string }> {
  const before = new Set(await Array.fromAsync(walkFiles(root.join(options.watch))));
  const child = spawnDeno("apps/cli.ts", args, { cwd: root.path, permissions: PERMISSIONS });
  const ended = child.output();
  await child.stdin.close();
  while (!await hasGrown(root.join(options.watch), before)) await realSystem.sleep(2);
  child.kill(options.signal ?? "SIGINT");
  const { code, stderr } = await ended;
  return { code, err: new TextDecoder().decode(stderr) };
}

async function hasGrown(folder: string, before: Set<string>): Promise<boolean> {
  try {
    for await (const path of walkFiles(folder)) {
      if (!before.has(path) && (await Deno.stat(path)).size > 1024 ** 2) return true;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error; // it went away while it was looked at
  }
  return false;
}

Deno.test("Ctrl-C in a big save ends with 130, saves nothing, and leaves a sound registry", async () => {
  await using root = await withBigFile();
  const { path: cwd } = root;
  const { code, err } = await stopped(root, ["save", "big", "big.bin"], { watch: ".holdfast" });
  assertEquals(code, 130, err);
  assertStringIncludes(err, "error: Stopped");
  assertEquals((await holdfast("load big", { cwd })).code, 3);
  assertStringIncludes(await succeeds("verify", { cwd }), "All is well");
  assertEquals(await succeeds("save big big.bin -q", { cwd }), "big@1.0.0\n");
});

Deno.test("a TERM signal in a big download ends with 143 and leaves no half file under its name", async () => {
  await using root = await withBigFile();
  const { path: cwd } = root;
  await succeeds("save big big.bin", { cwd });
  await Deno.remove(root.join("big.bin"));
  await Deno.mkdir(root.join("out"));
  const { code, err } = await stopped(root, ["download", "big", "out/"], { watch: "out", signal: "SIGTERM" });
  assertEquals(code, 143, err);
  assertEquals(await Array.fromAsync(walkFiles(root.join("out"))), []);
  await succeeds("download big out/", { cwd });
});

Deno.test("Ctrl-C in cat --output leaves no half file", async () => {
  await using root = await withBigFile();
  const { path: cwd } = root;
  await succeeds("save big big.bin", { cwd });
  await Deno.remove(root.join("big.bin"));
  await Deno.mkdir(root.join("out"));
  const { code } = await stopped(root, ["cat", "big", "--output", "out/copy"], { watch: "out" });
  assertEquals(code, 130);
  assertEquals(await Array.fromAsync(walkFiles(root.join("out"))), []);
});

Deno.test("Ctrl-C while standard input is awaited ends at once", async () => {
  await using root = await tempRoot();
  await fillRegistry(root.path);
  const child = spawnDeno("apps/cli.ts", ["save", "x", "-", "--verbose"], { cwd: root.path, permissions: PERMISSIONS });
  const errors = child.stderr.getReader();
  const { value } = await errors.read(); // the registry is found: now it waits for input
  assert(value !== undefined);
  child.kill("SIGINT");
  assertEquals((await child.status).code, 130);
  await errors.cancel();
  await child.stdout.cancel();
  await child.stdin.abort();
  assertEquals((await holdfast("info x", { cwd: root.path })).code, 3);
});
