// Drawings of a pipeline, as boxes and as text: its steps by node, their inputs and outputs.
import { valueAt } from "../../core/kernel.ts";
import type { Pipeline, PipelineStep } from "../contract/pipeline.ts";
import { stepOf } from "./step_inputs.ts";
import { WHOLE_OUTPUT } from "../output_keys.ts";
import { draw, type Drawing, drawnLine } from "../../formats/mermaid.ts";
import { levelsOf } from "./order.ts";

/** Planned decisions by step, as `planPipeline` returns them. */
export interface PlannedDecisions {
  readonly steps: readonly {
    step: string;
    decision: "run" | "skip" | "depends";
    reasons?: readonly string[];
  }[];
}

/**
 * Draws a pipeline: its steps by node, their dependencies, inputs and outputs. Omits parameters,
 * and passwords and signatures of URLs.
 *
 * @throws {RegistryError} `Invalid` for a cycle as text
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
 * console.log(drawPipeline(pipeline));
 * ```
 */
export function drawPipeline(
  pipeline: Pipeline,
  { as = "text", plan }: {
    /** Aligned lines without colors, or a diagram for Markdown. @default "text" */
    as?: "text" | "mermaid";
    /** Decisions of `planPipeline`, which mark the steps. @default none */
    plan?: PlannedDecisions;
  } = {},
): string {
  return as === "text" ? pipelineText(pipeline, plan) : draw(pipelineDrawing(pipeline, plan));
}

function pipelineDrawing(pipeline: Pipeline, plan?: PlannedDecisions): Drawing {
  const planned = new Map(plan?.steps.map((step) => [step.step, step]));
  const ids = new Map(pipeline.steps.map((step) => [step.id, step]));
  const steps = pipeline.steps.map((step) => stepBox(step, planned.get(step.id)));
  const data = new DrawnData();
  const written = pipeline.steps.flatMap((step) => outputArrows(step, data));
  const read = pipeline.steps.flatMap((step) => inputArrows(step, ids, data));
  const frames = pipeline.nodes.length < 2 ? [] : pipeline.nodes.map((node) => ({
    id: node.id,
    label: `node ${node.id}, ${node.runnerCount} at once`,
  }));
  return { boxes: [...steps, ...data.boxes(ids)], arrows: [...written, ...read], frames };
}

/** Inputs and outputs outside the pipeline, one box each, and the steps that write them. */
class DrawnData {
  readonly #labels = new Map<string, string>();
  readonly #writers = new Map<string, Set<string>>();

  add(text: string, writer?: string): string {
    const { id, label } = placeOf(text);
    if (!this.#labels.has(id)) this.#labels.set(id, label);
    if (writer !== undefined) this.#writers.set(id, this.writersOf(id).add(writer));
    return id;
  }

  writersOf(id: string): Set<string> {
    return this.#writers.get(id) ?? new Set();
  }

  boxes(steps: ReadonlyMap<string, PipelineStep>): Drawing["boxes"] {
    return [...this.#labels].map(([id, label]) => {
      const [writer] = this.writersOf(id); // in the frame of its writer, arrows stay short
      const frame = writer === undefined ? undefined : valueAt(steps, writer).node;
      return { id, lines: [label], look: "data", ...frame !== undefined && { frame } };
    });
  }
}

function stepBox(
  step: PipelineStep,
  planned: PlannedDecisions["steps"][number] | undefined,
): Drawing["boxes"][number] {
  const { decision, reasons = [] } = planned ?? {};
  const mark = decision === undefined ? [] : [[decision, ...reasons.slice(0, 1)].join(": ")];
  return {
    id: `step ${step.id}`,
    lines: [step.id, operatorLine(step), ...mark],
    look: decision ?? "plain",
    frame: step.node,
  };
}

function outputArrows({ id, outputs }: PipelineStep, data: DrawnData): Drawing["arrows"] {
  return Object.entries(outputs).map(([name, to]) => ({
    from: `step ${id}`,
    to: data.add(to, id),
    ...name === WHOLE_OUTPUT ? {} : { label: name },
  }));
}

