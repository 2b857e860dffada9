import { assertEquals, assertMatch } from "@std/assert";
import { findState } from "../../../operators/runner/reasons.ts";
import { addSuccess } from "../../../operators/runner/success.ts";
import type { PipelineStep } from "../../../operators/contract/pipeline.ts";
import { planPipeline, runPipeline } from "../../../operators/runner/mod.ts";
import { add, pipeline, step } from "./pipelines.ts";
import { testInWorld } from "./world.ts";

testInWorld("a forced step is not repeated by a second delivery", async (here) => {
  const { registry } = here;
  const context = { ...here, pipeline: pipeline([]), signal: new AbortController().signal };
  const planned = { previous: null, reasons: ["forced"] };
  const find = (previous: string | null) =>
    findState(step("clean"), { ...planned, previous }, { inputs: {} }, context);
  const { effect, fingerprint, done } = await find(null);
  assertEquals(done, undefined);
  const facts = { run: "nightly@1", step: "clean", node: "here", operator: "clean", attempt: 1 };
  const record = { ...facts, fingerprint, effect, startedAt: "", durationMs: 1, outputs: {} };
  await addSuccess({ ...record, kind: "step" }, undefined, context, { inputs: [], beside: {} });
  assertEquals((await find(null)).done?.record.effect, effect);
  const { commit } = await registry.info("nightly:step:clean");
  assertEquals((await find(commit)).done, undefined, "the next run has another effect");
});

/** Changes of what a step runs, and the reason in a plan. */
const CHANGES: Record<string, [before: Partial<PipelineStep>, now: Partial<PipelineStep>]> = {
  "operator cleaner_v1 → operator cleaner_v2": [
    { operator: "cleaner_v1" },
    { operator: "cleaner_v2" },
  ],
  "none → operator cleaner_v2": [{}, { operator: "cleaner_v2" }],
  "operator version 2 → operator cleaner_v2": [
    { operator: "versioned", id: "versioned" },
    { operator: "cleaner_v2", id: "versioned" },
  ],
  "none → as command": [{}, { runAs: "command" }],
  "uv trainer, trainer/uv.lock 6b86b273ff34 → none": [
    { runAs: "command", environment: { kind: "uv", name: "trainer" } },
    { runAs: "command" },
  ],
  "uv trainer, trainer/uv.lock 6b86b273ff34 → uv other": [
    { runAs: "command", environment: { kind: "uv", name: "trainer" } },
    { runAs: "command", environment: { kind: "uv", name: "other" } },
  ],
};

for (const [change, steps] of Object.entries(CHANGES)) {
  testInWorld(`a step runs again if what it runs has changed: ${change}`, async (here, root) => {
    for (const name of ["cleaner_v1", "cleaner_v2"]) add(here.operators, name, () => {});
    here.operators.register("versioned", { run: () => {}, command: () => ["true"], version: "2" });
    for (const name of ["trainer", "other"]) {
      await Deno.mkdir(root.join(name, ".venv/bin"), { recursive: true });
      await Deno.writeTextFile(root.join(name, ".venv/pyvenv.cfg"), "");
    }
    await Deno.writeTextFile(root.join("trainer/uv.lock"), "1");
    const [before, now] = steps.map((members) => pipeline([step("clean", members)]));
    await runPipeline(before, here);
    assertEquals((await planPipeline(before, here)).steps[0].decision, "skip");
    assertEquals((await planPipeline(now, here)).steps[0].reasons, [`code ${change}`]);
    assertEquals(Object.values((await runPipeline(now, here)).steps)[0].end, "ran");
  });
}

testInWorld("a parameter and a variable of one name are two values", async (here) => {
  const cases: [before: Partial<PipelineStep>, now: Partial<PipelineStep>, reasons: string[]][] = [
    [
      { params: { env: "prod" }, env: { A: "1" } },
      { params: { env: "test" }, env: { A: "1" } },
      ['params.env "prod" → "test"'],
    ],
    [
      { params: { env: { A: "1" } } },
      { env: { A: "1" } },
      ['params.env {"A":"1"} → none', 'env.A none → "1"'],
    ],
    [{ env: { A: "1" } }, { params: { env: { A: "1" } }, env: { A: "1" } }, [
      'params.env none → {"A":"1"}',
    ]],
  ];
  for (const [index, [before, now, reasons]] of cases.entries()) {
    const of = (members: Partial<PipelineStep>) =>
      pipeline([step("clean", members)], { id: `p${index}` });
    await runPipeline(of(before), here);
    assertEquals((await planPipeline(of(now), here)).steps[0].reasons, reasons);
    const { steps } = await runPipeline(of(now), here);
    assertEquals(Object.values(steps)[0].end, "ran");
  }
});

