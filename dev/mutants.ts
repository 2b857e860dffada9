// Tries mutants: mistakes in a copy of the source that a named test, or seeds of the simulation, must
// find. `deno task mutants` tries all, `deno task mutants cell/ disk/` some, by the beginning of a name.
// `deno task mutants simulation` measures how many of fifty faults the simulation finds alone.
import { MUTANTS } from "./mutants/list/mod.ts";
import { copySource, type Outcome, removeCopy, tryMutant, tryWithout } from "./mutants/trial.ts";

const JOBS = 2;
const wanted = Deno.args;
if (wanted[0] === "simulation") {
  const { measurePower } = await import("./mutants/power.ts");
  Deno.exit(await measurePower(wanted.slice(1), { jobs: JOBS }) ? 0 : 1);
}
const mutants = MUTANTS.filter(({ name }) =>
  wanted.length === 0 || wanted.some((begin) => name.startsWith(begin))
);
if (mutants.length === 0) {
  console.error(`There is no mutant whose name begins with ${wanted.join(" or ")}`);
  Deno.exit(2);
}

const copies: string[] = [];
Deno.addSignalListener("SIGINT", async () => {
  await Promise.all(copies.map(removeCopy));
  Deno.exit(130);
});

const queue = mutants.values();
const outcomes: Outcome[] = [];
let idle: string[] = [];
await Promise.all(Array.from({ length: JOBS }, async (_, job) => {
  const copy = await Deno.makeTempDir();
  copies.push(copy);
  await copySource(copy);
  if (job === 0) idle = await tryWithout(copy, mutants);
  for (const mutant of queue) {
    const outcome = await tryMutant(copy, mutant);
    outcomes.push(outcome);
    const { name, verdict, by, ms } = outcome;
    const said = verdict === "killed" ? verdict : verdict.toUpperCase();
    console.log(
      `${said.padEnd(7)} ${name.padEnd(46)} ${(ms / 1000).toFixed(1).padStart(6)} s  ${by}`,
    );
  }
  await removeCopy(copy);
}));
for (const line of idle) console.log(line);
const killed = outcomes.filter(({ verdict }) => verdict === "killed").length;
console.log(`${killed} killed, ${outcomes.length - killed} failed`);
Deno.exit(killed === outcomes.length && idle.length === 0 ? 0 : 1);
