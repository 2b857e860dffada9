// A node of a graph: its shape, color and words say what it is.
import { html } from "../../framework/html.ts";
import { splitRef } from "../../framework/router.ts";
import type { LineageNode } from "./lineage_part.ts";
import { useHrefOfNode } from "./node_details.ts";
import { kindWord, type Look, oddWord } from "./node_looks.ts";

/** The place of a node: `x` and `y` are its middle. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const HEIGHT = 44;
const LONGEST = 34;
/** Pixels of a character of the name, and of the line below it. */
const [CHARACTER, SMALL_CHARACTER] = [7.2, 6.4];
/** Pixels before the text. */
const INDENT = { version: 18, odd: 18, step: 30 };

/** Returns the two lines of a node: its name, and its version or state and its kind. */
export function linesOf(node: LineageNode): readonly [name: string, about: string] {
  const { ref, made, count, aliases = [] } = node;
  const { name, version: number = "" } = splitRef(ref);
  const short = name.length > LONGEST ? `…${name.slice(1 - LONGEST)}` : name;
  if (made !== undefined) return [short, count === undefined ? `run ${number}` : `${count} runs`];
  const version = count === undefined ? number : `${count} versions`;
  return [
    short,
    [version, ...aliases, oddWord(node) ?? kindWord(node)].filter((part) => part).join(" · "),
  ];
}

/** Returns the size of a node, whose text fits into it. */
export function sizeOf(node: LineageNode): Pick<Box, "width" | "height"> {
  const [name, about] = linesOf(node);
  const text = Math.max(name.length * CHARACTER, about.length * SMALL_CHARACTER);
  return { width: Math.max(110, INDENT[shapeOf(node)] + text + 14), height: HEIGHT };
}

function shapeOf(node: LineageNode): Look["shape"] {
  return node.made !== undefined ? "step" : oddWord(node) === undefined ? "version" : "odd";
}

export function GraphNode({ node, look, isRoot, isChosen, choose, reveal }: {
  node: LineageNode & Box;
  look: Look;
  isRoot: boolean;
  isChosen: boolean;
  choose: (node: LineageNode) => void;
  /** Moves the graph so that the node is in view. */
  reveal: (node: Box) => void;
}) {
  const { ref, state, count, x, y, width, height } = node;
  const [name, about] = linesOf(node);
  const href = useHrefOfNode(node) ?? location.hash; // without one, keys would not reach it
  const chosen = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey) return; // opens a tab
    event.preventDefault();
    choose(node);
  };
  const [left, top, rx] = [x - width / 2, y - height / 2, look.shape === "step" ? height / 2 : 6];
  const at = left + INDENT[look.shape];
  const marks = [isRoot && "root", look.shape === "odd" && "odd", isChosen && "chosen"]
    .filter(Boolean);
  return html`
    <a href=${href} onClick=${chosen} aria-current=${isChosen ? "true" : undefined}
      onFocus=${() => reveal(node)}
      class=${`node ${marks.join(" ")}`}>
      <title>${count === undefined
        ? `${ref}, ${look.label}, ${state}`
        : `${splitRef(ref).name}, ${about}: click to show each`}</title>
      ${count !== undefined && html`
        <rect x=${left + 4} y=${top + 4} width=${width} height=${height} rx=${rx} />
      `}
      <rect x=${left} y=${top} width=${width} height=${height} rx=${rx} />
      <g style=${{ color: `var(${look.color})` }}>${look.shape === "step"
        ? html`<circle class="kind-mark" cx=${left + 17} cy=${y} r="6" />`
        : html`
          <rect class="kind-mark" x=${left + 6} y=${top + 7} width="5"
            height=${height - 14} rx="2.5" />
        `}</g>
      <text x=${at} y=${y - 3}>${name}</text>
      <text class="sub" x=${at} y=${y + 13}>${about}</text>
    </a>
  `;
}

/** The meaning of shapes and colors. */
export function Legend({ looks }: { looks: readonly (Look & { readonly count: number })[] }) {
  return html`
    <ul class="legend" aria-label="Kinds">${looks.map(({ label, shape, color, count }) =>
      html`
        <li key=${label}><span class=${`kind-swatch ${shape}`}
          style=${{ color: `var(${color})` }}></span>${label} <span
          class="muted">${count}</span></li>
      `
    )}</ul>
  `;
}
