// Which step runs on which node.
import type { PipelineNode } from "../../core/pipelines/pipeline.ts";
import type { PipelineFound } from "./found.ts";
import { didYouMean } from "../../core/text/nearest.ts";
import type { ProblemList } from "./tree/problems.ts";
import { readResources } from "./resources.ts";

const THIS_MACHINE = "local";

export interface AssignedNodes {
  nodes: PipelineNode[];
  nodeOf(step: string): string;
}

/** Reads the nodes of a pipeline, and tells of steps that are on none, or on two. */
export function assignNodes(
  found: PipelineFound,
  { cores, problems }: { cores: number; problems: ProblemList },
): AssignedNodes {
  const nodes = (found.values.nodes ?? []).filter(({ values }) => values.node_id !== undefined);
  if (found.values.nodes === undefined) {
    const local: PipelineNode = {
      id: THIS_MACHINE,
      runnerCount: Math.max(1, cores),
      resources: {},
    };
    return { nodes: [local], nodeOf: () => THIS_MACHINE };
  }
  const operators = found.values.operators ?? [];
  const ids = operators.map(({ values }) => values.operator_id).filter((id) => id !== undefined);
  const known = new Set(ids);
  const nodeOf = new Map<string, string>();
  const seen = new Set<string>();
  let rest: string | undefined;
  for (const node of nodes) {
    const id = node.values.node_id!;
    const fail = (
      key: "node_id" | "operator_ids",
      message: string,
      hint: string,
      index?: number,
    ) => {
      const list = node.node.entries.get(key)?.node;
      const place = index !== undefined && list?.kind === "list"
        ? list.items[index]?.place
        : undefined;
      const path = node.path(key);
      problems.add(place ?? node.at(key), {
        path: index === undefined ? path : { parent: path, key: index },
        message,
        hint,
      });
    };
    if (seen.has(id.toLowerCase())) {
      fail("node_id", `there are two nodes ${JSON.stringify(id)}`, "Give each its own id.");
    }
    seen.add(id.toLowerCase());
    if (node.values.operator_ids === undefined) {
      if (rest !== undefined && !node.node.entries.has("operator_ids")) {
        fail(
          "node_id",
          `the nodes ${rest} and ${id} both take what is on no other`,
          "Give one of them operator_ids.",
        );
      }
      rest ??= id;
    }
    for (const [index, step] of (node.values.operator_ids ?? []).entries()) {
      const other = nodeOf.get(step);
      if (!known.has(step)) {
        const hint = `${didYouMean(step, known)}operator_ids name operators of this pipeline.`;
        fail("operator_ids", `there is no operator ${JSON.stringify(step)}`, hint, index);
      } else if (other !== undefined && other !== id) {
        fail(
          "operator_ids",
          `${JSON.stringify(step)} is on the node ${other} too`,
          "Leave it on one of them.",
          index,
        );
      } else nodeOf.set(step, id);
    }
  }
  for (const operator of operators) {
    const id = operator.values.operator_id;
    if (id === undefined || nodeOf.has(id) || nodes.length < found.values.nodes.length) continue;
    if (rest !== undefined) nodeOf.set(id, rest);
    else {
      problems.add(operator.at("operator_id"), {
        path: operator.path("operator_id"),
        message: `the operator ${JSON.stringify(id)} is on no node`,
        hint:
          "Add it to the operator_ids of a node, or give one node none: that one takes what is left.",
      });
    }
  }
  return {
    nodes: nodes.map(({ values }) => ({
      id: values.node_id!,
      runnerCount: values.runner_count ?? 1,
      resources: readResources(values.resource, problems),
    })),
    nodeOf: (step) => nodeOf.get(step) ?? nodes[0]?.values.node_id ?? THIS_MACHINE,
  };
}
