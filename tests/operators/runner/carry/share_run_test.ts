import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError, unavailable } from "../../../../core/errors.ts";
import type { Registry } from "../../../../core/registry.ts";
import { cancelRun, readResult, shareRun } from "../../../../operators/runner/mod.ts";
import type { Pipeline, RunEvent, ShareRunOptions } from "../../../../operators/runner/mod.ts";
import { add, pipeline, step } from "../pipelines.ts";
import { countOf, endless, ends, testInWorld, textOf, threeSteps, world } from "../world.ts";
import type { World } from "../world.ts";

/** One of the processes that share a run. */
function take(
  shared: Pipeline,
  { registry, operators, root }: World,
  text: string,
  more: Partial<ShareRunOptions> = {},
) {
  const [index, count] = text.split("/").map(Number);
  return shareRun(shared, {
    registry,
    operators,
    root,
    shard: { index, count },
    array: "77",
    ...more,
  });
}

testInWorld("tasks of an array run each step once and return one result", async (here) => {
  await here.registry.save("data:raw", "a ");
  const results = await Promise.all(
    ["0/3", "1/3", "2/3"].map((text) => take(threeSteps(), here, text)),
  );
  for (const result of results) assertEquals(result, results[0]);
  assertEquals([results[0].run, results[0].end], ["nightly@1", "ok"]);
  assertEquals(ends(results[0].steps), { clean: "ran", train: "ran", report: "ran" });
  assertEquals(here.ran.toSorted(), ["clean", "report", "train"]);
  assertEquals(await textOf(here.registry, "data:report"), "a clean report ");
  const again = await Promise.all(
    ["0/2", "1/2"].map((text) => take(threeSteps(), here, text, { array: "78" })),
  );
  assertEquals(again.map(({ run, steps }) => [run, ...Object.values(ends(steps))]), [
    ["nightly@2", "skipped", "skipped", "skipped"],
    ["nightly@2", "skipped", "skipped", "skipped"],
  ]);
});

testInWorld("a task waits for others, and a late one finds their results", async (here) => {
  await here.registry.save("data:raw", "a ");
  const waits = Promise.withResolvers<string>();
  const first = ["0/3", "1/3"].map((text) =>
    take(threeSteps(), here, text, { onRun: (run) => waits.resolve(run) }) // each alone cannot end
  );
  assertEquals(await waits.promise, "nightly@1");
  const all = await Promise.all([...first, take(threeSteps(), here, "2/3")]);
  assertEquals(all.map(({ end }) => end), ["ok", "ok", "ok"]);
  assertEquals(here.ran.length, 3);
  const late = await take(threeSteps(), here, "2/3"); // as where the scheduler begins a task twice
  assertEquals([late.run, late.end, here.ran.length], ["nightly@1", "ok", 3]);
});

testInWorld("tasks share the shards of a step", async (here, root) => {
  const did: string[] = [];
  const registerFor = (task: string) => ({
    async run({ outputRoot, shard }: { outputRoot: string; shard?: { index: number } }) {
      did.push(`${task}: ${shard!.index}`);
      await Deno.writeTextFile(`${outputRoot}/${shard!.index}`, String(shard!.index));
    },
    command: () => ["false"],
  });
  const shared = pipeline([
    step("split", { shards: 5, outputs: { ".": "registry:data" } }),
    step("report", { upstream: ["split"] }),
  ]);
  const tasks = await Promise.all(["0/2", "1/2"].map(async (text) => {
    const own = await world(root);
    own.operators.register("split", registerFor(text));
    await own.registry[Symbol.asyncDispose]();
    const events: RunEvent[] = [];
    const result = await take(shared, { ...own, registry: here.registry }, text, {
      onEvent: (e) => void events.push(e),
    });
    return {
      result,
      parts: events.flatMap((event) => event.type === "shard ended" ? [event.shard.index] : []),
    };
  }));
  assertEquals(tasks.map(({ result }) => result.end), ["ok", "ok"]);
  assertEquals(did.toSorted(), ["0/2: 0", "0/2: 2", "0/2: 4", "1/2: 1", "1/2: 3"]);
  assertEquals(tasks.map(({ parts }) => parts.toSorted()), [[0, 2, 4], [1, 3]]);
  assertEquals(await textOf(here.registry, "nightly:output:report"), "01234report ");
  assertEquals(await countOf(here.registry, "data"), 1);
});

testInWorld("a step that fails in one task ends the run for all", async (here) => {
  add(here.operators, "broken", () => 2);
  const shared = pipeline([
    step("broken"),
    step("report", { upstream: ["broken"] }),
    step("clean"),
  ]);
  const results = await Promise.all(["0/2", "1/2"].map((text) => take(shared, here, text)));
  for (const { end, steps } of results) {
    assertEquals([end, ends(steps)], ["failed", {
      broken: "failed",
      report: "blocked",
      clean: "ran",
    }]);
  }
  assertEquals(await countOf(here.registry, "nightly:failure:broken"), 1);
});

