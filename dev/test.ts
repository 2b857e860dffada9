// Runs the tests: `deno task test` those that need nothing but this process and the disk, `deno
// task test:all` all of them. Words after it go to `deno test`, as in `deno task test --filter
// cell`. `--full` tries every seed that CI tries in a week. One line per server says which suites were left out.
// With `HOLDFAST_PASSED`, the path of a note, files that passed on what they load are held over: see held_over.ts.
// With `HOLDFAST_DAY` some run on other days: see held_over/by_turns.ts. `HOLDFAST_ALL_TESTS=1` runs them all.
// The test files of a folder run in one isolate, which loads the product once: see `roomsOf`.
import { accessSync, constants, statfsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";
import { join } from "@std/path";
import { REPOSITORY } from "../tests/support/run_deno.ts";
import { sourceFiles, TEST_FOLDERS } from "../tests/support/source_files.ts";
import { dayOfRun } from "../tests/support/seeds.ts";
import { tempRoot } from "../tests/support/temp_root.ts";
import { isOfDay } from "./held_over/by_turns.ts";
import {
  chooseTests,
  type GreenRuns,
  keepGreenRuns,
  tellHeld,
  type TestChoice,
} from "./held_over.ts";
import { FailedModules, withoutFailedRooms } from "./held_over/failed_rooms.ts";
import { ALONE, FIRST, isBelow, LONG, TOGETHER, WITH_PROGRAMS } from "./slow_tests.ts";

/** Servers that the system's packages bring. */
const PACKAGES: Record<string, string> = {
  redis: "redis-server",
  postgres: "postgresql",
  slurm: "slurm-wlm",
};

/** Seeds of the simulation, where `HOLDFAST_SEEDS` does not say. */
const SEEDS = { quick: "6", all: "2000" };
/** The free space that a quick run asks of a folder in memory. */
const MEMORY_BYTES = 4 * 2 ** 30;
/** When nothing was said for so long, a test waits for what never comes. */
const SILENCE_MS = 8 * 60_000;
/** Test files at once: more than there are cores, for beside other programs each thread has its share of them. */
const AT_ONCE = 2 * navigator.hardwareConcurrency;

/** A file `MODULE.ended` shows that all tests of that module ended. */
const ENDED = ".ended";

/** Test files of a room, of those that start programs. */
const PROGRAMS_OF_ROOM = 7;
/** In a quick run, folders with fewer test files share rooms. */
const FEW_FILES = 100;

const [part, ...given] = Deno.args;
const words = given.filter((word) => word !== "--full");
if (part !== "quick" && part !== "all") throw new Error("Cannot run the tests: say quick or all");
const isQuick = part === "quick";

/**
 * Test files of a room: fewer load and compile the product more often, more leave a core idle at the end. Short tests
 * share an isolate with many.
 */
const FILES_OF_ROOM = isQuick ? 240 : 25;

await using root = await tempRoot();
const leftOut = root.join("left_out");
const isNamed = words.some((word) => /^(explorer\/)?tests/.test(word));
/** The note of green runs. Words and `--full` change what runs, so then there is none. */
const note = isQuick || given.length > 0 ? undefined : Deno.env.get("HOLDFAST_PASSED");
const isWhole = given.includes("--full") || Deno.env.get("HOLDFAST_ALL_TESTS") === "1";
const day = isWhole ? undefined : dayOfRun();
const everyTest = (await sourceFiles(TEST_FOLDERS)).filter((path) => path.endsWith("_test.ts"));
const allTests = everyTest.filter((path) => isOfDay(path, day));
if (allTests.length < everyTest.length) {
  console.log(`By turns: ${everyTest.length - allTests.length} test files run on other days`);
}
const choice: TestChoice = note === undefined
  ? { run: allTests, held: [], passed: {}, states: {} }
  : await chooseTests(allTests, note);
for (const line of tellHeld(choice)) console.log(line);
if (choice.run.length === 0) {
  await root.remove();
  Deno.exit();
}
/** The files of each module that runs, by its name. */
const filesOfModules = new Map<string, readonly string[]>();
const failedModules = new FailedModules();
const where = isNamed ? [] : await modulesOf(choice.run);
const env = {
  HOLDFAST_LEFT_OUT: leftOut,
  HOLDFAST_SEEDS: Deno.env.get("HOLDFAST_SEEDS") ?? SEEDS[part],
  DENO_JOBS: String(AT_ONCE),
  ...(given.includes("--full") ? { HOLDFAST_FULL: "1" } : {}),
  ...(isQuick
    ? { HOLDFAST_SERVERS: "none", HOLDFAST_REQUIRE_SERVERS: "", HOLDFAST_QUICK: "1" }
    : {}),
  ...(isQuick && !isNamed ? inMemory() : {}), // Deno gives programs nothing in /dev without all permissions
};
const watched = !Deno.stdout.isTerminal(); // at a terminal somebody sees what hangs, and stops it
const tests = new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", "--no-check", "--parallel", ...words, ...where],
  cwd: REPOSITORY,
  env,
  stdout: watched ? "piped" : "inherit",
}).spawn();
if (watched) await repeatOutput(tests);
const { code } = await tests.status;
const green = note === undefined ? undefined : await greenRuns(code);
if (note !== undefined && green !== undefined) await keepGreenRuns(note, green, choice.states);
for (const line of await tellLeftOut()) console.log(line);
if (isQuick) console.log("Programs, threads and real servers are tested by deno task test:all.");
await root.remove();
Deno.exit(code);

