// A pipeline as a drawing and as text: its steps on their nodes, what they read and write.
import type { Pipeline, PipelineStep } from "../contract/pipeline.ts";
import { stepOf } from "./step_inputs.ts";
import { WHOLE_OUTPUT } from "../output_keys.ts";
import { type Drawing, type DrawnArrow, type DrawnBox, drawnLine } from "./drawing.ts";
import { levelsOf } from "./order.ts";

/** What a plan says of each step: `run`, `skip` or `depends`. */
export interface PlannedDecisions {
  readonly steps: readonly {
    step: string;
    decision: "run" | "skip" | "depends";
    reasons?: readonly string[];
  }[];
}

export function pipelineDrawing(pipeline: Pipeline, plan?: PlannedDecisions): Drawing {
  const planned = new Map(plan?.steps.map((step) => [step.step, step]));
  const ids = new Map(pipeline.steps.map((step) => [step.id, step]));
  const boxes: DrawnBox[] = pipeline.steps.map((step) => {
    const { decision, reasons = [] } = planned.get(step.id) ?? {};
    const mark = decision === undefined ? [] : [[decision, ...reasons.slice(0, 1)].join(": ")];
    const look = decision ?? "plain";
    return {
      id: `step ${step.id}`,
      lines: [step.id, operatorLine(step), ...mark],
      look,
      frame: step.node,
    };
  });
  const arrows: DrawnArrow[] = [];
  const data = new Map<string, string>(); // places that are boxes of their own, by what names them
  const written = new Map<string, Set<string>>();
  const place = (text: string) => {
    const { id, label } = placeOf(text);
    if (!data.has(id)) data.set(id, label);
    return id;
  };
  for (const step of pipeline.steps) {
    for (const [name, to] of Object.entries(step.outputs)) {
      const id = place(to);
      written.set(id, (written.get(id) ?? new Set()).add(step.id));
      arrows.push({
        from: `step ${step.id}`,
        to: id,
        ...name === WHOLE_OUTPUT ? {} : { label: name },
      });
    }
  }
  for (const step of pipeline.steps) {
    const shown = new Set<string>();
    for (const [name, from] of Object.entries(step.inputs)) {
      const other = stepOf(from, ids);
      if (other !== undefined) {
        shown.add(other.step);
        const label = other.output === undefined || other.output === name
          ? name
          : `${name} ← ${other.output}`;
        arrows.push({ from: `step ${other.step}`, to: `step ${step.id}`, label });
        continue;
      }
      const id = place(from);
      for (const writer of written.get(id) ?? []) shown.add(writer);
      arrows.push({
        from: id,
        to: `step ${step.id}`,
        label: [name, rangeOf(from)].join(" ").trim(),
      });
    }
    const reads = Object.keys(step.inputs).length > 0;
    for (const other of step.upstream) {
      if (ids.has(other) && !shown.has(other)) {
        arrows.push({
          from: `step ${other}`,
          to: `step ${step.id}`,
          ...reads ? { dashed: true } : {},
        });
      }
    }
  }
  for (const [id, label] of data) {
    const [writer] = written.get(id) ?? []; // beside whoever writes it, the arrows stay short
    const frame = writer === undefined ? undefined : ids.get(writer)!.node;
    boxes.push({ id, lines: [label], look: "data", ...frame !== undefined && { frame } });
  }
  const frames = pipeline.nodes.length < 2 ? [] : pipeline.nodes.map((node) => ({
    id: node.id,
    label: `node ${node.id}, ${node.runnerCount} at once`,
  }));
  return { boxes, arrows, frames };
}

/** `data_cleaner_v1:v1.0 ×4`; only `v1.0` where the operator is called like the step. */
export function operatorLine({ id, operator, version, shards }: PipelineStep): string {
  return `${operator === id ? "" : `${operator}:`}${version}${shards > 1 ? ` ×${shards}` : ""}`;
}

function placeOf(text: string): { id: string; label: string } {
  const label = text.startsWith("registry:")
    ? text.slice("registry:".length).replace(/@[^@]*$/, "")
    : text;
  return {
    id: `${text.startsWith("registry:") ? "artifact" : "place"} ${label}`,
    label: shownPlace(label),
  };
}

function rangeOf(text: string): string {
  return text.startsWith("registry:") ? /@[^@]*$/.exec(text)?.[0] ?? "" : "";
}

/** A place as it is shown: URLs may have a password, or a signature behind `?`, and nobody draws these. */
export function shownPlace(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text;
  return text.replace(/[?#].*$/s, "").replace(/^([^/]*\/\/)[^/@]*@/, "$1");
}

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
