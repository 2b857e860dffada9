import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Pipeline } from "../../../../operators/contract/pipeline.ts";
import { createOperators, defineOperator } from "../../../../operators/mod.ts";
import { planPipeline, runPipeline } from "../../../../operators/runner/mod.ts";
import { openRegistry, type Registry } from "../../../../mod.ts";
import { rejected } from "../../../registry/rejected.ts";
import { type TempRoot, testInRoot } from "../../../support/temp_root.ts";
import { pipeline, step } from "../pipelines.ts";

/** Runs a test with a registry, an operator that writes the files of its parameter, and one that lists what it reads. */
function outputTest(name: string, test: (here: Here) => Promise<void>): void {
  testInRoot(name, async (root) => {
    await using registry = await openRegistry("memory:");
    const command = () => ["true"];
    const operators = createOperators();
    operators.register(
      "write",
      defineOperator({
        run({ outputRoot, params, shard }) {
          const { files } = params as { files: string[] | string[][] };
          for (const path of (shard === undefined ? files : files[shard.index]) as string[]) {
            Deno.mkdirSync(`${outputRoot}/${path}`.replace(/[^/]*$/, ""), { recursive: true });
            if (!path.endsWith("/")) Deno.writeTextFileSync(`${outputRoot}/${path}`, path);
          }
        },
        command,
      }),
    );
    const read: string[][] = [];
    operators.register(
      "read",
      defineOperator({ run: ({ inputRoot }) => void read.push(filesBelow(inputRoot)), command }),
    );
    const run = async (one: Pipeline) =>
      (await runPipeline(one, { registry, operators, root: root.path })).steps;
    await test({ registry, root, read, run, options: { registry, operators, root: root.path } });
  });
}

interface Here {
  registry: Registry;
  root: TempRoot;
  /** The input that each reading step has seen. */
  read: string[][];
  run(one: Pipeline): Promise<Awaited<ReturnType<typeof runPipeline>>["steps"]>;
  options: Parameters<typeof runPipeline>[1];
}

function filesBelow(folder: string, under = ""): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name }) => {
    const path = `${folder}/${name}`;
    return Deno.statSync(path).isDirectory
      ? filesBelow(path, `${under}${name}/`)
      : [`${under}${name}`];
  }).sort();
}

const write = (files: unknown, outputs: Record<string, string>, members = {}) =>
  step("write", { params: { files: files as string[] }, outputs, ...members });

outputTest("a missing output fails the step, and nothing is published", async (here) => {
  const steps = await here.run(
    pipeline([write(["a.csv", "deep/b.csv"], { data: "registry:data" })]),
  );
  assertEquals([steps.write.end, steps.write.exitCode], ["failed", 3]);
  assertEquals(
    steps.write.reason,
    'Cannot save output "data" of step "write": not found; OUTPUT_ROOT contains "a.csv", "deep/"',
  );
  assertStringIncludes(steps.write.hint!, '"."');
  assertEquals(await here.registry.has("data"), false);
  assertEquals(await here.registry.has("nightly:step:write"), false);
});

outputTest(
  "one missing output of two fails the step before the other is published",
  async (here) => {
    const both = { "a.csv": "registry:a", "b.csv": "./b.csv" };
    const { write: failed } = await here.run(pipeline([write(["a.csv"], both)]));
    assertStringIncludes(
      failed.reason!,
      'output "b.csv" of step "write": not found; OUTPUT_ROOT contains "a.csv"',
    );
    assertEquals(await here.registry.has("a"), false);
  },
);

outputTest("an empty OUTPUT_ROOT is not an output", async (here) => {
  const { write: failed } = await here.run(pipeline([write([], { ".": "registry:data" })]));
  assertEquals(failed.reason, 'Cannot save output "." of step "write": OUTPUT_ROOT is empty');
  assertEquals(await here.registry.has("data"), false);
  const { write: ran } = await here.run(pipeline([write([], {})]));
  assertEquals([ran.end, ran.outputs], ["ran", {}]);
});

