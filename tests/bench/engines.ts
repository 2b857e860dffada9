// Engines: a pipeline whose steps run `true`, by the command line in its own process, on `local:` and
// on a worker of a queue on Redis; and a step with thousands of shards.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runDeno, spawnDeno } from "../support/run_deno.ts";
import { startRedis } from "../support/servers/programs/redis.ts";
import { watchProcess } from "../support/watch_process.ts";
import { type BenchSettings, type Group, type Measure, timed, type Timing } from "./measure.ts";
import { startCrowd } from "./pipelines.ts";

/** Steps that are ready at once, and a chain, on each engine. Two steps run at once. */
export async function createEnginesGroup({ folder, quick }: BenchSettings): Promise<Group> {
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await startRedis());
  const url = `${server.url}?queue=bench`;
  const run = await createProject(folder);
  const [wide, chain] = quick ? [4, 3] : [200, 50];
  const crowd = quick ? 100 : 2000;
  const pipelines = {
    wide: await writePipeline(folder, "wide", stepsOf(wide)),
    chain: await writePipeline(folder, "chain", stepsOf(chain, (i) => [`s${i - 1}`])),
  };
  const rows = (engine: string, more: string[], around: Around = (work) => work()): Measure[] =>
    (["wide", "chain"] as const).map((kind) => {
      const count = kind === "wide" ? wide : chain;
      const of = kind === "wide" ? `${count} steps` : `a chain of ${count} steps`;
      return {
        name: `${of}, ${engine}`,
        count,
        unit: "op",
        ...engine !== HERE && { floor: `${of}, ${HERE}` },
        run: () => around(() => run(pipelines[kind], more), pipelines[kind]),
      };
    });
  const local = ["--engine", "local:"];
  const besideCrowd: Around = async (work) => {
    await using _crowd = await startCrowd(crowd);
    return await work();
  };
  const withWorker: Around = async (work, pipeline) => {
    const worker = watchProcess(
      spawnDeno(
        "apps/cli.ts",
        ["worker", "--pipeline", pipeline, "--concurrency", "2", "--queue", url],
        { cwd: folder, permissions: ["-A"] },
      ),
    );
    await worker.until(() => worker.stderr.includes("taking steps"));
    const timing = await work();
    await worker.stop("SIGTERM");
    return timing;
  };
  const kept = opened.move();
  return {
    measures: [
      ...rows(HERE, ["--concurrency", "2"]),
      ...rows("local:", local),
      ...rows(`local: beside ${crowd} other processes`, local, besideCrowd),
      ...rows("Redis", ["--engine", url], withWorker),
    ],
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

/** Shards of one step: the time of each must not grow with their number. */
export async function createShardsGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const run = await createProject(folder);
  const counts = quick ? [10, 100] : [1_000, 10_000];
  const measures = await Promise.all(counts.map(async (shards): Promise<Measure> => {
    const path = await writePipeline(folder, `shards${shards}`, [{ ...TRUE, shards }]);
    return {
      name: `${shards} shards of "true", two at once`,
      count: shards,
      unit: "op",
      ...shards !== counts[0] && { floor: `${counts[0]} shards of "true", two at once` },
      run: () => run(path, ["--concurrency", "2"]),
    };
  }));
  return { measures, [Symbol.asyncDispose]: () => Promise.resolve() };
}

type Around = (work: () => Promise<Timing>, pipeline: string) => Promise<Timing>;

const HERE = "in the process of the run";
const TRUE = { operator_id: "all", start_command: ["true"] };

function stepsOf(count: number, before: (index: number) => string[] = () => []) {
  return Array.from({ length: count }, (_, i) => ({
    ...TRUE,
    operator_id: `s${i}`,
    upstream_dependencies: i === 0 ? [] : before(i),
  }));
}

async function writePipeline(
  folder: string,
  pipeline_id: string,
  operators: Record<string, unknown>[],
): Promise<string> {
  const path = join(folder, `${pipeline_id}.json`);
  await Deno.writeTextFile(path, JSON.stringify({ pipeline: { pipeline_id, operators } }));
  return path;
}

/** Creates a registry. Returns a function that runs all steps of a pipeline over it. */
async function createProject(
  folder: string,
): Promise<(pipeline: string, more: string[]) => Promise<Timing>> {
  const holdfast = async (...args: string[]) => {
    const { code, stderr } = await runDeno("apps/cli.ts", args, {
      cwd: folder,
      permissions: ["-A"],
    });
    if (code !== 0) throw new Error(`Cannot run holdfast ${args[0]}: code ${code}\n${stderr}`);
  };
  await holdfast("init");
  return async (pipeline, more) => {
    const before = cpuMsOfChildren();
    const { wallMs } = await timed(() =>
      holdfast("pipeline", "run", pipeline, "--force", "--quiet", ...more)
    );
    return { wallMs, cpuMs: cpuMsOfChildren() - before };
  };
}

/** Processor time of children that have ended, and of theirs; 0 where it is unknown. */
function cpuMsOfChildren(): number {
  if (Deno.build.os !== "linux") return 0;
  const fields = readFileSync("/proc/self/stat", "latin1").split(") ").at(-1)!.split(" ");
  return (Number(fields[13]) + Number(fields[14])) * 10;
}
