// The simulation as a program. Exits with code 1 after a broken promise.
//
// ```text
// deno run -A tests/simulate/main.ts      seeds 1 to 2000, on all cores, until a promise is broken
//   --seeds 100..200     those seeds          --first 7    the first one
//   --schedule NAME      all by this schedule --all        go on after a broken promise
//   --of NAME            only those that have this schedule
//   --workers 1          on one core          --trace      each change and answer
//   --json               findings as JSON     --schedules  the names of schedules
// ```
import process from "node:process";
import { parseArgs } from "node:util";
import { simulateAtOnce } from "./parallel/simulate_at_once.ts";
import { runSeed } from "./run_seed.ts";
import { SCHEDULES } from "./schedules/mod.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "2000" },
    first: { type: "string", default: "1" },
    schedule: { type: "string" },
    of: { type: "string" },
    workers: { type: "string" },
    all: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    schedules: { type: "boolean", default: false },
  },
});

const { firstSeed, seeds } = rangeOf(values.seeds, values.first);
const { schedule, of } = values;

if (values.schedules) { for (const { name } of SCHEDULES) console.log(name); }
else if (values.trace) await trace();
else await search();

function rangeOf(text: string, first: string): { firstSeed: number; seeds: number } {
  const [from, to] = text.includes("..")
    ? text.split("..").map(Number)
    : [Number(first), Number(first) + Number(text) - 1];
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to)) {
    throw new Error(`Cannot read seeds: ${text} from ${first}`);
  }
  return { firstSeed: from, seeds: to - from + 1 };
}

async function trace(): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const { findings, traceHash, ...run } = await runSeed(seed, { schedule, onLine: console.log });
    console.log(`\nseed ${seed}, schedule "${run.schedule}", trace ${traceHash}`);
    for (const { invariant: promise, message } of findings) {
      console.log(`BROKEN ${promise}: ${message}`);
    }
    if (findings.length === 0) console.log("every promise was kept");
    else process.exitCode = 1;
    if (findings.length > 0 && !values.all) return;
  }
}

async function search(): Promise<void> {
  const workers = values.workers === undefined ? {} : { workers: Number(values.workers) };
  const found = await simulateAtOnce({
    firstSeed,
    seeds,
    schedule,
    of,
    stop: !values.all,
    ...workers,
  });
  if (values.json) console.log(JSON.stringify(found));
  else {
    for (const { seed, schedule, invariant: promise, message, replay } of found.violations) {
      console.log(`BROKEN by seed ${seed} ("${schedule}") ${promise}: ${message}\n  ${replay}`);
    }
    console.log(
      `${found.runs} seeds, ${found.violations.length} promises broken, traces ${found.traceHash}`,
    );
  }
  process.exitCode = found.violations.length === 0 ? 0 : 1;
}
