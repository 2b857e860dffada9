// Loads a pipeline from files.
import process from "node:process";
import { resolve } from "node:path";
import { fault, isStoreUrl, messageOf, realSystem } from "../../core/kernel.ts";
import type { Pipeline } from "../contract/pipeline.ts";
import { composePipeline } from "./compose.ts";
import type { PipelineOptions } from "./definition.ts";
import { findConfig } from "./tree/folder.ts";
import type { ConfigSource } from "./tree/node.ts";
import { type OverrideText, readOverrides } from "./tree/overrides.ts";
import { type ConfigProblem, createProblemList, problemsError } from "./tree/problems.ts";
import { languageOf, readTree } from "./tree/read_tree.ts";

/** Variable with a file of overrides. */
const OVERRIDE_VARIABLE = "PIPELINE_CONFIG_OVERRIDE_S3_PATH";

/** Options of {@linkcode loadPipeline}. */
export interface LoadPipelineOptions extends PipelineOptions {
  /** Base of relative paths. @default the current folder */
  cwd?: string;
  /**
   * Values that override the files', the last one wins: `operators.clean.params.lr=0.2`, with YAML
   * after `=`.
   */
  set?: readonly string[];
  /** Files of overrides, applied before `set` and after `PIPELINE_CONFIG_OVERRIDE_S3_PATH`. */
  overrides?: readonly string[];
  /** Applies `PIPELINE_CONFIG_OVERRIDE_S3_PATH`; false for a merged configuration. @default true */
  environmentOverride?: boolean;
}

/** A pipeline and its files. */
export interface LoadedPipeline {
  pipeline: Pipeline;
  /** Folder of its configuration, absolute: the base of its relative paths. */
  folder: string;
  /** All its files, absolute, in the order they were read. */
  files: string[];
}

interface CheckedPipeline {
  problems: ConfigProblem[];
  loaded?: LoadedPipeline;
}

/**
 * Loads a pipeline from a file (YAML or JSON), or a folder with `pipeline.yaml` or
 * `conf/pipeline.yaml`.
 *
 * @throws {RegistryError} `NotFound`, or `Invalid` with all problems (see {@linkcode problemsOf})
 */
export async function loadPipeline(
  path: string,
  options: LoadPipelineOptions = {},
): Promise<LoadedPipeline> {
  const { problems, loaded } = await checkPipeline(path, options);
  if (loaded === undefined) throw problemsError(path === "." ? "of this folder" : path, problems);
  return loaded;
}

/** Loads a pipeline like {@linkcode loadPipeline}, and returns problems. Throws only `NotFound`. */
export async function checkPipeline(
  path: string,
  options: LoadPipelineOptions = {},
): Promise<CheckedPipeline> {
  const { cwd = process.cwd() } = options;
  const folder = findConfig(path, { cwd: resolve(cwd) });
  const texts = await overrideTexts(options, resolve(cwd));
  // For JSON, positions are slow to find and only needed for problems.
  const quick = read(languageOf(folder.main) !== "json");
  return quick.problems.length > 0 && languageOf(folder.main) === "json" ? read(true) : quick;

  function read(exact: boolean): CheckedPipeline {
    const problems = createProblemList();
    const files: string[] = [];
    const reading = { folder, problems, exact, onFile: (file: string) => void files.push(file) };
    const root = readTree(folder.main, reading);
    const assignments = readOverrides(texts, problems);
    const isRead = root !== undefined && problems.count === 0;
    const pipeline = isRead &&
      composePipeline(root, { ...options, ...reading, id: folder.name, assignments });
    const listed = problems.list();
    if (!pipeline || listed.length > 0) return { problems: listed };
    return { problems: [], loaded: { pipeline, folder: folder.root, files } };
  }
}

async function overrideTexts(options: LoadPipelineOptions, cwd: string): Promise<OverrideText[]> {
  const { set = [], overrides = [], environmentOverride = true, system = realSystem } = options;
  const fromEnvironment = environmentOverride ? system.env(OVERRIDE_VARIABLE) : undefined;
  const texts: OverrideText[] = [];
  for (const place of fromEnvironment ? [fromEnvironment, ...overrides] : overrides) {
    texts.push({ kind: "file", source: await readOverride(place, cwd) });
  }
  if (set.length > 0) texts.push({ kind: "set", lines: set });
  return texts;
}

async function readOverride(place: string, cwd: string): Promise<ConfigSource> {
  const failed = { action: "read overrides from" };
  if (isStoreUrl(place)) {
    const subject = place.replace(/\?.*$/s, ""); // the query may contain a signature
    const hint = "Download it, and pass the file.";
    throw fault({ ...failed, code: "Invalid", subject, state: "it is a URL", hint });
  }
  const { readFile } = await import("node:fs/promises");
  try {
    const bytes = await readFile(resolve(cwd, place));
    return { file: place, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (cause) {
    const hint = "Use a file of YAML.";
    if (cause instanceof TypeError) {
      throw fault({ ...failed, code: "Invalid", subject: place, state: "it is not UTF-8", hint });
    }
    const state = messageOf(cause);
    throw fault({ ...failed, code: "NotFound", subject: place, state, hint, cause });
  }
}
