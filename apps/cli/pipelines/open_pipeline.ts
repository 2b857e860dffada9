// The pipeline that a command is about, with the operators of the user's own code.
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isRegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import { createOperators, type Operators } from "../../../operators/mod.ts";
import type { Executor, OperatorJobs, RunnerOptions } from "../../../operators/runner/mod.ts";
import type { CommandContext, OptionDefinition } from "../program/command.ts";
import { configsIn } from "../places/open_store.ts";
import { loadOperators, OPERATORS_FILE, operatorsUrl } from "../places/load_operators.ts";
import { loadConfigPart, type LoadedPipeline } from "./pipeline_parts.ts";

export interface PipelineFlags {
  operators?: string;
  set?: string[];
  override?: string[];
  /** The configuration was merged before: nothing overrides it, and its relative paths begin at this folder. */
  root?: string;
}

/** The definitions of {@linkcode PipelineFlags}. */
export const PIPELINE_OPTIONS: readonly OptionDefinition[] = [
  {
    flags: "--operators <file>",
    text:
      `the module of the operators; else operators_module of the pipeline, else ${OPERATORS_FILE} beside it`,
    completes: "file",
  },
  {
    flags: "--set <path=value>",
    text: "a value over that of the file: operators.train.params.lr=0.2",
    repeat: true,
  },
  {
    flags: "--override <file>",
    text:
      "a file or URL of values over those of the file; PIPELINE_CONFIG_OVERRIDE_S3_PATH names one too",
    repeat: true,
    completes: "file",
  },
];

export const PIPELINE_ARGUMENT = {
  usage: "[file]",
  text:
    "the pipeline: a file, or a folder with pipeline.yaml or conf/pipeline.yaml; this folder where it is not given",
  completes: "file",
} as const;

export interface FoundPipeline extends LoadedPipeline {
  /** Its operators; undefined where nothing says which module has them. */
  operators?: Operators;
  /** The `file:` URL of their module. */
  module?: string;
}

/**
 * Reads a pipeline and imports the module of its operators, which has to have all that its steps name.
 *
 * @param path a file or folder. @default the current folder
 * @throws {RegistryError} `NotFound`; `Invalid` with all that is wrong, see `problemsOf`
 */
export async function findPipeline(
  path: string | undefined,
  flags: PipelineFlags,
  context: CommandContext,
): Promise<FoundPipeline> {
  const { loadPipeline } = await loadConfigPart();
  const { cwd, system } = context.io;
  const { set, override: overrides, root } = flags;
  const options = {
    ...{ cwd, set, overrides, system, environmentOverride: root === undefined },
    readUrl: (url: string) => readObject(url, context),
  };
  const load = async (more = {}) => {
    const loaded = await loadPipeline(path ?? ".", { ...options, ...more });
    return root === undefined ? loaded : { ...loaded, folder: resolve(cwd, root) };
  };
  const loaded = await load();
  const file = await operatorsFile(loaded, flags, cwd);
  const operators = file && await loadOperators(file.path, file);
  const module = file && operatorsUrl(file.path, file);
  const isComplete = operators === undefined || missingOperator(loaded, operators) === undefined;
  // Read once more, so that the names that there are not are told with their places.
  return isComplete
    ? { ...loaded, operators, module }
    : { ...await load({ operators }), operators, module };
}

/** The same, where its operators are needed. `Invalid` where a step needs one, and nothing says where they are. */
export async function openPipeline(
  path: string | undefined,
  flags: PipelineFlags,
  context: CommandContext,
): Promise<FoundPipeline & { operators: Operators }> {
  const { operators = createOperators(), ...loaded } = await findPipeline(path, flags, context);
  const missing = missingOperator(loaded, operators);
  if (missing === undefined) return { ...loaded, operators };
  throw fault({
    code: "Invalid",
    action: "use the pipeline",
    subject: loaded.pipeline.id,
    state: `nothing says where operator ${JSON.stringify(missing)} is`,
    hint:
      `Write ${OPERATORS_FILE} beside the pipeline, name yours in it (operators_module: ./src/steps.ts), or give ` +
      "--operators FILE.",
  });
}

function missingOperator({ pipeline }: LoadedPipeline, operators: Operators): string | undefined {
  return pipeline.steps.find((step) =>
    step.startCommand === undefined && !operators.has(step.operator)
  )?.operator;
}

/** Which module that is says the command line, or the configuration on this disk: never what is stored. */
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
  if (needsNone || !await isFile(join(folder, OPERATORS_FILE))) return undefined;
  return { path: OPERATORS_FILE, cwd: folder };
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

async function readObject(
  url: string,
  { io: { cwd, signal, system } }: CommandContext,
): Promise<string> {
  return new TextDecoder().decode(await configsIn(cwd, system).download(url, { signal }));
}

export function runnerOptions(
  { folder, operators, module }: Pick<FoundPipeline, "folder" | "module"> & {
    operators: Operators;
  },
  { io: { cwd, signal, system } }: CommandContext,
): Omit<RunnerOptions, "registry"> {
  const s3 = configsIn(cwd, system);
  const executor = module === undefined ? {} : { executor: lazyExecutor(module) };
  return { root: folder, operators, s3, system, signal, ...executor };
}

/** Runs operators of a module on threads of their own; most pipelines have no step that wants one. */
function lazyExecutor(module: string): Executor<OperatorJobs> {
  let made: Promise<Executor<OperatorJobs>> | undefined;
  return {
    async run(kind, job, options) {
      made ??= import("../../../workers/mod.ts").then((part) =>
        part.createOperatorExecutor({ module })
      );
      return await (await made).run(kind, job, options);
    },
  };
}

/** The module of the operators of the pipeline in this folder; undefined where there is none, or it is not right. */
export async function moduleOfPipelineHere(context: CommandContext): Promise<string | undefined> {
  const { cwd, system } = context.io;
  try {
    const { loadPipeline } = await loadConfigPart();
    const loaded = await loadPipeline(".", {
      cwd,
      system,
      readUrl: (url) => readObject(url, context),
    });
    const file = await operatorsFile(loaded, {}, cwd);
    return file && operatorsUrl(file.path, file);
  } catch (error) {
    if (isRegistryError(error)) return undefined; // whoever uses the pipeline is told
    throw error;
  }
}
