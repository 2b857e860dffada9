// A sweep of a pipeline: from the list of runs to the best one, by keyboard.
import { assertEquals } from "@std/assert";
import { openRegistry, type Registry } from "../../../mod.ts";
import { createOperators, type OperatorContext } from "../../../operators/mod.ts";
import { runPipeline } from "../../../operators/runner/mod.ts";
import { add, pipeline, step } from "../../../tests/operators/runner/pipelines.ts";
import { tempRoot } from "../../../tests/support/temp_root.ts";
import { barriersOf } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

/** Runs a pipeline with each rate. With a rate of 8 or more, its step fails. */
async function sweep(registry: Registry, rates: readonly number[]): Promise<void> {
  await using root = await tempRoot();
  const operators = createOperators();
  add(operators, "train", async ({ params, outputRoot, logger }: OperatorContext) => {
    const rate = Number(params.rate);
    if (rate >= 8) {
      logger.error(`the loss is NaN with a rate of ${rate}`);
      throw new Error("the loss is NaN");
    }
    const rows = Array.from({ length: 20 }, (_, at) => `${at},${1 / (1 + at * rate)}`);
    await Deno.writeTextFile(`${outputRoot}/history.csv`, ["step,loss", ...rows].join("\n"));
    const metrics = JSON.stringify({ accuracy: rate / 10, seconds: 1 });
    await Deno.writeTextFile(`${outputRoot}/metrics.json`, metrics);
  });
  for (const rate of rates) {
    const train = step("train", {
      params: { rate, optimizer: "adam" },
      metrics: ["metrics.json"],
      outputs: { ".": "registry:net" },
    });
    const steps = pipeline([train], { id: "sweep" });
    await runPipeline(steps, { registry, operators, root: root.path }).catch(() => {});
  }
}

Deno.test({
  name: "a run of a pipeline that goes on is listed with the metrics of its steps" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using root = await tempRoot();
    const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const operators = createOperators();
    add(operators, "train", async ({ params, outputRoot }: OperatorContext) => {
      const metrics = JSON.stringify({ accuracy: Number(params.rate) / 10 });
      await Deno.writeTextFile(`${outputRoot}/metrics.json`, metrics);
    });
    add(operators, "test", async ({ outputRoot }: OperatorContext) => {
      begun.resolve();
      await held.promise;
      await Deno.writeTextFile(`${outputRoot}/report.txt`, "done");
    });
    const train = step("train", {
      params: { rate: 3 },
      metrics: ["metrics.json"],
      outputs: { ".": "registry:net" },
    });
    const test = step("test", {
      inputs: { net: "step:train" },
      outputs: { ".": "registry:report" },
    });
    const steps = pipeline([train, test], { id: "sweep" });
    const running = runPipeline(steps, { registry, operators, root: root.path });
    await begun.promise;
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/runs`);
    const runs = page.getByRole("region", { name: "Runs of sweep" });
    await runs.getByRole("cell", { name: "0.3" }).waitFor();
    await runs.getByText("running or killed").waitFor();
    held.resolve();
    await running;
    await runs.getByText("finished").waitFor();
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "runs show their best metric and the parameters that differ, and draw their curves" +
    SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await sweep(registry, [1, 2, 4, 8]);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/runs`);
    const runs = page.getByRole("region", { name: "Runs of sweep" });
    await runs.getByText("0.4 ★").waitFor();
    const rows = (await runs.locator("tbody tr").allInnerTexts()).map((text) =>
      text.split("\t").slice(0, 5).join(" ")
    );
    assertEquals(await runs.locator("thead th").allInnerTexts(), [
      ...["Run", "State", "train.accuracy", "train.rate", "Steps", "Took", "Began"],
    ]);
    assertEquals(rows, [
      "sweep@4 failed  8 1 failed",
      "sweep@3 finished 0.4 ★ 4 1 ran",
      "sweep@2 finished 0.2 2 1 ran",
      "sweep@1 finished 0.1 1 1 ran",
    ]);
    assertEquals(await barriersOf(page), []);
    const shown = runs.getByRole("link", { name: /^sweep@/ });
    await page.getByLabel("Filter runs").fill("state=finished rate>=2");
    await shown.nth(2).waitFor({ state: "detached" });
    assertEquals(await shown.allInnerTexts(), ["sweep@3", "sweep@2"]);
    await page.getByLabel("Filter runs").fill("rate>99");
    await page.getByText("No run meets the filter").waitFor();
    await page.getByLabel("Filter runs").fill("accuracy=");
    await shown.nth(1).waitFor({ state: "detached" });
    assertEquals(await shown.allInnerTexts(), ["sweep@4"]);
    await runs.getByRole("link", { name: "sweep@4" }).press("Enter");
    await page.getByText("the loss is NaN with a rate of 8").waitFor(); // the log of its step
    const values = page.getByRole("region", { name: "Parameters and metrics", exact: true });
    assertEquals(await values.locator("tbody tr").allInnerTexts(), ["train\t8\tadam"]);
    assertEquals(await barriersOf(page), []);

    await page.getByRole("link", { name: "Compare runs" }).press("Enter");
    for (const version of ["1.0.0", "3.0.0"]) {
      await page.getByLabel(`Compare ${version}`).press("Space");
    }
    await page.getByRole("link", { name: "Compare 2 versions" }).press("Enter");
    const loss = page.getByRole("figure", { name: "loss by step" });
    await loss.locator("canvas").waitFor();
    const lines = page.getByRole("list", { name: "Lines" }).getByRole("button");
    assertEquals(await lines.allInnerTexts(), ["sweep@1", "sweep@3"]);
    assertEquals(await page.getByText("no file with steps").count(), 0);
    await page.goto(`${url}#/runs/sweep%403`);
    await loss.locator("canvas").waitFor();
    assertEquals(errors, []);
  },
});
