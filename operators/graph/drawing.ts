// Drawings of boxes, arrows and frames, and their encoding as DOT and Mermaid.
/** Style of a box: a step that runs, is skipped, or depends on others; data; deleted data. */
export type BoxLook = "plain" | "run" | "skip" | "depends" | "data" | "gone";

/** A box. */
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

/** A frame around boxes. */
export interface DrawnFrame {
  /** Referenced by boxes, never shown. */
  id: string;
  label: string;
}

/** Boxes, arrows and frames. */
export interface Drawing {
  boxes: readonly DrawnBox[];
  arrows: readonly DrawnArrow[];
  frames?: readonly DrawnFrame[];
}

/** Colors of boxes, readable on white and in gray. */
export const LOOKS: Readonly<Record<BoxLook, { fill: string; border: string; text: string }>> = {
  plain: { fill: "#eef3fb", border: "#4a6fa5", text: "#14213d" },
  run: { fill: "#fff1c9", border: "#b7791f", text: "#3d2a05" },
  depends: { fill: "#fffaea", border: "#d6b25e", text: "#3d2a05" },
  skip: { fill: "#f1f3f4", border: "#9aa0a6", text: "#5f6368" },
  data: { fill: "#ffffff", border: "#9aa0a6", text: "#202124" },
  gone: { fill: "#fdecea", border: "#c5221f", text: "#7a1512" },
};

const LONGEST = 100;

/** Escapes control and direction characters, and shortens a line to 100 characters. */
export function drawnLine(text: string): string {
  const clean = text.toWellFormed().replace(
    /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const chars = [...clean];
  return chars.length <= LONGEST
    ? clean
    : `${chars.slice(0, LONGEST - 21).join("")}…${chars.slice(-20).join("")}`;
}

/** Numbers boxes by id: encoded drawings contain only these numbers. */
export function numbered(things: readonly { id: string }[]): Map<string, number> {
  return new Map(things.map(({ id }, index) => [id, index]));
}

/** Returns the lines of all boxes, grouped by frame. Omits frames without boxes. */
function framedLines(
  { boxes, frames = [] }: Drawing,
  line: (box: DrawnBox) => string,
  around: (frame: DrawnFrame, index: number) => { open: string[]; close: string },
): string[] {
  const framed = new Set(frames.map(({ id }) => id));
  const inFrames = frames.flatMap((frame, index) => {
    const inside = boxes.filter((box) => box.frame === frame.id).map((box) => `    ${line(box)}`);
    const { open, close } = around(frame, index);
    return inside.length === 0 ? [] : [...open, ...inside, close];
  });
  const others = boxes.filter(({ frame }) => frame === undefined || !framed.has(frame));
  return [...inFrames, ...others.map((box) => `  ${line(box)}`)];
}

const FONT = `fontname="Helvetica,Arial,sans-serif"`;

/** Encodes a drawing as a directed graph, from left to right. Escapes all text. */
export function encodeDot(drawing: Drawing): string {
  const { boxes, arrows } = drawing;
  const numbers = numbered(boxes);
  const line = (box: DrawnBox) => {
    const { fill, border, text } = LOOKS[box.look ?? "plain"];
    const style = box.look === "data" || box.look === "gone" ? "filled" : "filled,rounded";
    const label = box.lines.map(dotText).join("\\n");
    const colors = `fillcolor="${fill}", color="${border}", fontcolor="${text}"`;
    return `b${numbers.get(box.id)} [label="${label}", style="${style}", ${colors}];`;
  };
  const lines = [
    "digraph {",
    `  graph [rankdir=LR, ${FONT}, fontsize=11, nodesep=0.3, ranksep=0.5];`,
    `  node [shape=box, ${FONT}, fontsize=11, margin="0.22,0.08"];`,
    `  edge [${FONT}, fontsize=9, color="#5f6368", fontcolor="#5f6368", arrowsize=0.7];`,
  ];
  const look = `style="dashed,rounded", color="#9aa0a6", fontcolor="#5f6368"`;
  lines.push(...framedLines(drawing, line, (frame, index) => ({
    open: [
      `  subgraph cluster_${index} {`,
      `    graph [label="${dotText(frame.label)}", margin=14, ${look}];`,
    ],
    close: "  }",
  })));
  for (const { from, to, label, dashed = false } of arrows) {
    if (!numbers.has(from) || !numbers.has(to)) continue;
    const attributes = [
      ...label === undefined ? [] : [`label="${dotText(label)}"`],
      ...dashed ? ["style=dashed"] : [],
    ].join(", ");
    const end = attributes === "" ? "" : ` [${attributes}]`;
    lines.push(`  b${numbers.get(from)} -> b${numbers.get(to)}${end};`);
  }
  return [...lines, "}"].join("\n");
}

/** Escapes text for quotes: labels have escapes with `\`, and HTML entities. */
function dotText(text: string): string {
  return drawnLine(text).replaceAll("&", "&amp;").replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}

/** Encodes a drawing as a flowchart, from left to right. Escapes all text. */
export function encodeMermaid(drawing: Drawing): string {
  const { boxes, arrows } = drawing;
  const numbers = numbered(boxes);
  const lines = ["flowchart LR"];
  const line = (box: DrawnBox) => {
    const [open, close] = box.look === "data" || box.look === "gone" ? ["([", "])"] : ["[", "]"];
    return `b${numbers.get(box.id)}${open}"${box.lines.map(mermaidText).join("<br/>")}"${close}`;
  };
  lines.push(...framedLines(drawing, line, (frame, index) => ({
    open: [`  subgraph f${index}["${mermaidText(frame.label)}"]`],
    close: "  end",
  })));
  for (const { from, to, label, dashed = false } of arrows) {
    if (!numbers.has(from) || !numbers.has(to)) continue;
    const text = label === undefined ? "" : `|"${mermaidText(label)}"|`;
    lines.push(`  b${numbers.get(from)} ${dashed ? "-.->" : "-->"}${text} b${numbers.get(to)}`);
  }
  for (const [look, { fill, border, text }] of Object.entries(LOOKS)) {
    const alike = boxes.filter((box) => (box.look ?? "plain") === look)
      .map(({ id }) => `b${numbers.get(id)}`);
    if (alike.length === 0) continue;
    const name = CLASSES[look as BoxLook];
    lines.push(`  classDef ${name} fill:${fill},stroke:${border},color:${text}`);
    lines.push(`  class ${alike.join(",")} ${name}`);
  }
  return lines.join("\n");
}

/** Names of classes, none of which is a keyword of Mermaid. */
const CLASSES: Readonly<Record<BoxLook, string>> = {
  plain: "plainStep",
  run: "runs",
  depends: "mayRun",
  skip: "skipped",
  data: "artifact",
  gone: "goneArtifact",
};

/** Escapes characters with a meaning in Mermaid, Markdown or HTML: `#35;`. */
function mermaidText(text: string): string {
  const coded = (part: string) => [...part].map((char) => `#${char.codePointAt(0)};`).join("");
  return drawnLine(text).replace(/[^\p{L}\p{N} ,@.:/_()^~=→←×…-]/gu, coded)
    .replace(/^(\d+)([.)])|^[-=~]/, coded);
}