/** Writes the modules to run, the longest first: rooms, and files with an isolate of their own. */
async function modulesOf(tests: readonly string[]): Promise<string[]> {
  const kindOf = (path: string) =>
    isBelow(path, ALONE) ? "alone" : isBelow(path, WITH_PROGRAMS) ? "programs" : "shared";
  const { alone = [], programs = [], shared = [] } = Object.groupBy(tests, kindOf);
  const rooms = roomsOf(shared.filter((path) => !(isQuick && isBelow(path, LONG))));
  if (!isQuick) {
    for (const [name, files] of sharesOf("programs", programs, PROGRAMS_OF_ROOM)) {
      rooms.set(name, files);
    }
    for (const path of alone) addAlone(rooms, path);
  }
  const names = new Set([...FIRST.filter((name) => rooms.has(name)), ...rooms.keys()]);
  return await Promise.all([...names].map((name) => writeRoom(name, rooms.get(name)!)));
}

/**
 * The variable for temporary files in memory, where the system has such a folder with enough space: some thousand tests
 * write what they say is on the disk. CI uses one too.
 */
function inMemory(): Record<string, string> {
  const folder = "/dev/shm";
  if (Deno.env.has("TMPDIR")) return {};
  try {
    const { bavail, bsize } = statfsSync(folder);
    accessSync(folder, constants.W_OK);
    return bavail * bsize >= MEMORY_BYTES ? { TMPDIR: folder } : {};
  } catch {
    return {};
  }
}

/** Adds a room with one file, or with those that share what takes long to build. */
function addAlone(rooms: Map<string, string[]>, path: string): void {
  const name = Object.keys(TOGETHER).find((room) => TOGETHER[room]!.includes(path)) ?? path;
  rooms.set(name, [...rooms.get(name) ?? [], path]);
}

/** Writes a module that imports test files, and returns its path. */
async function writeRoom(name: string, files: readonly string[]): Promise<string> {
  const module = `${name.replace(/_test\.ts$/, "").replaceAll("/", "_")}_test.ts`;
  const imports = files.map((path) => `import ${JSON.stringify(join(REPOSITORY, path))};\n`);
  if (note !== undefined) imports.push(markOfEnd(module));
  filesOfModules.set(module, files);
  await Deno.writeTextFile(root.join(module), imports.join(""));
  return root.join(module);
}

