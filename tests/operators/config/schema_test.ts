import { Ajv2020 } from "npm:ajv@^8.20/dist/2020.js";
import { assertEquals } from "@std/assert";
import { configSchema, schemaFiles } from "../../../dev/schema.ts";
import { parsePipeline } from "../../../operators/config/mod.ts";
import { plainOf } from "../../../operators/config/tree/node.ts";
import { createProblemList } from "../../../operators/config/tree/problems.ts";
import { parseYamlTree } from "../../../operators/config/tree/yaml.ts";
import { A, OF_GRAPHS, OF_KEYS, OF_VALUES, one } from "./mistakes.ts";

const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });
const isPipeline = ajv.compile(configSchema());

function valueOf(yaml: string): unknown {
  return plainOf(parseYamlTree({ text: yaml }, createProblemList())!);
}

function isParsed(yaml: string): boolean {
  try {
    parsePipeline(yaml, { system: { env: () => "1" } });
    return true;
  } catch {
    return false;
  }
}

/** Lines of an operator that are right. */
const GOOD = [
  "version: v1.0",
  'version: "1.0"',
  "operator: cleaner v2/β",
  "params: { a: 1, b: [null, { c: 1.5 }], from: { from_env: KEY } }",
  "params: '${p}'",
  "inputs: { data.x: 'registry:data:raw@^1', b-c: ./b, c: 's3://bucket/key', d: '${env:PLACE}' }",
  "outputs: { data: 'registry:data:clean' }",
  "upstream_dependencies: []",
  "env_config: { kind: uv, name: ./project }",
  "start_command: [python, train.py, 1, true, '']",
  "script: 'echo ${HOME}'",
  "timeout: 90s",
  "timeout: 1.5 h",
  "timeout: 30",
  "timeout: 250ms",
  "timeout: '${t}'",
  "extra_env_vars: { A: x, B: 1, C: true, D: { from_env: KEY }, E: '' }",
  "retries: 3",
  "retries: 0",
  "retries: { attempts: 3, backoff: 5s, exit_codes: [3, 4] }",
  "retries: '${n}'",
  "git_repo: https://example.org/a.git\ngit_tag: v1",
  "shards: 4",
  "shards: '${n}'",
  "shards: 4.0",
  "rerun: [inputs, params]",
  "metrics: metrics.json",
  'metrics: [metrics.yaml, "*.jsonl"]',
  "rerun: []",
  "resource: { cpu_request: 500m, cpu_limit: 2, memory_request: 512Mi, memory_limit: 4 Gi, gpu_request: 1, gpu_limit: 2 }",
  "resource: { cpu_limit: 0.5, memory_limit: 1000000 }",
  "resource: { memory_limit: 1.5G }",
  "run_as: thread",
  "run_as: '${r}'",
];

/** Files that are right. */
const GOOD_FILES = [
  "pipeline: { operators: { refs: [a:v1.0, cleaner_v2.0] } }",
  "pipeline: { operators: { refs: ['a:${v}', b] }, nodes: { refs: [n] } }",
  `pipeline: { pipeline_id: "1a", operators: [${A}], nodes: [{ node_id: n, operator_ids: [a], runner_count: 2 }] }`,
  `pipeline: { operators: '\${list}' }`,
  `pipeline: { operators: [${A}], work_dir: /scratch, log_config: { level: debug, file: a.log } }`,
  `pipeline: { operators: [${A}], env_config: { kind: uv, name: ml }, operators_module: ./lib/Operators.TS }`,
  `$schema: ./pipeline.schema.json\nvariables: { any: [thing, { a: 1 }] }\npipeline: { operators: [${A}] }`,
];