/** Returns the arrows of a step's inputs, and of steps that it waits for without reading them. */
function inputArrows(
  step: PipelineStep,
  steps: ReadonlyMap<string, PipelineStep>,
  data: DrawnData,
): Drawing["arrows"] {
  const to = `step ${step.id}`;
  const shown = new Set<string>();
  const inputs = Object.entries(step.inputs);
  const arrows = inputs.map(([name, from]): Drawing["arrows"][number] => {
    const other = stepOf(from, steps);
    if (other === undefined) {
      const id = data.add(from);
      const range = rangeOf(from);
      // With a range, it is a version of before the run, for which the step does not wait.
      if (range === "") { for (const writer of data.writersOf(id)) shown.add(writer); }
      return { from: id, to, label: [name, range].join(" ").trim() };
    }
    shown.add(other.step);
    const isSame = other.output === undefined || other.output === name;
    return { from: `step ${other.step}`, to, label: isSame ? name : `${name} ← ${other.output}` };
  });
  const waits = step.upstream.filter((other) => steps.has(other) && !shown.has(other));
  const dashed = inputs.length > 0 ? { dashed: true } : {};
  return [...arrows, ...waits.map((other) => ({ from: `step ${other}`, to, ...dashed }))];
}

/** Returns `data_cleaner_v1:v1.0 ×4`; only `v1.0` if the operator has the step's name. */
function operatorLine({ id, operator, version, shards }: PipelineStep): string {
  return `${operator === id ? "" : `${operator}:`}${version}${shards > 1 ? ` ×${shards}` : ""}`;
}

function placeOf(text: string): { id: string; label: string } {
  if (!text.startsWith("registry:")) return { id: `place ${text}`, label: shownPlace(text) };
  const label = text.slice("registry:".length).replace(/@[^@]*$/, "");
  return { id: `artifact ${label}`, label: shownPlace(label) };
}

function rangeOf(text: string): string {
  return text.startsWith("registry:") ? /@[^@]*$/.exec(text)?.[0] ?? "" : "";
}

/** Removes the password and query of a URL, which may be a signature. */
function shownPlace(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text;
  return text.replace(/[?#].*$/s, "").replace(/^([^/]*\/\/)[^/@]*@/, "$1");
}

/** Writes a pipeline as aligned lines, one step or more per level. */
function pipelineText(pipeline: Pipeline, plan?: PlannedDecisions): string {
  const decisions = new Map(plan?.steps.map(({ step, decision }) => [step, decision]));
  const steps = new Map(pipeline.steps.map((step) => [step.id, step]));
  const rows: string[][] = [];
  levelsOf(pipeline.steps).forEach((level, index) => {
    level.forEach((id, place) => {
      const step = valueAt(steps, id);
      const [first = "", ...more] = dataLines(step);
      const mark = plan === undefined ? [] : [decisions.get(id) ?? ""];
      const number = place === 0 ? `${index + 1}` : "";
      rows.push([number, ...mark, id, operatorLine(step), step.node, first]);
      for (const line of more) rows.push(["", ...mark.map(() => ""), "", "", "", line]);
    });
  });
  const marks = plan === undefined ? [] : ["plan"];
  const heads = ["level", ...marks, "step", "operator", "node", "reads ←, writes →"];
  return aligned([heads, ...rows.map((row) => row.map(drawnLine))]);
}

function dataLines({ inputs, outputs, upstream }: PipelineStep): string[] {
  const reads = Object.entries(inputs).map(([name, from]) => `${name} ← ${shownPlace(from)}`);
  const named = Object.values(inputs);
  const waits = upstream.filter((id) =>
    !named.some((from) => from === `step:${id}` || from.startsWith(`step:${id}.`))
  );
  const after = waits.length === 0
    ? []
    : [`${reads.length === 0 ? "←" : "after"} ${waits.join(", ")}`];
  const writes = Object.entries(outputs).map(([name, to]) => `${name} → ${shownPlace(to)}`);
  return [...reads, ...after, ...writes];
}

function aligned(rows: readonly string[][]): string {
  const length = (cell: string) => [...cell].length;
  const widths = (rows[0] ?? []).map((_, at) =>
    rows.reduce((most, row) => Math.max(most, length(row[at] ?? "")), 0)
  );
  const pad = (cell: string, at: number) => cell + " ".repeat((widths[at] ?? 0) - length(cell));
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}