/** Returns code that notes that all tests of a module ended. */
function markOfEnd(module: string): string {
  const mark = JSON.stringify(root.join(`${module}${ENDED}`));
  return `Deno.test.afterAll(() => Deno.writeTextFileSync(${mark}, ""));\n`;
}

/** Returns the green runs to note; undefined if failures are not known. */
async function greenRuns(code: number): Promise<GreenRuns | undefined> {
  if (code === 0) return choice.passed;
  const failed = failedModules.names;
  if (failed === undefined) return undefined;
  const names = (await readdir(root.path)).filter((name) => name.endsWith(ENDED));
  const ended = new Set(names.map((name) => name.slice(0, -ENDED.length)));
  return withoutFailedRooms(choice.passed, filesOfModules, failed, ended);
}

/**
 * Files by room: those of the explorer, of a folder below `tests/`, of two folders below `tests/apps/` and `tests/extensions/`, in shares of
 * equal size; in a quick run those of all small folders together.
 */
function roomsOf(tests: readonly string[]): Map<string, string[]> {
  const folders = Map.groupBy(tests, (path) => {
    const depth = /^tests\/(apps|extensions)\//.test(path) ? 3 : 2;
    if (path.startsWith("explorer/")) return "explorer";
    return path.split("/").slice(1, -1).slice(0, depth - 1).join("_") || "top";
  });
  const isSmall = ([, files]: [string, string[]]) => isQuick && files.length < FEW_FILES;
  const large = [...folders].filter((folder) => !isSmall(folder));
  const rest = [...folders].filter(isSmall).flatMap(([, files]) => files);
  return new Map(
    [...large, ["small_folders", rest] as const]
      .flatMap(([folder, files]) => sharesOf(folder, files, FILES_OF_ROOM)),
  );
}

/** Rooms of about equal size with at most so many files. */
function sharesOf(name: string, files: readonly string[], most: number): [string, string[]][] {
  const count = Math.ceil(files.length / most);
  const size = Math.ceil(files.length / count);
  return Array.from({ length: count }, (_, i): [string, string[]] => {
    return [`${name}_${i + 1}`, files.slice(i * size, (i + 1) * size)];
  });
}

/** Says what the tests say. Where they hang it ends them, and names each that has not ended: others wait for this run. */
async function repeatOutput(tests: Deno.ChildProcess): Promise<void> {
  const slow = new Set<string>();
  const hang = () => {
    for (const name of slow) console.log(`${name} ... FAILED`);
    console.log(
      `Those did not end: no test did for ${SILENCE_MS / 60_000} minutes: all are ended.`,
    );
    tests.kill("SIGKILL");
  };
  let silence = setTimeout(hang, SILENCE_MS);
  const decoder = new TextDecoder();
  for await (const bytes of tests.stdout) {
    clearTimeout(silence);
    silence = setTimeout(hang, SILENCE_MS);
    const text = stripVTControlCharacters(decoder.decode(bytes, { stream: true }));
    failedModules.add(text);
    for (const [, name = ""] of text.matchAll(/'(.+)' has been running for over/g)) slow.add(name);
    for (const name of slow) if (text.includes(`=> ${name} ... `)) slow.delete(name);
    for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
  }
  clearTimeout(silence);
}

async function tellLeftOut(): Promise<string[]> {
  const counts = new Map<string, number>();
  const kinds = await Deno.readTextFile(leftOut).catch(() => "");
  for (const kind of kinds.split("\n").filter(Boolean)) {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const why = (kind: string) =>
    isQuick
      ? ""
      : kind in PACKAGES
      ? `: it is not installed; apt-get install ${PACKAGES[kind]} does`
      : ": it is not built; deno task servers --install builds it";
  return [...counts].sort().map(([kind, count]) => `${kind}: ${count} tests left out${why(kind)}`);
}
