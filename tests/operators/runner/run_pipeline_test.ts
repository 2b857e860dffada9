import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { isRegistryError, openRegistry, RegistryError } from "../../../mod.ts";
import type { Registry } from "../../../mod.ts";
import { createOperators } from "../../../operators/mod.ts";
import type { OperatorContext, Operators } from "../../../operators/mod.ts";
import { cancelRun, planPipeline, readResult, runPipeline } from "../../../operators/runner/mod.ts";
import type { RunEvent } from "../../../operators/runner/mod.ts";
import { realSystem } from "../../../core/system.ts";
import { testInRoot } from "../../support/temp_root.ts";
import type { TempRoot } from "../../support/temp_root.ts";
import { pipeline, step } from "./pipelines.ts";

interface World extends AsyncDisposable {
  registry: Registry;
  operators: Operators;
  root: string;
  /** Which operators ran, in order. */
  ran: string[];
}

/** Operators that join what they read, a parameter and their own id. */
async function world(root: TempRoot): Promise<World> {
  const registry = await openRegistry("memory:");
  const operators = createOperators();
  const ran: string[] = [];
  const join = {
    async run(context: OperatorContext) {
      ran.push(context.operatorId);
      const { lr = "" } = context.params as { lr?: number };
      const read = await readAll(context.inputRoot);
      await Deno.writeTextFile(`${context.outputRoot}/text`, `${read}${context.operatorId}${lr} `);
    },
    command: () => ["true"],
  };
  for (const name of ["clean", "train", "report"]) operators.register(name, join);
  return { registry, operators, root: root.path, ran, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() };
}

async function readAll(folder: string): Promise<string> {
  const texts: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    texts.push((await Deno.stat(path)).isDirectory ? await readAll(path) : await Deno.readTextFile(path));
  }
  return texts.sort().join("");
}

function threeSteps(lr = 0.1) {
  return pipeline([
    step("clean", { inputs: { data: "registry:data:raw" } }),
    step("train", { upstream: ["clean"], params: { lr } }),
    step("report", { upstream: ["clean"], outputs: { text: "registry:data:report" } }),
  ]);
}

async function textOf(registry: Registry, ref: string): Promise<string> {
  return new TextDecoder().decode(await (await registry.open(ref)).file("text").bytes());
}

const ends = (steps: Record<string, { end: string }>) =>
  Object.fromEntries(Object.entries(steps).map(([id, { end }]) => [id, end]));

testInRoot("the first run does all, the second nothing, the third what a changed parameter touches", async (root) => {
  await using here = await world(root);
  const { registry } = here;
  await registry.save("data:raw", "raw ");
  const first = await runPipeline(threeSteps(), here);
  assertEquals([first.run, first.end], ["nightly@1", "ok"]);
  assertEquals(ends(first.steps), { clean: "ran", train: "ran", report: "ran" });
  assertEquals(await textOf(registry, "nightly:output:train"), "raw clean train0.1 ");
  assertEquals(await textOf(registry, "data:report"), "raw clean report ");

  const second = await runPipeline(threeSteps(), here);
  assertEquals(ends(second.steps), { clean: "skipped", train: "skipped", report: "skipped" });
  assertEquals(Object.values(second.steps).map(({ reason }) => reason), Array(3).fill("nothing changed"));

  const plan = await planPipeline(threeSteps(0.2), here);
  assertEquals(plan.steps.map(({ step, decision, reasons }) => [step, decision, ...reasons]), [
    ["clean", "skip"],
    ["train", "run", "params.lr 0.1 → 0.2"],
    ["report", "skip"],
  ]);
  const third = await runPipeline(threeSteps(0.2), here);
  assertEquals(ends(third.steps), { clean: "skipped", train: "ran", report: "skipped" });
  assertEquals(here.ran.sort(), ["clean", "report", "train", "train"]);
  assertEquals(await Array.fromAsync(registry.versions("nightly:output:train"), ({ version }) => version), [
    "2.0.0",
    "1.0.0",
  ]);
});

