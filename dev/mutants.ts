// Tries mutants: mistakes in a copy of the source that a named test, or seeds of the simulation, must notice.
// `deno task mutants` tries all, `deno task mutants cell/ save/no-base-recheck` some, by name or by the beginning of it.
//
// - `--json` prints what became of each as JSON
// - `--search` says what notices them; `--seeds=N` how many seeds it tries, `--tests=PATH,PATH` which tests
import { parseArgs } from "node:util";
import { MUTANTS } from "./mutants/list/mod.ts";
import type { Mutant } from "./mutants/mutant.ts";
import { searchFinders } from "./mutants/search.ts";
import { copySource } from "./mutants/source_copy.ts";
import type { SourceCopy } from "./mutants/source_copy.ts";
import { tryMutant, tryWithout } from "./mutants/try_mutant.ts";
import type { Outcome } from "./mutants/try_mutant.ts";

const { values: options, positionals: wanted } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    search: { type: "boolean", default: false },
    seeds: { type: "string", default: "0" },
    tests: { type: "string" },
    jobs: { type: "string", default: "2" },
  },
});
const isWanted = ({ name }: Mutant) =>
  wanted.length === 0 || wanted.some((begin) => name.startsWith(begin));
const mutants = MUTANTS.filter(isWanted);
if (mutants.length === 0) {
  console.error(`There is no mutant whose name begins with ${wanted.join(" or ")}`);
  Deno.exit(2);
}

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, () => stop.abort());
try {
  Deno.exitCode = await (options.search ? search() : tryAll()) ? 0 : 1;
} catch (error) {
  if (!stop.signal.aborted) throw error;
  Deno.exitCode = 130;
}
Deno.exit();

async function search(): Promise<boolean> {
  const tests = options.tests?.split(",");
  await inCopies(async (copy, mutant) => {
    const lines = await searchFinders(copy, mutant, {
      tests,
      seeds: Number(options.seeds),
      signal: stop.signal,
    });
    console.log([mutant.name, ...lines].join("\n"));
  });
  return true;
}

async function tryAll(): Promise<boolean> {
  const outcomes = new Map<string, Outcome>();
  const idle: string[] = [];
  await inCopies(async (copy, mutant) => {
    const outcome = await tryMutant(copy, mutant, stop.signal);
    outcomes.set(mutant.name, outcome);
    if (!options.json) console.log(row(outcome));
  }, async (copy) => void idle.push(...await tryWithout(copy, mutants, stop.signal)));
  const inOrder = mutants.map(({ name }) => outcomes.get(name)!);
  const failed = inOrder.filter(({ verdict }) => verdict === "alive" || verdict === "broken");
  if (options.json) console.log(JSON.stringify({ outcomes: inOrder, idle }, undefined, 2));
  else {
    for (const line of idle) console.log(line);
    const count = (verdict: string) =>
      inOrder.filter((outcome) => outcome.verdict === verdict).length;
    console.log(
      `${count("killed")} killed, ${count("equivalent")} equivalent, ${failed.length} failed`,
    );
  }
  return failed.length + idle.length === 0;
}

function row({ name, verdict, by, ms }: Outcome): string {
  const said = verdict === "alive" || verdict === "broken" ? verdict.toUpperCase() : verdict;
  return `${said.padEnd(10)} ${name.padEnd(48)} ${
    `${(ms / 1000).toFixed(1)} s`.padStart(8)
  }  ${by}`;
}

/** Does something with each mutant, each job in a copy of its own. */
async function inCopies(
  each: (copy: SourceCopy, mutant: Mutant) => Promise<void>,
  before?: (copy: SourceCopy) => Promise<void>,
): Promise<void> {
  const queue = mutants.values();
  const works = Array.from({ length: Number(options.jobs) }, async (_, job) => {
    await using copy = await copySource();
    if (job === 0) await before?.(copy);
    for (const mutant of queue) await each(copy, mutant);
  });
  const ends = await Promise.allSettled(works);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
