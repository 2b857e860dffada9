/**
 * Operators: processing steps over files, on their own or in a pipeline, and drawings of
 * pipelines.
 *
 * @example
 * ```ts
 * import { createOperators, defineOperator, runOperator } from "@holdfast/holdfast/operators";
 * import { assertEquals } from "@std/assert";
 *
 * const operators = createOperators();
 * operators.register(
 *   "upper_v1",
 *   defineOperator({
 *     async run({ inputRoot, outputRoot }) {
 *       const text = await Deno.readTextFile(`${inputRoot}/words.txt`);
 *       await Deno.writeTextFile(`${outputRoot}/words.txt`, text.toUpperCase());
 *     },
 *     command: ({ inputRoot }) => ["tr", "a-z", "A-Z", inputRoot],
 *   }),
 * );
 *
 * const { exit } = await runOperator(operators.get("upper_v1"), { inputRoot: "./not_there" });
 * assertEquals(exit, "input");
 * ```
 *
 * @module
 */
export { EXIT_CODES } from "./contract/operator.ts";
export type {
  ExitCode,
  ExitName,
  Operator as OperatorContract,
  OperatorContext,
} from "./contract/operator.ts";
export type { Shard } from "../core/kernel.ts";
export type { PartialContext } from "./context.ts";
export { defineOperator, Operator } from "./operator.ts";
export type { AnyOperator, OperatorClass } from "./operator.ts";
export { createOperators } from "./operator_set.ts";
export type { OperatorArgs, Operators, OperatorSource } from "./operator_set.ts";
export { runOperator } from "./run_operator.ts";
export type { OperatorResult, RunOperatorOptions } from "./run_operator.ts";
export { runCommand } from "./process/run_command.ts";
export type { CommandResult, CommandUsage, RunCommandOptions } from "./process/run_command.ts";
export { drawPipeline } from "./graph/pipeline_drawing.ts";
export type { PlannedDecisions } from "./graph/pipeline_drawing.ts";
export { createEngines, createQueueEngine, createStepHandler, openEngine } from "./engines/mod.ts";
export type {
  Engine,
  EngineDriver,
  EngineJob,
  EngineState,
  EngineStep,
  Machine,
  QueuedStep,
  Resources,
  StepCommand,
} from "./engines/mod.ts";
