import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { RegistryError } from "../../../mod.ts";
import { definePipeline, encodePipeline, parsePipeline } from "../../../operators/config/mod.ts";
import { step } from "../runner/pipelines.ts";
import { parseCores, parseSize, parseTime } from "../../../operators/config/quantities.ts";

const FULL = `
variables: { lr: 0.1, folder: data }
pipeline:
  pipeline_id: train
  work_dir: /scratch/runs
  log_config: { level: debug, file: logs/run.log }
  env_config: { kind: uv, name: ./project }
  nodes:
    - node_id: big
      operator_ids: [train_v2.0]
      runner_count: 2
      resource: { cpu_limit: 8, memory_limit: 16Gi, gpu_limit: 1 }
    - node_id: small
  operators:
    - operator_id: clean
      operator: cleaner_v2.0
      version: v1.1
      params: { keep: 0.5, names: [a, b] }
      inputs: { data: "registry:data:raw@^1" }
      outputs: { data: "registry:data:clean", report: "./\${folder}/report" }
      retries: 2
      timeout: 90s
      extra_env_vars: { MODE: fast, LEVEL: 3, KEY: { from_env: CLEAN_KEY } }
      git_repo: https://example.org/cleaner.git
      git_tag: v7
    - operator_id: train_v2.0
      params: { lr: "\${lr}" }
      inputs: { data: step:clean.data }
      upstream_dependencies: [clean]
      start_command: [python, train.py, --name, "a b"]
      env_config: { kind: uv, name: ml }
      retries: { attempts: 3, backoff: 5s, exit_codes: [4] }
      rerun: [inputs, params]
      metrics: [metrics.json, "curves/*.jsonl"]
      shards: 4
      resource: { cpu_request: 500m, memory_request: 4Gi, memory_limit: "8Gi", gpu_request: 1 }
`;

Deno.test("refs without files are steps with defaults, on this machine", () => {
  const text =
    `pipeline: { operators: { refs: ["feature_extractor_v1:v1.0", "data_cleaner_v1:v1.0"] } }`;
  const { id, nodes, steps, workDir, log } = parsePipeline(text, { cores: 6 });
  assertEquals({ id, nodes, workDir, log }, {
    id: "pipeline",
    nodes: [{ id: "local", runnerCount: 6, resources: {} }],
    workDir: ".holdfast-runs",
    log: { level: "info" },
  });
  assertEquals(steps.map(({ id, operator, version }) => [id, operator, version]), [
    ["feature_extractor_v1", "feature_extractor_v1", "v1.0"],
    ["data_cleaner_v1", "data_cleaner_v1", "v1.0"],
  ]);
  assertEquals(steps[0], step("feature_extractor_v1", { node: "local" }));
});

Deno.test("all keys of a configuration are parsed", () => {
  const pipeline = parsePipeline(FULL);
  const [clean, train] = pipeline.steps;
  assertEquals([pipeline.id, pipeline.workDir, pipeline.log], [
    "train",
    "/scratch/runs",
    { level: "debug", file: "logs/run.log" },
  ]);
  assertEquals(pipeline.nodes, [
    {
      id: "big",
      runnerCount: 2,
      resources: { cpuLimit: 8, memoryLimit: 16 * 2 ** 30, gpuLimit: 1 },
    },
    { id: "small", runnerCount: 1, resources: {} },
  ]);
  assertEquals([clean.operator, clean.version, clean.node, clean.runAs], [
    "cleaner_v2.0",
    "v1.1",
    "small",
    "thread",
  ]);
  assertEquals(clean.params, { keep: 0.5, names: ["a", "b"] });
  assertEquals(clean.outputs, { data: "registry:data:clean", report: "./data/report" });
  assertEquals([clean.retries.attempts, clean.timeoutMs], [3, 90_000]);
  assertEquals(clean.env, { MODE: "fast", LEVEL: "3", KEY: { from_env: "CLEAN_KEY" } });
  assertEquals(clean.environment, { kind: "uv", name: "./project" });
  assertEquals(clean.git, { repo: "https://example.org/cleaner.git", tag: "v7" });
  assertEquals([train.node, train.upstream, train.params], ["big", ["clean"], { lr: 0.1 }]);
  assertEquals([train.startCommand, train.runAs], [
    ["python", "train.py", "--name", "a b"],
    "command",
  ]);
  assertEquals(train.environment, { kind: "uv", name: "ml" });
  assertEquals(train.retries, { attempts: 3, backoffMs: 5_000, exitCodes: [4] });
  assertEquals([train.rerun, train.shards], [["inputs", "params"], 4]);
  assertEquals([clean.metrics, train.metrics], [undefined, ["metrics.json", "curves/*.jsonl"]]);
  assertEquals(train.resources, {
    cpuRequest: 0.5,
    memoryRequest: 4 * 2 ** 30,
    memoryLimit: 8 * 2 ** 30,
    gpuRequest: 1,
  });
});

