/**
 * Pipelines from files: YAML or JSON, one file or a folder, with includes, variables and
 * overrides. All problems are reported at once, with file, line, column and a hint.
 *
 * @module
 */
export type * from "../contract/pipeline.ts";
export type * from "./definition.ts";
export { encodePipeline } from "./encode.ts";
export { loadPipeline } from "./load.ts";
export type { LoadedPipeline, LoadPipelineOptions } from "./load.ts";
export { definePipeline, parsePipeline } from "./parse.ts";
export type { ParsePipelineOptions } from "./parse.ts";
export { problemsOf } from "./tree/problems.ts";
export type { ConfigProblem } from "./tree/problems.ts";
