// A graph as SVG. It can be zoomed and moved by mouse, touch, buttons and keys; its nodes are links.
import { elementOf } from "../../framework/element_of.ts";
import { whenLoaded } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { useLayoutEffect, useRef, useState } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { type Box, GraphNode, sizeOf } from "./graph_node.ts";
import type { Lineage, LineageNode } from "./lineage_part.ts";
import type { Look } from "./node_looks.ts";

interface Placed {
  readonly nodes: readonly (LineageNode & Box)[];
  readonly edges: readonly { key: string; path: string }[];
  readonly width: number;
  readonly height: number;
}

/** Results or inputs of a node in one rank. Others are drawn in further ranks. */
const IN_RANK = { LR: 12, TB: 4 };
/** Text is too small to read at a smaller scale: the graph begins at its root. */
const READABLE = 0.65;

/** Graphs with more nodes are placed once. */
const SMALL = 150;
/** Pixels of the window around the graph. */
const AROUND = { width: 40, height: 310 };

/** Places nodes from left to right, or downwards where they are larger then, as on a phone. */
async function place(lineage: Lineage): Promise<Placed> {
  if (innerWidth < 700) return await placeAlong(lineage, "TB");
  const across = await placeAlong(lineage, "LR");
  const scale = ({ width, height }: Placed) =>
    Math.min(1, (innerWidth - AROUND.width) / width, (innerHeight - AROUND.height) / height);
  if (scale(across) === 1 || lineage.nodes.length > SMALL) return across;
  const down = await placeAlong(lineage, "TB");
  return scale(down) > scale(across) ? down : across;
}

async function placeAlong({ nodes, edges }: Lineage, rankdir: "LR" | "TB"): Promise<Placed> {
  const { Graph, layout } = await import("./dagre.ts");
  const graph = new Graph();
  graph.setGraph({ rankdir, nodesep: 18, edgesep: 1, ranksep: 48, marginx: 20, marginy: 20 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node.ref, sizeOf(node));
  const back = -1 - IN_RANK[rankdir];
  const [results, inputs] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const { from, to } of edges) {
    const ownResults = [...results.get(from) ?? [], to];
    const ownInputs = [...inputs.get(to) ?? [], from];
    results.set(from, ownResults);
    inputs.set(to, ownInputs);
    const [after, before] = [ownResults.at(back), ownInputs.at(back)];
    if (after !== undefined && !graph.hasEdge(to, after)) graph.setEdge(after, to);
    else if (before !== undefined && !graph.hasEdge(before, from)) graph.setEdge(from, before);
    else graph.setEdge(from, to);
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    nodes: nodes.map((node) => ({ ...node, ...graph.node(node.ref) as Box })),
    edges: edges.map(({ from, to }) => {
      const known = graph.edge(from, to) as { points: { x: number; y: number }[] } | undefined;
      const [old, now] = [graph.node(from) as Box, graph.node(to) as Box];
      const side = ({ x, y, width, height }: Box, sign: number) =>
        rankdir === "LR" ? { x: x + sign * width / 2, y } : { x, y: y + sign * height / 2 };
      return {
        key: `${from} ${to}`,
        path: curveOf(known?.points ?? [side(old, 1), side(now, -1)]),
      };
    }),
  };
}

/** Returns a smooth path through points. */
function curveOf([first, ...rest]: readonly { x: number; y: number }[]): string {
  if (first === undefined) return "";
  let path = `M${first.x},${first.y}`;
  rest.forEach((point, i) => {
    const next = rest[i + 1];
    if (next === undefined) path += `L${point.x},${point.y}`;
    else path += `Q${point.x},${point.y} ${(point.x + next.x) / 2},${(point.y + next.y) / 2}`;
  });
  return path;
}

interface GraphProps {
  readonly lineage: Lineage;
  readonly lookOf: (node: LineageNode) => Look;
  /** The ref of the node whose details are shown. */
  readonly at: string;
  readonly choose: (node: LineageNode) => void;
}

export function GraphView({ lineage, lookOf, at, choose }: GraphProps) {
  const refs = lineage.nodes.map(({ ref }) => ref).join(" ");
  const states = lineage.nodes.map(({ state }) => state);
  const placed = useLoaded(() => place(lineage), [refs, states]);
  return whenLoaded(placed, (placed) =>
    html`
      <${Canvas} key=${refs} placed=${placed} lookOf=${lookOf} root=${lineage.root} at=${at}
        choose=${choose} />
    `);
}

interface Seen {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

const STEP = 60;
const KEYS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [STEP, 0],
  ArrowRight: [-STEP, 0],
  ArrowUp: [0, STEP],
  ArrowDown: [0, -STEP],
};

