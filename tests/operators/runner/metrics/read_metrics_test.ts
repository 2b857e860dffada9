// Metrics that a step writes to files become metadata of its outputs, its record and its outcome.
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { PipelineStep } from "../../../../operators/contract/pipeline.ts";
import { createOperators, defineOperator } from "../../../../operators/mod.ts";
import { planPipeline, readResult, runPipeline } from "../../../../operators/runner/mod.ts";
import { openRegistry, type Registry } from "../../../../mod.ts";
import { type TempRoot, testInRoot } from "../../../support/temp_root.ts";
import { pipeline, step } from "../pipelines.ts";

type Files = Record<string, string>;

interface Here {
  registry: Registry;
  root: TempRoot;
  options: Parameters<typeof runPipeline>[1];
  /** Runs a step that writes files with this content, and returns its outcome. */
  run(files: Files | Files[], members?: Partial<PipelineStep>): Promise<StepEnd>;
  /** Metadata of the latest version of the output. */
  metadata(name?: string): Promise<Record<string, unknown>>;
}

type StepEnd = Awaited<ReturnType<typeof runPipeline>>["steps"][string];

const OUTPUTS = { "model.bin": "registry:model" };

function metricsTest(name: string, test: (here: Here) => Promise<void>): void {
  testInRoot(name, async (root) => {
    await using registry = await openRegistry("memory:");
    const operators = createOperators();
    const write = defineOperator({
      run({ outputRoot, params, shard }) {
        const { files } = params as { files: Files | Files[] };
        const own = Array.isArray(files) ? files[shard!.index]! : files;
        const suffix = shard === undefined ? "model.bin" : `model/${shard.index}.bin`;
        for (const [path, content] of Object.entries({ [suffix]: "weights", ...own })) {
          Deno.mkdirSync(`${outputRoot}/${path}`.replace(/[^/]*$/, ""), { recursive: true });
          Deno.writeTextFileSync(`${outputRoot}/${path}`, content);
        }
      },
      command: () => ["true"],
    });
    operators.register("train", write);
    const options = { registry, operators, root: root.path };
    await test({
      registry,
      root,
      options,
      async run(files, members = {}) {
        const train = step("train", { params: { files }, outputs: OUTPUTS, ...members });
        return (await runPipeline(pipeline([train]), options)).steps.train!;
      },
      metadata: async (name = "model") => (await registry.info(name)).metadata,
    });
  });
}

const FILE = { metrics: ["metrics.json"] };

metricsTest(
  "metrics and params of a step are metadata of its output and its record",
  async (here) => {
    const content = '{"accuracy": 0.93, "test": {"loss": 0.2, "ok": true}, "best": "epoch 3"}';
    const metrics = { accuracy: 0.93, test: { loss: 0.2, ok: true }, best: "epoch 3" };
    const files = { "metrics.json": content };
    const ran = await here.run(files, FILE);
    assertEquals([ran.end, ran.metrics], ["ran", metrics]);
    const metadata = await here.metadata();
    assertEquals([metadata.metrics, metadata.params], [metrics, { files }]);
    assertEquals((await here.metadata("nightly:step:train")).metrics, metrics);
    const record = await (await here.registry.open("nightly:step:train")).file("record.json")
      .bytes();
    assertEquals(JSON.parse(new TextDecoder().decode(record)).metrics, metrics);
    const result = await readResult(here.registry, "nightly@1");
    assertEquals(result!.steps.train!.metrics, metrics);

    const skipped = await here.run(files, FILE);
    assertEquals([skipped.end, skipped.metrics], ["skipped", metrics]);
  },
);

metricsTest("without metrics in the configuration, no record has any", async (here) => {
  const ran = await here.run({ "metrics.json": '{"a": 1}' });
  assertEquals([ran.end, "metrics" in ran], ["ran", false]);
  assertEquals("metrics" in await here.metadata(), false);
});

const CONTENTS: [path: string, content: string, metrics: unknown][] = [
  ["m.json", '\ufeff{\r\n\t"a": 1e-7,\r\n\t"b": -0.0\r\n}', { a: 1e-7, b: 0 }],
  [
    "m.json",
    '{"loss": NaN, "most": Infinity, "least": -Infinity, "text": "NaN or \\"Infinity\\"", "n": null}',
    {
      loss: "NaN",
      most: "Infinity",
      least: "-Infinity",
      text: 'NaN or "Infinity"',
      n: null,
    },
  ],
  ["m.json", '{"__proto__": {"constructor": 1}, "a.b": 2, "val/loss": 3}', {
    ["__proto__"]: { constructor: 1 },
    "a.b": 2,
    "val/loss": 3,
  }],
  ["m.yaml", "loss: .nan\nmost: -.inf\nclass:\n  a: {f1: 0.5}\n  no: 'yes'\n", {
    loss: "NaN",
    most: "-Infinity",
    class: { a: { f1: 0.5 }, no: "yes" },
  }],
  ["m.YML", "a: 1\n", { a: 1 }],
  ["m.jsonl", '{"step": 1, "loss": 0.5}\n\n{"step": 2, "loss": 0.25, "val": {"acc": 0.9}}\n', {
    step: 2,
    loss: 0.25,
    val: { acc: 0.9 },
  }],
  ["m.ndjson", '{"step":1,"acc":0.5}\r\n{"step":2,"acc":null,"loss":NaN}', {
    step: 2,
    acc: 0.5,
    loss: "NaN",
  }],
];

