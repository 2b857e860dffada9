// The page of a run shows the metrics of its steps.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { createOperators, type OperatorContext } from "../../../../operators/mod.ts";
import { runPipeline } from "../../../../operators/runner/mod.ts";
import { add, pipeline, step } from "../../../../tests/operators/runner/pipelines.ts";
import { tempRoot } from "../../../../tests/support/temp_root.ts";
import { IGNORED, openExplorer, SKIPPED } from "../../support/browser.ts";

Deno.test({
  name: "the page of a run shows the metrics of its steps, and the best of them" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using root = await tempRoot();
    const operators = createOperators();
    add(operators, "train", async ({ params, outputRoot }: OperatorContext) => {
      const width = Number(params.width);
      const metrics = { accuracy: 1 - 1 / width, val: { loss: 1 / width }, seconds: width };
      await Deno.writeTextFile(`${outputRoot}/metrics.json`, JSON.stringify(metrics));
    });
    const train = (width: number) =>
      step(`train-${width}`, {
        operator: "train",
        params: { width },
        metrics: ["metrics.json"],
        outputs: { ".": `registry:net/${width}` },
      });
    await runPipeline(pipeline([train(4), train(8)], { id: "sweep" }), {
      registry,
      operators,
      root: root.path,
    });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/runs/sweep%401`);
    const table = page.getByRole("region", { name: "Parameters and metrics", exact: true });
    await table.getByText("0.875 ★", { exact: true }).waitFor();
    assertEquals(await table.locator("thead th").allInnerTexts(), [
      ...["Step", "accuracy", "val.loss", "seconds", "width"],
    ]);
    assertEquals(await table.locator("tbody tr").allInnerTexts(), [
      "train-4\t0.75\t0.25\t4\t4",
      "train-8\t0.875 ★\t0.125 ★\t8\t8",
    ]);
    await page.goto(`${url}#/artifacts/net%2F8`); // the metadata of an output has them, too
    await page.getByRole("region", { name: "Versions" }).getByText("0.875").waitFor();
    assertEquals(errors, []);
  },
});
