// A pipeline from files.
import process from "node:process";
import { resolve } from "@std/path";
import { fault } from "../../core/errors.ts";
import type { Pipeline } from "../contract/pipeline.ts";
import { realSystem } from "../../core/system.ts";
import { isStoreUrl } from "../../core/urls/store_url.ts";
import { composePipeline } from "./compose.ts";
import type { PipelineOptions } from "./definition.ts";
import { findConfig } from "./tree/folder.ts";
import type { ConfigSource } from "./tree/node.ts";
import { type OverrideText, readOverrides } from "./tree/overrides.ts";
import { type ConfigProblem, createProblemList, problemsError } from "./tree/problems.ts";
import { languageOf, readTree } from "./tree/read_tree.ts";

/** The variable that names a file or URL of overrides. */
export const OVERRIDE_VARIABLE = "PIPELINE_CONFIG_OVERRIDE_S3_PATH";

/** Options of {@linkcode loadPipeline}. */
export interface LoadPipelineOptions extends PipelineOptions {
  /** Where relative paths start. @default the current folder */
  cwd?: string;
  /** Values over those of the files, the last wins: `operators.clean.params.lr=0.2`; what follows = is YAML. */
  set?: readonly string[];
  /** Files or URLs of values over those of the files, below `set`; after that of `PIPELINE_CONFIG_OVERRIDE_S3_PATH`. */
  overrides?: readonly string[];
  /** Whether `PIPELINE_CONFIG_OVERRIDE_S3_PATH` counts: not for a configuration that was merged. @default true */
  environmentOverride?: boolean;
  /** Reads the text of a URL of overrides. @default URLs are refused */
  readUrl?(url: string): Promise<string>;
}

/** A pipeline, and where it is from. */
export interface LoadedPipeline {
  pipeline: Pipeline;
  /** The folder of its configuration, absolute: paths in it are relative to that. */
  folder: string;
  /** All files that it is made of, absolute, in the order they were read. */
  files: string[];
}

/** What {@linkcode checkPipeline} finds. */
export interface CheckedPipeline {
  problems: ConfigProblem[];
  loaded?: LoadedPipeline;
}

/**
 * Reads a pipeline from a file (YAML, TOML, JSON), or a folder with `pipeline.yaml` or `conf/pipeline.yaml` in it.
 *
 * @throws {RegistryError} `Invalid`, with all that is wrong (see {@linkcode problemsOf}), `NotFound`
 */
export async function loadPipeline(
  path: string,
  options: LoadPipelineOptions = {},
): Promise<LoadedPipeline> {
  const { problems, loaded } = await checkPipeline(path, options);
  if (loaded === undefined) throw problemsError(path, problems);
  return loaded;
}

/** The same, with what is wrong as a value: only a configuration that is not there is thrown, as `NotFound`. */
export async function checkPipeline(
  path: string,
  options: LoadPipelineOptions = {},
): Promise<CheckedPipeline> {
  const { cwd = process.cwd() } = options;
  const folder = findConfig(path, { cwd: resolve(cwd) });
  const texts = await overrideTexts(options, resolve(cwd));
  const quick = read(languageOf(folder.main) !== "json"); // of JSON the places are only wanted for mistakes
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
    const told = problems.list();
    if (!pipeline || told.length > 0) return { problems: told };
    return { problems: [], loaded: { pipeline, folder: folder.root, files } };
  }
}

async function overrideTexts(options: LoadPipelineOptions, cwd: string): Promise<OverrideText[]> {
  const { set = [], overrides = [], environmentOverride = true, system = realSystem, readUrl } =
    options;
  const fromEnvironment = environmentOverride ? system.env(OVERRIDE_VARIABLE) : undefined;
  const texts: OverrideText[] = [];
  for (const place of fromEnvironment ? [fromEnvironment, ...overrides] : overrides) {
    texts.push({ kind: "file", source: await readOverride(place, { cwd, readUrl }) });
  }
  if (set.length > 0) texts.push({ kind: "set", lines: set });
  return texts;
}

async function readOverride(
  place: string,
  { cwd, readUrl }: { cwd: string; readUrl?(url: string): Promise<string> },
): Promise<ConfigSource> {
  if (isStoreUrl(place)) {
    const file = place.replace(/\?.*$/s, ""); // what follows may hold a signature
    if (readUrl !== undefined) return { file, text: await readUrl(place), isRemote: true };
    throw fault({
      code: "Invalid",
      action: "read overrides from",
      subject: file,
      state: "nothing was given to read URLs with",
      hint: `Give readUrl, or a file; see the variable ${OVERRIDE_VARIABLE}.`,
    });
  }
  const { readFile } = await import("node:fs/promises");
  try {
    return { file: place, text: await readFile(resolve(cwd, place), "utf8") };
  } catch (cause) {
    throw fault({
      code: "NotFound",
      action: "read overrides from",
      subject: place,
      state: (cause as Error).message,
      hint: "Name a file of YAML or TOML, or a URL like s3://bucket/overrides.yaml.",
      cause,
    });
  }
}