for (const [path, content, expected] of CONTENTS) {
  metricsTest(`metrics in ${path}: ${JSON.stringify(content)}`, async (here) => {
    const { end, reason, metrics } = await here.run({ [path]: content }, { metrics: [path] });
    assertEquals([end, reason, JSON.stringify(metrics)], [
      "ran",
      undefined,
      JSON.stringify(expected),
    ]);
  });
}

metricsTest("a pattern names all files that match, and their keys are merged", async (here) => {
  const files = {
    "reports/train.json": '{"train": {"loss": 0.1}}',
    "reports/test.json": '{"test": {"loss": 0.2}}',
    "reports/deep/other.json": '{"other": 1}',
    "curve.jsonl": '{"step": 7}',
  };
  const { metrics } = await here.run(files, { metrics: ["reports/*.json", "*.jsonl"] });
  assertEquals(metrics, { test: { loss: 0.2 }, train: { loss: 0.1 }, step: 7 });
});

metricsTest("a curve of many lines gives its last values", async (here) => {
  const lines = Array.from(
    { length: 20_000 },
    (_, step) => `{"step":${step},"loss":${1 / step}}\n`,
  );
  const { metrics } = await here.run({}, {
    metrics: ["curve.jsonl"],
    startCommand: ["sh", "-c", WRITE_CURVE],
    runAs: "command",
    env: { LAST: lines.at(-1)!.trim() },
  });
  assertEquals(metrics, { step: 19_999, loss: 1 / 19_999 });
});

const WRITE_CURVE = 'echo weights > "$OUTPUT_ROOT/model.bin"\n' +
  'for i in $(seq 20000); do echo "{\\"step\\": $i, \\"loss\\": 1}"; done > "$OUTPUT_ROOT/curve.jsonl"\n' +
  'echo "$LAST" >> "$OUTPUT_ROOT/curve.jsonl"';

const many = (count: number) =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, at])));
const WRONG: [path: string, content: string, reason: string][] = [
  ["m.json", '{\n"a": 1,\n"b" 2}', "line 3: not JSON"],
  ["m.json", '{"a": tru}', "line 1: not JSON"],
  ["m.json", "{'a': 1}", "line 1: not JSON"],
  ["m.json", "", "line 1: not JSON"],
  ["m.json", "{}", "no value was written"],
  ["m.json", "0.5", "line 1: a single value is not an object"],
  ["m.json", "[1, 2]", "line 1: a list is not an object"],
  ["m.json", '{\n"a": 1,\n"b": {"c": [1, 2]}}', 'line 3: key "b.c": a list is not a metric'],
  ["m.json", '{\n"a": 1,\n"a": 2}', 'line 3: duplicate key "a"'],
  [
    "m.json",
    '{"a": 12345678901234567890}',
    "line 1: the number 12345678901234567890 would be rounded",
  ],
  [
    "m.json",
    '{"a":{"b":{"c":{"d":{"e":{"f":1}}}}}}',
    'key "a.b.c.d.e" is nested too deep (5 levels)',
  ],
  ["m.json", `{"a": "${"x".repeat(1_001)}"}`, 'key "a" has 1001 characters, 1000 are allowed'],
  ["m.json", '{"a": "\\ud800"}', 'key "a" is not well-formed Unicode'],
  ["m.json", '{"\\ud800": {"a": 1}}', 'key "\\ud800.a" is not well-formed Unicode'],
  ["m.json", many(1_001), "it has more than 1000 values"],
  ["m.json", `{"${"x".repeat(17_000)}": 1}`, "bytes as JSON, 16384 are allowed"],
  ["m.json", `{"a": 1}${" ".repeat(1024 * 1024)}`, "it has 1048584 bytes, 1048576 are allowed"],
  ["m.yaml", "a: 1\nb: [1\n", "line 3, column 1: Flow sequence"],
  ["m.yaml", "", "document is empty"],
  ["m.yaml", "a: !!python/object:os.system x", 'line 1, column 30: unsupported tag "tag:yaml.org'],
  ["m.jsonl", '{"a": 1}\nloss=3\n', "line 2: not JSON"],
  ["m.jsonl", '{"a": 1}\n[2]\n', "line 2: a list is not an object"],
  ["m.jsonl", '{"a": 1}\n{"a": {"b": 2}}\n', 'key "a.b": it is a value in one place'],
  ["m.jsonl", '{"a": 1, "b": [1]}\n', 'line 1: key "b": a list is not a metric'],
  ["m.jsonl", "\n\n", "it is empty"],
  ["m.jsonl", `{"a": "${"x".repeat(70_000)}"}`, "line 1 exceeds 65536 characters"],
];