/** Scripts that name one of the files below. */
const NAMING = [
  'sh "my file"',
  "sh 'my file' > log",
  "sh my\\ file",
  'sh -c "cat conf.txt"',
  "cat >out<conf.txt",
  "cat>$OUTPUT_ROOT/out<conf.txt",
  "echo $(cat conf.txt)",
  "sh --config=conf.txt",
  "cd sub && cat b.txt",
  "(cd 'sub'; cat < ./b.txt)",
  "python -m sub.train --all",
  "python -m sub",
  "cd sub && python -m train",
];
const FILES = ["my file", "conf.txt", "sub/b.txt", "sub/train.py", "sub/__main__.py"];

testInWorld("a script that names a file runs again when the file changes", async (here, root) => {
  await Deno.mkdir(root.join("sub"));
  for (const [index, script] of NAMING.entries()) {
    for (const name of FILES) await Deno.writeTextFile(root.join(name), "1");
    const startCommand = ["true", script];
    const steps = pipeline([step("clean", { runAs: "command", startCommand })], {
      id: `p${index}`,
    });
    await runPipeline(steps, here);
    assertEquals((await planPipeline(steps, here)).steps[0].reasons, [], script);
    for (const name of FILES) await Deno.writeTextFile(root.join(name), "2");
    const [reason = ""] = (await planPipeline(steps, here)).steps[0].reasons;
    assertMatch(reason, /^code (my file|conf.txt|sub\/\S+) /, script);
  }
});

testInWorld("new packages in the environment of a command run it again", async (here, root) => {
  await Deno.mkdir(root.join(".venv/bin"), { recursive: true });
  await Deno.writeTextFile(root.join(".venv/pyvenv.cfg"), "");
  const environment = { kind: "uv" } as const;
  const steps = [
    step("clean", { runAs: "command", environment }),
    step("train", { environment }), // runs on the thread, without the environment
  ];
  await runPipeline(pipeline(steps), here);
  await Deno.writeTextFile(root.join("uv.lock"), "2");
  const plan = await planPipeline(pipeline(steps), here);
  assertEquals(plan.steps.map(({ reasons }) => reasons), [
    ["code none → uv.lock d4735e3a265e"],
    [],
  ]);
});

/** Scripts of a step, with the number of its shards. The plan is made while `train.sh` is `true`. */
const EDITS: Record<string, [script: string, shards: number]> = {
  "before the step starts": ["sh train.sh", 1],
  "while the step runs": ["sh train.sh; echo false > train.sh", 1],
  "only for one shard": [
    'case $HOLDFAST_SHARD in 0/3) echo "true #" > train.sh;; 1/3) echo true > train.sh;; esac',
    3,
  ],
};

for (const [when, [script, shards]] of Object.entries(EDITS)) {
  testInWorld(
    `a step whose code was edited ${when} runs again after that is undone`,
    async (here, root) => {
      const write = (text: string) => Deno.writeTextFile(root.join("train.sh"), `${text}\n`);
      await write("true");
      add(
        here.operators,
        "edit",
        () => when.startsWith("before") ? write("true # edited") : undefined,
      );
      const startCommand = ["sh", "-c", `${script} # train.sh`];
      const train = step("train", { runAs: "command", startCommand, upstream: ["edit"], shards });
      const nodes = [{ id: "here", runnerCount: 1, resources: {} }];
      const steps = pipeline([step("edit"), train], { nodes });
      assertEquals((await runPipeline(steps, here)).end, "ok");
      await write("true");
      const reasons = async () => (await planPipeline(steps, here)).steps[1].reasons;
      assertEquals(await reasons(), ["code changed during the run → none"]);
      if (!when.startsWith("before")) {
        return;
      }
      assertEquals((await runPipeline(steps, here)).steps.train.end, "ran");
      assertEquals(await reasons(), [], "it ran with the code of its plan");
    },
  );
}

testInWorld(
  "a step whose worker has none of the files of its command is not run again for that",
  async (here, root) => {
    const write = () => Deno.writeTextFile(root.join("train.sh"), "true\n");
    await write();
    add(here.operators, "elsewhere", () => Deno.remove(root.join("train.sh")));
    const startCommand = ["sh", "-c", "true # train.sh"];
    const train = step("train", { runAs: "command", startCommand, upstream: ["elsewhere"] });
    const steps = pipeline([step("elsewhere"), train]);
    assertEquals((await runPipeline(steps, here)).end, "ok");
    await write();
    assertEquals((await planPipeline(steps, here)).steps[1].reasons, []);
  },
);
