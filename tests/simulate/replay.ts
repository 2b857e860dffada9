/**
 * Runs one seed again and prints what happened: `deno run -A tests/simulate/replay.ts <seed>`.
 *
 * @module
 */
import process from "node:process";
import { runSeed } from "./run_seed.ts";

const seed = Number(process.argv[2]);
const { schedule, findings, traceHash } = await runSeed(seed, { onLine: console.log });
console.log(`\nseed ${seed}, schedule "${schedule}", trace ${traceHash}`);
for (const { promise, message } of findings) console.log(`BROKEN ${promise}: ${message}`);
if (findings.length === 0) console.log("every promise was kept");
process.exitCode = findings.length === 0 ? 0 : 1;