/** Returns the place of a graph in a box: the whole, or what is around the root if that is small. */
function placeIn({ width, height, nodes }: Placed, box: HTMLElement | null, least: number): Seen {
  const { clientWidth = 800, clientHeight = 500 } = box ?? {};
  const scale = Math.max(least, Math.min(1, clientWidth / width, clientHeight / height));
  const begin = (inside: number, size: number, root: number) =>
    size <= inside ? (inside - size) / 2 : Math.min(0, Math.max(inside - size, inside / 2 - root));
  const { x, y } = nodes[0]!;
  return {
    x: begin(clientWidth, width * scale, x * scale),
    y: begin(clientHeight, height * scale, y * scale),
    scale,
  };
}

/** Draws a view again when an element of it has another size. */
function useSizeOf(box: { readonly current: HTMLElement | null }): void {
  const [, setSize] = useState("");
  useLayoutEffect(() => {
    const element = elementOf(box);
    const measure = () => setSize(`${element.clientWidth} x ${element.clientHeight}`);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
}

function Canvas(
  { placed, lookOf, root, at, choose }: Omit<GraphProps, "lineage"> & {
    placed: Placed;
    root: string;
  },
) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setSeen] = useState<Seen>();
  const held = useRef<{ x: number; y: number } | undefined>(undefined);
  const fit = () => placeIn(placed, box.current, 0);
  useSizeOf(box); // another beside details
  const shown = view ?? placeIn(placed, box.current, READABLE);
  const zoom = (factor: number, at?: { x: number; y: number }) => {
    const { clientWidth, clientHeight } = elementOf(box);
    const { x, y } = at ?? { x: clientWidth / 2, y: clientHeight / 2 };
    const scale = Math.max(0.05, Math.min(4, shown.scale * factor));
    const ratio = scale / shown.scale;
    setSeen({ x: x - (x - shown.x) * ratio, y: y - (y - shown.y) * ratio, scale });
  };
  const reveal = (node: Box) => {
    const { clientWidth, clientHeight } = elementOf(box);
    const [x, y] = [node.x * shown.scale + shown.x, node.y * shown.scale + shown.y];
    if (x > 0 && y > 0 && x < clientWidth && y < clientHeight) return;
    setSeen({ ...shown, x: shown.x + clientWidth / 2 - x, y: shown.y + clientHeight / 2 - y });
  };
  const onWheel = (event: WheelEvent) => {
    event.preventDefault();
    const { left, top } = elementOf(box).getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 400), { x: event.clientX - left, y: event.clientY - top });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const move = KEYS[event.key];
    if (move !== undefined) setSeen({ ...shown, x: shown.x + move[0], y: shown.y + move[1] });
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") setSeen(fit());
    else return;
    event.preventDefault();
  };
  const onPointerMove = ({ clientX: x, clientY: y, buttons }: PointerEvent) => {
    if (held.current === undefined || buttons === 0) return;
    const [dx, dy] = [x - held.current.x, y - held.current.y];
    held.current = { x, y };
    setSeen({ ...shown, x: shown.x + dx, y: shown.y + dy });
  };
  return html`
    <div class="graph" ref=${box} role="group"
      aria-label="Lineage graph. Tab goes from version to version, arrows move, plus and minus zoom"
      onWheel=${onWheel} onKeyDown=${onKeyDown} onPointerMove=${onPointerMove}
      onPointerDown=${({ clientX: x, clientY: y }: PointerEvent) => (held.current = { x, y })}
      onPointerUp=${() => (held.current = undefined)}>
      <svg role="presentation">
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7"
            orient="auto">
            <path d="M0,0L8,4L0,8z" />
          </marker>
        </defs>
        <g transform=${`translate(${shown.x},${shown.y}) scale(${shown.scale})`}>
          ${placed.edges.map(({ key, path }) =>
            html`<path key=${key} class="edge" d=${path} marker-end="url(#arrow)" />`
          )}
          ${placed.nodes.map((node) =>
            html`
              <${GraphNode} key=${node.ref} node=${node} look=${lookOf(node)}
                isRoot=${node.ref === root} isChosen=${node.ref === at} choose=${choose}
                reveal=${reveal} />
            `
          )}
        </g>
      </svg>
      <${Buttons} zoom=${zoom} fit=${() => setSeen(fit())} />
    </div>
  `;
}

function Buttons({ zoom, fit }: { zoom: (factor: number) => void; fit: () => void }) {
  const button = (label: string, shown: string, press: () => void) =>
    html`<button type="button" class="button button-small" aria-label=${label} onClick=${press}>
        ${shown}
      </button>`;
  return html`
    <div class="graph-buttons">
      ${button("Zoom out", "−", () => zoom(0.8))} ${button("Fit", "Fit", fit)}
      ${button("Zoom in", "+", () => zoom(1.25))}
    </div>
  `;
}
