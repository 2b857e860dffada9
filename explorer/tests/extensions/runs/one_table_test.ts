// One table of the versions and the runs of a name, with the curves of some beside it.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { openRun } from "../../../../extensions/runs/mod.ts";
import { barriersInThemes } from "../../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../../support/browser.ts";

Deno.test({
  name: "runs and versions are one table, the running first, with their curves beside it" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using runs = new AsyncDisposableStack();
    const begin = async (id: string, loss: number) => {
      const tags = { "mlflow.runName": `sweep-${id}` };
      const run = await openRun(registry, "m", { id, tags, params: { rate: loss / 10 } });
      for (const step of [0, 1]) run.log({ step, loss: loss / (1 + step) });
      await run.flush();
      return runs.use(run);
    };
    const live = await begin("live", 4);
    await (await begin("a", 3)).finish();
    await (await begin("bad", 1)).fail("out of memory");
    await (await begin("b", 2)).finish();
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.clock.install();
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${url}#/artifacts/m`);
    const table = page.getByRole("region", { name: "Versions" });
    const rows = table.locator("tbody tr");
    await rows.nth(3).waitFor();
    const texts = async () =>
      (await rows.allInnerTexts()).map((text) => text.trim().split(/\s+/).slice(0, 4).join(" "));
    assertEquals(await texts(), [
      "sweep-live running 2 2",
      "sweep-b 2.0.0 finished 1",
      "sweep-bad failed 0.5 0.5",
      "sweep-a 1.0.0 finished 1.5",
    ]);
    assertEquals(await page.getByRole("region", { name: "Logged runs" }).count(), 0);

    const curves = page.getByRole("region", { name: "Curves" });
    const loss = curves.getByRole("figure", { name: "loss by step" });
    await loss.locator("canvas").waitFor();
    const names = page.getByRole("list", { name: "Lines" }).getByRole("button");
    const lines = async () => (await names.allInnerTexts()).sort();
    assertEquals(await lines(), ["sweep-a", "sweep-b", "sweep-bad", "sweep-live"]);
    const [left, right] = [await table.boundingBox(), await curves.boundingBox()];
    assertEquals(right!.x > left!.x + left!.width / 2 && right!.y < left!.y + 80, true);
    const marks = await names.locator(".line-mark").evaluateAll((all) =>
      all.map((mark) => getComputedStyle(mark).borderTopColor)
    );
    const dots = await table.locator(".dot").evaluateAll((all) =>
      all.map((dot) => getComputedStyle(dot).borderTopColor)
    );
    assertEquals(marks, dots); // in the same order
    await rows.nth(1).hover();
    await page.locator(".lines-legend .focused").getByText("sweep-b").waitFor();
    await names.getByText("sweep-a", { exact: true }).hover();
    await table.locator("tr.focused").getByText("sweep-a").waitFor();

    live.log({ step: 2, loss: 0.125 });
    await live.flush();
    await page.clock.fastForward(5000);
    await table.getByRole("cell", { name: "0.125 ★" }).first().waitFor();
    await loss.getByRole("button", { name: "As a table" }).press("Enter");
    await loss.getByRole("cell", { name: "0.125", exact: true }).waitFor();

    await page.getByRole("checkbox", { name: "Compare 1.0.0" }).check();
    await names.nth(1).waitFor({ state: "detached" });
    assertEquals(await lines(), ["sweep-a"]);
    await page.getByRole("checkbox", { name: "Compare run live" }).check();
    await names.nth(1).waitFor();
    assertEquals(await lines(), ["sweep-a", "sweep-live"]);
    assertEquals(
      await page.getByRole("button", { name: "Compare", exact: true }).isEnabled(),
      false,
    );
    await page.getByRole("checkbox", { name: "Compare run bad" }).check();
    await page.getByRole("link", { name: "Compare 2 runs" }).waitFor();

    await page.getByRole("button", { name: "1 failed" }).press("Enter");
    await page.getByText("1 of 4 rows").waitFor();
    assertEquals(await texts(), ["sweep-bad failed 0.5 0.5"]);
    await page.getByRole("button", { name: "1 failed" }).press("Enter");
    await page.getByText("4 of 4 rows").waitFor();
    assertEquals(await barriersInThemes(page), []);

    await page.setViewportSize({ width: 1000, height: 900 });
    const [above, below] = [await table.boundingBox(), await curves.boundingBox()];
    assertEquals(below!.y > above!.y + above!.height, true);
    await live.finish();
    await page.clock.fastForward(5000);
    await table.getByRole("link", { name: "3.0.0" }).waitFor();
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "on a phone, curves are read once the page is scrolled to them" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (let i = 0; i < 12; i++) {
      await using run = await openRun(registry, "m", { id: `trial-${i}` });
      for (const step of [0, 1]) run.log({ step, loss: i + step });
      await run.finish();
    }
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    const read: string[] = [];
    page.on("request", (request) => {
      if (request.url().includes("history.jsonl")) read.push(request.url());
    });
    await page.setViewportSize({ width: 390, height: 160 });
    await page.goto(`${url}#/artifacts/m`);
    const rows = page.getByRole("region", { name: "Versions" }).locator("tbody tr");
    await rows.nth(11).waitFor();
    await page.waitForLoadState("networkidle");
    assertEquals(read, []);
    await page.getByRole("button", { name: /^Copy as CSV/ }).scrollIntoViewIfNeeded();
    await page.getByRole("figure", { name: "loss by step" }).locator("canvas").waitFor();
    assertEquals(new Set(read).size, 10);
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "a name without runs has no curves beside its versions" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const loss of [1, 2]) await registry.save("m", loss, { metadata: { loss } });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${url}#/artifacts/m`);
    const table = page.getByRole("region", { name: "Versions" });
    await table.getByRole("link", { name: "2.0.0" }).waitFor();
    assertEquals((await table.boundingBox())!.width > 1000, true);
    assertEquals(await page.getByRole("region", { name: "Curves" }).count(), 0);
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "of runs with many points, a few are drawn until others are checked" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (let i = 0; i < 4; i++) {
      const run = { id: `r${i}`, startedAt: "2026-01-02T03:04:05.000Z", points: 150_000, step: 1 };
      const metadata = { curves: "history.jsonl", run, metrics: { loss: i } };
      const points = [0, 1].map((step) => JSON.stringify({ step, loss: i + step })).join("\n");
      const files = [{ path: "history.jsonl", content: new TextEncoder().encode(points) }];
      const as = { id: "run", formatVersion: 1, save: () => files, load: () => 0 };
      await registry.save("m", i, { as, metadata });
    }
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${url}#/artifacts/m`);
    const names = page.getByRole("list", { name: "Lines" }).getByRole("button");
    await names.nth(1).waitFor();
    assertEquals(await names.allInnerTexts(), ["r3", "r2"]);
    for (const version of [1, 2, 3, 4]) {
      await page.getByRole("checkbox", { name: `Compare ${version}.0.0` }).check();
    }
    await names.nth(3).waitFor();
    assertEquals(errors, []);
  },
});
