import { assert, assertEquals, assertMatch } from "@std/assert";
import { openRegistry, type Registry } from "../../../mod.ts";
import { createOperators, type OperatorContext } from "../../../operators/mod.ts";
import { type RunEvent, runPipeline } from "../../../operators/runner/mod.ts";
import { rejected } from "../../registry/rejected.ts";
import { runDeno } from "../../support/run_deno.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { add, pipeline, step } from "./pipelines.ts";
import { countOf } from "./world.ts";

/** A step in so many shards, and one that reads all of it. */
function sharedPipeline(shards: number, members: object = {}) {
  return pipeline([
    step("split", { shards, outputs: { ".": "registry:data" }, ...members }),
    step("join", { upstream: ["split"] }),
  ]);
}

/** Returns the content of a version by path. */
async function textsOf(registry: Registry, ref: string): Promise<Record<string, string>> {
  const artifact = await registry.open(ref);
  const texts = artifact.files().map(async (
    file,
  ) => [file.info.path, new TextDecoder().decode(await file.bytes())]);
  return Object.fromEntries(await Promise.all(texts));
}

/** Operators of which each shard writes a file, unless `wrong` says something else. */
function shardOperators(
  wrong: (shard: number, context: OperatorContext) => void | Promise<void> = () => {},
) {
  const operators = createOperators();
  const ran: (number | string)[] = [];
  let atOnce = 0, most = 0;
  operators.register("split", {
    async run(context) {
      const { index, count } = context.shard!;
      most = Math.max(most, ++atOnce);
      try {
        ran.push(index);
        await Deno.writeTextFile(`${context.outputRoot}/part-${index}.txt`, `${index} of ${count}`);
        await wrong(index, context);
        context.logger.info(`this is ${index}`);
      } finally {
        atOnce--;
      }
    },
    command:
      () => ["sh", "-c", `echo "$HOLDFAST_SHARD" > "$OUTPUT_ROOT/part-\${HOLDFAST_SHARD%/*}.txt"`],
  });
  add(operators, "join", async ({ inputRoot, outputRoot }) => {
    ran.push("join");
    const names = await Array.fromAsync(Deno.readDir(inputRoot), ({ name }) => name);
    await Deno.writeTextFile(`${outputRoot}/names`, names.sort().join());
  });
  return { operators, ran, most: () => most };
}

for (const runAs of ["thread", "command"] as const) {
  testInRoot(
    `shards of a step write one version together, and it is skipped as a whole (${runAs})`,
    async (root) => {
      await using registry = await openRegistry("memory:");
      const both = Promise.withResolvers<void>();
      let begun = 0;
      const { operators, ran, most } = shardOperators((index) => { // the first two end when both have begun
        if (index > 1) return;
        if (++begun === 2) both.resolve();
        return both.promise;
      });
      const events: RunEvent[] = [];
      const options = {
        registry,
        operators,
        root: root.path,
        onEvent: (event: RunEvent) => void events.push(event),
      };
      const first = await runPipeline(sharedPipeline(6, { runAs }), {
        ...options,
        machine: { cores: 2, memoryBytes: 1e9 },
        concurrency: 3,
      });
      assertEquals([first.end, first.steps.split.end, first.steps.split.outputs], ["ok", "ran", {
        ".": "data@1.0.0",
      }]);
      const written = await textsOf(registry, "data");
      assertEquals(Object.keys(written), Array.from({ length: 6 }, (_, i) => `part-${i}.txt`));
      assertEquals(written["part-4.txt"].trim(), runAs === "thread" ? "4 of 6" : "4/6");
      assertEquals(await textsOf(registry, "nightly:output:join"), {
        names: Object.keys(written).join(),
      });
      if (runAs === "thread") {
        assertEquals([...ran].sort(), [0, 1, 2, 3, 4, 5, "join"]);
        assertEquals(most() > 1 && most() <= 3, true, `${most()} at once`);
        assertMatch((await textsOf(registry, "nightly:shards:split"))["3/log.txt"], /this is 3/);
        const { "log.txt": log } = await textsOf(registry, "nightly:step:split");
        assertMatch(log, /^… shard 0\/6 …\n.* info this is 0\n… shard 1\/6 …\n/);
      }
      assertEquals(events.filter(({ type }) => type === "step ended").length, 2);
      for (const type of ["step started", "shard ended"]) {
        const told = events.flatMap((event) =>
          event.type === type && "shard" in event ? [event.shard] : []
        );
        assertEquals(told.map((shard) => shard?.index).toSorted(), [0, 1, 2, 3, 4, 5], type);
      }
      assertEquals(await countOf(registry, "nightly:step:split"), 1);
      const { steps } = await runPipeline(sharedPipeline(6, { runAs }), options);
      assertEquals([steps.split.end, steps.join.end], ["skipped", "skipped"]);
    },
  );
}