outputTest("keys are paths below OUTPUT_ROOT, and . is all of it", async ({ run, registry }) => {
  const written = ["model.json", "deep/log.txt"];
  const only = await run(pipeline([write(written, { "model.json": "registry:only" })]));
  assertEquals(only.write.outputs, { "model.json": "only@1.0.0" });
  const all = await run(pipeline([write(written, { ".": "registry:all" })]));
  assertEquals(all.write.outputs, { ".": "all@1.0.0" });
  const deep = await run(
    pipeline([write(written, { deep: "registry:deep", "model.json": "registry:both" })]),
  );
  assertEquals(deep.write.outputs, { deep: "deep@1.0.0", "model.json": "both@1.0.0" });
  const none = await run(pipeline([write([...written, "more"], {})]));
  assertEquals(none.write.outputs, { ".": "nightly:output:write@1.0.0" });
  const files = async (name: string) =>
    (await registry.open(name)).files().map(({ info }) => info.path);
  assertEquals(await files("only"), ["model.json"]);
  assertEquals(await files("all"), ["deep/log.txt", "model.json"]);
  assertEquals(await files("deep"), ["log.txt"]);
  assertEquals(await files("both"), ["model.json"]);
  assertEquals(await files("nightly:output:write"), ["deep/log.txt", "model.json", "more"]);
});

const KEPT: { kept: string; outputs: Record<string, string>; all: string[] }[] = [
  {
    kept: "in the registry",
    outputs: { "deep/a.txt": "registry:a", more: "registry:m" },
    all: ["deep/a.txt", "more/b"],
  },
  {
    kept: "at paths",
    outputs: { "deep/a.txt": "./kept.txt", more: "./m" },
    all: ["deep/a.txt", "more/b"],
  },
  { kept: "as one file elsewhere", outputs: { "deep/a.txt": "./kept.txt" }, all: ["deep/a.txt"] },
  { kept: "as one version", outputs: { "deep/a.txt": "registry:a" }, all: ["deep/a.txt"] },
  { kept: "as one folder", outputs: { more: "registry:m" }, all: ["more/b"] },
  { kept: "as a whole", outputs: { ".": "./kept" }, all: ["deep/a.txt", "more/b"] },
  { kept: "by no output", outputs: {}, all: ["deep/a.txt", "more/b"] },
];

for (const { kept, outputs, all } of KEPT) {
  outputTest(
    `step:write delivers files at the paths where they were written: kept ${kept}`,
    async (here) => {
      const reads = (from: string) =>
        pipeline([
          write(["deep/a.txt", "more/b"], outputs),
          step("read", { inputs: { data: from } }),
        ]);
      const steps = await here.run(reads("step:write"));
      assertEquals([steps.read.end, here.read], ["ran", [all]]);
      assertEquals((await here.run(reads("step:write"))).read.end, "skipped");
      for (const key of Object.keys(outputs).filter((key) => key !== ".")) {
        await here.run(reads(`step:write.${key}`));
        assertEquals(here.read.at(-1), [key === "more" ? "b" : "a.txt"], key);
      }
    },
  );
}

outputTest("a shard may omit an output, but not all shards", async ({ run, registry }) => {
  const shared = (files: string[][], outputs: Record<string, string>) =>
    pipeline([write(files, outputs, { shards: 2, params: { files } })]);
  const whole = await run(shared([["a/0"], []], { ".": "registry:some" }));
  assertEquals(whole.write.end, "ran");
  const apart = await run(shared([["a/0"], ["b/1"]], { a: "registry:a", b: "registry:b" }));
  assertEquals(apart.write.outputs, { a: "a@1.0.0", b: "b@1.0.0" });
  const other = await run(shared([["a/0"], ["c/1"]], { a: "registry:other" }));
  assertStringIncludes(
    other.write.reason!,
    'output "a" of step "write": not found; OUTPUT_ROOT contains "c/"',
  );
  for (const files of [[["a/0"], ["a/1"]], [["a/2"], []]]) {
    const nobody = await run(shared(files, { a: "registry:with", b: "registry:nobody" }));
    assertEquals(nobody.write.reason, 'Cannot save output "b" of step "write": no shard wrote it');
    assertEquals([await registry.has("with"), await registry.has("nobody")], [false, false]);
  }
  const written = await run(
    shared([["a/0", "b/0"], ["a/1"]], { a: "registry:with", b: "registry:nobody" }),
  );
  assertEquals(written.write.end, "ran");
});

outputTest("invalid and overlapping keys are refused before anything runs", async (here) => {
  const wrong: Record<string, string>[] = [
    { "../out": "registry:a" },
    { "/out": "registry:a" },
    { "": "registry:a" },
    { ".": "registry:a", "a.csv": "registry:b" },
    { deep: "registry:a", "deep/b.csv": "registry:b" },
    { ".": "s3://bucket/one" },
  ];
  for (const outputs of wrong) {
    const planning = planPipeline(pipeline([write([], outputs)]), here.options);
    const { message } = await rejected("Invalid", planning);
    assertStringIncludes(message, 'Cannot run pipeline "nightly": output ');
  }
});
