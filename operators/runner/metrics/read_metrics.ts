// Metrics of a step: values in files that it wrote, which become metadata of its outputs.
import { createReadStream, lstatSync, realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { globToRegExp } from "@std/path/posix/glob-to-regexp";
import {
  isRegistryError,
  iterableStream,
  quoteNotFinite,
  shown,
  taskFailed,
} from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import { isWithin } from "../../../disk/target.ts";
import { listFolder, pathsBelow } from "../../../disk/paths_below.ts";
import { decodeText, decodeUtf8, splitLines } from "../../../formats/content/text_stream.ts";
import { createFormats } from "../../../formats/mod.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import { inside, isPattern, METRICS_OF_LINES } from "../../output_keys.ts";
import { parseValues, valuesOf } from "./json_values.ts";
import { type Metrics, MetricsTable, type Refuse } from "./metrics_table.ts";

/** Largest file of values, bytes. A file of lines may be larger: it is read line by line. */
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_LINE = 64 * 1024;
const MOST_LISTED = 10;

interface ReadMetricsOptions {
  outputRoot: string;
  /** A shard may write none of the files. */
  isShard: boolean;
  /** Hides secrets in strings. */
  mask(text: string): string;
  signal: AbortSignal;
}

/**
 * Reads the metrics of a step; undefined if its configuration names none, or a shard wrote none.
 *
 * @throws {RegistryError} `TaskFailed` if a file is missing or is not one of metrics
 */
export async function readMetrics(
  step: PipelineStep,
  options: ReadMetricsOptions,
): Promise<Metrics | undefined> {
  if (step.metrics === undefined) return undefined;
  const table = new MetricsTable();
  let isWritten = false;
  for (const path of await filesOf(step, step.metrics, options)) {
    isWritten = true;
    const refuse = refusalOf(step.id, path);
    try {
      await readFileInto(table, path, { ...options, refuse });
    } catch (error) {
      if (isRegistryError(error, "TaskFailed")) throw error;
      options.signal.throwIfAborted();
      if (!isRegistryError(error)) throw error;
      throw refuse(error.state ?? error.message, error.hint);
    }
  }
  if (!isWritten) return undefined;
  return table.toMetrics({
    mask: options.mask,
    refuse: refusalOf(step.id, step.metrics.join(", ")),
  });
}

const HINT =
  'Write numbers, strings and booleans by key: {"loss": 0.12, "test": {"accuracy": 0.9}}';

function refusalOf(step: string, path: string): Refuse {
  return (state, hint = HINT) =>
    taskFailed("read metrics", `${shown(path)} of step ${shown(step)}`, state, { hint });
}

/** Returns the paths of all files that are named, or match a pattern, with slashes. */
async function filesOf(
  step: PipelineStep,
  named: readonly string[],
  { outputRoot, isShard }: ReadMetricsOptions,
): Promise<string[]> {
  const paths = new Set<string>();
  let all: string[] | undefined;
  for (const name of named) {
    let metricPaths: string[];
    if (isPattern(name)) {
      all ??= (await Array.fromAsync(pathsBelow(outputRoot)))
        .map((path) => path.replaceAll(sep, "/")).sort();
      const expression = globToRegExp(name);
      metricPaths = all.filter((path) => expression.test(path));
    } else {
      const entry = lstatSync(inside(outputRoot, name), { throwIfNoEntry: false });
      metricPaths = entry === undefined ? [] : [name];
    }
    if (metricPaths.length === 0 && !isShard) throw await missing(step.id, name, outputRoot);
    for (const path of metricPaths) paths.add(path);
  }
  return [...paths];
}

async function missing(step: string, name: string, outputRoot: string): Promise<RegistryError> {
  const names = (await listFolder(outputRoot))
    .map(({ name, isDirectory }) => isDirectory ? `${name}/` : name).sort();
  const listed = names.slice(0, MOST_LISTED).map(shown).join(", ");
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : "";
  const state = names.length === 0
    ? "OUTPUT_ROOT is empty"
    : `not found; OUTPUT_ROOT contains ${listed}${more}`;
  const hint = "Write it to the folder OUTPUT_ROOT (context.outputRoot), or change `metrics`.";
  return refusalOf(step, name)(state, hint);
}

async function readFileInto(
  table: MetricsTable,
  path: string,
  { outputRoot, refuse, signal }: ReadMetricsOptions & { refuse: Refuse },
): Promise<void> {
  const file = join(outputRoot, path);
  if (!isWithin(realpathSync(outputRoot), realpathSync(file))) {
    throw refuse("it is a link that leaves OUTPUT_ROOT", COPY);
  }
  const entry = lstatSync(realpathSync(file));
  if (!entry.isFile()) throw refuse("it is not a file", "Name a file, or change the pattern.");
  if (METRICS_OF_LINES.includes(extname(path).toLowerCase())) {
    return await readLinesInto(table, file, { path, refuse, signal });
  }
  if (entry.size > MAX_FILE_BYTES) {
    throw refuse(`it has ${entry.size} bytes, ${MAX_FILE_BYTES} are allowed`, FEWER);
  }
  const bytes = new Uint8Array(await readFile(file));
  if (extname(path).toLowerCase() === ".json") {
    const text = decodeUtf8(bytes, (state) => refuse(state)).replace(/^\ufeff/, "");
    return addJson(table, text, { path, refuse });
  }
  const yaml = await createFormats().get("yaml");
  const value = await yaml.decode({
    path,
    size: bytes.byteLength,
    bytes: () => Promise.resolve(bytes),
    stream: () => new Blob([bytes]).stream(),
  });
  table.add(valuesOf(value), { from: path, place: () => "", refuse });
}

/** Adds the values of a JSON text that begins in a line of a file. */
function addJson(
  table: MetricsTable,
  text: string,
  { path, refuse, hint, line = 1 }: { path: string; refuse: Refuse; hint?: string; line?: number },
): void {
  const json = quoteNotFinite(text); // as Python and others write it
  const place = (offset: number) => `line ${line + json.slice(0, offset).split("\n").length - 1}: `;
  const fault = (state: string, offset: number) => refuse(place(offset) + state, hint);
  table.add(parseValues(json, fault), { from: path, place, refuse });
}

const COPY = "Write the file itself to OUTPUT_ROOT.";
const FEWER = "Write fewer keys, or lines of JSON (.jsonl) for a curve.";

/** Reads a curve: the last value of each key counts. */
async function readLinesInto(
  table: MetricsTable,
  file: string,
  { path, refuse, signal }: { path: string; refuse: Refuse; signal: AbortSignal },
): Promise<void> {
  const stream = iterableStream(createReadStream(file, { signal }));
  const lines = splitLines(decodeText(stream, { refuse: (state) => refuse(state), signal }), {
    maxCharacters: MAX_LINE,
    refuse: (line) => refuse(`line ${line} exceeds ${MAX_LINE} characters`, FEWER),
  });
  let isEmpty = true;
  for await (const { text, line } of lines) {
    if (text.trim() === "") continue;
    isEmpty = false;
    addJson(table, text, { path, refuse, hint: LINES, line });
  }
  if (isEmpty) throw refuse("it is empty", LINES);
}

const LINES = 'Write an object in each line: {"step": 1, "loss": 0.5}';