Deno.test("a step: input is a dependency, also with dots in ids", () => {
  const pipeline = definePipeline({
    operators: [
      { operator_id: "v2", outputs: { "0": "a" } },
      { operator_id: "v2.0", outputs: { report: "./report" } },
      { operator_id: "a", inputs: { x: "step:v2.0" } },
      {
        operator_id: "b",
        inputs: { x: "step:v2.0.report", y: "step:v2.0" },
        upstream_dependencies: ["v2"],
      },
    ],
  });
  assertEquals(pipeline.steps.map(({ upstream }) => upstream), [[], [], ["v2.0"], ["v2", "v2.0"]]);
});

Deno.test("encodePipeline() writes an equal pipeline", () => {
  const text = FULL.replace("fast", () => "'$${HOME} \\${x} ${env:MODE}'");
  const pipeline = parsePipeline(text, { system: { env: () => "a${b} $$${c} \\${d}" } });
  assertEquals(pipeline.steps[0].env.MODE, "${HOME} ${x} a${b} $$${c} \\${d}");
  const encoded = encodePipeline(pipeline);
  assertEquals(
    parsePipeline(encoded, { language: "json", system: { env: () => undefined } }),
    pipeline,
  );
  assertEquals(encodePipeline(parsePipeline(encoded)), encoded);
});

Deno.test("a script is run by a shell, and its variables are the shell's", () => {
  const script = 'sort "${INPUT_ROOT}/a" > "$OUTPUT_ROOT/a"\necho ${HOME:-x} $${y}\n';
  const pipeline = parsePipeline(`
variables: { script: "b \${x}", x: 1 }
pipeline:
  operators:
    - operator_id: a
      params: { script: "\${script}" }
      script: |
        ${script.trimEnd().replaceAll("\n", "\n        ")}
`);
  const [{ startCommand, runAs, params }] = pipeline.steps;
  assertEquals([startCommand, runAs], [["sh", "-e", "-c", script], "command"]);
  assertEquals(params, { script: "b 1" });
  assertEquals(parsePipeline(encodePipeline(pipeline), { language: "json" }), pipeline);
  const defined = definePipeline({ operators: [{ operator_id: "a", script }] });
  assertEquals(defined.steps[0].startCommand, startCommand);
});

Deno.test("an environment variable can be a number where one is expected", () => {
  const text = `
pipeline:
  nodes: [{ node_id: n, runner_count: "\${env:N}" }]
  operators:
    - operator_id: a
      version: \${env:V}
      timeout: \${env:T,30m}
      params: { n: "\${env:N}", path: "\${oc.env:HOME,'/tmp'}/x", none: "\${env:NONE,}", deep: "\${env:NONE,\${env:N}}" }
`;
  const env: Record<string, string> = { N: "3", V: "1.10" };
  const { nodes, steps: [step] } = parsePipeline(text, { system: { env: (name) => env[name] } });
  assertEquals([nodes[0].runnerCount, step.version, step.timeoutMs], [3, "1.10", 1_800_000]);
  assertEquals(step.params, { n: "3", path: "/tmp/x", none: "", deep: "3" });
});

Deno.test("variables refer to any value, also to each other", () => {
  const text = `
variables:
  base: { lr: 0.1, layers: [1, 2] }
  lr: "\${base.lr}"
pipeline:
  operators:
    - { operator_id: a_v1.0, params: { base: "\${base}", lr: "\${lr}", name: "lr-\${lr}" } }
    - { operator_id: b, params: { same: "\${pipeline.operators.a_v1.0.params.name}", first: "\${pipeline.operators.0.operator_id}" } }
`;
  const [a, b] = parsePipeline(text).steps;
  assertEquals(a.params, { base: { lr: 0.1, layers: [1, 2] }, lr: 0.1, name: "lr-0.1" });
  assertEquals(b.params, { same: "lr-0.1", first: "a_v1.0" });
});