for (const [path, content, reason] of WRONG) {
  const name = `${path}: ${JSON.stringify(content).slice(0, 50)}`;
  metricsTest(`wrong metrics fail the step before anything is saved: ${name}`, async (here) => {
    const failed = await here.run({ [path]: content }, { metrics: [path] });
    assertEquals([failed.end, failed.exitCode], ["failed", 3]);
    assertStringIncludes(failed.reason!, `Cannot read metrics "${path}" of step "train": `);
    assertStringIncludes(failed.reason!, reason);
    assertEquals(typeof failed.hint, "string");
    assertEquals(await here.registry.has("model"), false);
    assertEquals(await here.registry.has("nightly:step:train"), false);
  });
}

metricsTest("a missing file of metrics fails the step like a missing output", async (here) => {
  for (const metrics of [["metrics.json"], ["reports/*.json"]]) {
    const failed = await here.run({ "metrics.jsn": "{}" }, { metrics });
    assertEquals(
      failed.reason,
      `Cannot read metrics "${metrics[0]}" of step "train": not found; OUTPUT_ROOT contains ` +
        '"metrics.jsn", "model.bin"',
    );
    assertEquals(await here.registry.has("model"), false);
  }
});

metricsTest("a key of two files is refused", async (here) => {
  const files = { "a.json": '{"x": {"y": 1}}', "b.yaml": "x: {y: 2}" };
  const failed = await here.run(files, { metrics: ["a.json", "b.yaml"] });
  assertStringIncludes(failed.reason!, 'key "x.y" is in "a.json" and in "b.yaml"');
});

metricsTest("links out of OUTPUT_ROOT, folders and pipes are not metrics", async (here) => {
  const { root } = here;
  await Deno.writeTextFile(root.join("outside.json"), '{"secret": 1}');
  const made: [command: string, reason: string][] = [
    [`ln -s "${root.join("outside.json")}"`, "it is a link that leaves OUTPUT_ROOT"],
    ["mkdir", "it is not a file"],
    ["mkfifo", "it is not a file"],
  ];
  for (const [command, reason] of made) {
    const script = `echo 1 > "$OUTPUT_ROOT/model.bin"; ${command} "$OUTPUT_ROOT/metrics.json"`;
    const run = { startCommand: ["sh", "-c", script], runAs: "command" as const };
    const failed = await here.run({}, { ...FILE, ...run });
    assertStringIncludes(failed.reason!, reason);
    assertEquals(await here.registry.has("model"), false);
  }
});

metricsTest("metrics show no secrets", async (here) => {
  const { options } = here;
  const env = (name: string) => name === "KEY" ? "s3cret-value" : undefined;
  const system = { ...(await import("../../../../core/system.ts")).realSystem, env };
  const script = 'echo 1 > "$OUTPUT_ROOT/model.bin"\n' +
    'echo "{\\"used\\": \\"key $KEY\\", \\"$KEY\\": 1}" > "$OUTPUT_ROOT/metrics.json"';
  const train = step("train", {
    outputs: OUTPUTS,
    metrics: ["metrics.json"],
    env: { KEY: { from_env: "KEY" } },
    startCommand: ["/bin/sh", "-c", script],
    runAs: "command",
  });
  const { steps } = await runPipeline(pipeline([train]), { ...options, system });
  assertEquals([steps.train!.reason, steps.train!.metrics], [undefined, {
    used: "key ***",
    "***": 1,
  }]);
  assertEquals(JSON.stringify(await here.metadata()).includes("s3cret"), false);
});

metricsTest("a changed list of metrics makes the step run again", async (here) => {
  const files = { "metrics.json": '{"a": 1}' };
  assertEquals((await here.run(files)).end, "ran");
  const train = step("train", { params: { files }, outputs: OUTPUTS, ...FILE });
  const plan = await planPipeline(pipeline([train]), here.options);
  assertEquals(plan.steps[0]!.reasons, ["code none → metrics metrics.json"]);
  assertEquals((await here.run(files, FILE)).metrics, { a: 1 });
  assertEquals((await here.metadata()).metrics, { a: 1 });
});

const SHARDED = { shards: 3, outputs: { model: "registry:model" }, ...FILE };

metricsTest("metrics of shards are merged", async (here) => {
  const shards: Files[] = [{ "metrics.json": '{"rows": {"0": 5}}' }, {}, {
    "metrics.json": '{"rows": {"2": 7}, "ok": true}',
  }];
  const { end, reason, metrics } = await here.run(shards, SHARDED);
  assertEquals([end, reason, metrics], ["ran", undefined, { rows: { 0: 5, 2: 7 }, ok: true }]);
  assertEquals((await here.metadata()).metrics, metrics);
  const skipped = await here.run(shards, SHARDED);
  assertEquals([skipped.end, skipped.metrics], ["skipped", metrics]);
});

metricsTest("a key of two shards, and metrics of none, fail the step", async (here) => {
  const shards = Array(3).fill({ "metrics.json": '{"rows": 5}' });
  const twice = await here.run(shards, SHARDED);
  assertStringIncludes(twice.reason!, 'key "rows" is in "shard 0" and in "shard 1"');
  const none = await here.run([{}, {}, {}], SHARDED);
  assertStringIncludes(none.reason!, "no shard wrote them");
  assertEquals(await here.registry.has("model"), false);
});
