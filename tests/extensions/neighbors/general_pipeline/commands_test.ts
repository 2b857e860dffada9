import { assertEquals, assertStringIncludes } from "@std/assert";
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "@std/path";
import { realSystem } from "../../../../core/system.ts";
import { cliTest } from "../../../apps/captured_io.ts";

async function write(cwd: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), text);
  }
}

/** The keys of the example of general_pipeline: files under their ids, hours, gigabytes, shell words. */
const YAML = {
  "conf/pipeline.yaml": `
pipeline:
  pipeline_id: digits
  name: Digits
  description: Counts digits
  work_dir: ./pipeline_workspace
  log_config: { level: WARNING, rotation: 10 GB }
  nodes: { refs: ["node_1:v1.0"] }
  operators: { refs: ["count:v1.0", { operator_id: show, version: v2.0 }] }
`,
  "conf/nodes/node_1_v1.0.yaml": `
node_1:
  node_id: node_1
  operator_ids: [count, show]
  runner_count: 1
  resource: { cpu_request: 0.5, cpu_limit: 4.0, memory_request: 0.5, memory_limit: 16.0 }
`,
  "conf/operators/count_v1.0.yaml": `
count:
  operator_id: count
  git_repo: "https://example.com/count.git"
  git_tag: v1.0.0
  upstream_dependencies: []
  start_command: 'sh main.sh "$BATCH_SIZE" \${oc.env:SUFFIX,none} > "$OUTPUT_ROOT/out.txt"'
  extra_env_vars: { BATCH_SIZE: "100 a" }
  env_config: { env_name: counting, pyproject_path: pyproject.toml }
`,
  "conf/operators/show.toml": `
[show]
operator_id = "show"
git_repo = "https://example.com/show.git"
git_tag = "v2.1.0"
upstream_dependencies = ["count"]
start_command = "cat $INPUT_ROOT/out.txt"
timeout = 60
[show.env_config]
env_name = "counting"
pyproject_path = "pyproject.toml"
`,
};

cliTest("a configuration of general_pipeline becomes a pipeline that runs", async (it) => {
  await write(it.cwd, YAML);
  const { out: dry, err: after } = await it.holdfast("import general_pipeline conf new --dry-run");
  assertStringIncludes(after, "After the import, in new:\n");
  assertStringIncludes(dry, "Would import a pipeline (nodes: 1, operators: 2) into new\n");
  assertEquals(await readdir(it.cwd), ["conf"]);

  const { code, out, err } = await it.holdfast("import general_pipeline conf new");
  assertEquals(code, 0);
  assertStringIncludes(out, "log_config.rotation  not imported: it has no meaning here\n");
  assertStringIncludes(
    err,
    "git clone --depth 1 --branch=v1.0.0 -- https://example.com/count.git operators/count\n",
  );
  assertEquals(err.split("uv venv envs/counting\n").length, 2, "one environment for both");
  for (const project of ["count", "show"]) {
    assertStringIncludes(err, `uv pip install --python envs/counting -e operators/${project}\n`);
  }
  assertStringIncludes(
    await readFile(join(it.cwd, "new/conf/pipeline.yaml"), "utf8"),
    "# Digits\n# Counts digits\npipeline:\n",
  );
  await rm(join(it.cwd, "new/conf/pipeline.yaml"));
  await it.succeeds("import general_pipeline conf new"); // it finishes an interrupted import
  await write(it.cwd, { "changed/nodes/node_1_v1.0.yaml": "node_id: own\n" });
  await it.fails("import general_pipeline conf changed", 4); // nothing is overwritten
  assertEquals(await readdir(join(it.cwd, "changed")), ["nodes"]);
  await it.fails("import general_pipeline conf new/conf/pipeline.yaml --dry-run", 3);

  await write(it.cwd, {
    "new/operators/count/main.sh": 'echo "counted $1, $2 in $VIRTUAL_ENV"\n',
    "new/operators/show/readme": "",
    "new/envs/counting/pyvenv.cfg": "",
  });
  await it.succeeds("init");
  const plan = await it.succeeds("pipeline plan --check new/conf/pipeline.yaml");
  assertStringIncludes(plan, "digits is valid: 2 steps, 1 node");
  const env = { PATH: realSystem.env("PATH") ?? "" };
  await it.succeeds("pipeline run new/conf/pipeline.yaml", { env });
  const log = await it.succeeds("pipeline logs digits@1 show");
  assertStringIncludes(log, `counted 100 a, none in ${join(it.cwd, "new/envs/counting")}`);
});

cliTest("other environments become commands, and secrets variables", async (it) => {
  const key = `base64://${btoa("my secret")}`;
  await write(it.cwd, {
    "one.toml": `
pipeline_id = "one"
[s3_config]
access_key = "${key}"
[[operators]]
operator_id = "a"
git_repo = "r"
start_command = "python a.py"
extra_env_vars = { TOKEN = "${key}" }
resource_request = { cpu = 0.5, memory = 1, disk = 3 }
[operators.env_config]
env_name = "x"
pixi_toml_path = "sub/pixi.toml"
[[operators]]
operator_id = "b"
git_repo = "r"
start_command = "python \${pipeline.work_dir}/b.py"
[operators.env_config]
env_name = "y"
s3_compress_path = "bucket/y.zst"
`,
  });
  const { code, out, err } = await it.holdfast("import general_pipeline one.toml new");
  assertEquals([code, (out + err).includes("my secret"), (out + err).includes(key)], [
    0,
    false,
    false,
  ]);
  const keys = out.split("\n").slice(1, -2).map((line) => line.split(/ {2,}/)[1]);
  assertEquals(
    keys,
    [
      "extra_env_vars.TOKEN",
      "resource_request.disk",
      "start_command",
      "env_config.s3_compress_path",
      "s3_config",
    ].toSorted((a, b) => keys.indexOf(a) - keys.indexOf(b)),
  );
  const text = await readFile(join(it.cwd, "new/conf/pipeline.yaml"), "utf8");
  assertEquals(text.includes(key) || text.includes("my secret"), false);
  for (
    const part of [
      "cd operators/a\n        pixi run --manifest-path sub/pixi.toml -- sh -c 'python a.py'",
      "CONDA_PREFIX=$(cd ../../envs/y && pwd) || exit 5\n",
      "TOKEN:\n          from_env: TOKEN",
      "cpu_request: 0.5\n        memory_request: 1G",
    ]
  ) assertStringIncludes(text, part);
  assertStringIncludes(await it.succeeds("pipeline plan --check new"), "one is valid: 2 steps");
});

