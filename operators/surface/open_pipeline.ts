// The pipeline of a command, with the operators of the user's own code.
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { configsIn, invalid } from "../../apps/cli/extending.ts";
import type { CommandContext, FlagsOf, OptionDefinition } from "../../apps/cli/extending.ts";
import { loadPart } from "../../core/kernel.ts";
import type { Lookup } from "../../backends/mod.ts";
import { createEngines, createOperators } from "../mod.ts";
import type { EngineDriver, Operators } from "../mod.ts";
import type { Pipeline, RunnerOptions } from "../runner/mod.ts";
import { loadEngines, loadOperators, OPERATORS_FILE } from "./load_operators.ts";

export const PIPELINE_OPTIONS = [
  {
    flags: "--operators <file>",
    text: "the module of the operators (default: operators_module of the pipeline, then " +
      `${OPERATORS_FILE} beside it)`,
    completes: "file",
  },
  {
    flags: "--set <path=value>",
    text: "override a value of the file: operators.train.params.lr=0.2",
    repeat: true,
  },
  {
    flags: "--override <file>",
    text: "override values with a file; also PIPELINE_CONFIG_OVERRIDE_S3_PATH",
    repeat: true,
    completes: "file",
  },
] as const satisfies readonly OptionDefinition[];

export interface PipelineFlags extends FlagsOf<typeof PIPELINE_OPTIONS> {
  /** The folder of relative paths in a merged configuration, which nothing overrides. */
  root?: string;
}

export const PIPELINE_ARGUMENT = {
  usage: "[file]",
  text: "the pipeline: a file, or a folder with pipeline.yaml or conf/pipeline.yaml " +
    "(default: this folder)",
  completes: "file",
} as const;

export interface FoundPipeline extends LoadedPipeline {
  /** Undefined without a module of operators. */
  operators?: Operators;
  /** Those of the module of operators, else the built-in ones. */
  engines: Lookup<EngineDriver>;
}

/**
 * Reads a pipeline and imports its operators.
 *
 * @param path a file or folder. @default the current folder
 * @throws {RegistryError} `NotFound`; `Invalid` with all problems, see `problemsOf`
 */
export async function findPipeline(
  path: string | undefined,
  flags: PipelineFlags,
  context: CommandContext,
): Promise<FoundPipeline> {
  const { loadPipeline } = await loadConfigPart();
  const { cwd, system } = context.io;
  const { set, override: overrides, root } = flags;
  const options = { cwd, set, overrides, system, environmentOverride: root === undefined };
  const load = async (more = {}) => {
    const loaded = await loadPipeline(path ?? ".", { ...options, ...more });
    return root === undefined ? loaded : { ...loaded, folder: resolve(cwd, root) };
  };
  const loaded = await load();
  const file = await operatorsFile(loaded, flags, cwd);
  const operators = file && await loadOperators(file.path, file);
  const engines = file === undefined ? createEngines() : await loadEngines(file.path, file);
  const isComplete = operators === undefined || missingOperator(loaded, operators) === undefined;
  // Read again, to report missing operators with their lines.
  return { ...isComplete ? loaded : await load({ operators }), operators, engines };
}

/** Like {@linkcode findPipeline}, but throws `Invalid` for a missing operator. */
export async function openPipeline(
  path: string | undefined,
  flags: PipelineFlags,
  context: CommandContext,
): Promise<FoundPipeline & { operators: Operators }> {
  const { operators = createOperators(), ...loaded } = await findPipeline(path, flags, context);
  const missing = missingOperator(loaded, operators);
  if (missing === undefined) return { ...loaded, operators };
  throw invalid(
    `use the pipeline ${loaded.pipeline.id}`,
    `no module defines the operator ${JSON.stringify(missing)}`,
    `Write ${OPERATORS_FILE} beside the pipeline, set operators_module: ./src/steps.ts in it, or ` +
      "pass --operators FILE.",
  );
}

function missingOperator({ pipeline }: LoadedPipeline, operators: Operators): string | undefined {
  return pipeline.steps.find((step) =>
    step.startCommand === undefined && !operators.has(step.operator)
  )?.operator;
}

/** Finds the module of operators, by the command line or the local configuration. */
async function operatorsFile(
  { pipeline, folder }: LoadedPipeline,
  flags: PipelineFlags,
  cwd: string,
): Promise<{ path: string; cwd: string } | undefined> {
  if (flags.operators !== undefined) return { path: flags.operators, cwd };
  if (pipeline.operatorsModule !== undefined) {
    return { path: pipeline.operatorsModule, cwd: folder };
  }
  const needsNone = pipeline.steps.every(({ startCommand }) => startCommand !== undefined);
  if (needsNone) return undefined;
  const stats = await stat(join(folder, OPERATORS_FILE)).catch(() => undefined);
  return stats?.isFile() ? { path: OPERATORS_FILE, cwd: folder } : undefined;
}

export function runnerOptions(
  { folder, operators }: Pick<FoundPipeline, "folder"> & { operators: Operators },
  { io: { cwd, signal, system } }: CommandContext,
): Omit<RunnerOptions, "registry"> {
  return { root: folder, operators, s3: configsIn(cwd, system), system, signal };
}

export const PART_OPTIONS = [
  {
    flags: "--operator <step>",
    text: "run only this step, with the last outputs of the steps that it reads",
    repeat: true,
  },
  { flags: "--node <node>", text: "run only the steps of this node", repeat: true },
  { flags: "--force [step]", text: "run unchanged steps too: this one, or all", repeat: true },
] as const satisfies readonly OptionDefinition[];

export type PartFlags = FlagsOf<typeof PART_OPTIONS>;

/** Returns the selected steps, or undefined for all. Throws `NotFound` for unknown ones. */
export async function chosenSteps(
  pipeline: Pipeline,
  { node, operator }: PartFlags,
): Promise<string[] | undefined> {
  if (node === undefined && operator === undefined) return undefined;
  const { selectSteps } = await import("../graph/select_steps.ts");
  return selectSteps(pipeline, { nodes: node, operators: operator }).steps.map(({ id }) => id);
}

/**
 * The functions that read pipelines. They are imported by a computed name, so that Deno downloads
 * their packages only for commands of pipelines; a computed import needs these types.
 */
export interface ConfigPart {
  loadPipeline(path: string, options: {
    cwd: string;
    set?: readonly string[];
    overrides?: readonly string[];
    environmentOverride?: boolean;
    operators?: Pick<Operators, "has" | "names">;
    system: CommandContext["io"]["system"];
  }): Promise<LoadedPipeline>;
  encodePipeline(pipeline: Pipeline): string;
}

interface LoadedPipeline {
  pipeline: Pipeline;
  /** The base of its relative paths, absolute. */
  folder: string;
  /** The files it was read from, absolute. */
  files: string[];
}

export async function loadConfigPart(): Promise<ConfigPart> {
  return await loadPart<ConfigPart>("../config/mod.ts", import.meta.url);
}
