// The conformance suite of engines: cases as data.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { readFile } from "node:fs/promises";
import { RegistryError } from "../../../core/errors.ts";
import type { Engine, EngineJob, EngineStep } from "../../../core/engine.ts";
import { realSystem } from "../../../core/system.ts";
import type { TempRoot } from "../../support/temp_root.ts";
import { withoutHanging } from "../../support/without_hanging.ts";

/** The tools of a case. */
export interface EngineCaseContext {
  /** The engine, with nothing to do. */
  engine: Engine;
  /** A folder that its steps can write to. */
  root: TempRoot;
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

const OVER = new Set(["ended", "failed", "cancelled", "lost"]);

/** Asks until a job is in one of these states. Engines tell nothing by themselves. */
export function untilState(
  engine: Engine,
  id: string,
  states: Iterable<string> = OVER,
): Promise<EngineJob> {
  const wanted = new Set(states);
  return withoutHanging(`${[...wanted].join(" or ")} of ${id}`, pollUntil(engine, id, wanted));
}

async function pollUntil(
  engine: Engine,
  id: string,
  wanted: ReadonlySet<string>,
): Promise<EngineJob> {
  for (;;) {
    const [job] = await engine.poll([id]);
    if (wanted.has(job.state)) return job;
    if (OVER.has(job.state)) {
      throw new Error(`Cannot wait for ${[...wanted]}: ${JSON.stringify(job)}`);
    }
    await realSystem.sleep(50);
  }
}

/** The lines of a file, none where it is not there. */
export async function linesOf(path: string): Promise<string[]> {
  return (await readFile(path, "utf8").catch(() => "")).split("\n").filter(Boolean);
}

/** Waits for a line in a file. */
export function untilLine(path: string): Promise<string[]> {
  return withoutHanging(`a line in ${path}`, pollLine(path));
}

async function pollLine(path: string): Promise<string[]> {
  for (;;) {
    const lines = await linesOf(path);
    if (lines.length > 0) return lines;
    await realSystem.sleep(20);
  }
}

/** Waits until a process is gone. */
async function untilGone(pid: number): Promise<void> {
  const state = async () =>
    (await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") Z")).split(") ")[1][0];
  while (await state() !== "Z") await realSystem.sleep(20);
}

/** Every case of the contract of an engine. */
export const engineCases: readonly EngineCase[] = [
  {
    name: "a step is executed in its folder with its variables, and ends",
    async run({ engine, root, step }) {
      const odd = `it's "odd" $HOME \\ é`;
      const id = await engine.submit(
        step(`pwd > said; printf %s "$ODD" >> said`, { env: { ODD: odd } }),
      );
      const { state, exitCode, step: name } = await untilState(engine, id);
      assertEquals([state, exitCode, name], ["ended", 0, "clean"]);
      assertEquals(await linesOf(root.join("said")), [root.path, odd]);
    },
  },
  {
    name: "the same name again is the same job, while it runs and when it ended",
    async run({ engine, root, step }) {
      const once = step("echo begun >> times; while [ ! -e go ]; do sleep 0.05; done");
      const ids = [await engine.submit(once), await engine.submit(once)];
      await untilLine(root.join("times"));
      ids.push(await engine.submit(once));
      await Deno.writeTextFile(root.join("go"), "");
      await untilState(engine, ids[0]);
      ids.push(await engine.submit(once));
      await untilState(engine, ids[0], ["ended"]);
      assertEquals(new Set(ids).size, 1);
      assertEquals(await linesOf(root.join("times")), ["begun"]);
    },
  },
  {
    name: "a step that fails says with which code",
    async run({ engine, step }) {
      const { state, exitCode } = await untilState(engine, await engine.submit(step("exit 7")));
      assertEquals([state, exitCode], ["failed", 7]);
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
      assertEquals(jobs.map(({ state }) => state), ["lost", "lost", "lost", "lost"]);
      await engine.cancel("nobody-1");
      await engine.cancel("../../etc/passwd");
      assertEquals(await engine.list("nobody@1"), []);
    },
  },
  {
    name: "a name that is none is refused",
    async run({ engine, step }) {
      for (const name of ["", "../a", "a b", "A", "x".repeat(121)]) {
        await assertRejects(
          () => engine.submit({ ...step("true"), name }),
          RegistryError,
          "invalid name",
        );
      }
    },
  },
  {
    name: "a running step that is cancelled ends, and its children too",
    async run({ engine, root, step }) {
      const id = await engine.submit(step("sleep 300 & echo $! > child; wait"));
      const [pid] = await untilLine(root.join("child"));
      await engine.cancel(id);
      assertEquals((await untilState(engine, id)).state, "cancelled");
      await untilGone(Number(pid));
    },
  },
  {
    name: "a step that takes too long is ended, and its children too",
    async run({ engine, root, step }) {
      const id = await engine.submit(step("sleep 300 & echo $! > child; wait", { timeoutMs: 500 }));
      const { state, reason } = await untilState(engine, id);
      assertEquals(state, "failed");
      assert(/too long|timed out/.test(reason ?? ""), reason);
      await untilGone(Number((await linesOf(root.join("child")))[0]));
    },
  },
  {
    name: "shards are as many processes, each with its number, and one job",
    async run({ engine, root, step }) {
      const id = await engine.submit(step("echo $HOLDFAST_SHARD >> shards", { shards: 3 }));
      assertEquals((await untilState(engine, id)).state, "ended");
      assertEquals((await linesOf(root.join("shards"))).sort(), ["0/3", "1/3", "2/3"]);
    },
  },
  {
    name: "a step fails where one of its shards does",
    async run({ engine, step }) {
      const id = await engine.submit(
        step(`[ $HOLDFAST_SHARD = 1/3 ] && exit 3 || exit 0`, { shards: 3 }),
      );
      assertEquals((await untilState(engine, id)).state, "failed");
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
      assertEquals(listed.map(({ state }) => state), ["ended", "ended"]);
      assertEquals(listed.map(({ id }) => id).sort(), ids.sort());
    },
  },
];
