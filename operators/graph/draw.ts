// Encodes drawings in one of several formats.
import type { Pipeline } from "../contract/pipeline.ts";
import { loadPart } from "../../core/urls/load_part.ts";
import { type Drawing, encodeDot, encodeMermaid } from "./drawing.ts";
import { pipelineDrawing, pipelineText, type PlannedDecisions } from "./pipeline_drawing.ts";

/** A format of drawings: for Markdown, for Graphviz, for browsers. */
export type DrawingForm = "mermaid" | "dot" | "svg";

/**
 * Encodes a drawing. All text is escaped. Only `svg` loads the layout package, `@viz-js/viz`.
 *
 * @throws {RegistryError} `Invalid` for an SVG of more than 3,000 boxes
 *
 * @example
 * ```ts
 * import { draw } from "@holdfast/holdfast/operators";
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
  /** @default "text", aligned lines without colors */
  as?: "text" | DrawingForm;
  /** Decisions of `planPipeline`, which mark the steps. @default none */
  plan?: PlannedDecisions;
}

/**
 * Draws a pipeline: its steps by node, their dependencies, inputs and outputs. Omits parameters,
 * and passwords and signatures of URLs.
 *
 * @throws {RegistryError} `Invalid` for a cycle as text, and for an SVG of more than 3,000 boxes
 *
 * @example
 * ```ts
 * import { definePipeline } from "@holdfast/holdfast/operators/config";
 * import { drawPipeline } from "@holdfast/holdfast/operators";
 *
 * const pipeline = definePipeline({
 *   operators: [
 *     { operator_id: "clean" },
 *     { operator_id: "train", inputs: { data: "step:clean" } },
 *   ],
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
