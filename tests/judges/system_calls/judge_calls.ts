// Lets each system call of each operation fail, one at a time, and compares results with the data.
import { join } from "@std/path";
import { rm } from "node:fs/promises";
import type { Random } from "../../simulate/random.ts";
import { type ActingProcess, callsIn, type FailingCall, startActing } from "./failing_calls.ts";
import { OPERATIONS } from "./operations.ts";

export interface CallsReport {
  failed: number;
  refused: number;
  wrong: string[];
}

export interface Trial extends FailingCall {
  name: string;
}

const READS = new Set([
  "read",
  "pread64",
  "lseek",
  "getdents64",
  "statx",
  "newfstatat",
  "lstat",
  "fstat",
]);
const errorsOf = (call: string) => READS.has(call) ? ["EIO", "EINTR"] : ["EIO", "ENOSPC", "EINTR"];

export async function findTrials(folder: string, forEver = false): Promise<Trial[]> {
  const trials: Trial[] = [];
  const process = await startActing(folder);
  try {
    for (const name of Object.keys(OPERATIONS)) {
      const root = join(folder, "traced");
      await OPERATIONS[name].prepare(root);
      const { acted, calls } = await process.trace(name, root);
      if (!acted.ok) throw new Error(`Cannot ${name}: ${acted.error}`);
      for (const found of callsIn(calls, root, process.pid)) {
        for (const error of errorsOf(found.call)) {
          trials.push({ name, ...found, error });
          // the disk is broken, or full
          if (forEver && error !== "EINTR") trials.push({ name, ...found, error, forEver });
        }
      }
      await rm(root, { recursive: true });
    }
  } finally {
    await process[Symbol.asyncDispose]();
  }
  return trials;
}

export function pickTrials(trials: readonly Trial[], count: number, random: Random): Trial[] {
  const left = [...trials];
  return Array.from(
    { length: Math.min(count, left.length) },
    () => left.splice(random.int(left.length), 1)[0],
  );
}

export async function judgeCalls(folder: string, trials: readonly Trial[]): Promise<CallsReport> {
  const report: CallsReport = { failed: 0, refused: 0, wrong: [] };
  let process = await startActing(folder);
  try {
    for (const [i, trial] of trials.entries()) {
      const root = join(folder, `trial ${i}`);
      const hasEnded = await judgeCall(process, root, trial, report);
      if (hasEnded || i % 100 === 99) { // a close that failed leaves its file open
        await process[Symbol.asyncDispose]();
        process = await startActing(folder);
      }
      await rm(root, { recursive: true, force: true });
    }
  } finally {
    await process[Symbol.asyncDispose]();
  }
  return report;
}

/** Tries one. Returns true if the process has ended. */
async function judgeCall(
  process: ActingProcess,
  root: string,
  trial: Trial,
  report: CallsReport,
): Promise<boolean> {
  const { name, call, when, error, forEver } = trial;
  const { prepare, look, before, after } = OPERATIONS[name];
  await prepare(root);
  const { acted, calls } = await process.actWith(trial, name, root);
  const { hasEnded = false } = acted;
  // it was no call of the operation
  if (!calls.some((line) => line.includes(root))) return hasEnded;
  if (hasEnded && call === "close") return true; // Rust ends a program that cannot close a folder
  report.failed++;
  const wrong = (what: string) => {
    const at = `${name}, ${error} of ${call} ${when}${forEver ? " and all after it" : ""}`;
    report.wrong.push(`${at}: ${what}\n    answer: ${JSON.stringify(acted)}\n    ${calls[0]}`);
  };
  try {
    if (hasEnded) throw new Error("the process ended");
    const found = await look(root);
    if (acted.ok && found !== after) wrong(`it succeeded, but there is "${found}"`);
    if (!acted.ok) {
      report.refused++;
      if (acted.code === undefined) wrong("it failed with no RegistryError");
      const may = acted.isOpen ? [before, after] : [before];
      if (!may.includes(found)) wrong(`it failed, and there is "${found}"`);
    }
    const again = await process.act(name, root);
    const isDone = found === after && ["NotFound", "AlreadyExists"].includes(again.code ?? "");
    if (!again.ok && !isDone) wrong(`its repetition failed: ${again.error}`);
    const last = await look(root);
    if (last !== after) wrong(`after its repetition there is "${last}"`);
  } catch (error) {
    wrong((error as Error).message);
  }
  return hasEnded;
}