/** Lines of an operator that are wrong by themselves. */
const BAD = [
  "version: 1",
  "version: ''",
  "operator: ''",
  "operator: 1",
  "params: x",
  "params: [1]",
  "params:",
  "inputs: [a]",
  "inputs: { 'a b': x }",
  "inputs: { a: 1 }",
  "inputs: { a: '' }",
  "upstream_dependencies: a",
  "upstream_dependencies: [a b]",
  "upstream_dependencies: [b, b]",
  "env_config: uv",
  "env_config: { kind: plain, name: '' }",
  "env_config: { kind: uv, install: true }",
  "start_command: []",
  "start_command: ''",
  "start_command: python train.py",
  "start_command: [[a]]",
  "start_command: { a: b }",
  "script: ''",
  "script: [a]",
  "timeout: -1",
  "timeout: 5 minutes",
  "timeout: true",
  "extra_env_vars: { A: { from_env: a-b } }",
  "extra_env_vars: { A: { from_env: A, more: 1 } }",
  "extra_env_vars: { A: }",
  "extra_env_vars: { a-b: x }",
  "retries: -1",
  "retries: 100",
  "retries: { attempts: 0 }",
  "retries: { exit_codes: [] }",
  "retries: { exit_codes: [3, 3] }",
  "retries: { tries: 3 }",
  "shards: 1.5",
  "shards: '4'",
  "rerun: all",
  "metrics: []",
  "metrics: { a: b }",
  "metrics: [1]",
  "metrics: [a.json, a.json]",
  "rerun: [inputs, inputs]",
  "resource: 4",
  "resource: { cpu_limit: -1 }",
  "resource: { cpu_limit: 500mi }",
  "resource: { memory_limit: 4GB }",
  "resource: { memory_limit: -1 }",
  "resource: { gpu_limit: 0.5 }",
  "run_as: process",
  "git_tag: 1",
];

Deno.test("the JSON Schema and the parser accept the same files", () => {
  const variables =
    "variables: { p: { a: 1 }, t: 5s, n: 3, r: thread, v: v1.0, list: [{ operator_id: a }] }\n";
  for (const line of GOOD.map(one).concat(GOOD_FILES)) {
    const text = line.includes("variables:") ? line : variables + line;
    const found = valueOf(text);
    assertEquals(
      [isParsed(text), isPipeline(found)],
      [true, true],
      `${text}\n${JSON.stringify(isPipeline.errors)}`,
    );
  }
});

Deno.test("the JSON Schema and the parser refuse the same lines", () => {
  for (const text of BAD.map(one)) {
    assertEquals([isParsed(text), isPipeline(valueOf(text))], [false, false], text);
  }
});

Deno.test("the JSON Schema refuses mistakes of keys and types only", () => {
  const isTaken = ([text]: readonly [string, ...unknown[]]) =>
    isPipeline(valueOf(text.replace("‸", "")));
  assertEquals(OF_KEYS.filter(isTaken), []);
  assertEquals([...OF_VALUES, ...OF_GRAPHS].some(isTaken), true);
});

Deno.test("a file with includes may omit required keys", () => {
  assertEquals(isPipeline(valueOf("include: common.yaml")), true);
  assertEquals(isPipeline(valueOf("include: [a.yaml, b.yaml]\npipeline: { work_dir: x }")), true);
  assertEquals(isPipeline(valueOf("include: []\npipeline: { workdir: x }")), false);
  assertEquals(isPipeline(valueOf("variables: {}")), false);
  assertEquals(isPipeline(valueOf("pipeline: {}")), false);
});

Deno.test("files of operators and nodes have schemas without required ids", () => {
  const isOperator = ajv.compile(configSchema("operator"));
  const isNode = ajv.compile(configSchema("node"));
  assertEquals(isOperator(valueOf("include: base.yaml\ntimeout: 5s")), true);
  assertEquals(isOperator(valueOf("timout: 5s")), false);
  assertEquals(isNode(valueOf("runner_count: 2")), true);
  assertEquals(isNode(valueOf("timeout: 5s")), false);
});

Deno.test("docs/ has the schemas of the source (deno task schema)", async () => {
  for (const { path, text } of schemaFiles()) {
    assertEquals(JSON.parse(await Deno.readTextFile(path)), JSON.parse(text), path);
  }
});