testInRoot("only missing shards run again after a failure", async (root) => {
  await using registry = await openRegistry("memory:");
  let broken = true;
  const { operators, ran } = shardOperators((index) => {
    if (broken && index === 2) throw new Error("the disk of shard 2 is gone");
  });
  const options = { registry, operators, root: root.path, concurrency: 1 };
  const first = await runPipeline(sharedPipeline(4), options);
  assertEquals([first.end, first.steps.split.end, first.steps.join.end], [
    "failed",
    "failed",
    "blocked",
  ]);
  assertMatch(first.steps.split.reason!, /shard 2 is gone/);
  assertEquals(first.steps.split.record, "nightly:failure:split@1.1.2");
  assertEquals(ran, [0, 1, 2], "no more are begun");
  assertEquals(await registry.has("data"), false);

  broken = false;
  const second = await runPipeline(sharedPipeline(4), options);
  assertEquals(second.end, "ok");
  assertEquals(ran.slice(3), [2, 3, "join"]);
  assertEquals(Object.keys(await textsOf(registry, "data")).length, 4);
  assertEquals(await countOf(registry, "data"), 1);

  const forced = await runPipeline(sharedPipeline(4), { ...options, force: true });
  assertEquals([forced.end, ran.slice(6)], ["ok", [0, 1, 2, 3, "join"]]);
  const fewer = await runPipeline(sharedPipeline(2), options); // another number of shards
  assertEquals([fewer.end, ran.slice(11)], ["ok", [0, 1, "join"]]);
  assertEquals(Object.keys(await textsOf(registry, "data")).length, 2);
});

testInRoot("two shards that write one file fail, and can be repeated", async (root) => {
  await using registry = await openRegistry("memory:");
  let mended = false;
  const { operators, ran } = shardOperators((_, { outputRoot }) => {
    if (!mended) Deno.writeTextFileSync(`${outputRoot}/all.txt`, "mine");
  });
  const options = { registry, operators, root: root.path };
  const { steps } = await runPipeline(sharedPipeline(2), options);
  assertEquals(steps.split.end, "failed");
  assertMatch(steps.split.reason!, /shards [01] and [01] both wrote "all.txt"/);
  assertMatch(steps.split.hint!, /file names/);
  assertEquals(await registry.has("data"), false);
  mended = true;
  assertEquals((await runPipeline(sharedPipeline(2), options)).end, "ok");
  assertEquals(ran.length, 5);
  assertEquals(Object.keys(await textsOf(registry, "data")), ["part-0.txt", "part-1.txt"]);
});

testInRoot("shards may write several outputs, no output, or unnamed output", async (root) => {
  await using registry = await openRegistry("memory:");
  const { operators } = shardOperators((_, { outputRoot, shard }) => {
    if (shard!.index === 0) Deno.removeSync(`${outputRoot}/part-0.txt`);
  });
  const options = { registry, operators, root: root.path };
  const first = await runPipeline(pipeline([step("split", { shards: 3 })]), options);
  assertEquals(first.steps.split.outputs, { ".": "nightly:output:split@1.0.0" });
  assertEquals(Object.keys(await textsOf(registry, "nightly:output:split")), [
    "part-1.txt",
    "part-2.txt",
  ]);

  const { operators: both } = shardOperators((index, { outputRoot }) => {
    Deno.removeSync(`${outputRoot}/part-${index}.txt`);
    for (const name of ["a", "b"]) {
      Deno.mkdirSync(`${outputRoot}/${name}`);
      Deno.writeTextFileSync(`${outputRoot}/${name}/${index}`, name);
    }
  });
  const outputs = { a: "registry:out:a@3.1.0", b: "registry:out:b" };
  const two = await runPipeline(pipeline([step("split", { shards: 2, outputs })]), {
    ...options,
    operators: both,
    force: true,
  });
  assertEquals(two.steps.split.outputs, { a: "out:a@3.1.0", b: "out:b@1.0.0" });
  assertEquals(await textsOf(registry, "out:b"), { "0": "b", "1": "b" });
});

testInRoot("outputs that shards cannot share are refused at first", async (root) => {
  await using registry = await openRegistry("memory:");
  const { operators, ran } = shardOperators();
  for (const to of ["./out", "s3://bucket/key/"]) {
    const running = runPipeline(sharedPipeline(2, { outputs: { ".": to } }), {
      registry,
      operators,
      root: root.path,
    });
    assertMatch((await rejected("Unsupported", running)).message, /shards cannot write/);
  }
  assertEquals(ran, []);
});

for (const when of ["after two shards", "before the version", "before the success"]) {
  testInRoot(
    `a run killed ${when} is gone on with: one version, and no shard done again`,
    async (root) => {
      const run = async (when: string) => {
        const args = [root.path, when];
        return await runDeno("tests/operators/runner/killed_shards.ts", args, {
          permissions: ["-A"],
        });
      };
      const killed = await run(when);
      assert(
        killed.code !== 0 && killed.stdout === "",
        `it was to be killed: ${killed.stdout}${killed.stderr}`,
      );
      const again = await run("never");
      assertEquals(again.code, 0, again.stderr);
      assertEquals(JSON.parse(again.stdout), {
        end: "ok",
        ran: when === "after two shards" ? [2, 3] : [],
      });
      await using registry = await openRegistry(root.join("registry"), { create: false });
      for (const name of ["data", "nightly:shards:split", "nightly:step:split"]) {
        assertEquals(await countOf(registry, name), 1, name);
      }
      assertEquals(Object.keys(await textsOf(registry, "data")).length, 4);
    },
  );
}
