/**
 * The conformance suite for engines: cases as data, and a runner for any test framework. Steps must
 * run on the machine of the test, which has `sh` and `/proc`.
 *
 * @example
 * ```ts ignore
 * import { testEngine } from "@holdfast/holdfast/testing";
 *
 * testEngine(Deno.test, () => openMyEngine(), { name: "mine" });
 * ```
 *
 * @module
 */
import { deepStrictEqual, match, ok, rejects } from "node:assert/strict";
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { isRegistryError } from "../../core/errors.ts";
import type { Engine, EngineJob, EngineStep } from "../../operators/contract/engine.ts";
import { realSystem } from "../../core/system.ts";
import type { RegisterTest } from "./backend/backend_case.ts";

/** The tools of a case. */
export interface EngineCaseContext {
  /** The engine, with nothing to do. */
  engine: Engine;
  /** A folder that its steps can write to. */
  folder: string;
  /** A step that runs a shell command in that folder. */
  step(script: string, more?: Partial<EngineStep>): EngineStep;
}

/** A case. */
export interface EngineCase {
  /** A sentence on behaviour. */
  name: string;
  /** Throws where it does not hold. */
  run(context: EngineCaseContext): Promise<void>;
}

/**
 * Registers a test for each case.
 *
 * @param test a function that registers a test: `Deno.test`, or `test` of `node:test`
 * @param open opens an engine without jobs, which the test disposes of
 * @param options the prefix of the names of tests
 */
export function testEngine(
  test: RegisterTest,
  open: () => Promise<Engine>,
  { name = "engine" }: { name?: string } = {},
): void {
  for (const { name: caseName, run } of engineCases) {
    test(`${name}: ${caseName}`, () => runEngineCase(run, open));
  }
}

let made = 0;

/** Runs a case on an engine, and disposes of it. */
export async function runEngineCase(
  run: EngineCase["run"],
  open: () => Promise<Engine>,
): Promise<void> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "engine-")));
  const step = (script: string, more: Partial<EngineStep> = {}): EngineStep => ({
    run: "clean_up@1",
    step: "clean",
    name: `case-${process.pid}-${made++}`,
    command: ["sh", "-c", script],
    cwd: folder,
    env: {},
    resources: {},
    ...more,
  });
  try {
    const engine = await open();
    try {
      await run({ engine, folder, step });
    } finally {
      await engine[Symbol.asyncDispose]();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const OVER = new Set(["ended", "failed", "cancelled", "lost"]);

/** Far more than a busy machine needs. */
const LIMIT_MS = 120_000;

/** Asks until the answer is not undefined. */
async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const startedAt = realSystem.monotonic();
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (realSystem.monotonic() - startedAt > LIMIT_MS) {
      throw new Error(`Cannot go on: ${what} is missing after ${LIMIT_MS} ms`);
    }
    await realSystem.sleep(20);
  }
}

/** Asks until a job is in one of these states. Engines report nothing by themselves. */
export async function untilState(
  engine: Engine,
  id: string,
  states: Iterable<string> = OVER,
): Promise<EngineJob> {
  const wanted = new Set(states);
  return await until(`${[...wanted].join(" or ")} of ${id}`, async () => {
    const [job] = await engine.poll([id]);
    if (job !== undefined && wanted.has(job.state)) return job;
    if (job !== undefined && !OVER.has(job.state)) return undefined;
    throw new Error(`Cannot wait for ${[...wanted]}: ${JSON.stringify(job)}`);
  });
}

/** The lines of a file, or none if it is missing. */
export async function linesOf(path: string): Promise<string[]> {
  return (await readFile(path, "utf8").catch(() => "")).split("\n").filter(Boolean);
}

/** Waits for a line in a file. */
export async function untilLine(path: string): Promise<string[]> {
  return await until(`a line in ${path}`, async () => {
    const lines = await linesOf(path);
    return lines.length > 0 ? lines : undefined;
  });
}

/** Waits until a process is gone. */
async function untilGone(pid: number): Promise<void> {
  await until(`the end of process ${pid}`, async () => {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") Z");
    return stat.split(") ")[1]?.startsWith("Z") || undefined;
  });
}

