// Holds suites over (skips them) in CI, if the files that they load have not changed since they passed on this machine,
// less than a day ago and on the same `HOLDFAST_DAY`. A suite with unknown files, or that never passed here, runs.
//
// `look CACHE NOW` looks up the suites that are not part of `deno task test:all`. For each it writes the note to keep if
// it passes, `NOW/NAME.json`; for those to hold over also `NOW/NAME.held`, with the time since when. `keep CACHE NOW NAME`
// keeps that note after the suite passed, unless a file was written since `look`. `deno task test:all` holds test files over by
// the note that `HOLDFAST_PASSED` names.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "@std/path";
import { realSystem } from "../core/system.ts";
import { replaceFile } from "../apps/change_file.ts";
import { EVERYTHING } from "./held_over/computed_names.ts";
import { environmentOfTests } from "./held_over/environment.ts";
import { changedSince, type FileStates, LoadedFiles } from "./held_over/loaded.ts";

/** The suites of `.ci/run` beside the tests, and the files and folders that each starts from. */
export const SUITES: Readonly<Record<string, readonly string[]>> = {
  fuzz: [".ci/fuzz", ".ci/fuzz_server.ts", ".ci/schemathesis.toml"],
  simulation: ["tests/simulate_test.ts"],
  portable: [EVERYTHING],
  examples: [EVERYTHING],
  written: [EVERYTHING],
};

const DAY_MS = 24 * 3600_000;
/** The file in the folder `NOW` that has the states of files. */
const STATES = "files";

/** A green run of a suite. */
export interface GreenRun {
  digest: string;
  /** When it began, in milliseconds since 1970. */
  time: number;
}

/** Green runs by suite. */
export type GreenRuns = Readonly<Record<string, GreenRun>>;

/** Returns true if a suite passed on the same files less than a day ago. */
export function isUnchanged(last: GreenRun | undefined, digest: string, now: number): boolean {
  return last?.digest === digest && last.time <= now && now - last.time < DAY_MS;
}

/** Returns the noted green runs; none if the note is missing or damaged. */
export async function readGreenRuns(note: string): Promise<GreenRuns> {
  try {
    const runs: unknown = JSON.parse(await readFile(note, "utf8"));
    return typeof runs === "object" && runs !== null ? runs as GreenRuns : {};
  } catch {
    return {};
  }
}

/** Writes the note of green runs. */
export async function noteGreenRuns(note: string, runs: GreenRuns): Promise<void> {
  await mkdir(dirname(note), { recursive: true });
  replaceFile("note green runs", note, { content: JSON.stringify(runs), mode: 0o644 });
}

/** Suites to run, those to hold over, and the runs to note once all passed. */
export interface Choice {
  readonly run: readonly string[];
  readonly held: readonly string[];
  readonly passed: GreenRuns;
}

/** Chooses among suites whose digests are known; the others run. */
export function chooseSuites(
  names: readonly string[],
  digests: ReadonlyMap<string, string>,
  last: GreenRuns,
  now: number,
): Choice {
  const isHeld = (name: string) => {
    const digest = digests.get(name);
    return digest !== undefined && Object.hasOwn(last, name) &&
      isUnchanged(last[name], digest, now);
  };
  const { held = [], run = [] } = Object.groupBy(names, (name) => isHeld(name) ? "held" : "run");
  const passed = names.flatMap((name): [string, GreenRun][] => {
    const digest = digests.get(name);
    if (digest === undefined) return [];
    return [[name, held.includes(name) ? last[name]! : { digest, time: now }]];
  });
  return { run, held, passed: Object.fromEntries(passed) };
}

/** Suites by digest, and the files that were read for it; none if the files cannot be read, so that all run. */
export interface Lookup {
  readonly digests: ReadonlyMap<string, string>;
  readonly states: FileStates;
}

/** Looks up the digests of suites by what they start from. */
export async function lookUp(
  suites: Readonly<Record<string, readonly string[]>>,
  read: () => Promise<LoadedFiles> = LoadedFiles.read,
): Promise<Lookup> {
  try {
    const files = await read(), environment = await environmentOfTests();
    const digests = new Map(
      Object.entries(suites).map(([name, places]) => [name, files.digestOf(places, environment)]),
    );
    return { digests, states: files.states };
  } catch (error) {
    console.error(
      `All suites run, because the files that they load are unknown: ${(error as Error).message}`,
    );
    return { digests: new Map(), states: {} };
  }
}

/** Notes green runs, unless a file was written since: they may have loaded it later. Returns that file. */
export async function keepGreenRuns(
  note: string,
  runs: GreenRuns,
  states: FileStates,
): Promise<string | undefined> {
  const changed = await changedSince(states);
  if (changed === undefined) await noteGreenRuns(note, runs);
  else console.log(`Not noted as passed: ${changed} was written since the run began`);
  return changed;
}

/** A choice, and the files that were read for it. */
export type TestChoice = Choice & Pick<Lookup, "states">;

/** Chooses among the test files, by the note at a path. */
export async function chooseTests(tests: readonly string[], note: string): Promise<TestChoice> {
  const now = realSystem.now();
  const { digests, states } = await lookUp(
    Object.fromEntries(tests.map((path) => [path, [path]])),
  );
  const last = isEverything() ? {} : await readGreenRuns(note);
  return { ...chooseSuites(tests, digests, last, now), states };
}

/** Returns a line for each folder with suites that are held over, and since when. */
export function tellHeld({ held, passed }: Choice): string[] {
  const folders = Map.groupBy(held, (name) => name.split("/").slice(0, -1).slice(0, 2).join("/"));
  return [...folders].sort().map(([folder, names]) => {
    const times = names.map((name) => passed[name]!.time);
    const since = new Date(Math.min(...times)).toISOString();
    const what = folder === "" ? names.join(", ") : `${folder} (${names.length} files)`;
    return `Held over: ${what}, unchanged since passing at ${since}`;
  });
}

function isEverything(): boolean {
  return (realSystem.env("HOLDFAST_ALL_TESTS") ?? "") !== "";
}

async function look(cache: string, to: string): Promise<void> {
  const { digests, states } = await lookUp(SUITES), now = realSystem.now();
  for (const name of Object.keys(SUITES)) {
    const last = isEverything() ? {} : await readGreenRuns(join(cache, `${name}.json`));
    const choice = chooseSuites([name], digests, last, now);
    await noteGreenRuns(join(to, `${name}.json`), choice.passed);
    const [line] = tellHeld(choice);
    if (line !== undefined) await writeFile(join(to, `${name}.held`), `${line}\n`);
  }
  await writeFile(join(to, STATES), JSON.stringify(states));
}

async function keep(cache: string, from: string, name: string): Promise<void> {
  const states: FileStates = JSON.parse(await readFile(join(from, STATES), "utf8"));
  const note = `${name}.json`;
  await keepGreenRuns(join(cache, note), await readGreenRuns(join(from, note)), states);
}

if (import.meta.main) {
  const [command, cache = "", folder = "", name = ""] = Deno.args;
  if (command === "look" && folder !== "") await look(cache, folder);
  else if (command === "keep" && name !== "") await keep(cache, folder, name);
  else throw new Error("Cannot hold suites over: pass `look CACHE NOW` or `keep CACHE NOW NAME`");
}
