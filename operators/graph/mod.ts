/**
 * The graph of a pipeline: its order, its levels, its cycles, and drawings of it.
 *
 * @module
 */
export { findCycle, levelsOf, topologicalOrder } from "./order.ts";
export type { GraphStep } from "./order.ts";
export { selectSteps } from "./select_steps.ts";
export type { StepSelection } from "./select_steps.ts";
export { draw, drawPipeline } from "./draw.ts";
export type { DrawingForm, DrawPipelineOptions } from "./draw.ts";
export type { PlannedDecisions } from "./pipeline_drawing.ts";
export type { BoxLook, Drawing, DrawnArrow, DrawnBox, DrawnFrame } from "./drawing.ts";
