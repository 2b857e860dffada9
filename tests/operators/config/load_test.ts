import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { loadPipeline } from "../../../operators/config/mod.ts";
import { checkPipeline } from "../../../operators/config/load.ts";
import { RegistryError } from "../../../core/errors.ts";
import { type TempRoot, tempRoot } from "../../support/temp_root.ts";

async function write(root: TempRoot, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(root.join(path, ".."), { recursive: true });
    await Deno.writeTextFile(root.join(path), text);
  }
}

const system = { env: () => undefined };
const REFS =
  `include: common.yaml\npipeline:\n  operators: { refs: ["cleaner_v2.0:v1.0", train] }\n`;
const FOLDER = {
  "conf/pipeline.yaml": REFS,
  "conf/common.yaml":
    "variables: { lr: 0.1 }\npipeline: { pipeline_id: t, work_dir: w, operators: [] }\n",
  "operators/cleaner_v2.0_v1.0.yaml": "params: { keep: 0.5 }\n",
  "operators/train_v1.0.yml": `upstream_dependencies: ["cleaner_v2.0"]\nparams: { lr: "\${lr}" }\n`,
};

Deno.test("a folder is loaded with its includes and refs", async () => {
  await using root = await tempRoot();
  await write(root, FOLDER);
  const { pipeline, files } = await loadPipeline(root.path, { system });
  assertEquals([pipeline.id, pipeline.workDir], ["t", "w"]);
  assertEquals(pipeline.steps.map(({ id, version, params }) => ({ id, version, params })), [
    { id: "cleaner_v2.0", version: "v1.0", params: { keep: 0.5 } },
    { id: "train", version: "v1.0", params: { lr: 0.1 } },
  ]);
  assertEquals(files.length, 4);
});

Deno.test("folders of refs inside conf are reported", async () => {
  await using root = await tempRoot();
  const text = "pipeline: { nodes: { refs: [gpu] }, operators: { refs: [train] } }";
  await write(root, { "conf/pipeline.yaml": text, "conf/operators/train.yaml": "timeout: 5s\n" });
  const [problem, ...more] = (await checkPipeline(root.path, { system })).problems;
  assertEquals(
    problem.message,
    "refs are searched in operators, beside conf, not in conf/operators",
  );
  assertEquals([problem.hint, more], ["Move it: mv conf/operators operators", []]);
  await Deno.rename(root.join("conf/operators"), root.join("operators"));
  assertEquals((await loadPipeline(root.path, { system })).pipeline.steps[0].timeoutMs, 5_000);
});

Deno.test("overrides replace values of files, and --set those of overrides", async () => {
  await using root = await tempRoot();
  await write(root, {
    ...FOLDER,
    "over.yaml": "variables: { lr: 0.2 }\noperators: { cleaner_v2.0: { timeout: 5s } }\n",
  });
  const set = ["operators.cleaner_v2.0.params.keep=0.9", "work_dir=x"];
  const { pipeline } = await loadPipeline(root.path, {
    system,
    overrides: [root.join("over.yaml")],
    set,
  });
  const [clean, train] = pipeline.steps;
  assertEquals([clean.params, clean.timeoutMs, train.params, pipeline.workDir], [
    { keep: 0.9 },
    5_000,
    { lr: 0.2 },
    "x",
  ]);
});

Deno.test("a value of --set is text where YAML would read more than a word or a number", async () => {
  await using root = await tempRoot();
  await write(root, { "pipeline.yaml": "pipeline: { operators: [{ operator_id: a }] }\n" });
  const read = async (value: string) => {
    const set = [`operators.a.params.v=${value}`];
    const { pipeline } = await loadPipeline(root.path, { system, set });
    return pipeline.steps[0].params.v;
  };
  const texts = [
    "#ff0000",
    "run #5",
    "5 # five",
    "Model: best",
    "a:",
    "- a",
    "-",
    "? a",
    "| wc -l",
  ];
  texts.push(">5", ">", "*.csv", "&nbsp;", "@here", "`x`", "%d", "---", "...", "a\nb: c\n# d");
  for (const text of texts) assertEquals(await read(text), text);
  const values: [string, unknown][] = [
    ["", null],
    [" 0.2 ", 0.2],
    ["true", true],
    ["-1", -1],
    ["a#b", "a#b"],
    ["s3://bucket/a", "s3://bucket/a"],
    ["'#ff0000'", "#ff0000"],
    ["[1, a]", [1, "a"]],
    ["{ a: 1 } # as in a file", { a: 1 }],
    ["!!str 5", "5"],
  ];
  for (const [text, value] of values) assertEquals<unknown>(await read(text), value, text);
});

