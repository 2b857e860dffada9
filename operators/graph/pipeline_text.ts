// A pipeline as text: its steps by levels, those of a level can run at once.
import type { Pipeline, PipelineStep } from "../../core/pipelines/pipeline.ts";
import { drawnLine } from "./drawing.ts";
import { levelsOf } from "./order.ts";
import { operatorLine, type PlannedDecisions, shownPlace } from "./pipeline_drawing.ts";

/** Writes a pipeline as aligned lines: level, what becomes of the step, its id, operator, node, what it reads and writes. */
export function pipelineText(pipeline: Pipeline, plan?: PlannedDecisions): string {
  const decisions = new Map(plan?.steps.map(({ step, decision }) => [step, decision]));
  const steps = new Map(pipeline.steps.map((step) => [step.id, step]));
  const rows: string[][] = [];
  levelsOf(pipeline.steps).forEach((level, index) => {
    level.forEach((id, place) => {
      const step = steps.get(id)!;
      const [first = "", ...more] = dataLines(step);
      const mark = plan === undefined ? [] : [decisions.get(id) ?? ""];
      rows.push([
        place === 0 ? `${index + 1}` : "",
        ...mark,
        id,
        operatorLine(step),
        step.node,
        first,
      ]);
      for (const line of more) rows.push(["", ...mark.map(() => ""), "", "", "", line]);
    });
  });
  const heads = [
    "level",
    ...plan === undefined ? [] : ["plan"],
    "step",
    "operator",
    "node",
    "reads ←, writes →",
  ];
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
  return [
    ...reads,
    ...after,
    ...Object.entries(outputs).map(([name, to]) => `${name} → ${shownPlace(to)}`),
  ];
}

function aligned(rows: readonly string[][]): string {
  const widths = rows[0].map((_, column) =>
    rows.reduce((most, row) => Math.max(most, [...row[column]].length), 0)
  );
  return rows.map((row) =>
    row.map((cell, column) => cell + " ".repeat(widths[column] - [...cell].length)).join("  ")
      .trimEnd()
  ).join("\n");
}
