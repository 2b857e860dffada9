import { assertEquals } from "@std/assert";
import { readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathsBelow } from "../../../disk/paths_below.ts";
import { lockFolder, takeLock } from "../../../disk/stage/lock.ts";
import { RegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { writeFiles } from "../../../disk/write_files.ts";
import { REPOSITORY, runDeno } from "../../support/run_deno.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { rejected } from "../../registry/rejected.ts";
import { artifactOf } from "../folder_case.ts";

const OPTIONS = { ignore: process.platform === "win32" };
const HOUR_MS = 60 * 60 * 1000;
const SAMPLE = { "a": "1", "b": "2" };

/** Writes the sample; exits at the file named by its second argument. */
const PROGRAM = `
import { writeFiles } from "${REPOSITORY}/disk/write_files.ts";
import { artifactOf } from "${REPOSITORY}/tests/disk/folder_case.ts";
let there = 0;
await writeFiles(artifactOf(${JSON.stringify(SAMPLE)}), Deno.args[0], {
  onFile: ({ path }) => path === Deno.args[1] && Deno.exit(9),
  onThere: (_, bytes) => void (there += bytes),
});
console.log(there);
`;

/** Sets the times of everything in a folder. */
async function age(folder: string, ms: number): Promise<void> {
  const at = new Date(realSystem.now() - ms);
  for await (const path of pathsBelow(folder)) utimesSync(join(folder, path), at, at);
}

/** Writes a program, and returns a function that runs it with permission to write to a folder. */
async function programIn(root: TempRoot, source = PROGRAM) {
  const program = root.join("program.ts");
  await Deno.writeTextFile(program, source);
  return (args: string[], writable: string) => {
    const read = `--allow-read=${REPOSITORY},${root.path}`;
    const permissions = ["--no-check", read, `--allow-write=${writable}`];
    return runDeno(program, args, { permissions });
  };
}

testInRoot("a process takes over from a dead one with few permissions", async (root) => {
  const run = await programIn(root);
  await Deno.mkdir(root.join("files"));
  const to = root.join("files/out");
  const killed = await run([to, "b"], root.path);
  assertEquals([killed.code, killed.stderr], [9, ""]);
  assertEquals(readdirSync(root.join("files")).length, 1);
  await age(root.join("files"), 2 * HOUR_MS); // on no device, locks count for an hour
  const { code, stdout, stderr } = await run([to], root.path);
  assertEquals([code, stdout, stderr], [0, "2\n", ""]);
  assertEquals(readdirSync(root.join("files")), ["out"]);
}, OPTIONS);

testInRoot("a folder without write permission is not inspected for leftovers", async (root) => {
  const watching =
    "const { openSync } = Deno; Deno.openSync = (...args) => (console.log(args[0]), openSync(...args));";
  const run = await programIn(root, PROGRAM.replace("let there", `${watching}\nlet there`));
  const to = root.join("files/out");
  await Deno.mkdir(to, { recursive: true });
  const left = root.join(`files/.holdfast-${realSystem.id()}`);
  await Deno.mkdir(left, { mode: 0o700 });
  lockFolder(left)?.release();
  const { code, stdout } = await run([to], to);
  assertEquals([code, stdout.includes(left), stdout.includes(to)], [0, false, true]);
}, OPTIONS);

testInRoot("a running download keeps its folder, however long it is idle", async (root) => {
  const slow = artifactOf(SAMPLE);
  const { bytes } = slow.files()[1];
  const begun = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  slow.files()[1].bytes = async () => {
    begun.resolve();
    await goesOn.promise;
    return await bytes();
  };
  const download = writeFiles(slow, root.join("out"), { overwrite: true });
  await begun.promise;
  await age(root.path, 48 * HOUR_MS);
  await writeFiles(artifactOf(SAMPLE), root.join("out"));
  assertEquals(readdirSync(root.path).length, 2);
  goesOn.resolve();
  await download;
  assertEquals(readdirSync(root.path), ["out"]);
}, OPTIONS);

testInRoot("a lock is held until its release", (root) => {
  assertEquals(takeLock(root.path), undefined, "nobody created it");
  const lock = lockFolder(root.path);
  assertEquals(takeLock(root.path), "held");
  lock?.release();
  const taken = takeLock(root.path);
  assertEquals(typeof taken, "object");
  const again = lockFolder(root.path); // replaces the released one
  if (typeof taken === "object") taken.release();
  assertEquals([takeLock(root.path), readdirSync(root.path)], ["held", ["lock"]]);
  again?.release();
}, OPTIONS);

testInRoot(
  "a taken over folder stays locked for processes with its old lock open",
  async (root) => {
    const broken = artifactOf(SAMPLE);
    const message = `Cannot read "b": the store is away`;
    const error = new RegistryError({ code: "Unavailable", message, hint: "Try again." });
    broken.files()[1].bytes = () => Promise.reject(error);
    await rejected("Unavailable", writeFiles(broken, root.join("out")));
    const [left] = readdirSync(root.path);
    const opened = await Deno.open(root.join(left, "lock"), { write: true });
    const slow = artifactOf(SAMPLE);
    const { bytes } = slow.files()[1];
    const isTaken: boolean[] = [];
    slow.files()[1].bytes = async () => {
      isTaken.push(opened.tryLockSync(true));
      return await bytes();
    };
    await writeFiles(slow, root.join("out")).finally(() => opened.close());
    assertEquals([isTaken, readdirSync(root.path)], [[false], ["out"]]);
  },
  OPTIONS,
);
