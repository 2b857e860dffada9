// The steps of a run have their parameters, whatever became of the run.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { createOperators } from "../../../operators/mod.ts";
import { runPipeline } from "../../../operators/runner/mod.ts";
import { forge } from "../runner/records/forged.ts";
import { add, pipeline, step } from "../runner/pipelines.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { createCheckedHandler } from "../../apps/server/checked_handler.ts";
import { pipelines } from "../../../operators/surface/pipelines.ts";

testInRoot(
  "a run has the parameters of its steps, while it runs and after a failure",
  async (root) => {
    await using registry = await openRegistry("memory:");
    await using handler = createCheckedHandler(registry, { gateways: [pipelines] });
    const operators = createOperators();
    const paramsOf = async (run: string) => {
      const response = await handler(new Request(`http://localhost/runs/${run}`));
      const { steps } = await response.json();
      return steps.map(({ params }: { params?: unknown }) => params);
    };
    const params = {
      rate: 0.1,
      optimizer: { name: "adam" },
      text: "${HOME} $${x}",
      layers: [1, 2],
    };
    let during: unknown;
    add(operators, "write", async ({ outputRoot }) => {
      await Deno.writeTextFile(`${outputRoot}/text`, "a");
      during = await paramsOf("nightly%401");
    });
    add(operators, "bad", () => 3);
    const steps = [step("write", { params }), step("bad", { upstream: ["write"] })];
    await runPipeline(pipeline(steps), { registry, operators, root: root.path });
    assertEquals(during, [params, undefined]);
    assertEquals(await paramsOf("nightly%401"), [params, undefined]);

    const plan = await registry.open("nightly:run@1.0.0");
    const record = JSON.parse(new TextDecoder().decode(await plan.file("record.json").bytes()));
    const metadata = { ...plan.info.metadata, run: "nightly@2" };
    await forge(registry, { name: "nightly:run", version: "2.0.0", metadata }, record);
    assertEquals(await paramsOf("nightly%402"), [undefined, undefined]); // no configuration
  },
);
