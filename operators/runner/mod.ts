/**
 * Running pipelines: what would run and why, running it, and what was run before.
 *
 * @module
 */
export {
  carryPipeline,
  createRunHandler,
  runStep,
  shareRun,
  submitRun,
  watchRun,
} from "./carry/mod.ts";
export type {
  CarriedCommand,
  CarriedRunOptions,
  CarryOptions,
  CarryPipelineOptions,
  RunHandlerOptions,
  RunStepOptions,
  ShareRunOptions,
  SubmitRunOptions,
  WatchRunOptions,
} from "./carry/mod.ts";
export type { LogLevel, RunEnd, RunEvent, StepEnd, StepOutcome } from "./events.ts";
export { configurationDigest, planPipeline } from "./plan.ts";
export type { Decision, PipelinePlan, PlannedStep, PlanOptions } from "./plan.ts";
export type { InputPart, PinnedInput } from "./pin_inputs.ts";
export { attemptsOf } from "./records/attempts.ts";
export type { StepAttempt } from "./records/attempts.ts";
export { lastRun, listRuns, pipelinesOf } from "./records/list_runs.ts";
export type { ListedRun, ListRunsOptions } from "./records/list_runs.ts";
export { formatRunId, parseRunId, recordNames } from "./records/names.ts";
export type { RecordNames, RunId } from "./records/names.ts";
export { cancelRun, isCancelled, readResult, readRun } from "./records/run_record.ts";
export type { RunResult } from "./records/run_record.ts";
export type {
  FailureRecord,
  Fingerprint,
  SavedOutput,
  StepFacts,
  StepRecord,
} from "./records/step_record.ts";
export type {
  Executor,
  JobKinds,
  JobOptions,
  JobProgress,
  JobUsage,
  RunOptions,
} from "../../core/executor.ts";
export type {
  OperatorJob,
  OperatorJobEnd,
  OperatorJobs,
} from "../../core/pipelines/operator_job.ts";
export { runFolder } from "./run_context.ts";
export { runningLogs } from "./running_logs.ts";
export type { RunPlace } from "./running_logs.ts";
export type { ObjectTransfer, RunnerOptions } from "./run_context.ts";
export { runPipeline } from "./run_pipeline.ts";
export type { RunPipelineOptions } from "./run_pipeline.ts";
export type { Machine } from "./schedule.ts";
export { takeSecrets } from "./secrets.ts";
export type * from "../../core/pipelines/pipeline.ts";
export type { PlainValue } from "../../core/text/plain_value.ts";