cliTest("all commands of a line run in the environments of conda and pixi", async (it) => {
  const operator = (id: string, env: string) => `
[[operators]]
operator_id = "${id}"
git_repo = "r"
start_command = '''A='it is' tool "$A" && cd . && tool two | tool > $OUTPUT_ROOT/out.txt'''
extra_env_vars = { A = "x" }
[operators.env_config]
env_name = "an env"
${env}
`;
  await write(it.cwd, {
    "one.toml": `pipeline_id = "one"` + operator("packed", 's3_compress_path = "tos://b/y.zst"') +
      operator("pixied", 'pixi_toml_path = "pixi.toml"'),
  });
  await it.succeeds("import general_pipeline one.toml new");
  const script = (text: string) => `#!/bin/sh\n${text}\n`;
  await write(it.cwd, {
    "new/operators/packed/x": "",
    "new/operators/pixied/x": "",
    "tools/pixi": script('shift 4; PATH="$HERE/new/envs/an env/bin:$PATH" exec "$@"'),
  });
  await it.succeeds("init");
  const env = { PATH: `${it.cwd}/tools:${realSystem.env("PATH")}`, HERE: it.cwd };
  const { code } = await it.holdfast("pipeline run new/conf/pipeline.yaml", { env });
  assertEquals(code > 0, true, "the environment is missing");
  await write(it.cwd, {
    "new/envs/an env/bin/tool": script('[ -n "$1" ] || cat; echo "ran $A $1" | tee /dev/stderr'),
  });
  for (const tool of ["tools/pixi", "new/envs/an env/bin/tool"]) {
    await chmod(join(it.cwd, tool), 0o755);
  }
  await it.succeeds("pipeline run new/conf/pipeline.yaml", { env });
  for (const id of ["packed", "pixied"]) {
    const log = await it.succeeds(`pipeline logs one@2 ${id}`);
    assertStringIncludes(log, "ran it is x");
    assertStringIncludes(log, "ran x two");
  }
});

cliTest("files that are missing or damaged are named", async (it) => {
  await it.fails("import general_pipeline nowhere new", 3);
  await write(it.cwd, { "conf/readme": "" });
  await it.fails("import general_pipeline conf new", 3);
  await it.fails("import general_pipeline s3://bucket/conf new", 1);
  const cases: [string, string][] = [
    ["pipeline: { operators: { refs: [gone:v1.0] } }", "operators/gone_v1.0.yaml is missing"],
    ["pipeline: { operators: { refs: [../../x] } }", '"../../x" is not an id'],
    ["pipeline: { operators: 3 }", "its operators are not a list"],
    ["- 1", "it is not a mapping"],
    ["title: notes", "it has neither nodes nor operators"],
    ["a: [", "Cannot read YAML"],
  ];
  for (const [text, state] of cases) {
    await write(it.cwd, { "conf/pipeline.yaml": text });
    const { code, err } = await it.holdfast("import general_pipeline conf new");
    assertEquals([code > 0, err.includes(state)], [true, true], err);
  }
  await write(it.cwd, { "x.toml": "a = " });
  const { err } = await it.holdfast("import general_pipeline x.toml new");
  assertStringIncludes(err, 'Cannot import from general_pipeline "x.toml": ');
});

cliTest(
  "texts of a configuration neither leave a comment nor become options",
  async (it) => {
    await write(it.cwd, {
      "conf/pipeline.yaml": String.raw`
pipeline:
  pipeline_id: x
  name: "Digits\rpipeline: {}"
  description: "a\u2028b\u0007c"
  operators:
    - "__proto__:v1"
    - { operator_id: a, git_repo: "--upload-pack=touch x", git_tag: "-x", start_command: echo }
`,
      "conf/operators/__proto___v1.yaml": "operator_id: __proto__\nstart_command: echo first\n",
    });
    const { code, err } = await it.holdfast("import general_pipeline conf new");
    assertEquals(code, 0, err);
    assertStringIncludes(
      err,
      "git clone --depth 1 --branch=-x -- '--upload-pack=touch x' operators/a\n",
    );
    assertStringIncludes(
      await readFile(join(it.cwd, "new/conf/pipeline.yaml"), "utf8"),
      "# Digits\n# pipeline: {}\n# a\n# b\n# c\npipeline:\n",
    );
    assertStringIncludes(
      await readFile(join(it.cwd, "new/operators/__proto___v1.yaml"), "utf8"),
      "echo first",
    );
  },
);

cliTest("large files and devices are refused before they are read", async (it) => {
  await write(it.cwd, { "large.toml": `a = "${"x".repeat(2 ** 20)}"` });
  for (
    const [from, state] of [
      ["large.toml", "1048582 bytes, 1048576 are allowed"],
      ["/dev/null", "it is not a file"],
    ]
  ) {
    const { code, err } = await it.holdfast(`import general_pipeline ${from} new`);
    assertEquals([code > 0, err.includes(state!)], [true, true], err);
  }
});
