import { assertEquals, assertStringIncludes } from "@std/assert";
import { spawnDeno } from "../support/run_deno.ts";
import { sampleBytes } from "../conformance/backend/samples.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";
import { watchProcess } from "../support/watch_process.ts";
import { filledTest, fillRegistry, holdfast, succeeds } from "./captured_io.ts";
import { writeSettings, writeVersion } from "../extensions/neighbors/mindtrace/write_version.ts";
import { walkFiles } from "./walk_files.ts";

const SIZE = 128 * 1024 ** 2;
const PERMISSIONS = ["--allow-all"];

/** A registry and a file that takes a while. Zeros would not: they are left out, and nothing grows. */
async function withBigFile(): Promise<TempRoot> {
  const root = await tempRoot();
  await fillRegistry(root.path);
  using file = await Deno.open(root.join("big.bin"), { write: true, create: true });
  const block = sampleBytes(1024 ** 2);
  for (let at = 0; at < SIZE; at += block.byteLength) {
    new DataView(block.buffer).setUint32(0, at); // no block is stored twice
    await file.write(block);
  }
  return root;
}

/** A registry in which it is, and a folder for it. */
async function withBigArtifact(): Promise<TempRoot> {
  const root = await withBigFile();
  await succeeds("save big big.bin", { cwd: root.path });
  await Deno.remove(root.join("big.bin"));
  await Deno.mkdir(root.join("out"));
  return root;
}

/** The outcome of a stopped command, and its folder. */
interface Stopped extends AsyncDisposable {
  root: TempRoot;
  code: number;
  err: string;
}

/**
 * Runs a command, sends a signal when there are bytes on the disk that were not there, and waits. A command that was
 * done before the signal came was not stopped: then it is all done again.
 */
async function stopped(
  prepare: () => Promise<TempRoot>,
  args: string[],
  options: { watch: string; signal?: Deno.Signal },
): Promise<Stopped> {
  for (let tries = 1; tries <= 10; tries++) {
    const root = await prepare();
    const watched = root.join(options.watch);
    const before = new Set(await Array.fromAsync(walkFiles(watched)));
    const program = watchProcess(
      spawnDeno("apps/cli.ts", args, { cwd: root.path, permissions: PERMISSIONS }),
    );
    const stopping = program.until(() => hasGrown(watched, before)).then(() =>
      program.stop(options.signal ?? "SIGINT")
    );
    const { code, stderr } = await stopping.catch(() => program.ended);
    if (code !== 0) return { root, code, err: stderr, [Symbol.asyncDispose]: root.remove };
    await root.remove();
  }
  throw new Error(`Cannot stop holdfast ${args.join(" ")}: it was done before, ten times`);
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
  await using run = await stopped(withBigFile, ["save", "big", "big.bin"], { watch: ".holdfast" });
  const { root: { path: cwd }, code, err } = run;
  assertEquals(code, 130, err);
  assertStringIncludes(err, "error: Interrupted");
  assertEquals((await holdfast("load big", { cwd })).code, 3);
  assertStringIncludes(await succeeds("verify", { cwd }), "No problems");
  assertEquals(await succeeds("save big big.bin -q", { cwd }), "big@1.0.0\n");
});

Deno.test("a TERM signal in a big download ends with 143, and the same command continues it", async () => {
  await using run = await stopped(withBigArtifact, ["download", "big", "out/"], {
    watch: "out",
    signal: "SIGTERM",
  });
  const { root, code, err } = run;
  assertEquals(code, 143, err);
  assertStringIncludes(err, "The received data is kept. Repeat the same command to continue.");
  const [kept, ...others] = Array.from(Deno.readDirSync(root.join("out")), ({ name }) => name);
  assertEquals([kept.startsWith(".holdfast-"), others], [true, []]);
  await succeeds("download big out/", { cwd: root.path });
  assertEquals(Array.from(Deno.readDirSync(root.join("out")), ({ name }) => name), ["big.bin"]);
});

Deno.test("Ctrl-C in a big mirror says how to continue, and the same command does", async () => {
  const words = ["mirror", ".holdfast", "out/copy", "--create"];
  await using run = await stopped(withBigArtifact, words, { watch: "out" });
  const { root: { path: cwd }, code, err } = run;
  assertEquals(code, 130, err);
  assertStringIncludes(err, "The received data is kept. Repeat the same command to continue.");
  assertStringIncludes(await succeeds(words.join(" "), { cwd }), "Mirrored");
  assertStringIncludes(await succeeds("verify -r out/copy", { cwd }), "No problems");
});

/** An empty registry, and one of mindtrace with a small and a large version. */
async function withMindtrace(): Promise<TempRoot> {
  const root = await tempRoot();
  await succeeds("init", { cwd: root.path });
  const folder = root.join("old");
  await writeSettings(folder);
  await writeVersion(folder, { name: "a", files: { "data.json": "{}" } });
  const materializer = "mindtrace.registry.archivers.builtin_materializers.BytesMaterializer";
  const files = { "data.txt": new Uint8Array(SIZE) };
  await writeVersion(folder, { name: "big", class: "builtins.bytes", materializer, files });
  return root;
}

Deno.test("Ctrl-C in a big import ends with 130, and the same command imports the rest", async () => {
  const words = ["import", "mindtrace", "old", ".holdfast", "--concurrency", "1"];
  await using run = await stopped(withMindtrace, words, { watch: ".holdfast" });
  const { root: { path: cwd }, code, err } = run;
  assertEquals(code, 130, err);
  assertEquals((await holdfast("load big", { cwd })).code, 3);
  const rest = await succeeds("import mindtrace old .holdfast", { cwd });
  assertStringIncludes(rest, "Imported 1 version (1 file, 128 MiB), 1 unchanged");
  assertStringIncludes(await succeeds("verify", { cwd }), "No problems: 2 versions");
});

Deno.test("Ctrl-C in cat --output leaves no half file", async () => {
  await using run = await stopped(withBigArtifact, ["cat", "big", "--output", "out/copy"], {
    watch: "out",
  });
  const { root, code, err } = run;
  assertEquals(code, 130, err);
  assertEquals(await Array.fromAsync(walkFiles(root.join("out"))), []);
});

filledTest("Ctrl-C while standard input is awaited ends at once", async (it) => {
  const line = ["save", "x", "-", "--verbose"];
  const program = watchProcess(
    spawnDeno("apps/cli.ts", line, { cwd: it.root.path, permissions: PERMISSIONS }),
  );
  await program.until(() => program.stderr !== ""); // the registry is found: now it waits for input
  assertEquals((await program.stop("SIGINT")).code, 130);
  await it.fails("info x", 3);
});
