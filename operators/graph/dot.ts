// Drawings as graphs of Graphviz (graphviz.org/doc/info/lang.html).
import { type Drawing, type DrawnBox, drawnLine, framedLines, LOOKS, numbered } from "./drawing.ts";

const FONT = `fontname="Helvetica,Arial,sans-serif"`;

/** Writes a drawing as a directed graph, from left to right. No text in it is taken for anything but text. */
export function encodeDot(drawing: Drawing): string {
  const { boxes, arrows } = drawing;
  const numbers = numbered(boxes);
  const line = (box: DrawnBox) => {
    const { fill, border, text } = LOOKS[box.look ?? "plain"];
    const style = box.look === "data" || box.look === "gone" ? "filled" : "filled,rounded";
    const label = box.lines.map(quoted).join("\\n");
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
      `    graph [label="${quoted(frame.label)}", margin=14, ${look}];`,
    ],
    close: "  }",
  })));
  for (const { from, to, label, dashed = false } of arrows) {
    if (!numbers.has(from) || !numbers.has(to)) continue;
    const attributes = [
      ...label === undefined ? [] : [`label="${quoted(label)}"`],
      ...dashed ? ["style=dashed"] : [],
    ].join(", ");
    lines.push(
      `  b${numbers.get(from)} -> b${numbers.get(to)}${
        attributes === "" ? "" : ` [${attributes}]`
      };`,
    );
  }
  return [...lines, "}"].join("\n");
}

/** A text for between quotes: labels know escapes that begin with `\`, and entities of HTML. */
function quoted(text: string): string {
  return drawnLine(text).replaceAll("&", "&amp;").replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}
