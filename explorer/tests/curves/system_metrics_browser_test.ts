// The system metrics of runs, in Chromium.
import { assertEquals } from "@std/assert";
import { openRun } from "../../../extensions/runs/mod.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

/** Saves a run, for which a client has recorded system metrics. */
async function saveRun(registry: Registry, id: string, metrics: readonly string[]): Promise<void> {
  await using run = await openRun(registry, "m", { id });
  for (let step = 0; step < 3; step++) run.log({ step, loss: 1 / (1 + step) });
  const content = [0.5, 15.5, 30.5].map((_runtime, at) =>
    JSON.stringify({
      ...Object.fromEntries(metrics.map((name) => [`system.${name}`, at])),
      ...{ _runtime, _timestamp: 1e9 + _runtime, _wandb: true },
    })
  );
  const draft = await registry.openDraft("m", { id: `run:${id}` });
  const lines = new TextEncoder().encode(JSON.stringify({ offset: 0, content }));
  await draft.addPart(`stream-1-0-3-c-${id}`, [{ path: "wandb-events.jsonl", content: lines }]);
  await run.finish();
}

Deno.test({
  name: "system metrics of runs are drawn by time, once their section is opened" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveRun(registry, "1", ["cpu", "gpu.0.gpu"]);
    await saveRun(registry, "2", ["cpu", "memory_percent"]);
    await using explorer = await openExplorer(registry);
    const { page, url, errors, foreign } = explorer;
    const system = page.getByRole("region", { name: "System metrics" });
    const charts = async () => {
      await system.getByRole("button", { name: "System metrics", expanded: false }).click();
      await system.getByRole("figure", { name: "system.cpu by time" }).locator("canvas").waitFor();
      return await system.getByRole("figure").locator(".chart-title").allInnerTexts();
    };
    await page.goto(`${url}#/artifacts/m/1.0.0`);
    assertEquals(await charts(), ["cpu", "gpu.0.gpu"]);
    await system.getByRole("button", { name: "System metrics" }).click();
    assertEquals(await system.getByRole("figure").count(), 0);
    await page.goto(`${url}#/compare?refs=m%401.0.0+m%402.0.0`);
    assertEquals(await charts(), ["cpu", "gpu.0.gpu", "memory_percent"]);
    assertEquals([errors, foreign], [[], []]);
  },
});

Deno.test({
  name: "system metrics among the points, as MLflow logs them, are folded as well" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    const runs: Record<string, number>[] = [{ loss: 1, acc: 2 }, {}];
    for (const points of runs) {
      await using run = await openRun(registry, "m");
      for (let step = 0; step < 3; step++) run.log({ step, ...points, "system/gpu": step });
      await run.finish();
    }
    await using explorer = await openExplorer(registry);
    const { page, url, errors, foreign } = explorer;
    for (const [version, others] of [["1.0.0", 2], ["2.0.0", 0]] as const) {
      await page.goto(`${url}#/artifacts/m/${version}`);
      const system = page.getByRole("region", { name: "System metrics" });
      const button = system.getByRole("button", { name: "System metrics" });
      await button.and(page.locator('[aria-expanded="false"]')).waitFor();
      assertEquals(await page.getByRole("figure").count(), others);
      await button.click();
      await system.getByRole("figure").locator("canvas").waitFor();
    }
    assertEquals([errors, foreign], [[], []]);
  },
});