/** Every case of the contract of an engine. */
export const engineCases: readonly EngineCase[] = [
  {
    name: "a step is executed in its folder with its variables, and ends",
    async run({ engine, folder, step }) {
      const odd = `it's "odd" $HOME \\ é`;
      const id = await engine.submit(
        step(`pwd > said; printf %s "$ODD" >> said`, { env: { ODD: odd } }),
      );
      const { state, exitCode, step: name } = await untilState(engine, id);
      deepStrictEqual([state, exitCode, name], ["ended", 0, "clean"]);
      deepStrictEqual(await linesOf(join(folder, "said")), [folder, odd]);
    },
  },
  {
    name: "the same name again is the same job, while it runs and when it ended",
    async run({ engine, folder, step }) {
      const once = step("echo begun >> times; while [ ! -e go ]; do sleep 0.05; done");
      const ids = [await engine.submit(once), await engine.submit(once)];
      await untilLine(join(folder, "times"));
      ids.push(await engine.submit(once));
      await writeFile(join(folder, "go"), "");
      await untilState(engine, ids[0]!);
      ids.push(await engine.submit(once));
      await untilState(engine, ids[0]!, ["ended"]);
      ok(ids.every((id) => id === ids[0]));
      deepStrictEqual(await linesOf(join(folder, "times")), ["begun"]);
    },
  },
  {
    name: "a failed step has its exit code",
    async run({ engine, step }) {
      const { state, exitCode } = await untilState(engine, await engine.submit(step("exit 7")));
      deepStrictEqual([state, exitCode], ["failed", 7]);
    },
  },
  {
    name: "an unknown job is lost, and cancelling it changes nothing",
    async run({ engine }) {
      const jobs = await engine.poll([
        "nobody-1",
        "nobody-2.x3",
        "../../etc/passwd",
        "NOBODY; true",
      ]);
      deepStrictEqual(jobs.map(({ state }) => state), ["lost", "lost", "lost", "lost"]);
      await engine.cancel("nobody-1");
      await engine.cancel("../../etc/passwd");
      deepStrictEqual(await engine.list("nobody@1"), []);
    },
  },
  {
    name: "an invalid name is refused",
    async run({ engine, step }) {
      for (const name of ["", "../a", "a b", "A", "x".repeat(121)]) {
        await rejects(
          () => engine.submit({ ...step("true"), name }),
          (error) => isRegistryError(error, "Invalid"),
        );
      }
    },
  },
  {
    name: "a running step that is cancelled ends, and its children too",
    async run({ engine, folder, step }) {
      const id = await engine.submit(step("sleep 300 & echo $! > child; wait"));
      const [pid] = await untilLine(join(folder, "child"));
      await engine.cancel(id);
      deepStrictEqual((await untilState(engine, id)).state, "cancelled");
      await untilGone(Number(pid));
    },
  },
  {
    name: "a step that takes too long is ended, and its children too",
    async run({ engine, folder, step }) {
      const id = await engine.submit(step("sleep 300 & echo $! > child; wait", { timeoutMs: 500 }));
      const { state, reason } = await untilState(engine, id);
      deepStrictEqual(state, "failed");
      match(reason ?? "", /too long|timed out/);
      await untilGone(Number((await linesOf(join(folder, "child")))[0]));
    },
  },
  {
    name: "shards are as many processes, each with its number, and one job",
    async run({ engine, folder, step }) {
      const id = await engine.submit(step("echo $HOLDFAST_SHARD >> shards", { shards: 3 }));
      deepStrictEqual((await untilState(engine, id)).state, "ended");
      deepStrictEqual((await linesOf(join(folder, "shards"))).sort(), ["0/3", "1/3", "2/3"]);
    },
  },
  {
    name: "a step fails if one of its shards fails",
    async run({ engine, step }) {
      const id = await engine.submit(
        step(`[ $HOLDFAST_SHARD = 1/3 ] && exit 3 || exit 0`, { shards: 3 }),
      );
      deepStrictEqual((await untilState(engine, id)).state, "failed");
    },
  },
  {
    name: "the jobs of a run are listed, and no others",
    async run({ engine, step }) {
      const ids = [
        await engine.submit(step("true", { run: "mine@1" })),
        await engine.submit(step("true", { run: "mine@1", shards: 2 })),
      ];
      const other = await engine.submit(step("true", { run: "mine@2" }));
      for (const id of [...ids, other]) await untilState(engine, id);
      const listed = await engine.list("mine@1");
      deepStrictEqual(listed.map(({ state }) => state), ["ended", "ended"]);
      deepStrictEqual(listed.map(({ id }) => id).sort(), ids.sort());
    },
  },
];
