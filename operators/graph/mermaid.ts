// Drawings as flowcharts of Mermaid (mermaid.js.org/syntax/flowchart.html), which GitHub, GitLab
// and many editors show.
import { drawnLine, framedLines, LOOKS, numbered } from "./drawing.ts";
import type { BoxLook, Drawing, DrawnBox } from "./drawing.ts";

/** Writes a drawing as a flowchart, from left to right. No text in it is taken for anything but text. */
export function encodeMermaid(drawing: Drawing): string {
  const { boxes, arrows } = drawing;
  const numbers = numbered(boxes);
  const lines = ["flowchart LR"];
  const line = (box: DrawnBox) => {
    const [open, close] = box.look === "data" || box.look === "gone" ? ["([", "])"] : ["[", "]"];
    return `b${numbers.get(box.id)}${open}"${box.lines.map(quoted).join("<br/>")}"${close}`;
  };
  lines.push(...framedLines(drawing, line, (frame, index) => ({
    open: [`  subgraph f${index}["${quoted(frame.label)}"]`],
    close: "  end",
  })));
  for (const { from, to, label, dashed = false } of arrows) {
    if (!numbers.has(from) || !numbers.has(to)) continue;
    const text = label === undefined ? "" : `|"${quoted(label)}"|`;
    lines.push(`  b${numbers.get(from)} ${dashed ? "-.->" : "-->"}${text} b${numbers.get(to)}`);
  }
  for (const [look, { fill, border, text }] of Object.entries(LOOKS)) {
    const alike = boxes.filter((box) => (box.look ?? "plain") === look).map(({ id }) =>
      `b${numbers.get(id)}`
    );
    if (alike.length === 0) continue;
    lines.push(
      `  classDef ${CLASSES[look as BoxLook]} fill:${fill},stroke:${border},color:${text}`,
    );
    lines.push(`  class ${alike.join(",")} ${CLASSES[look as BoxLook]}`);
  }
  return lines.join("\n");
}

/** Names of classes: none of them is a word of Mermaid. */
const CLASSES: Readonly<Record<BoxLook, string>> = {
  plain: "plainStep",
  run: "runs",
  depends: "mayRun",
  skip: "skipped",
  data: "artifact",
  gone: "goneArtifact",
};

/** A text for between quotes: all that Mermaid, Markdown or HTML could read is a character code (`#35;`). */
function quoted(text: string): string {
  const coded = drawnLine(text).replace(
    /[^\p{L}\p{N} ,@.:/_()^~=→←×…-]/gu,
    (char) => `#${char.codePointAt(0)};`,
  );
  return coded.replace(
    /^(\d+)([.)])|^[-=~]/,
    (start) => [...start].map((char) => `#${char.codePointAt(0)};`).join(""),
  );
}
