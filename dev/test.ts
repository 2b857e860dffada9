// Runs the tests: `deno task test` those that need nothing but this process and the disk, `deno
// task test:all` all of them. Words after it go to `deno test`, as in `deno task test --filter
// cell`. `--full` tries every seed that CI tries in a week. One line per server says which suites were left out.
// The test files of a folder run in one isolate, which loads the product once: see `roomsOf`.
import { accessSync, constants, statfsSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { join } from "@std/path";
import { REPOSITORY } from "../tests/support/run_deno.ts";
import { sourceFiles, TEST_FOLDERS } from "../tests/support/source_files.ts";
import { tempRoot } from "../tests/support/temp_root.ts";
import { ALONE, FIRST, TOGETHER, WITH_PROGRAMS } from "./slow_tests.ts";

/**
 * Tests that only `deno task test:all` runs, with the others of their folder: every step of a long work interrupted,
 * every byte damaged, many thousand versions or cases, all of it over HTTP; and a few short programs.
 */
const LONG = [
  "tests/apps/server/access/hidden_members_test.ts",
  "tests/apps/server/worst_bodies_test.ts",
  "tests/apps/server/worst_requests_test.ts",
  "tests/backends/gcs/conformance_test.ts",
  "tests/backends/local/every_call_test.ts",
  "tests/backends/local/layout_sizes_test.ts",
  "tests/backends/local/layout_suites_test.ts",
  "tests/backends/local/layout_test.ts",
  "tests/files/processes/simulate_moves_test.ts",
  "tests/files/processes/zarr_writers_test.ts",
  "tests/formats/mutate/mutate_test.ts",
  "tests/registry/cache/failures_test.ts",
  "tests/registry/cache/sweep_test.ts",
  "tests/registry/cache/staleness_test.ts",
  "tests/registry/calls_test.ts",
  "tests/registry/cell/renewal_test.ts",
  "tests/registry/damage",
  "tests/registry/format/record_damage_test.ts",
  "tests/registry/maintenance/interrupted_garbage_test.ts",
  "tests/registry/maintenance/meeting_garbage_test.ts",
  "tests/registry/maintenance/plans_test.ts",
  "tests/registry/maintenance/verify_shared_test.ts",
  "tests/registry/mirror",
  "tests/registry/payload/download_over_older_test.ts",
  "tests/registry/payload/large/large_files_test.ts",
  "tests/registry/payload/ranges/verified_ranges_test.ts",
  "tests/registry/payload/ranges/verified_ways_test.ts",
  "tests/registry/payload/shared_bytes_test.ts",
  "tests/registry/payload/writing/shared_history_test.ts",
  "tests/registry/releases/simulated_test.ts",
  "tests/registry/transfer/resumable_test.ts",
  "tests/registry/verbs/abort_test.ts",
  "tests/registry/verbs/names_test.ts",
  "tests/apps/cli/commands/pipelines/forged_runs_test.ts",
  "tests/apps/client/behaviour_test.ts", // in_process_test.ts has the same cases without a server
  "tests/apps/client/new_bytes_test.ts",
  "tests/apps/server/listen/refusals_test.ts",
  "tests/apps/server/routes/forged_runs_test.ts",
  "tests/backends/local/close_test.ts",
  "tests/backends/local_list_test.ts",
  "tests/backends/local_lock_test.ts", // local_test.ts has the same cases without locks
  "tests/disk/download_plan_test.ts",
  "tests/formats/archive/memory_test.ts",
  "tests/neighbors/mindtrace/bucket_test.ts",
  "tests/neighbors/mindtrace/damage_test.ts",
  "tests/operators/runner/records/forged_records_test.ts",
  "tests/operators/runner/step/linked_content_test.ts",
  "tests/registry/cache/older_entry_test.ts",
  "tests/registry/earlier",
  "tests/registry/history/in_mirror_test.ts",
  "tests/registry/payload/file_in_runs_test.ts",
  "tests/registry/payload/pairs_test.ts",
  // programs
  "tests/operators/engines/inherited_variables_test.ts",
  "tests/operators/process/escape_test.ts",
  "tests/operators/process/left_command_test.ts",
  "tests/operators/runner/command_step_test.ts",
  "tests/operators/runner/fingerprint_test.ts",
  "tests/operators/runner/metrics/read_metrics_test.ts",
  "tests/operators/runner/step/command_files_test.ts",
  "tests/operators/runner/step/left_out_test.ts",
  "tests/operators/runner/step/script_test.ts",
  "tests/operators/runner/step/secrets_test.ts",
  "tests/apps/cli/commands/pipelines/secret_variables_test.ts",
  "tests/apps/cli/commands/pipelines/stray_failures_test.ts",
  "tests/exports_test.ts",
  "tests/import_test.ts",
  "tests/without_builtin_modules_test.ts",
  "tests/workers/piece_threads_test.ts",
  "tests/workers/verify_threads_test.ts",
  // Python
  "explorer/tests/pandas",
  "tests/apps/server/hf/python_moving_test.ts",
  "tests/apps/server/hf/python_test.ts",
  "tests/apps/server/hf/python_write_test.ts",
  "tests/docs/python_test.ts",
  "tests/files/ome/python_test.ts",
  "tests/formats/python/packages_test.ts",
  "tests/formats/safetensors/libraries_test.ts",
  "tests/formats/zarr/python_test.ts",
  "tests/materializers/numpy_test.ts",
  "tests/python",
  "tests/operators/engines/redelivery_test.ts",
  "tests/operators/process/environment_command_test.ts",
  "tests/neighbors/mindtrace/export_test.ts",
  "tests/registry/payload/writing/packs_test.ts",
];

/** Servers that the system's packages bring. */
const PACKAGES: Record<string, string> = {
  redis: "redis-server",
  postgres: "postgresql",
  slurm: "slurm-wlm",
};

/** Seeds of the simulation, where `HOLDFAST_SEEDS` does not say. */
const SEEDS = { quick: "12", all: "2000" };
/** The free space that a quick run asks of a folder in memory. */
const MEMORY_BYTES = 4 * 2 ** 30;
/** When nothing was said for so long, a test waits for what never comes. */
const SILENCE_MS = 8 * 60_000;
/** Test files at once: more than there are cores, for beside other programs each thread has its share of them. */
const AT_ONCE = 2 * navigator.hardwareConcurrency;

/** Test files of a room: fewer load the product more often, more leave a core idle at the end. */
const FILES_OF_ROOM = 25;
/** The same of those that start programs. */
const PROGRAMS_OF_ROOM = 7;

const [part, ...given] = Deno.args;
const words = given.filter((word) => word !== "--full");
if (part !== "quick" && part !== "all") throw new Error("Cannot run the tests: say quick or all");
const isQuick = part === "quick";

await using root = await tempRoot();
const leftOut = root.join("left_out");
const isNamed = words.some((word) => /^(explorer\/)?tests/.test(word));
const where = isNamed ? [] : await modulesOfAllTests();
const env = {
  HOLDFAST_LEFT_OUT: leftOut,
  HOLDFAST_SEEDS: Deno.env.get("HOLDFAST_SEEDS") ?? SEEDS[part],
  DENO_JOBS: String(AT_ONCE),
  ...(given.includes("--full") ? { HOLDFAST_FULL: "1" } : {}),
  ...(isQuick ? { HOLDFAST_SERVERS: "none", HOLDFAST_QUICK: "1" } : {}),
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
for (const line of await tellLeftOut()) console.log(line);
if (isQuick) console.log("Programs, threads and real servers are tested by deno task test:all.");
await root.remove();
Deno.exit(code);

/** Writes the modules to run, the longest first: rooms, and files with an isolate of their own. */
async function modulesOfAllTests(): Promise<string[]> {
  const tests = (await sourceFiles(TEST_FOLDERS)).filter((path) => path.endsWith("_test.ts"));
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

function isBelow(path: string, places: readonly string[]): boolean {
  return places.some((place) => path === place || path.startsWith(`${place}/`));
}

/** Adds a room with one file, or with those that share what takes long to build. */
function addAlone(rooms: Map<string, string[]>, path: string): void {
  const name = Object.keys(TOGETHER).find((room) => TOGETHER[room]!.includes(path)) ?? path;
  rooms.set(name, [...rooms.get(name) ?? [], path]);
}

/** Writes a module that imports test files, and returns its path. */
async function writeRoom(name: string, files: readonly string[]): Promise<string> {
  const module = root.join(`${name.replace(/_test\.ts$/, "").replaceAll("/", "_")}_test.ts`);
  const imports = files.map((path) => `import ${JSON.stringify(join(REPOSITORY, path))};\n`);
  await Deno.writeTextFile(module, imports.join(""));
  return module;
}

/**
 * Files by room: those of the explorer, of a folder below `tests/`, of two folders below `tests/apps/`, in shares of
 * equal size.
 */
function roomsOf(tests: readonly string[]): Map<string, string[]> {
  const folders = Map.groupBy(tests, (path) => {
    const depth = path.startsWith("tests/apps/") ? 3 : 2;
    if (path.startsWith("explorer/")) return "explorer";
    return path.split("/").slice(1, -1).slice(0, depth - 1).join("_") || "top";
  });
  return new Map([...folders].flatMap(([folder, files]) => sharesOf(folder, files, FILES_OF_ROOM)));
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
