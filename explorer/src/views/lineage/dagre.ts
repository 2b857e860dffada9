// The layout of graphs, loaded at the first graph.
import { Graph, layout } from "npm:@dagrejs/dagre@^3";

export { Graph, layout };
