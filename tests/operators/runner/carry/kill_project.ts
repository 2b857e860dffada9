// A pipeline of three steps whose second one stays until it is let go, run by the command line with
// processes that tests kill.
import { countOf } from "../world.ts";
import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { realSystem } from "../../../../core/system.ts";
import { openRegistry } from "../../../../mod.ts";
import { spawnDeno } from "../../../support/run_deno.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { withoutHanging } from "../../../support/without_hanging.ts";
import { type WatchedProcess, watchProcess } from "../../../support/watch_process.ts";

const DOOR = new URL("../../../../operators/mod.ts", import.meta.url).href;

const OPERATORS = `
import { createOperators } from ${JSON.stringify(DOOR)};
const isThere = (path) => Deno.stat(path).then(() => true, () => false);
export const operators = createOperators({
  chain: {
    async run({ outputRoot, operatorId, params: { folder } }) {
      if (operatorId === "second") {
        await Deno.writeTextFile(folder + "/begun-" + Deno.pid, "");
        while (!await isThere(folder + "/go")) await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await Deno.writeTextFile(outputRoot + "/text", operatorId);
    },
    command: () => ["true"],
  },
});
`;

/** A dead process's jobs return to the queue after half a minute; much later means never. */
const LIMIT_MS = 240_000;

const ORDER = ["first", "second", "third"];

/** A project whose processes can be killed. */
export interface KillProject extends AsyncDisposable {
  /** Starts a command of `holdfast` in it. */
  start(...args: string[]): WatchedProcess;
  /** Waits until so many processes have begun the second step; their ids. */
  begun(count: number): Promise<number[]>;
  /** Kills a process that has begun it. */
  kill(pid: number): void;
  /** Lets it go on. */
  go(): Promise<void>;
  /** Waits until a step has a success. */
  saved(step: string): Promise<void>;
  /** Each output is there once, made from the one before, and each step has one success. */
  check(): Promise<void>;
}

/** Makes one. */
export async function killProject(
  engine: string,
  env: Record<string, string> = {},
): Promise<KillProject> {
  const root = await tempRoot();
  const { path: cwd } = root;
  const steps = ORDER.map((step, index) => ({
    operator_id: step,
    operator: "chain",
    params: { folder: cwd },
    inputs: index === 0 ? {} : { data: `step:${ORDER[index - 1]}` },
    outputs: { text: `registry:out:${step}` },
  }));
  await Deno.writeTextFile(
    root.join("pipeline.json"),
    JSON.stringify({ pipeline: { pipeline_id: "kills", operators: steps } }),
  );
  await Deno.writeTextFile(root.join("operators.ts"), OPERATORS);
  await openRegistry(root.join(".holdfast"), { durability: "os" }).then((registry) =>
    registry[Symbol.asyncDispose]()
  );
  const started: Deno.ChildProcess[] = [], watched: WatchedProcess[] = [];

  async function pids(): Promise<number[]> {
    const names = (await Array.fromAsync(Deno.readDir(cwd))).map(({ name }) => name);
    return names.filter((name) => name.startsWith("begun-")).map((name) =>
      Number(name.slice("begun-".length))
    );
  }

  function kill(pid: number): void {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it is gone
    }
  }

  return {
    start(...args) {
      const options = { cwd, permissions: ["-A"], env: { ...env, HOLDFAST_ENGINE: engine } };
      const child = spawnDeno(
        "apps/cli.ts",
        [...args, ...args[0] === "worker" ? ["--pipeline", "pipeline.json"] : []],
        options,
      );
      started.push(child);
      watched.push(watchProcess(child));
      return watched.at(-1)!;
    },
    async begun(count) {
      const begun = (async () => {
        while ((await pids()).length < count) await realSystem.sleep(20);
        return await pids();
      })();
      return await withoutHanging(`process ${count} of the second step`, begun, LIMIT_MS).catch(
        ({ message }) => {
          throw new Error([message, ...watched.map(({ stderr }) => stderr)].join("\n"));
        },
      );
    },
    kill,
    go: () => Deno.writeTextFile(root.join("go"), ""),
    async saved(step) {
      await using registry = await openRegistry(root.join(".holdfast"), { create: false });
      const isSaved = (async () => {
        while (!await registry.has(`kills:step:${step}`)) await realSystem.sleep(20);
      })();
      await withoutHanging(`the success of ${step}`, isSaved, LIMIT_MS);
    },
    async check() {
      await using registry = await openRegistry(root.join(".holdfast"), { create: false });
      for (const [index, step] of ORDER.entries()) {
        for (const name of [`out:${step}`, `kills:step:${step}`]) {
          assertEquals(await countOf(registry, name), 1, name);
        }
        const { inputs } = await registry.info(`out:${step}`);
        const before = index === 0 ? [] : [await registry.info(`out:${ORDER[index - 1]}`)];
        assertEquals(
          inputs,
          before.map(({ name, version, digest }) => ({ ref: `${name}@${version}`, digest })),
        );
      }
      assert(await registry.has("kills:result"));
    },
    async [Symbol.asyncDispose]() {
      for (const pid of await pids()) kill(pid);
      for (const child of started) {
        try {
          child.kill("SIGKILL");
        } catch {
          // it ended
        }
        await child.status;
      }
      await root.remove();
    },
  };
}

/** Waits for the end of a run that has to end well. */
export async function endsWell(run: WatchedProcess): Promise<void> {
  const { code, stdout, stderr } = await withoutHanging("the end of the run", run.ended, LIMIT_MS)
    .catch((error) => {
      throw new Error(`${error.message}\n${run.stdout}${run.stderr}`);
    });
  assertEquals(code, 0, `${stdout}${stderr}`);
}