testInWorld("a restarted task continues with the remaining steps", async (here) => {
  const begun = Promise.withResolvers<void>();
  let calm = false;
  add(here.operators, "slow", (context) => {
    if (!calm) return endless(begun.resolve)(context);
    Deno.writeTextFileSync(`${context.outputRoot}/text`, "slow ");
  });
  const shared = pipeline([step("slow"), step("report", { upstream: ["slow"] })]);
  const stops = ["0/2", "1/2"].map(() => new AbortController());
  const tasks = ["0/2", "1/2"].map((text, index) =>
    take(shared, here, text, { signal: stops[index].signal })
  );
  const ended = Promise.allSettled(tasks);
  await begun.promise;
  for (const stop of stops) stop.abort(new Error("preempted"));
  assertEquals((await ended).map((one) => one.status === "rejected" && one.reason.message), [
    "preempted",
    "preempted",
  ]);
  assertEquals(await readResult(here.registry, "nightly@1"), undefined);
  calm = true;
  const again = await Promise.all(["0/2", "1/2"].map((text) => take(shared, here, text)));
  assertEquals(again.map(({ run, end }) => [run, end]), [["nightly@1", "ok"], ["nightly@1", "ok"]]);
  assertEquals(await textOf(here.registry, "nightly:output:report"), "slow report ");
});

testInWorld("a task with another configuration is refused", async (here) => {
  await here.registry.save("data:raw", "a ");
  await Promise.all(["0/2", "1/2"].map((text) => take(threeSteps(), here, text)));
  const error = await assertRejects(() => take(threeSteps(0.2), here, "1/2"), RegistryError);
  assertEquals([error.code, here.ran.length], ["Conflict", 3]);
});

testInWorld("a cancelled run ends in all tasks", async (here) => {
  const begun = Promise.withResolvers<void>();
  add(here.operators, "slow", endless(begun.resolve));
  const shared = pipeline([step("slow"), step("report", { upstream: ["slow"] })]);
  const tasks = ["0/2", "1/2"].map((text) => take(shared, here, text));
  await begun.promise;
  await cancelRun(here.registry, "nightly@1");
  for (const { end, steps } of await Promise.all(tasks)) {
    assertEquals([end, ends(steps)], ["cancelled", { slow: "cancelled", report: "cancelled" }]);
  }
});

testInWorld(
  "a task whose failed step cannot be recorded ends, and continues later",
  async (here) => {
    let isBusy = true;
    const busy = (verb: string) => () => Promise.reject(unavailable(verb, undefined, "busy"));
    const registry = new Proxy(here.registry, {
      get(target, member) {
        const value = Reflect.get(target, member);
        if (typeof value !== "function") return value;
        const call = value.bind(target);
        if (!isBusy) return call;
        if (member === "openDraft") return busy("open draft"); // of the shards
        const save: Registry["save"] = (name, ...rest) =>
          String(name).includes(":failure:") ? busy("save")() : call(name, ...rest);
        return member === "save" ? save : call;
      },
    });
    add(here.operators, "poor", ({ outputRoot, shard }) => {
      if (isBusy) return 2;
      Deno.writeTextFileSync(`${outputRoot}/${shard?.index ?? 0}`, "fine");
    });
    for (const shards of [1, 2]) {
      isBusy = true;
      const shared = pipeline([
        step("poor", { shards, outputs: { ".": `registry:data${shards}` } }),
      ]);
      const run = () => take(shared, { ...here, registry }, "0/1", { array: `${shards}` });
      const error = await assertRejects(run, RegistryError, 'Cannot record failed step "poor"');
      assertEquals(error.code, "Unavailable");
      isBusy = false;
      assertEquals((await run()).end, "ok");
    }
  },
);

testInWorld("a task survives a registry that is away for a moment", async (here) => {
  let failures = 0;
  const away = () => unavailable("ask", undefined, "no answer");
  const registry = new Proxy(here.registry, {
    get(target, member) {
      const value = Reflect.get(target, member);
      if (typeof value !== "function") return value;
      return (name: unknown, ...rest: unknown[]) => {
        // Reads of steps after the plan, and the result of the run.
        const isMeant = member === "save" ? name === "nightly:result" : member === "versions";
        const isFailure = isMeant && here.ran.length > 0 && failures++ < 3;
        if (isFailure && member === "save") return Promise.reject(away());
        if (isFailure) throw away();
        return value.call(target, name, ...rest);
      };
    },
  });
  const one = pipeline([step("clean"), step("train", { upstream: ["clean"] })]);
  assertEquals((await take(one, { ...here, registry }, "0/1")).end, "ok");
  assertEquals([failures > 3, here.ran], [true, ["clean", "train"]]);
});
