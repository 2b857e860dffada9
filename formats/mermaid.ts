// Mermaid: drawings of boxes, arrows and frames as a flowchart.
import { escapedHidden } from "../core/naming/printable.ts";

/** Style of a box: a step that runs, is skipped, or depends on others; data; deleted data. */
type BoxLook = "plain" | "run" | "skip" | "depends" | "data" | "gone";

export interface DrawnBox {
  /** Referenced by arrows, never shown. */
  id: string;
  /** Content, the most important line first. Any text: encoders escape it. */
  lines: readonly string[];
  /** @default "plain" */
  look?: BoxLook;
  frame?: string;
}

/** An arrow. It is ignored if one of its ends is not a box. */
export interface DrawnArrow {
  from: string;
  to: string;
  label?: string;
  /** Order only, without data. @default false */
  dashed?: boolean;
}

interface DrawnFrame {
  /** Referenced by boxes, never shown. */
  id: string;
  label: string;
}

export interface Drawing {
  boxes: readonly DrawnBox[];
  arrows: readonly DrawnArrow[];
  frames?: readonly DrawnFrame[];
}

/** Classes of boxes, none of which is a keyword, with colors that are readable on white. */
const LOOKS: Readonly<Record<BoxLook, readonly [name: string, style: string]>> = {
  plain: ["plainStep", "fill:#eef3fb,stroke:#4a6fa5,color:#14213d"],
  run: ["runs", "fill:#fff1c9,stroke:#b7791f,color:#3d2a05"],
  depends: ["mayRun", "fill:#fffaea,stroke:#d6b25e,color:#3d2a05"],
  skip: ["skipped", "fill:#f1f3f4,stroke:#9aa0a6,color:#5f6368"],
  data: ["artifact", "fill:#ffffff,stroke:#9aa0a6,color:#202124"],
  gone: ["goneArtifact", "fill:#fdecea,stroke:#c5221f,color:#7a1512"],
};

const LONGEST = 100;

/** Escapes hidden characters, and shortens a line to 100 characters. */
export function drawnLine(text: string): string {
  const clean = escapedHidden(text.toWellFormed()).replace(
    /[\ufffe\uffff]/g,
    (char) => char === "\ufffe" ? "\\ufffe" : "\\uffff",
  );
  const chars = [...clean];
  return chars.length <= LONGEST
    ? clean
    : `${chars.slice(0, LONGEST - 21).join("")}…${chars.slice(-20).join("")}`;
}

/** Returns the lines of all boxes, grouped by frame. Omits frames without boxes. */
function framedLines({ boxes, frames = [] }: Drawing, line: (box: DrawnBox) => string): string[] {
  const framed = new Set(frames.map(({ id }) => id));
  const inFrames = frames.flatMap(({ id, label }, index) => {
    const inside = boxes.filter(({ frame }) => frame === id).map((box) => `    ${line(box)}`);
    const open = `  subgraph f${index}["${mermaidText(label)}"]`;
    return inside.length === 0 ? [] : [open, ...inside, "  end"];
  });
  const others = boxes.filter(({ frame }) => frame === undefined || !framed.has(frame));
  return [...inFrames, ...others.map((box) => `  ${line(box)}`)];
}

/**
 * Encodes a drawing as a flowchart of [Mermaid](https://mermaid.js.org), from left to right.
 * Escapes all text.
 */
export function draw(drawing: Drawing): string {
  const { boxes, arrows } = drawing;
  const numbers = new Map(boxes.map(({ id }, index) => [id, index])); // ids are not shown
  const lines = ["flowchart LR"];
  const line = (box: DrawnBox) => {
    const [open, close] = box.look === "data" || box.look === "gone" ? ["([", "])"] : ["[", "]"];
    return `b${numbers.get(box.id)}${open}"${box.lines.map(mermaidText).join("<br/>")}"${close}`;
  };
  lines.push(...framedLines(drawing, line));
  for (const { from, to, label, dashed = false } of arrows) {
    if (!numbers.has(from) || !numbers.has(to)) continue;
    const text = label === undefined ? "" : `|"${mermaidText(label)}"|`;
    lines.push(`  b${numbers.get(from)} ${dashed ? "-.->" : "-->"}${text} b${numbers.get(to)}`);
  }
  for (const [look, [name, style]] of Object.entries(LOOKS)) {
    const alike = boxes.filter((box) => (box.look ?? "plain") === look)
      .map(({ id }) => `b${numbers.get(id)}`);
    if (alike.length === 0) continue;
    lines.push(`  classDef ${name} ${style}`);
    lines.push(`  class ${alike.join(",")} ${name}`);
  }
  return lines.join("\n");
}

/** Escapes characters with a meaning in Mermaid, Markdown or HTML: `#35;`. */
function mermaidText(text: string): string {
  const coded = (part: string) => [...part].map((char) => `#${char.codePointAt(0)};`).join("");
  return drawnLine(text).replace(/[^\p{L}\p{N} ,@.:/_()^~=→←×…-]/gu, coded)
    .replace(/^(\d+)([.)])|^[-=~]/, coded);
}