Deno.test("a definition may be nested as deep as a file, and not be circular", () => {
  const defined = (v: unknown) =>
    definePipeline({ operators: [{ operator_id: "a", params: { v: v as null } }] });
  const nested = (depth: number) => {
    let value: unknown = 1;
    for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value };
    return value;
  };
  assertEquals(defined(nested(90)).steps[0].params.v, nested(90));
  const circle: unknown[] = [];
  circle.push(circle);
  for (const value of [nested(200), nested(100_000), circle]) {
    assertStringIncludes(
      assertThrows(() => defined(value), RegistryError).message,
      "nested more than",
    );
  }
});

Deno.test("sizes are parsed as exact whole bytes", () => {
  assertEquals(["1", "1k", "2K", "3M", "4G", "5T"].map(parseSize), [1, 1e3, 2e3, 3e6, 4e9, 5e12]);
  assertEquals(["2Ki", "512Mi", "4 Gi", "1Ti"].map(parseSize), [
    2 ** 11,
    2 ** 29,
    2 ** 32,
    2 ** 40,
  ]);
  assertEquals(parseSize("1.5Ki"), 1536);
  for (const wrong of ["", "4GB", "ki", "4ki", "-1", "1e3", "9007199254740993", "9000Ti"]) {
    assertEquals(parseSize(wrong), undefined, wrong);
  }
});

Deno.test("cores are parsed as numbers or thousandths", () => {
  assertEquals(["2", "0.5", "500m"].map(parseCores), [2, 0.5, 0.5]);
  assertEquals(["", "-1", "2x", "1000001"].map(parseCores), Array(4).fill(undefined));
});

Deno.test("times are parsed as milliseconds, at most what a timer can wait", () => {
  assertEquals(["90", "250ms", "90s", "30m", "2h", "1d"].map(parseTime), [
    9e4,
    250,
    9e4,
    1.8e6,
    7.2e6,
    8.64e7,
  ]);
  assertEquals([2 ** 31 - 1, 2 ** 31].map((ms) => parseTime(`${ms}ms`)), [2 ** 31 - 1, undefined]);
  assertEquals(["", "-1s", "1w"].map(parseTime), Array(3).fill(undefined));
});

Deno.test("parameters that only sound like secrets are accepted", () => {
  const params = {
    pad_token: "<s>",
    max_tokens: 5,
    token: "bert",
    key: "id",
    secretary: "Ann",
    use_password: true,
    password: "",
    api_key: { from_env: "API_KEY" },
  };
  const text = JSON.stringify({ pipeline: { operators: [{ operator_id: "a", params }] } });
  assertEquals(parsePipeline(text).steps[0].params, params);
});

Deno.test("numbers and flags of commands, variables and strings stay as they are written", () => {
  const words = ["3.10", "010", "0x1F", "1e3", "True", "-0.50"];
  const yaml = `
variables: { python: ${words[0]}, flag: True }
pipeline:
  operators:
    - operator_id: a
      start_command: [run, ${words.join(", ")}, "\${python}", "v\${python}-\${flag}"]
      extra_env_vars: { ${words.map((word, index) => `V${index}: ${word}`).join(", ")} }
      params: { python: ${words[0]}, codes: { 007: bond } }
`;
  const [{ startCommand, env, params }] = parsePipeline(yaml).steps;
  assertEquals(startCommand, ["run", ...words, "3.10", "v3.10-True"]);
  assertEquals(Object.values(env), words);
  assertEquals(params, { python: 3.1, codes: { "007": "bond" } });
  const json = '{"pipeline":{"operators":[{"operator_id":"a","start_command":[3.10, 1e3, 1]}]}}';
  const [{ startCommand: written }] = parsePipeline(json, { language: "json" }).steps;
  assertEquals(written, ["3.10", "1e3", "1"]);
  assertEquals(encodePipeline(parsePipeline(yaml)).includes('"3.10"'), true);
});
