// The part of a lineage that is shown: a direction, from its root.
import { splitRef } from "../../framework/router.ts";

export interface LineageNode {
  readonly ref: string;
  readonly state: "present" | "missing" | "changed" | "unpinned" | "unreadable";
  readonly createdAt?: string;
  readonly aliases?: readonly string[];
  /** The id of its materializer. */
  readonly kind?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Of a step of a pipeline that ran: its ref is `train of my_pipeline@3`. */
  readonly made?: Made;
  /** Versions or runs that it stands for. @default 1 */
  readonly count?: number;
}

/** Metadata that a step of a pipeline gives its outputs. */
export interface Made {
  readonly pipeline: string;
  /** `my_pipeline@3` */
  readonly run: string;
  readonly step: string;
  readonly operator?: unknown;
  readonly params?: unknown;
}

/** As `GET /lineage` returns it: an edge leads from an input to what was made of it. */
export interface Lineage {
  readonly root: string;
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly { from: string; to: string }[];
  readonly cut: boolean;
}

export type Direction = "both" | "up" | "down";

/** Returns the nodes that can be reached from the root, nearest first, at most so many. */
export function partOf(
  { root, nodes, edges, cut }: Lineage,
  { direction, depth, most }: { direction: Direction; depth: number; most: number },
): Lineage {
  const reached = new Set([root]);
  for (const way of ["up", "down"] as const) {
    if (direction !== "both" && direction !== way) continue;
    for (const [ref, steps] of stepsFrom(root, edges, way)) if (steps <= depth) reached.add(ref);
  }
  const nearest = new Set([...reached].slice(0, most));
  return {
    root,
    nodes: nodes.filter(({ ref }) => nearest.has(ref)),
    edges: edges.filter(({ from, to }) => nearest.has(from) && nearest.has(to)),
    cut: cut || nearest.size < reached.size,
  };
}

/** Returns the number of steps from the root to each node in a direction, nearest first. */
function stepsFrom(root: string, edges: Lineage["edges"], way: "up" | "down"): Map<string, number> {
  const next = neighbors(edges, way);
  const distances = new Map([[root, 0]]);
  for (const [ref, steps] of distances) { // also those that are added meanwhile
    for (const each of next.get(ref) ?? []) {
      if (!distances.has(each)) distances.set(each, steps + 1);
    }
  }
  return distances;
}

/** Returns the inputs (`up`) or the results (`down`) of each ref. */
export function neighbors(
  edges: Lineage["edges"],
  way: "up" | "down",
): ReadonlyMap<string, string[]> {
  const neighbors = new Map<string, string[]>();
  for (const { from, to } of edges) {
    const [key, value] = way === "up" ? [to, from] : [from, to];
    neighbors.set(key, [...(neighbors.get(key) ?? []), value]);
  }
  return neighbors;
}

function madeBy({ metadata = {} }: LineageNode): Made | undefined {
  const isMade = ["pipeline", "run", "step", "effect"].every((key) =>
    typeof metadata[key] === "string"
  );
  return isMade ? metadata as unknown as Made : undefined;
}

/** Puts the steps that made versions between these and their inputs, in place of their records. */
export function withRuns({ nodes, edges, ...lineage }: Lineage): Lineage {
  const runs = new Map<string, LineageNode>();
  const by = new Map<string, string>();
  for (const { ref, made } of nodes.map((node) => ({ ...node, made: madeBy(node) }))) {
    if (made === undefined) continue;
    const run = `${made.step} of ${made.run}`;
    runs.set(run, { ref: run, state: "present", made });
    by.set(ref, run);
  }
  const isRecord = (ref: string) => {
    const { pipeline, step } = runs.get(by.get(ref) ?? "")?.made ?? {};
    return ref !== lineage.root && ref.startsWith(`${pipeline}:step:${step}@`);
  };
  const joined = edges.map(({ from, to }) => ({ from, to: by.get(to) ?? to }));
  const ofRuns = [...by].map(([to, from]) => ({ from, to })).filter(({ to }) => !isRecord(to));
  const withoutRecords = [...nodes.filter(({ ref }) => !isRecord(ref)), ...runs.values()];
  return { ...lineage, nodes: withoutRecords, edges: unique([...joined, ...ofRuns]) };
}

function unique(edges: Lineage["edges"]): Lineage["edges"] {
  return [...new Map(edges.map((edge) => [JSON.stringify(edge), edge])).values()];
}

/**
 * Makes one node of the versions of a name that are as many steps from the root, except of the root
 * and of names that are opened; also of the runs of a step. Its ref has the steps as the version.
 */
export function foldNames(lineage: Lineage, opened: ReadonlySet<string>): Lineage {
  const { root, nodes, edges } = lineage;
  const [up, down] = [stepsFrom(root, edges, "up"), stepsFrom(root, edges, "down")];
  const groups = Map.groupBy(
    nodes.filter(({ ref }) => ref !== root),
    ({ ref }) => `${splitRef(ref).name}@ ${up.has(ref) ? `-${up.get(ref)}` : down.get(ref)}`,
  );
  const folded = new Map<string, string>();
  const others = [...groups].flatMap(([name, group]): LineageNode[] => {
    if (group.length === 1 || opened.has(splitRef(name).name)) return group;
    for (const { ref } of group) folded.set(ref, name);
    const odd = group.find(({ state }) => state !== "present");
    const { made, kind } = group[0]!;
    return [{
      ref: name,
      state: odd?.state ?? "present",
      count: group.length,
      ...kind && group.every((each) => each.kind === kind) && { kind },
      ...made && { made },
    }];
  });
  const joined = unique(
    edges.map(({ from, to }) => ({ from: folded.get(from) ?? from, to: folded.get(to) ?? to })),
  ).filter(({ from, to }) => from !== to);
  const own = nodes.filter(({ ref }) => ref === root);
  return { ...lineage, nodes: [...own, ...others], edges: joined };
}
