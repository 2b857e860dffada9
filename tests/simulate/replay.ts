/**
 * Runs one seed again and prints what happened: `deno run -A tests/simulate/replay.ts <seed> [--omit=<rule> …]`.
 *
 * @module
 */
import process from "node:process";
import type { Rule } from "../../registry/cell/rules.ts";
import { runSeed } from "./run_seed.ts";

const words = process.argv.slice(2);
const omitRules = words.filter((word) => word.startsWith("--omit=")).map((word) => word.slice(7) as Rule);
const seed = Number(words.find((word) => !word.startsWith("--")));
const { schedule, findings, traceHash } = await runSeed(seed, { omitRules, onLine: console.log });
console.log(`\nseed ${seed}, schedule "${schedule}", trace ${traceHash}`);
for (const { promise, message } of findings) console.log(`BROKEN ${promise}: ${message}`);
if (findings.length === 0) console.log("every promise was kept");
process.exitCode = findings.length === 0 ? 0 : 1;
