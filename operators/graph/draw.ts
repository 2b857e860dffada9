// Drawings in the form that somebody asks for.
import type { Pipeline } from "../contract/pipeline.ts";
import { loadPart } from "../../core/urls/load_part.ts";
import { type Drawing, encodeDot, encodeMermaid } from "./drawing.ts";
import { pipelineDrawing, pipelineText, type PlannedDecisions } from "./pipeline_drawing.ts";

/** How a drawing is written: for GitHub and the like, for Graphviz, for a browser. */
export type DrawingForm = "mermaid" | "dot" | "svg";

/**
 * Writes a drawing. Only `svg` loads what lays it out (`@viz-js/viz`), when it is asked for. Text in boxes is never
 * taken for anything but text, whatever it is.
 *
 * @throws {RegistryError} `Invalid` for an SVG of more than 3,000 boxes
 *
 * @example
 * ```ts
 * import { draw } from "@holdfast/holdfast/operators/graph";
 * import { assertEquals } from "@std/assert";
 *
 * const boxes = [{ id: "raw", lines: ["data:raw"] }, { id: "clean", lines: ["data:clean"] }];
 * const text = await draw({ boxes, arrows: [{ from: "raw", to: "clean" }] }, { as: "mermaid" });
 * assertEquals(text.split("\n")[1], `  b0["data:raw"]`);
 * ```
 */
export async function draw(drawing: Drawing, { as }: { as: DrawingForm }): Promise<string> {
  if (as === "mermaid") return encodeMermaid(drawing);
  if (as === "dot") return encodeDot(drawing);
  const { renderSvg } = await loadPart<SvgPart>("./svg.ts", import.meta.url);
  return await renderSvg(drawing);
}

interface SvgPart {
  renderSvg(drawing: Drawing): Promise<string>;
}

/** Options of {@linkcode drawPipeline}. */
export interface DrawPipelineOptions {
  /** How it is written. @default "text", aligned lines without colours */
  as?: "text" | DrawingForm;
  /** Marks each step with what would become of it, as `planPipeline` says. @default none */
  plan?: PlannedDecisions;
}

/**
 * Draws a pipeline: its steps on their nodes, what depends on what, and what is read and written. Passwords and
 * signatures of URLs are left out, and parameters are not shown.
 *
 * @throws {RegistryError} `Invalid` for a cycle as text, and for an SVG of more than 3,000 boxes
 *
 * @example
 * ```ts
 * import { definePipeline } from "@holdfast/holdfast/operators/config";
 * import { drawPipeline } from "@holdfast/holdfast/operators/graph";
 *
 * const pipeline = definePipeline({
 *   operators: [{ operator_id: "clean" }, { operator_id: "train", inputs: { data: "step:clean" } }],
 * });
 * console.log(await drawPipeline(pipeline));
 * ```
 */
export async function drawPipeline(
  pipeline: Pipeline,
  { as = "text", plan }: DrawPipelineOptions = {},
): Promise<string> {
  if (as === "text") return pipelineText(pipeline, plan);
  return await draw(pipelineDrawing(pipeline, plan), { as });
}
