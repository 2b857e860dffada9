import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type RunEvent, runPipeline } from "../../../operators/runner/mod.ts";
import { canMount, smallDisk } from "../../support/small_disk.ts";
import { add, pipeline, step } from "./pipelines.ts";
import { ends, testInWorld, world } from "./world.ts";

Deno.test({
  name: "a full disk ends a step with 4; a log without space ends none",
  ignore: !canMount,
  async fn() {
    await using disk = await smallDisk(1024 * 1024);
    await using here = await world(disk);
    const { registry, operators } = here;
    add(
      operators,
      "writer",
      ({ outputRoot }) =>
        Deno.writeFileSync(`${outputRoot}/large`, new Uint8Array(2 * 1024 * 1024)),
    );
    add(operators, "talker", ({ outputRoot, logger }) => {
      Deno.writeTextFileSync(`${outputRoot}/text`, "done");
      for (let line = 0; line < 20; line++) logger.info("x".repeat(60_000));
      logger.info("the last line");
    });
    const shell = [
      "sh",
      "-c",
      'line=$(printf %10000s); for i in $(seq 200); do echo "$line"; done',
    ];
    const events: RunEvent[] = [];
    const steps = [
      step("writer"),
      step("talker", { upstream: ["writer"] }),
      step("alone", { operator: "talker" }),
      step("shell", { startCommand: shell, runAs: "command" }),
    ];
    const nodes = [{ id: "here", runnerCount: 1, resources: {} }];
    const onEvent = (event: RunEvent) => void events.push(event);
    const result = await runPipeline(pipeline(steps, { nodes }), { ...here, onEvent });
    assertEquals(ends(result.steps), {
      writer: "failed",
      talker: "blocked",
      alone: "ran",
      shell: "ran",
    });
    assertEquals(result.steps.writer.exit, "resource");
    assert(await registry.has(result.steps.writer.record!));
    const warning = events.find((event) => event.type === "log" && event.level === "warn");
    assertStringIncludes((warning as { line: string } | undefined)?.line ?? "", "is incomplete");
    assert(events.some((event) => event.type === "log" && event.line === "the last line"));
  },
});

testInWorld("a step fails if its folder cannot be created", async (here, root) => {
  await Deno.writeTextFile(root.join("file"), "");
  const result = await runPipeline(
    pipeline([step("clean"), step("train")], { workDir: "file" }),
    here,
  );
  assertEquals(ends(result.steps), { clean: "failed", train: "failed" });
  assertEquals(result.steps.clean.exit, "configuration");
});
