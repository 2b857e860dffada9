// Runs that engines carry.
export { carryPipeline, submitRun } from "./carry_pipeline.ts";
export type { CarryPipelineOptions, SubmitRunOptions } from "./carry_pipeline.ts";
export type { CarriedRunOptions } from "./carried_run.ts";
export type { CarriedCommand, CarryOptions } from "./deliveries.ts";
export { runStep } from "./run_step.ts";
export type { RunStepOptions } from "./run_step.ts";
export { shareRun } from "./share_run.ts";
export type { ShareRunOptions } from "./share_run.ts";
export { createRunHandler } from "./step_handler.ts";
export type { RunHandlerOptions } from "./step_handler.ts";
export { watchRun } from "./watch_run.ts";
export type { WatchRunOptions } from "./watch_run.ts";
