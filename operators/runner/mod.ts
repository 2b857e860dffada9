/**
 * Runs pipelines, and reads earlier runs.
 *
 * @module
 */
export { submitRun } from "./carry/submit_run.ts";
export type { SubmitRunOptions } from "./carry/submit_run.ts";
export type { CarriedRunOptions } from "./carry/carried_run.ts";
export type { CarriedCommand, CarryOptions, RunPipelineOptions } from "./carry/run_options.ts";
export { runStep } from "./carry/run_step.ts";
export type { RunStepOptions } from "./carry/run_step.ts";
export { shareRun } from "./carry/share_run.ts";
export type { ShareRunOptions } from "./carry/share_run.ts";
export { createRunHandler } from "./carry/step_handler.ts";
export { watchRun } from "./carry/watch_run.ts";
export type { WatchRunOptions } from "./carry/watch_run.ts";
export type { LogLevel, RunEnd, RunEvent, StepEnd, StepOutcome } from "./outcomes.ts";
export { planPipeline } from "./plan.ts";
export type { Decision, PipelinePlan, PlannedStep, PlanOptions } from "./plan.ts";
export type { InputPart, PinnedInput } from "./pin_inputs.ts";
export { cancelRun, listRuns, readResult, readRun } from "./records/run_record.ts";
export type { ListedRun, ListRunsOptions, RunResult } from "./records/run_record.ts";
export type { ObjectTransfer, RunnerOptions } from "./run_context.ts";
export { runPipeline } from "./run_pipeline.ts";
export type { Machine } from "../contract/engine.ts";
export { takeSecrets } from "./secrets.ts";
export type { Pipeline } from "../contract/pipeline.ts";
