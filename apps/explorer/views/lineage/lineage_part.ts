// The part of a lineage that is shown: a direction, from its root.

export interface LineageNode {
  readonly ref: string;
  readonly state: "present" | "missing" | "changed" | "unpinned" | "unreadable";
  readonly createdAt?: string;
  /** Versions that it stands for. @default 1 */
  readonly count?: number;
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

/**
 * Makes one node of the versions of a name, if there are several, except of the root and of names
 * that are opened. The ref of such a node is the name.
 */
export function foldNames(lineage: Lineage, opened: ReadonlySet<string>): Lineage {
  const { root, nodes, edges } = lineage;
  const nameOf = (ref: string) => ref.replace(/@[^@]*$/s, "");
  const groups = Map.groupBy(nodes.filter(({ ref }) => ref !== root), ({ ref }) => nameOf(ref));
  const folded = new Map<string, string>();
  const kept = [...groups].flatMap(([name, group]): LineageNode[] => {
    if (group.length === 1 || opened.has(name)) return group;
    for (const { ref } of group) folded.set(ref, name);
    const odd = group.find(({ state }) => state !== "present");
    return [{ ref: name, state: odd?.state ?? "present", count: group.length }];
  });
  const seen = new Set<string>();
  const joined = edges.map(({ from, to }) => ({
    from: folded.get(from) ?? from,
    to: folded.get(to) ?? to,
  })).filter(({ from, to }) => {
    const key = JSON.stringify([from, to]);
    return from !== to && !seen.has(key) && seen.add(key);
  });
  const own = nodes.filter(({ ref }) => ref === root);
  return { ...lineage, nodes: [...own, ...kept], edges: joined };
}
