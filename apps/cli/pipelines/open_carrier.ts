// What carries steps for a command, and what it is to execute for them.
import { join, resolve } from "node:path";
import { fault } from "../../../core/errors.ts";
import type { Engine } from "../../../operators/engines/mod.ts";
import type { CarryOptions, Pipeline } from "../../../operators/runner/mod.ts";
import { findRegistry } from "../places/find_registry.ts";
import type { CommandContext, OptionDefinition } from "../program/command.ts";
import { ownCommand } from "./own_command.ts";

export const ENGINE_VARIABLE = "HOLDFAST_ENGINE";

export const ENGINE_OPTION: OptionDefinition = {
  flags: "--engine [url]",
  text:
    "what carries the steps: local:, slurm:, redis://host:6379, postgres://host/database; without a URL, and " +
    `where it has a password, it is that of ${ENGINE_VARIABLE}`,
};

/**
 * The URL of an engine, or of a queue, as it was given, or that of the environment.
 *
 * @throws {RegistryError} `Invalid` where there is none, and for one with a password: arguments can be read by everybody
 */
export function engineUrl(
  given: string | true | undefined,
  { io }: Pick<CommandContext, "io">,
  flag: string,
): string {
  const url = typeof given === "string" ? given : io.system.env(ENGINE_VARIABLE);
  if (!url) {
    throw fault({
      code: "Invalid",
      action: "reach an engine",
      state: `neither ${flag} nor ${ENGINE_VARIABLE} names one`,
      hint: `As in ${flag} redis://127.0.0.1:6379`,
    });
  }
  if (typeof given === "string") refusePassword(given, flag, ENGINE_VARIABLE);
  return url;
}

/** Throws `Invalid` for a URL of the command line that has a password in it: drivers take one as a parameter too. */
export function refusePassword(url: string, flag: string, variable: string): void {
  const { password, searchParams } = URL.parse(url) ?? {};
  if (!password && !searchParams?.has("password")) return;
  throw fault({
    code: "Invalid",
    action: "take a password by",
    subject: flag,
    state: "whoever lists the processes of this machine sees it",
    hint: `Set ${variable} to the URL, and leave it out of the command line.`,
  });
}

export interface CarrierOptions {
  url: string;
  pipeline: Pipeline;
  folder: string;
  operators?: string;
}

/** Opens an engine, and says what it executes: `holdfast pipeline step`, with the configuration beside the run. */
export async function openCarrier(
  { url, pipeline, folder, operators }: CarrierOptions,
  context: CommandContext,
): Promise<CarryOptions & { engine: Engine }> {
  const { io } = context;
  const { openEngine } = await import("../../../operators/engines/mod.ts");
  const { runFolder } = await import("../../../operators/runner/mod.ts");
  const jobs = join(resolve(folder, pipeline.workDir), "jobs");
  const engine = await openEngine(url, { folder: jobs, system: io.system });
  // What this process submitted to itself is gone with it: steps hand over others only where those outlive them.
  const isShared = engine.kind !== "local";
  const env = {
    HOLDFAST_REGISTRY: findRegistry(context.shared.registry, io).location,
    [ENGINE_VARIABLE]: isShared ? url : "",
  };
  return {
    engine,
    commandFor: ({ run, step }) => ({
      command: stepCommand({ run, step }, {
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

export interface StepPlace {
  file: string;
  root?: string;
  operators?: string;
  more?: readonly string[];
}

export function stepCommand(
  { run, step }: { run: string; step: string },
  { file, root, operators, more = [] }: StepPlace,
): string[] {
  return [
    ...[...ownCommand(), "pipeline", "step", "--pipeline", file],
    ...(root === undefined ? [] : ["--root", root]),
    ...(operators === undefined ? [] : ["--operators", operators]),
    ...more,
    ...["--", run, step], // as a queue says them: never options
  ];
}
