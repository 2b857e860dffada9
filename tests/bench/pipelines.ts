// Pipelines: a thousand trivial steps on the caller's thread over a registry on a disk, plans of
// ten thousand, and commands beside many other processes.
import { join } from "node:path";
import type { Pipeline, PipelineStep } from "../../operators/contract/pipeline.ts";
import { openRegistry } from "../../mod.ts";
import { definePipeline, parsePipeline } from "../../operators/config/mod.ts";
import type { OperatorDefinition, PipelineDefinition } from "../../operators/config/mod.ts";
import { createOperators, runCommand } from "../../operators/mod.ts";
import { planPipeline, runPipeline } from "../../operators/runner/mod.ts";
import { pipeline, step } from "../operators/runner/pipelines.ts";
import { writeLinkUnlink } from "./floors.ts";
import { type BenchSettings, type Group, type Measure, timed } from "./measure.ts";

/** Runs pipelines whose steps do nothing, each time another one, and plans one that never ran and one that did. */
export async function createPipelinesGroup({ folder, quick }: BenchSettings): Promise<Group> {
  await using opened = new AsyncDisposableStack();
  const operators = createOperators();
  operators.register("nothing", { run: () => 0, command: () => ["true"] });
  const steps = quick ? 20 : 1000;
  const many = quick ? 100 : 10_000;
  const os = opened.use(await openRegistry(join(folder, "os"), { durability: "os" }));
  const disk = opened.use(await openRegistry(join(folder, "disk"), { durability: "disk" }));
  let runs = 0;

  const measures: Measure[] = ([["os", os], ["disk", disk]] as const).map((
    [durability, registry],
  ) => ({
    name: `run ${steps} trivial steps, durability "${durability}"`,
    count: steps,
    unit: "op",
    run: () =>
      timed(() =>
        runPipeline(pipelineOf(`run${runs++}`, steps), { registry, operators, root: folder })
      ),
  }));
  await runPipeline(pipelineOf("done", steps), { registry: os, operators, root: folder });
  const definition = definitionOf(many);
  const texts = {
    yaml: yamlOf(definition),
    json: JSON.stringify({ pipeline: definition }),
  };
  const planned = texts.yaml.replaceAll(/ {6}inputs: .*\n/g, ""); // what they name is not there
  const reading: Measure[] = (["yaml", "json"] as const).map((language) => ({
    name: `read and check ${many} steps from ${language.toUpperCase()}`,
    count: many,
    unit: "op",
    run: () => timed(() => parsePipeline(texts[language], { language })),
  }));
  reading.push({
    name: `check ${many} steps of a program`,
    count: many,
    unit: "op",
    run: () => timed(() => definePipeline(definition)),
  });
  const crowd = quick ? 100 : 2000;
  const alone = 'run the command "true"';
  const commands = async () => {
    for (let i = 0; i < 20; i++) await runCommand(["true"], { cwd: folder });
  };
  reading.push({ name: alone, count: 20, unit: "op", run: () => timed(commands) }, {
    name: `${alone} beside ${crowd} other processes`,
    count: 20,
    unit: "op",
    floor: alone,
    async run() {
      await using _crowd = await startCrowd(crowd);
      return await timed(commands);
    },
  });
  const own = { registry: disk, operators, root: folder, concurrency: 2 };
  reading.push(...commandMeasures(quick ? 10 : 200, { folder, own, next: () => runs++ }));
  const kept = opened.move();
  return {
    measures: [
      ...measures,
      {
        name: `run ${steps} steps again, which are all skipped`,
        count: steps,
        unit: "op",
        run: () =>
          timed(() =>
            runPipeline(pipelineOf("done", steps), { registry: os, operators, root: folder })
          ),
      },
      {
        name: `read ${many} steps from YAML, check and plan them`,
        count: many,
        unit: "op",
        run: () =>
          timed(() =>
            planPipeline(parsePipeline(planned), { registry: os, operators, root: folder })
          ),
      },
      ...reading,
      {
        name: `plan ${many} steps that never ran`,
        count: many,
        unit: "op",
        run: () =>
          timed(() =>
            planPipeline(pipelineOf("never", many), { registry: os, operators, root: folder })
          ),
      },
    ],
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

/** Steps, and shards of one step, that run `true`, two at once, beside starting it as often. */
function commandMeasures(
  count: number,
  { folder, own, next }: {
    folder: string;
    own: Parameters<typeof runPipeline>[1];
    next(): number;
  },
): Measure[] {
  const floor = `floor: start "true" ${count} times, two at once, and keep a file of each`;
  const run = (steps: readonly PipelineStep[]) => async () => {
    const id = `true${next()}`;
    return await timed(() => runPipeline(pipeline([...steps], { id, workDir: "runs" }), own));
  };
  const command: Partial<PipelineStep> = { runAs: "command", startCommand: ["true"] };
  const steps = Array.from({ length: count }, (_, i) => step(`s${i}`, command));
  return [
    {
      name: floor,
      count,
      unit: "op",
      run: () =>
        timed(async () => {
          let left = count;
          await Promise.all([0, 1].map(async () => {
            while (left-- > 0) await startAndKeep(join(folder, `kept-${next()}`));
          }));
        }),
    },
    {
      name: `run ${count} steps of "true", two at once`,
      count,
      unit: "op",
      floor,
      run: run(steps),
    },
    {
      name: `run ${count} shards of "true", two at once`,
      count,
      unit: "op",
      floor,
      run: run([step("all", { ...command, shards: count })]),
    },
  ];
}

async function startAndKeep(path: string): Promise<void> {
  await new Deno.Command("true", { stdin: "null", stdout: "null", stderr: "null" }).spawn().status;
  const target = { target: path, bytes: new Uint8Array(1024) };
  await writeLinkUnlink(`${path}.stage`, target, { fsync: true, mkdir: false });
}

export async function startCrowd(count: number): Promise<AsyncDisposable> {
  const script =
    `for i in $(seq ${count}); do sleep 3600 & done; echo ready; read -r _; kill $(jobs -p)`;
  const shell = new Deno.Command("bash", { args: ["-c", script], stdin: "piped", stdout: "piped" })
    .spawn();
  const output = shell.stdout.getReader();
  await output.read();
  return {
    async [Symbol.asyncDispose]() {
      await shell.stdin.close();
      await output.cancel();
      await shell.status;
    },
  };
}

function pipelineOf(id: string, count: number): Pipeline {
  const steps = Array.from(
    { length: count },
    (_, i) => step(`s${i}`, { operator: "nothing", upstream: i % 10 === 0 ? [] : [`s${i - 1}`] }),
  );
  return pipeline(steps, { id, workDir: "runs" });
}

/** The same as a file, with comments as people write them. */
function definitionOf(count: number): PipelineDefinition {
  return {
    pipeline_id: "read",
    operators: Array.from({ length: count }, (_, i) => ({
      operator_id: `s${i}`,
      operator: "nothing",
      params: { lr: 0.1, name: `step ${i}` },
      inputs: { data: "registry:data:raw@^1" },
      timeout: "30m",
      upstream_dependencies: i % 10 === 0 ? [] : [`s${i - 1}`],
    })),
  };
}

function yamlOf({ pipeline_id, operators }: PipelineDefinition): string {
  const lines = (operators as OperatorDefinition[]).map((operator) =>
    Object.entries(operator).map(([key, value], i) =>
      `    ${i === 0 ? "- " : "  "}${key}: ${typeof value === "string" ? value : flowOf(value)}\n`
    ).join("")
  );
  return `pipeline:\n  pipeline_id: ${pipeline_id}\n  operators:\n${lines.join("")}`;
}

function flowOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.join(", ")}]`;
  return `{ ${
    Object.entries(value as object).map(([key, one]) => `${key}: ${JSON.stringify(one)}`).join(", ")
  } }`;
}
