// Mistakes between steps and nodes, and of references.
import { A, one, operators } from "./mistake.ts";
import type { Mistake } from "./mistake.ts";

/** Mistakes between steps and nodes, and of references. */
export const OF_GRAPHS: readonly Mistake[] = [
  {
    name: "an id twice",
    text: operators("operator_id: a", "operator_id: ‸a"),
    says: /two operators "a"/,
    hint: /of its own/,
  },
  {
    name: "ids that differ in case",
    text: operators("operator_id: a", "operator_id: ‸A"),
    says: /differ in case/,
    hint: /of its own/,
  },
  {
    name: "a missing dependency",
    text: operators("operator_id: clean", "operator_id: b\nupstream_dependencies: [‸claen]"),
    says: /no operator "claen"/,
    hint: /Did you mean clean/,
  },
  {
    name: "a dependency twice",
    text: operators("operator_id: a", "operator_id: b\nupstream_dependencies: [a, ‸a]"),
    says: /twice/,
    hint: /Remove one/,
  },
  {
    name: "a dependency on itself",
    text: one("upstream_dependencies: [‸a]"),
    says: /depends on itself/,
    hint: /Remove it/,
  },
  {
    name: "a cycle",
    text: operators(
      "operator_id: a\nupstream_dependencies: ‸[c]",
      "operator_id: b\nupstream_dependencies: [a]",
      "operator_id: c\ninputs: { x: step:b }",
    ),
    says: /a → b → c → a/,
    hint: /Remove one/,
  },
  {
    name: "two nodes of one id",
    text:
      `pipeline: { operators: [${A}], nodes: [{ node_id: n, operator_ids: [a] }, { node_id: ‸n }] }\n`,
    says: /two nodes "n"/,
    hint: /own id/,
  },
  {
    name: "two nodes for the rest",
    text: `pipeline: { operators: [${A}], nodes: [{ node_id: m }, { node_id: ‸n }] }\n`,
    says: /m and n both/,
    hint: /operator_ids/,
  },
  {
    name: "a node of a missing operator",
    text: `pipeline: { operators: [${A}], nodes: [{ node_id: n, operator_ids: [a, ‸b] }] }\n`,
    says: /no operator "b"/,
    hint: /of this pipeline/,
  },
  {
    name: "an operator on two nodes",
    text:
      `pipeline: { operators: [${A}], nodes: [{ node_id: m, operator_ids: [a] }, { node_id: n, operator_ids: [‸a] }] }\n`,
    says: /on the node m too/,
    hint: /one of them/,
  },
  {
    name: "an operator on no node",
    text:
      `pipeline: { operators: [{ operator_id: a }, { operator_id: ‸b }], nodes: [{ node_id: m, operator_ids: [a] }] }\n`,
    says: /"b" is on no node/,
    hint: /operator_ids/,
  },
  {
    name: "a request above the limit",
    text: one("resource: { memory_request: ‸4Gi, memory_limit: 2Gi }"),
    says: /more than memory_limit/,
    hint: /Lower memory_request/,
  },
  {
    name: "a request above the node",
    text:
      `pipeline: { operators: [{ operator_id: a, resource: { gpu_request: ‸2 } }], nodes: [{ node_id: m, resource: { gpu_limit: 1 } }] }\n`,
    says: /more than the node m has/,
    hint: /another one/,
  },
  {
    name: "an operator that is not registered",
    text: one("operator: ‸cleanr_v1"),
    says: /no operator "cleanr_v1" is registered/,
    hint: /Did you mean cleaner_v1/,
  },
  {
    name: "a variable of the environment",
    text: one(`params: { a: ‸"\${env:NOT_THERE}" }`),
    says: /NOT_THERE is not set/,
    hint: /env:NOT_THERE,default/,
  },
  {
    name: "a variable that is not there",
    text: `variables: { rate: 1 }\n${one(`params: { a: ‸"\${rat}" }`)}`,
    says: /no value "rat"/,
    hint: /Did you mean rate/,
  },
  {
    name: "variables that name each other",
    text: `variables: { a: ‸"\${b}", b: "\${a}" }\n${one(`params: { a: "\${a}" }`)}`,
    says: /refers to itself/,
    hint: /one of the places/,
  },
  {
    name: "a reference that does not end",
    text: one(`params: { a: ‸"\${rate" }`),
    says: /does not end/,
    hint: /\$\{name\}/,
  },
  {
    name: "a resolver that is not there",
    text: one(`params: { a: ‸"\${oc.decode:x}" }`),
    says: /no \$\{oc\.decode/,
    hint: /env:NAME/,
  },
  {
    name: "a mapping in a text",
    text: `variables: { m: { a: 1 } }\n${one(`params: { a: ‸"x-\${m}" }`)}`,
    says: /is a mapping, in a text/,
    hint: /use it alone/,
  },
  {
    name: "variables that are no mapping",
    text: `variables: ‸[a]\n${operators("operator_id: a")}`,
    says: /a list is not a mapping/,
    hint: /names with values/,
  },
  {
    name: "an include without a folder",
    text: `include: ‸a.yaml\n${operators("operator_id: a")}`,
    says: /without a folder/,
    hint: /from its folder/,
  },
];
