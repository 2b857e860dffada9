// Running tests and seeds in a copy of the source.
import type { SeedRange } from "./mutant.ts";

/** Longer than this no test takes: what does not end by then hangs. */
const TEST_MS = 300_000;
/** The same for seeds. */
const SEEDS_MS = 600_000;

/** A test that failed. */
export interface FailedTest {
  /** Its file. */
  file: string;
  /** Its name. */
  name: string;
}

/** What came of tests. */
export interface TestRun {
  /** How many passed. */
  passed: number;
  /** Those that failed. */
  failed: FailedTest[];
  /** True where they did not end in time. */
  hung: boolean;
  /** The end of what was written, for what failed to run at all. */
  output: string;
}

/** Runs tests of these files or folders, all or those whose name has a text or matches. */
export async function runTests(
  cwd: string,
  paths: readonly string[],
  { filter, signal }: { filter?: string; signal?: AbortSignal } = {},
): Promise<TestRun> {
  const args = ["test", "-A", "--no-check", "--quiet", "--reporter=tap"];
  if (filter !== undefined) args.push("--filter", filter);
  const { stdout, stderr, hung } = await runDeno(cwd, [...args, ...paths], {
    timeoutMs: TEST_MS,
    signal,
  });
  const failed: FailedTest[] = [];
  let file = "", passed = 0;
  for (const line of stdout.split("\n")) {
    const [, skipped, ok, name] = /^(?:# (\.\/.*)|(ok|not ok) \d+ - (.*))$/.exec(line) ?? [];
    if (skipped !== undefined) file = skipped.slice(2);
    else if (ok === "ok") passed++;
    else if (ok === "not ok") failed.push({ file, name });
  }
  return { passed, failed, hung, output: `${stdout.slice(-1500)}\n${stderr.slice(-1500)}` };
}

/** What came of seeds. */
export interface SeedRun {
  /** The first seed that broke a promise. */
  broken?: { seed: number; schedule: string; promise: string; message: string };
  /** True where they did not end in time. */
  hung: boolean;
  /** False where they did not run at all. */
  ran: boolean;
  /** The end of what was written. */
  output: string;
}

/** Runs seeds of the simulation until one breaks a promise. */
export async function runSeeds(
  cwd: string,
  range: SeedRange,
  signal?: AbortSignal,
): Promise<SeedRun> {
  const { first, count, schedule } = range;
  const words = ["--json", "--workers=1", `--first=${first}`, `--seeds=${count}`];
  if (schedule !== undefined) words.push(`--schedule=${schedule}`);
  const args = ["run", "-A", "--no-check", "--quiet", "tests/simulate/main.ts", ...words];
  const { stdout, stderr, hung } = await runDeno(cwd, args, { timeoutMs: SEEDS_MS, signal });
  const output = `${stdout.slice(-1500)}\n${stderr.slice(-1500)}`;
  try {
    const { violations } = JSON.parse(stdout);
    return { broken: violations[0], hung, ran: true, output };
  } catch {
    return { hung, ran: false, output };
  }
}

async function runDeno(
  cwd: string,
  args: string[],
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<{ stdout: string; stderr: string; hung: boolean }> {
  signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(timeoutMs);
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  }).spawn();
  const { stdout, stderr } = await child.output();
  signal?.throwIfAborted();
  const decoder = new TextDecoder();
  return { stdout: decoder.decode(stdout), stderr: decoder.decode(stderr), hung: timeout.aborted };
}