testInRoot("each reason is told, several at once, and by digests only", async (root) => {
  await using here = await world(root);
  const { registry, operators } = here;
  await registry.save("data:raw", "raw ");
  const reasonsOf = async (...args: Parameters<typeof planPipeline>) =>
    Object.fromEntries((await planPipeline(...args)).steps.map(({ step, reasons }) => [step, reasons]));
  assertEquals((await reasonsOf(threeSteps(), here)).clean, ["never ran"]);
  await runPipeline(threeSteps(), here);

  const before = (await registry.info("data:raw")).digest.slice(0, 8);
  await registry.save("data:raw", "other ");
  const now = (await registry.info("data:raw")).digest.slice(0, 8);
  const inputs = `inputs changed: data:raw ${before}… → ${now}…`;
  assertEquals(await reasonsOf(threeSteps(), here), {
    clean: [inputs],
    train: ["upstream runs: clean"],
    report: ["upstream runs: clean"],
  });
  const changed = threeSteps();
  changed.steps[0].version = "v1.1";
  changed.steps[0].params = { drop: { na: true } };
  assertEquals((await reasonsOf(changed, { ...here, force: ["clean"] })).clean, [
    "forced",
    inputs,
    'params.drop none → {"na":true}',
    "code v1.0 → v1.1",
  ]);
  changed.steps[0].rerun = ["code"];
  assertEquals((await reasonsOf(changed, here)).clean, ["code v1.0 → v1.1"]);

  await registry.delete("data:report@1.0.0");
  const sameData = threeSteps();
  sameData.steps[0].rerun = [];
  assertEquals((await reasonsOf(sameData, here)).report, ["output gone: data:report@1.0.0"]);
  sameData.steps[2].outputs = { text: "registry:data:summary" };
  assertEquals((await reasonsOf(sameData, here)).report, [
    "output new: registry:data:summary",
    "output gone: data:report@1.0.0",
  ]);
  assertEquals(operators.names(), ["clean", "train", "report"]);
});

testInRoot("an upstream step that writes what it wrote before makes nobody run", async (root) => {
  await using here = await world(root);
  await here.registry.save("data:raw", "raw ");
  await runPipeline(threeSteps(), here);
  const forced = await runPipeline(threeSteps(), { ...here, force: ["clean"] });
  assertEquals(ends(forced.steps), { clean: "ran", train: "skipped", report: "skipped" });
});

testInRoot("outputs have lineage: exact versions with digests, and what they were made with", async (root) => {
  await using here = await world(root);
  const { registry } = here;
  const raw = await registry.save("data:raw", "raw ");
  await runPipeline(threeSteps(), here);
  const clean = await registry.info("nightly:output:clean");
  assertEquals(clean.inputs, [{ ref: "data:raw@1.0.0", digest: raw.digest }]);
  const train = await registry.info("nightly:output:train");
  assertEquals(train.inputs, [{ ref: "nightly:output:clean@1.0.0", digest: clean.digest }]);
  const { pipeline, run, step, operator, code, params } = train.metadata;
  assertEquals([pipeline, run, step, operator, code, params], [
    "nightly",
    "nightly@1",
    "train",
    "train",
    "v1.0",
    { lr: 0.1 },
  ]);
});

testInRoot("a failed step blocks what depends on it; the rest goes on, and its failure is on record", async (root) => {
  await using here = await world(root);
  const { registry, operators } = here;
  operators.register("broken", {
    run({ logger }) {
      logger.info("about to fail");
      return 2;
    },
    command: () => ["false"],
  });
  const steps = [step("broken"), step("train", { upstream: ["broken"] }), step("report")];
  const result = await runPipeline(pipeline(steps), here);
  assertEquals(result.end, "failed");
  assertEquals(ends(result.steps), { broken: "failed", train: "blocked", report: "ran" });
  assertEquals([result.steps.broken.exitCode, result.steps.broken.exit], [2, "input"]);
  assertEquals(result.steps.train.reason, "step broken has no success");
  const failure = await registry.open(result.steps.broken.record!);
  assertStringIncludes(new TextDecoder().decode(await failure.file("log.txt").bytes()), "info about to fail");
  assertEquals(failure.info.metadata.exitCode, 2);
  assertEquals((await readResult(registry, "nightly@1"))?.end, "failed");
});

testInRoot("a failure that may pass is tried again, each attempt on record", async (root) => {
  await using here = await world(root);
  const { registry, operators } = here;
  let calls = 0;
  operators.register("shaky", { run: () => ++calls < 3 ? 4 : 0, command: () => ["true"] });
  const waits: number[] = [];
  const system = {
    ...realSystem,
    random: () => 1,
    sleep: (ms: number, signal?: AbortSignal) => {
      if (ms === 2000) return realSystem.sleep(1_000_000, signal); // the look for a cancellation
      waits.push(ms);
      return Promise.resolve();
    },
  };
  const steps = [step("shaky", { retries: { attempts: 3, backoffMs: 100, exitCodes: [4] } })];
  const result = await runPipeline(pipeline(steps), { ...here, system });
  assertEquals([result.steps.shaky.end, result.steps.shaky.attempts], ["ran", 3]);
  assertEquals(waits, [100, 200]);
  assertEquals((await Array.fromAsync(registry.versions("nightly:failure:shaky"))).length, 2);
});

