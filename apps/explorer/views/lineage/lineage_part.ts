// The part of a lineage that is shown: a direction, from its root.

export interface LineageNode {
  readonly ref: string;
  readonly state: "present" | "missing" | "changed" | "unpinned" | "unreadable";
  readonly createdAt?: string;
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
    const next = neighbors(edges, way);
    let level = [root];
    for (let step = 0; step < depth && level.length > 0; step++) {
      level = [...new Set(level.flatMap((ref) => next.get(ref) ?? []))].filter((ref) =>
        !reached.has(ref)
      );
      for (const ref of level) reached.add(ref);
    }
  }
  const kept = new Set([...reached].slice(0, most));
  return {
    root,
    nodes: nodes.filter(({ ref }) => kept.has(ref)),
    edges: edges.filter(({ from, to }) => kept.has(from) && kept.has(to)),
    cut: cut || kept.size < reached.size,
  };
}

/** Returns the inputs (`up`) or the results (`down`) of each ref. */
export function neighbors(
  edges: Lineage["edges"],
  way: "up" | "down",
): ReadonlyMap<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { from, to } of edges) {
    const [key, value] = way === "up" ? [to, from] : [from, to];
    found.set(key, [...(found.get(key) ?? []), value]);
  }
  return found;
}
