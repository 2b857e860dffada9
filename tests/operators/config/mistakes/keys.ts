// Mistakes of keys and types.
import { A, one, operators } from "./mistake.ts";
import type { Mistake } from "./mistake.ts";

/** Mistakes of keys and types. */
export const OF_KEYS: readonly Mistake[] = [
  {
    name: "no pipeline",
    text: "‸variables: {}\n",
    says: /there is no pipeline/,
    hint: /pipeline: \{/,
  },
  {
    name: "an unknown key of the file",
    text: `pipeline: { operators: [${A}] }\n‸varables: {}\n`,
    says: /unknown key "varables"/,
    hint: /Did you mean variables/,
  },
  {
    name: "a key outside of pipeline",
    text: `pipeline: { operators: [${A}] }\n‸nodes: []\n`,
    says: /unknown key "nodes"/,
    hint: /under pipeline/,
  },
  {
    name: "an unknown key of the pipeline",
    text: `pipeline:\n  operators: [${A}]\n  ‸workdir: x\n`,
    says: /unknown key "workdir"/,
    hint: /work_dir/,
  },
  {
    name: "an unknown key of an operator",
    text: one("‸timout: 5s"),
    says: /unknown key "timout"/,
    hint: /Did you mean timeout/,
  },
  {
    name: "an unknown key of a node",
    text: `pipeline:\n  operators: [${A}]\n  nodes: [{ node_id: n, ‸runners: 2 }]\n`,
    says: /unknown key "runners"/,
    hint: /runner_count/,
  },
  {
    name: "an unknown key of a resource",
    text: one("resource: { ‸cpu: 2 }"),
    says: /unknown key "cpu"/,
    hint: /cpu_request/,
  },
  {
    name: "no operators",
    text: "pipeline: ‸{ pipeline_id: a }\n",
    says: /no operators/,
    hint: /operators: \{ refs/,
  },
  {
    name: "an empty list of operators",
    text: "pipeline: { operators: ‸[] }\n",
    says: /empty/,
    hint: /at least one/,
  },
  {
    name: "no operator_id",
    text: operators("‸params: {}"),
    says: /no operator_id/,
    hint: /operator_id: clean/,
  },
  {
    name: "no node_id",
    text: `pipeline: { operators: [${A}], nodes: [‸{ runner_count: 1 }] }\n`,
    says: /no node_id/,
    hint: /node_id:/,
  },
  {
    name: "an id that is none",
    text: operators("operator_id: ‸../a"),
    says: /"..\/a" is not an id/,
    hint: /letters, digits/,
  },
  {
    name: "a version that is a number",
    text: one("version: ‸1.0"),
    says: /not a version/,
    hint: /quotes/,
  },
  {
    name: "a list where a mapping belongs",
    text: one("params: ‸[a]"),
    says: /a list is not a mapping/,
    hint: /names with values/,
  },
  {
    name: "a mapping where a list belongs",
    text: one("upstream_dependencies: ‸{ a: b }"),
    says: /a mapping is not a list/,
    hint: /\[a, b\]/,
  },
  {
    name: "a text where a number belongs",
    text: one("shards: ‸two"),
    says: /"two" is not a whole number/,
    hint: /whole number from 1/,
  },
  {
    name: "a number that is too small",
    text: one("shards: ‸0"),
    says: /0 is not a whole number/,
    hint: /from 1/,
  },
  {
    name: "a text where a flag belongs",
    text: one("env_config: { kind: uv, install: ‸yes please }"),
    says: /not true or false/,
    hint: /true or false/,
  },
  {
    name: "an unknown word",
    text: one("run_as: ‸thraed"),
    says: /"thraed" is none of/,
    hint: /Did you mean thread/,
  },
  {
    name: "an unknown environment",
    text: one("env_config: { kind: ‸venv }"),
    says: /none of plain, uv/,
    hint: /Write one of/,
  },
  {
    name: "no kind of an environment",
    text: one("env_config: ‸{ name: x }"),
    says: /no kind/,
    hint: /kind: uv/,
  },
  {
    name: "an unknown level of a log",
    text: `pipeline: { operators: [${A}], log_config: { level: ‸warning } }\n`,
    says: /"warning" is none of/,
    hint: /Did you mean warn/,
  },
  {
    name: "a wrong size",
    text: one("resource: { memory_limit: ‸4Gb }"),
    says: /"4Gb" is not a size/,
    hint: /512Mi, 4Gi/,
  },
  {
    name: "wrong cores",
    text: one("resource: { cpu_limit: ‸half }"),
    says: /not a number of cores/,
    hint: /500m/,
  },
  { name: "a wrong time", text: one("timeout: ‸5 minutes"), says: /not a time/, hint: /30m/ },
  { name: "a time of nothing", text: one("timeout: ‸0"), says: /not a time/, hint: /90s/ },
  {
    name: "a wrong cause to run again",
    text: one("rerun: [‸input]"),
    says: /"input" is none of/,
    hint: /Did you mean inputs/,
  },
  {
    name: "an exit code that is none",
    text: one("retries: { exit_codes: [‸0] }"),
    says: /not a whole number from 1 to 5/,
    hint: /1 to 5/,
  },
  {
    name: "a name of a variable that is none",
    text: one("extra_env_vars: { ‸1A: x }"),
    says: /"1A" cannot be a name/,
    hint: /begin with no digit/,
  },
  {
    name: "a value of a variable that is none",
    text: one("extra_env_vars: { A: ‸[x] }"),
    says: /a list is not the value/,
    hint: /from_env/,
  },
  {
    name: "a module by its URL",
    text: `pipeline:\n  operators: [${A}]\n  operators_module: ‸https://example.org/o.ts\n`,
    says: /is not a path/,
    hint: /\.\/operators\.ts/,
  },
];
