// Parses a pipeline from a string, or from an object of a program.
import type { Pipeline } from "../contract/pipeline.ts";
import { plainProblem } from "../../core/kernel.ts";
import { type ComposeOptions, composePipeline } from "./compose.ts";
import type { PipelineDefinition, PipelineOptions } from "./definition.ts";
import { type ConfigMap, type ConfigSource, MAX_DEPTH, nodeOf, plainOf } from "./tree/node.ts";
import { createProblemList, type ProblemList, problemsError } from "./tree/problems.ts";
import { parseTree, withIncludes } from "./tree/read_tree.ts";

const DEFINED = "of a program";

/** Options of {@linkcode parsePipeline}. */
export interface ParsePipelineOptions extends PipelineOptions {
  /** @default "yaml" */
  language?: "yaml" | "json";
  /** File name in problems. @default "pipeline.yaml", or that of the language */
  file?: string;
  /** Id of a pipeline without `pipeline_id`. @default "pipeline" */
  id?: string;
}

/**
 * Parses a pipeline from a string. Refs need no files: each is an operator with its defaults.
 *
 * @throws {RegistryError} `Invalid` with all problems: see {@linkcode problemsOf}
 *
 * @example
 * ```ts
 * import { parsePipeline } from "@holdfast/holdfast/operators/config";
 * import { assertEquals } from "@std/assert";
 *
 * const pipeline = parsePipeline(`
 * pipeline:
 *   operators:
 *     - { operator_id: clean, params: { keep: 0.5 } }
 *     - { operator_id: train, upstream_dependencies: [clean] }
 * `);
 * assertEquals(pipeline.steps.map(({ id }) => id), ["clean", "train"]);
 * ```
 */
export function parsePipeline(text: string, options: ParsePipelineOptions = {}): Pipeline {
  const { language = "yaml", file = `pipeline.${language}`, id = "pipeline" } = options;
  const read = (exact: boolean): Pipeline => {
    const problems = createProblemList();
    const source: ConfigSource = { file, text };
    const root = parseTree(source, language, { problems, exact });
    if (root === undefined || problems.count > 0) throw problemsError(file, problems.list());
    return checked(withIncludes(root, undefined, { problems }), { ...options, id, problems }, file);
  };
  if (language !== "json") return read(true);
  try {
    return read(false);
  } catch {
    return read(true); // positions in JSON are slow to find and only needed for problems
  }
}

/**
 * Creates a pipeline from an object: the section `pipeline` of a file, checked like a file.
 *
 * @throws {RegistryError} `Invalid` with all problems: see {@linkcode problemsOf}
 *
 * @example
 * ```ts
 * import { definePipeline } from "@holdfast/holdfast/operators/config";
 * import { assertEquals } from "@std/assert";
 *
 * const { steps } = definePipeline({
 *   pipeline_id: "train",
 *   operators: [
 *     { operator_id: "clean", timeout: "5m", inputs: { data: "registry:data:raw@^1" } },
 *     { operator_id: "train", inputs: { data: "step:clean" }, resource: { memory_request: "4Gi" }
 * },
 *   ],
 * });
 * assertEquals(steps[1]?.upstream, ["clean"]);
 * ```
 */
export function definePipeline(
  definition: PipelineDefinition,
  options: PipelineOptions = {},
): Pipeline {
  const problems = createProblemList();
  const source: ConfigSource = { text: "" };
  const place = { source, offset: 0 };
  const what = definition?.pipeline_id ?? DEFINED;
  const entry = { place, node: nodeOf(definition, place) };
  const problem = plainProblem(plainOf(entry.node), { numbers: "all", maxDepth: MAX_DEPTH });
  if (problem !== undefined) {
    const hint = "Use strings, numbers, true, false, null, arrays and plain objects.";
    problems.add(place, { message: problem, hint });
    throw problemsError(what, problems.list());
  }
  const root: ConfigMap = { kind: "map", place, entries: new Map([["pipeline", entry]]) };
  return checked(root, { ...options, id: "pipeline", problems }, what);
}

function checked(
  root: ConfigMap,
  options: ComposeOptions & { problems: ProblemList },
  what: string,
): Pipeline {
  const pipeline = composePipeline(root, options);
  const problems = options.problems.list();
  if (pipeline === undefined || problems.length > 0) throw problemsError(what, problems);
  return pipeline;
}
