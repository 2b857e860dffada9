// The engine that runs steps, and the command that it executes for them.
import { join, resolve } from "node:path";
import { ENGINE_VARIABLE } from "../process/step_variables.ts";
import { findRegistry, ownCommand } from "../../apps/cli/extending.ts";
import type { CommandContext, OptionDefinition } from "../../apps/cli/extending.ts";
import { createEngines, type Engine, openEngine } from "../engines/mod.ts";
import { type EngineDriver, findEngine } from "../engines/mod.ts";
import type { CarryOptions, Pipeline } from "../runner/mod.ts";
import type { Lookup } from "../../backends/mod.ts";

export const ENGINE_OPTION = {
  flags: "--engine [url]",
  text: `run the steps with: ${urlsOf(createEngines())} ` +
    `(default and required for a URL with a password: ${ENGINE_VARIABLE})`,
} as const satisfies OptionDefinition;

function urlsOf(engines: Lookup<EngineDriver>): string {
  const drivers = new Set(engines.names().map((name) => engines.get(name)));
  return [...drivers].map(({ help }) => help).join(", ");
}

interface CarrierOptions {
  url: string;
  pipeline: Pipeline;
  folder: string;
  operators?: string;
  engines: Lookup<EngineDriver>;
}

/** Opens an engine that executes `holdfast pipeline step` with the configuration of the run. */
export async function openCarrier(
  { url, pipeline, folder, operators, engines }: CarrierOptions,
  context: CommandContext,
): Promise<CarryOptions & { engine: Engine }> {
  const { io } = context;
  const { runFolder } = await import("../runner/run_context.ts");
  const engine = await openEngine(url, { engines, system: io.system });
  const { endsWithProcess } = findEngine(url, engines); // steps must not submit others to it
  const env = {
    HOLDFAST_REGISTRY: findRegistry(context.shared.registry, io).location,
    [ENGINE_VARIABLE]: endsWithProcess ? "" : url,
  };
  return {
    engine,
    commandFor: ({ run, step }) => ({
      ...stepCommands({ run, step }, {
        file: join(runFolder(pipeline, { run, root: folder }), MERGED_FILE),
        root: folder,
        shared: context.shared,
        ...(operators === undefined ? {} : { operators: resolve(io.cwd, operators) }),
      }),
      cwd: io.cwd,
      env,
    }),
  };
}

export const MERGED_FILE = "pipeline.json";

interface StepPlace {
  file: string;
  root?: string;
  operators?: string;
  shared?: CommandContext["shared"];
  more?: readonly string[];
}

/** Returns the command of a step, and that of a process for many steps of its run. */
export function stepCommands(
  { run, step }: { run: string; step: string },
  { file, root, operators, shared, more = [] }: StepPlace,
): { command: string[]; persistent: string[] } {
  const persistent = [
    ...[...ownCommand(shared), "pipeline", "step", "--pipeline", file],
    ...(root === undefined ? [] : ["--root", root]),
    ...(operators === undefined ? [] : ["--operators", operators]),
    ...more,
    ...["--", run], // from a queue: never options
  ];
  return { command: [...persistent, step], persistent };
}
