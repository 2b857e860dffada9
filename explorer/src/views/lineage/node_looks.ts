// How nodes of a lineage look: a color for each frequent kind, and words that say the same.
import { RELEASE } from "../../../../core/registry/release.ts";
import type { LineageNode } from "./lineage_part.ts";

export interface Look {
  /** Shown in the legend and on the nodes. */
  readonly label: string;
  /** `version` is a rectangle with a bar, `step` a round node, `odd` has a broken line. */
  readonly shape: "version" | "step" | "odd";
  /** The variable of the styles with its color. */
  readonly color: string;
}

/** Colors of kinds of versions, the most frequent first. */
const COLORS = ["--chart-1", "--chart-5", "--chart-3", "--chart-4", "--chart-6"];
const STEP: Look = { label: "step of a pipeline", shape: "step", color: "--chart-2" };
const OTHER: Look = { label: "other kinds", shape: "version", color: "--chart-8" };

/** Words for states of versions that are not followed. */
const ODD: Readonly<Partial<Record<LineageNode["state"], string>>> = {
  missing: "missing",
  changed: "changed since",
  unreadable: "unreadable",
  unpinned: "not pinned",
};

/** Returns the word for a version that is not followed; undefined for others. */
export function oddWord({ state }: Pick<LineageNode, "state">): string | undefined {
  return ODD[state];
}

/** Returns the kind of a version as people read it; `version` if it is unknown. */
export function kindWord({ kind = "version" }: Pick<LineageNode, "kind">): string {
  return kind === RELEASE ? "release" : kind;
}

/** Returns the looks of nodes, and how many nodes have each, the most frequent first. */
export function looksOf(nodes: readonly LineageNode[]): {
  lookOf: (node: LineageNode) => Look;
  legend: readonly (Look & { readonly count: number })[];
} {
  const versions = nodes.filter((node) => node.made === undefined && oddWord(node) === undefined);
  const kinds = [...Map.groupBy(versions, kindWord)]
    .sort(([, a], [, b]) => sum(b) - sum(a)).map(([kind]) => kind);
  const isLast = kinds.length > COLORS.length;
  const colored = kinds.slice(0, isLast ? COLORS.length - 1 : COLORS.length);
  const looks = new Map(colored.map((label, i): [string, Look] => [
    label,
    { label, shape: "version", color: COLORS[i] ?? OTHER.color },
  ]));
  const lookOf = (node: LineageNode): Look => {
    const label = oddWord(node);
    if (node.made !== undefined) return STEP;
    if (label !== undefined) return { label, shape: "odd", color: "--danger" };
    return looks.get(kindWord(node)) ?? OTHER;
  };
  const groups = [...Map.groupBy(nodes, (node) => lookOf(node).label).values()];
  const legend = groups.flatMap((own) =>
    own[0] === undefined ? [] : [{ ...lookOf(own[0]), count: sum(own) }]
  );
  return { lookOf, legend: legend.sort((a, b) => b.count - a.count) };
}

function sum(nodes: readonly LineageNode[]): number {
  return nodes.reduce((total, { count = 1 }) => total + count, 0);
}
