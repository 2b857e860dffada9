// The engine that runs steps, and the command that it executes for them.
import { join, resolve } from "node:path";
import { createEngines, type Engine, openEngine } from "../../../operators/engines/mod.ts";
import { type EngineDriver, findEngine } from "../../../operators/engines/mod.ts";
import type { CarryOptions, Pipeline } from "../../../operators/runner/mod.ts";
import type { Lookup } from "../../../core/lookup.ts";
import { findRegistry } from "../places/find_registry.ts";
import type { CommandContext, OptionDefinition } from "../program/command.ts";
import { ownCommand } from "../program/own_command.ts";
import { invalid } from "../terminal/hints.ts";

export const ENGINE_VARIABLE = "HOLDFAST_ENGINE";

export const ENGINE_OPTION = {
  flags: "--engine [url]",
  text: `run the steps with: ${urlsOf(createEngines())} ` +
    `(default and required for a URL with a password: ${ENGINE_VARIABLE})`,
} as const satisfies OptionDefinition;

function urlsOf(engines: Lookup<EngineDriver>): string {
  const drivers = new Set(engines.names().map((name) => engines.get(name)));
  return [...drivers].map(({ help }) => help).join(", ");
}

export const QUEUE_OPTION = {
  flags: "--queue <url>",
  text: "redis://host:6379, postgres://host/database; add ?queue=NAME for a separate queue " +
    `(default and required for a URL with a password: ${ENGINE_VARIABLE})`,
} as const satisfies OptionDefinition;

/**
 * Returns the URL of an engine or queue, as given or from the environment.
 *
 * @throws {RegistryError} `Invalid` without a URL, and for one with a password on the command line
 */
export function engineUrl(
  named: string | true | undefined,
  { io }: Pick<CommandContext, "io">,
  flag: string,
): string {
  const url = typeof named === "string" ? named : io.system.env(ENGINE_VARIABLE);
  if (!url) {
    const hint = `Add ${flag} redis://127.0.0.1:6379`;
    throw invalid("connect to an engine", `neither ${flag} nor ${ENGINE_VARIABLE} is set`, hint);
  }
  if (typeof named === "string") refusePassword(named, flag, ENGINE_VARIABLE);
  return url;
}

/** Refuses a URL of the command line with a password, which some drivers take as a parameter. */
export function refusePassword(url: string, flag: string, variable: string): void {
  const { password, searchParams } = URL.parse(url) ?? {};
  if (!password && !searchParams?.has("password")) return;
  throw invalid(
    `take a password from ${flag}`,
    "every user of this machine can see command lines",
    `Set ${variable} to the URL, and leave it out of the command line.`,
  );
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
  const { runFolder } = await import("../../../operators/runner/run_context.ts");
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
  more?: readonly string[];
}

/** Returns the command of a step, and that of a process for many steps of its run. */
export function stepCommands(
  { run, step }: { run: string; step: string },
  { file, root, operators, more = [] }: StepPlace,
): { command: string[]; persistent: string[] } {
  const persistent = [
    ...[...ownCommand(), "pipeline", "step", "--pipeline", file],
    ...(root === undefined ? [] : ["--root", root]),
    ...(operators === undefined ? [] : ["--operators", operators]),
    ...more,
    ...["--", run], // from a queue: never options
  ];
  return { command: [...persistent, step], persistent };
}
