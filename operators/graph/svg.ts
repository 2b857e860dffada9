/**
 * Drawings as SVG, laid out by Graphviz, which runs here as WebAssembly.
 *
 * @module
 */
import { instance } from "npm:@viz-js/viz@^3.31";
import { fault } from "../../core/errors.ts";
import { type Drawing, drawnLine, encodeDot } from "./drawing.ts";

export type { BoxLook, Drawing, DrawnArrow, DrawnBox, DrawnFrame } from "./drawing.ts";

/** Larger layouts take minutes and are unreadable. */
const MOST_BOXES = 3000;

/**
 * Draws boxes and arrows as one `<svg>` element, for a file or a page. It has no external
 * references. Escapes all text.
 *
 * @throws {RegistryError} `Invalid` for more than 3,000 boxes
 */
export async function renderSvg(drawing: Drawing): Promise<string> {
  const { boxes } = drawing;
  if (boxes.length > MOST_BOXES) {
    throw fault({
      code: "Invalid",
      action: "draw",
      subject: `${boxes.length} boxes`,
      state: `at most ${MOST_BOXES} are laid out`,
      hint: "Draw a part of it, or use text, Mermaid or DOT.",
    });
  }
  const svg = (await instance()).renderString(encodeDot(drawing), { format: "svg" });
  const titled = svg.replace(
    /<title>b(\d+)<\/title>/g,
    (_all, number) => `<title>${titleOf(boxes[number]!)}</title>`,
  );
  return titled.slice(titled.indexOf("<svg ")).replace(
    /<title>(b\d+&#45;&gt;b\d+|cluster_\d+)<\/title>\n?/g,
    "",
  );
}

function titleOf({ lines }: { lines: readonly string[] }): string {
  return lines.map(drawnLine).join(", ").replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