Deno.test("an override of an unknown key is reported with a suggestion", async () => {
  await using root = await tempRoot();
  await Deno.writeTextFile(
    root.join("pipeline.yaml"),
    "variables: { lr: 1 }\npipeline: { operators: [{ operator_id: a }] }",
  );
  const load = async (...set: string[]) => (await checkPipeline(root.path, { set })).problems;
  const [problem] = await load("lr=2");
  assertEquals(problem.message, 'an override sets "lr", which is not a key of a file');
  assertMatch(problem.hint, /^Did you mean variables\.lr\? /);
  assertMatch((await load("variabels.lr=2"))[0].hint, /^Did you mean variables\? /);
  assertEquals(await load("variables.lr=2", "operators.a.params.x=1", "work_dir=there"), []);
});

Deno.test("a mistyped variable of --set is reported, one that a value uses is not", async () => {
  await using root = await tempRoot();
  await Deno.writeTextFile(
    root.join("pipeline.yaml"),
    "variables: { numbers: 1, all: { lr: 1 } }\npipeline: { operators: [{ operator_id: a, params: " +
      '{ n: "${numbers}", day: "${day}", rate: "${all}" } }] }',
  );
  const load = async (...set: string[]) =>
    (await checkPipeline(root.path, { set: ["variables.day=x", ...set] })).problems;
  const [problem, ...others] = await load("variables.number=2");
  assertEquals(problem.message, "an override sets variables.number, which no value refers to");
  assertMatch(problem.hint, /^Did you mean numbers\? /);
  assertEquals(others, []);
  assertEquals(await load("variables.numbers=2", "variables.all.more=1"), []);
  assertEquals(await load("variables.own=2", "operators.a.params.n=${own}"), []);
});

Deno.test("an override in another encoding is refused", async () => {
  await using root = await tempRoot();
  await write(root, { "pipeline.yaml": "pipeline: { operators: [{ operator_id: a }] }\n" });
  await Deno.writeFile(root.join("o.yaml"), Uint8Array.of(0x61, 0x3a, 0x20, 0xe9));
  const overrides = [root.join("o.yaml")];
  await assertRejects(
    () => checkPipeline(root.path, { system, overrides }),
    RegistryError,
    "o.yaml: it is not UTF-8",
  );
});

Deno.test("an override from a URL is refused without its query", async () => {
  await using root = await tempRoot();
  await write(root, { "pipeline.yaml": "pipeline: { operators: [{ operator_id: a }] }\n" });
  const error = await assertRejects(
    () => checkPipeline(root.path, { system, overrides: ["s3://b/o.yaml?signature=x"] }),
    RegistryError,
    "Cannot read overrides from s3://b/o.yaml: it is a URL",
  );
  assertStringIncludes(error.hint!, "Download it");
});

Deno.test("files that include each other many times are refused", async () => {
  await using root = await tempRoot();
  const files = Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [`${i}.yaml`, `include: [${`${i + 1}.yaml, `.repeat(3)}]`]),
  );
  const main = "include: 0.yaml\npipeline: { operators: [{ operator_id: a }] }\n";
  await write(root, { ...files, "8.yaml": "variables: {}\n", "pipeline.yaml": main });
  const [{ message }] = (await checkPipeline(root.path, { system, cwd: root.path })).problems;
  assertEquals(message, "more than 100 files are included");
});

Deno.test("missing, outside and circular includes are reported where they are named", async () => {
  await using root = await tempRoot();
  await write(root, {
    ...FOLDER,
    "secret.yaml": "{}\n",
    "in/pipeline.yaml": "include: ../secret.yaml\npipeline: {}\n",
  });
  await Deno.remove(root.join("operators/train_v1.0.yml"));
  const [missing] = (await checkPipeline(root.path, { system, cwd: root.path })).problems;
  assertEquals([missing.file, missing.line, missing.column], ["conf/pipeline.yaml", 3, 44]);
  const [outside] = (await checkPipeline(root.join("in"), { system, cwd: root.path })).problems;
  assertMatch(outside.message, /outside of that folder/);
  await write(root, { "in/pipeline.yaml": "include: link.yaml\npipeline: {}\n" });
  await Deno.symlink(root.join("secret.yaml"), root.join("in/link.yaml"));
  const [linked] = (await checkPipeline(root.join("in"), { system, cwd: root.path })).problems;
  assertMatch(linked.message, /outside of that folder/);
  await write(root, { "conf/common.yaml": "include: pipeline.yaml\n" });
  const [cycle] = (await checkPipeline(root.path, { system, cwd: root.path })).problems;
  assertMatch(cycle.message, /conf\/pipeline.yaml → conf\/common.yaml → conf\/pipeline.yaml/);
  const error = await assertRejects(
    () => loadPipeline(root.join("none"), { system }),
    RegistryError,
  );
  assertEquals(error.code, "NotFound");
});

Deno.test("short refs beside a folder of code say why they are searched there", async () => {
  await using root = await tempRoot();
  await write(root, {
    "pipeline.yaml": "pipeline: { operators: { refs: [train] } }\n",
    "operators/train.ts": "",
  });
  const error = await assertRejects(() => loadPipeline(root.path, { system }), RegistryError);
  assertStringIncludes(
    `${error.message} ${error.hint}`,
    "rename the folder operators: with this folder, each ref is a file in it",
  );
});
