// Trials of mutants in a copy of the source: does the named test, or do the seeds, find the mistake?
import { cp, readdir, rm } from "node:fs/promises";
import { join } from "@std/path";
import { REPOSITORY } from "../../tests/support/run_deno.ts";
import { applyEdit, editsOf, type Mutant, type SeedRange } from "./mutant.ts";

const TEST_MS = 300_000;
const SEEDS_MS = 1_800_000;
const SEEDS: SeedRange = { first: 1, count: 2_000 };

/** The evidence of a mutant that makes the simulation endless. */
export const ENDLESS = "seeds that do not end";

/** The outcome of a trial; only `killed` is good. */
export interface Outcome {
  name: string;
  /** `broken`: the mutant or its test does not run. */
  verdict: "killed" | "alive" | "broken";
  /** The evidence. */
  by: string;
  ms: number;
}

/** Copies the source to a directory. */
export async function copySource(to: string): Promise<void> {
  for (const name of await readdir(REPOSITORY)) {
    if (name.startsWith(".") || name === "node_modules") continue;
    await cp(join(REPOSITORY, name), join(to, name), { recursive: true });
  }
}

/** Removes a copy, and what Deno compiled of it. */
export async function removeCopy(path: string): Promise<void> {
  const { stdout } = await runDeno(path, ["info", "--json"], TEST_MS);
  const compiled = join(JSON.parse(stdout).typescriptCache, "file", path);
  for (const folder of [path, compiled]) await rm(folder, { recursive: true, force: true });
}

/** Tries a mutant in a copy. */
export async function tryMutant(copy: string, mutant: Mutant): Promise<Outcome> {
  const began = performance.now();
  const before = new Map<string, string>();
  const judged = ([verdict, by]: [Outcome["verdict"], string]): Outcome => (
    { name: mutant.name, verdict, by, ms: Math.round(performance.now() - began) }
  );
  try {
    for (const edit of editsOf(mutant)) {
      const file = join(copy, edit.file);
      const source = await Deno.readTextFile(file);
      if (!before.has(file)) before.set(file, source);
      await Deno.writeTextFile(file, applyEdit(source, edit));
    }
    const { test, testName = "", seeds = SEEDS } = mutant;
    return judged(
      await (test === undefined ? trySeeds(copy, seeds) : tryTest(copy, test, testName)),
    );
  } catch (error) {
    return judged(["broken", (error as Error).message]);
  } finally {
    for (const [file, source] of before) await Deno.writeTextFile(file, source);
  }
}

async function tryTest(
  copy: string,
  test: string,
  name: string,
): Promise<[Outcome["verdict"], string]> {
  const { passed, failed, hung, output } = await runTests(copy, [test], name);
  if (failed.length > 0) return ["killed", `${test}: ${failed[0]}`];
  if (hung) return ["killed", `${test}: does not end`];
  return passed > 0 ? ["alive", `${test}: ${name}`] : ["broken", output];
}

async function trySeeds(
  copy: string,
  { first, count, schedule, of }: SeedRange,
): Promise<[Outcome["verdict"], string]> {
  const words = ["--json", "--workers=1", `--first=${first}`, `--seeds=${count}`];
  if (schedule !== undefined) words.push(`--schedule=${schedule}`);
  if (of !== undefined) words.push(`--of=${of}`);
  const args = ["run", "-A", "--no-check", "--quiet", "tests/simulate/main.ts", ...words];
  const { stdout, output, hung } = await runDeno(copy, args, SEEDS_MS);
  if (hung) return ["killed", ENDLESS];
  try {
    const [broken] = JSON.parse(stdout).violations;
    if (broken === undefined) return ["alive", `${count} seeds from ${first}`];
    return ["killed", `seed ${broken.seed} (${broken.schedule}): ${broken.invariant}`];
  } catch {
    return ["broken", output];
  }
}

/** Runs the tests that find mutants without any mutant; returns those that fail, which prove nothing. */
export async function tryWithout(copy: string, mutants: readonly Mutant[]): Promise<string[]> {
  const files = [...new Set(mutants.flatMap(({ test }) => test ?? []))];
  if (files.length === 0) return [];
  const names = [...new Set(mutants.flatMap(({ testName }) => testName ?? []))].map(RegExp.escape);
  const { passed, failed, hung, output } = await runTests(copy, files, `/${names.join("|")}/`);
  if (hung || passed + failed.length === 0) return [`the tests do not run at all: ${output}`];
  return failed.map((name) => `${name}: fails without a mutant`);
}

async function runTests(copy: string, files: readonly string[], filter: string) {
  const args = ["test", "-A", "--no-check", "--quiet", "--reporter=tap", "--filter", filter];
  const { stdout, hung, output } = await runDeno(copy, [...args, ...files], TEST_MS);
  const results = [...stdout.matchAll(/^(ok|not ok) \d+ - (.*)$/gm)];
  const failed = results.filter(([, ok]) => ok !== "ok").map(([, , name = ""]) => name);
  return { passed: results.length - failed.length, failed, hung, output };
}

async function runDeno(cwd: string, args: string[], timeoutMs: number) {
  const signal = AbortSignal.timeout(timeoutMs);
  const env = { NO_COLOR: "1" };
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd, env, signal })
    .output();
  const out = new TextDecoder().decode(stdout), err = new TextDecoder().decode(stderr);
  const output = `${out.slice(-1500)}\n${err.slice(-1500)}`;
  return { stdout: out, output, hung: signal.aborted };
}
