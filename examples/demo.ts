// deno task demo [path]
//
// Shows Holdfast on real files. It works on a copy, in a temporary folder that it removes.
import fs from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { isRegistryError, localPath, openRegistry } from "@holdfast/holdfast";
import { verifyRegistry } from "@holdfast/holdfast/maintenance";
import { addLine, bytesIn, compare, copyInput, filesIn, flipBit } from "./demo_files.ts";

const NAME = "demo:files";

async function demo(input: string, work: string): Promise<void> {
  const [before, after] = [join(work, "before"), join(work, "after")].map((folder) =>
    join(folder, basename(input))
  );
  const left = copyInput(input, before);
  copyInput(before, after);
  const files = filesIn(before);
  if (files.length === 0) throw new Error(`Cannot show ${input}: there is no file in it`);
  say(`\nHoldfast looks after ${input}`);
  fact("what is there", `${count(files.length, "file")}, ${size(bytesIn(before))}`);
  if (left > 0) {
    fact(
      "left out",
      `${count(left, "entry", "entries")}: links, special files, .git, node_modules`,
    );
  }

  const store = join(work, "registry");
  await using registry = await openRegistry(store);

  step(1, "Save it");
  const first = await clocked(() =>
    registry.save(NAME, localPath(before, { all: true }), { metadata: { from: basename(input) } })
  );
  const storedFirst = bytesIn(store);
  fact("saved as", `${NAME}@${first.value.version} in ${first.time}`);
  fact("digest", first.value.digest);
  fact("bytes stored", size(storedFirst));

  step(2, "Change something and save again");
  const changed = files[0].name === ""
    ? ""
    : (files.find(({ name }) => name === "README.md") ?? files[0]).name;
  addLine(join(after, changed), "This line was added by the demo.");
  const seen = new Set(filesIn(store).map(({ name }) => name));
  const second = await clocked(() => registry.save(NAME, localPath(after, { all: true })));
  const added = bytesIn(store) - storedFirst;
  fact("changed", `one line more in ${changed || basename(input)}`);
  fact("saved as", `${NAME}@${second.value.version} in ${second.time}`);
  fact(
    "bytes stored",
    `${size(storedFirst + added)}: ${size(added)} more, for ${size(second.value.size)} of content`,
  );
  if (storedFirst > added * 2) {
    fact("", "what did not change is shared with the first version; the list of files is new");
  }

  step(3, "What does the registry hold?");
  for await (const { version, info, error } of registry.versions(NAME, { details: true })) {
    if (error !== undefined) throw error;
    const files = info!.files.filter(({ mode }) => mode !== "folder"); // an empty folder is kept too
    fact(
      version,
      `${count(files.length, "file")}, ${size(info!.size)}, ${info!.createdAt.toISOString()}`,
    );
  }

  step(4, "Load both versions, and compare them byte by byte");
  for (const [version, source] of [[first.value.version, before], [second.value.version, after]]) {
    const { path } = await registry.download(`${NAME}@${version}`, {
      to: join(work, `out-${version}`),
    });
    fact(version, `${size(compare(source, path))}, not one byte differs`);
  }

  step(5, "A disk flips one bit");
  const stored = filesIn(store).filter(({ name }) => !seen.has(name));
  const victim = stored.find(({ name }) => name.startsWith("objects")) ?? stored[0]; // small files live in the record
  flipBit(join(store, victim.name));
  fact("damaged", victim.name);
  const report = await verifyRegistry(registry);
  fact(
    "verify says",
    `${count(report.versions, "version")} read, ${count(report.problems.length, "problem")}`,
  );
  for (const { ref, code, message, hint } of report.problems) {
    fact("", `${ref} is ${code}: ${message}`);
    if (hint !== undefined) fact("", hint);
  }
  fact(
    "load says",
    await refused(() =>
      registry.download(`${NAME}@${second.value.version}`, { to: join(work, "bad") })
    ),
  );
  const whole = await registry.download(`${NAME}@${first.value.version}`, {
    to: join(work, "still-good"),
  });
  fact("first version", `${size(compare(before, whole.path))}, still whole`);
  flipBit(join(store, victim.name));
  const repaired = await verifyRegistry(registry);
  fact("flipped back", repaired.ok ? "everything verifies again" : "there are still problems");
}

/** Returns the message of a call that must fail. */
async function refused(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (isRegistryError(error, "Corrupt")) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("Cannot go on: damaged bytes were loaded");
}

async function clocked<T>(action: () => Promise<T>): Promise<{ value: T; time: string }> {
  const start = performance.now();
  const value = await action();
  const ms = performance.now() - start;
  return { value, time: ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s` };
}

function say(text: string): void {
  console.log(text);
}

function step(number: number, title: string): void {
  say(`\n${number}. ${title}`);
}

function fact(what: string, text: string): void {
  say(`   ${what.padEnd(14)} ${text}`);
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

function size(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
  return power === 0
    ? count(bytes, "byte")
    : `${(bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}

if (import.meta.main) {
  const path = resolve(process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url)));
  const work = fs.mkdtempSync(join(tmpdir(), "holdfast-demo-"));
  try {
    if (!fs.existsSync(path)) {
      throw new Error(`Cannot show ${path}: there is no such file or folder`);
    }
    await demo(fs.realpathSync(path), work);
    say("\nThe temporary folder is removed; your files were only read.\n");
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}