testInRoot("steps run beside one another as far as their node and the machine allow", async (root) => {
  await using here = await world(root);
  let running = 0, most = 0, expected = 3;
  let full = Promise.withResolvers<void>();
  here.operators.register("count", {
    async run() {
      most = Math.max(most, ++running);
      if (running === expected) full.resolve();
      await full.promise; // so many come together
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    },
    command: () => ["true"],
  });
  const many = (resources = {}) => Array.from({ length: 8 }, (_, i) => step(`s${i}`, { operator: "count", resources }));
  const machine = { cores: 4, memoryBytes: 1000 };
  await runPipeline(pipeline(many(), { nodes: [{ id: "here", runnerCount: 3, resources: {} }] }), { ...here, machine });
  assertEquals(most, 3);
  most = 0, expected = 2, full = Promise.withResolvers();
  await runPipeline(pipeline(many({ cpuRequest: 2 }), { id: "cores" }), { ...here, machine });
  assertEquals(most, 2);
  await assertRejects(
    () => runPipeline(pipeline(many({ memoryRequest: 2000 }), { id: "large" }), { ...here, machine }),
    RegistryError,
    "asks for 2000 of memory, this machine has 1000",
  );
  assert(!await here.registry.has("large:run"), "nothing ran");
});

testInRoot("a run that somebody cancels ends, and what it did stays done", async (root) => {
  await using here = await world(root);
  const { registry, operators } = here;
  const started = Promise.withResolvers<void>();
  operators.register("endless", {
    run: ({ signal }) => {
      const aborted = new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      started.resolve();
      return aborted;
    },
    command: () => ["true"],
  });
  const looks: (() => void)[] = [];
  const system = {
    ...realSystem,
    sleep: (ms: number, signal?: AbortSignal) =>
      ms !== 2000 ? realSystem.sleep(ms, signal) : new Promise<void>((resolve, reject) => {
        looks.push(resolve);
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
  };
  const steps = [step("clean"), step("endless", { upstream: ["clean"] }), step("report", { upstream: ["endless"] })];
  const running = runPipeline(pipeline(steps), { ...here, system });
  await started.promise;
  assertEquals([await cancelRun(registry, "nightly@1"), await cancelRun(registry, "nightly@1")], [true, false]);
  looks[0]();
  const result = await running;
  assertEquals([result.end, ends(result.steps)], ["cancelled", {
    clean: "ran",
    endless: "cancelled",
    report: "cancelled",
  }]);
  assertEquals((await Array.fromAsync(Deno.readDir(root.path))).length <= 1, true);
});

testInRoot("an abort ends the run, which keeps how far it came, and throws the reason", async (root) => {
  await using here = await world(root);
  const stop = new AbortController();
  const reason = new Error("enough: now");
  here.operators.register("stopped", {
    run({ signal }) {
      stop.abort(reason);
      signal.throwIfAborted();
    },
    command: () => ["true"],
  });
  const steps = [step("stopped"), step("train", { upstream: ["stopped"] })];
  const error = await runPipeline(pipeline(steps), { ...here, signal: stop.signal }).catch((error) => error);
  assertEquals(error, reason);
  assertEquals((await readResult(here.registry, "nightly@1"))?.end, "cancelled");
});

testInRoot("secrets reach the operator, and no record, plan or log", async (root) => {
  await using here = await world(root);
  const { registry, operators } = here;
  const seen: unknown[] = [];
  operators.register("login", {
    run({ params, env, logger, outputRoot }) {
      seen.push(params, env);
      logger.info("token is hunter2hunter2, key is correct-horse");
      Deno.writeTextFileSync(`${outputRoot}/done`, "");
      throw new Error("Cannot log in: correct-horse was refused");
    },
    command: () => ["true"],
  });
  const system = { ...realSystem, env: (name: string) => name === "KEY" ? "correct-horse" : undefined };
  const secrets = { params: { token: `base64://${btoa("hunter2hunter2")}` }, env: { KEY: { from_env: "KEY" } } };
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent) => events.push(event);
  const result = await runPipeline(pipeline([step("login", secrets)]), { ...here, system, onEvent });
  assertEquals(seen, [{ token: "hunter2hunter2" }, { KEY: "correct-horse" }]);
  const kept = [JSON.stringify([result, events])];
  for await (const name of registry.names()) {
    const { info, files } = await registry.open(name);
    kept.push(JSON.stringify(info));
    for (const file of (await registry.open(name)).files()) kept.push(new TextDecoder().decode(await file.bytes()));
    assert(files !== undefined);
  }
  assertStringIncludes(kept.join(), "Cannot log in: *** was refused");
  for (const secret of ["hunter2", btoa("hunter2hunter2"), "correct-horse"]) {
    assert(!kept.join().includes(secret), secret);
  }
});

testInRoot(
  "inputs and outputs can be paths: an output appears whole, and replaces only what is its own",
  async (root) => {
    await using here = await world(root);
    await Deno.mkdir(root.join("data"));
    await Deno.writeTextFile(root.join("data", "a"), "a ");
    await Deno.mkdir(root.join("out"));
    await Deno.writeTextFile(root.join("out", "precious"), "mine");
    const paths = (lr: number) =>
      pipeline([
        step("clean", { inputs: { data: "data" }, outputs: { out: "out" }, params: { lr } }),
        step("train", { inputs: { text: "step:clean" } }),
      ]);
    await runPipeline(paths(1), here);
    assertEquals(await Deno.readTextFile(root.join("out", "text")), "a clean1 ");
    const kept = [...Deno.readDirSync(root.path)].map(({ name }) => name).find((name) =>
      name.startsWith("out.before-")
    )!;
    assertEquals(await Deno.readTextFile(root.join(kept, "precious")), "mine");
    await runPipeline(paths(2), here);
    assertEquals(await Deno.readTextFile(root.join("out", "text")), "a clean2 ");
    assertEquals([...Deno.readDirSync(root.path)].map(({ name }) => name).sort(), [
      ".holdfast-runs",
      "data",
      "out",
      kept,
    ]);
    assertEquals(await textOf(here.registry, "nightly:output:train"), "a clean2 train ");
    await Deno.writeTextFile(root.join("data", "a"), "b ");
    const [clean] = (await planPipeline(paths(2), here)).steps;
    assertEquals(clean.reasons.map((reason) => reason.split(":")[0]), ["inputs changed"]);
  },
);

testInRoot("a missing input, an unknown step and a cycle are told before anything is written", async (root) => {
  await using here = await world(root);
  const refused = async (steps: Parameters<typeof pipeline>[0], code: "NotFound" | "Invalid", text: string) => {
    const error = await runPipeline(pipeline(steps), here).catch((error) => error);
    assert(isRegistryError(error, code), String(error));
    assertStringIncludes(error.message, text);
    assertEquals(await Array.fromAsync(here.registry.names()), []);
  };
  const missing = 'Cannot read input "registry:data:raw" of step "clean"';
  await refused([step("clean", { inputs: { data: "registry:data:raw" } })], "NotFound", missing);
  await refused([step("clean", { inputs: { data: "step:nowhere" } })], "NotFound", '"nowhere"');
  const cycle = [step("clean", { upstream: ["train"] }), step("train", { upstream: ["clean"] })];
  await refused(cycle, "Invalid", "wait for one another: clean, train");
});

testInRoot(
  "a step can be a command: it knows its folders, and its lines, code and memory are on record",
  async (root) => {
    await using here = await world(root);
    const { registry } = here;
    await registry.save("data:raw", "raw");
    const script =
      'cat "$INPUT_ROOT"/* > "$OUTPUT_ROOT/text"; echo "step $OPERATOR_ID has $HOLDFAST_PARAMS"; exit $CODE';
    const shell = (CODE: string) =>
      step("shell", {
        runAs: "command",
        startCommand: ["sh", "-c", script],
        inputs: { data: "registry:data:raw" },
        params: { lr: 0.1 },
        env: { CODE },
      });
    const failed = await runPipeline(pipeline([shell("4")]), here);
    assertEquals([failed.steps.shell.exitCode, failed.steps.shell.exit], [4, "resource"]);
    const events: RunEvent[] = [];
    const result = await runPipeline(pipeline([shell("0")]), { ...here, onEvent: (event) => events.push(event) });
    assertEquals(result.steps.shell.end, "ran");
    assertEquals(await textOf(registry, "nightly:output:shell"), "raw");
    assertEquals(events.filter(({ type }) => type === "log"), [
      { type: "log", step: "shell", level: "stdout", line: 'step shell has {"lr":0.1}' },
    ]);
  },
);

testInRoot("what this runner cannot do is refused, not passed over", async (root) => {
  await using here = await world(root);
  for (
    const members of [{ shards: 2 }, { runAs: "worker" as const }, {
      environment: { kind: "uv" as const, install: false },
    }]
  ) {
    const error = await runPipeline(pipeline([step("clean", members)]), here).catch((error) => error);
    assert(isRegistryError(error, "Unsupported"), String(error));
  }
  assertEquals(await Array.fromAsync(here.registry.names()), []);
});
