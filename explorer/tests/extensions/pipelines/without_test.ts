// The page of a service without pipelines.
import { assertEquals } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { openRegistry } from "../../../../mod.ts";
import { openRun } from "../../../../extensions/runs/mod.ts";
import { IGNORED, openServed, SKIPPED } from "../../support/browser.ts";

Deno.test({
  name: "without pipelines the page lists logged runs, and links to no others" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("data", "1,2");
    const made = { pipeline: "fit", run: "fit@1", step: "train", effect: "1" };
    await registry.save("net", 1, { metadata: { loss: 0.1, ...made }, inputs: ["data@1.0.0"] });
    await registry.save("fit:run", 1);
    await using run = await openRun(registry, "net", { id: "7" });
    run.log({ loss: 0.5 });
    await run.flush();
    const handler = createHandler(registry);
    const asked: string[] = [];
    await using explorer = await openServed((request) => {
      asked.push(new URL(request.url).pathname);
      return handler(request);
    }, handler);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/runs`);
    await page.getByRole("region", { name: "Logged runs" }).getByText("7").first().waitFor();
    await page.getByText("holdfast runs ls").first().waitFor({ state: "attached" });
    await page.goto(`${url}#/artifacts/net/1.0.0`);
    await page.getByText("fit@1").first().waitFor();
    assertEquals(await page.getByRole("link", { name: "fit@1" }).count(), 0);
    await page.goto(`${url}#/lineage?ref=net%401.0.0`);
    await page.locator(".graph .node").filter({ hasText: "train of fit" }).press("Enter");
    const details = page.getByRole("region", { name: "Details of" });
    await details.getByText("train", { exact: false }).first().waitFor();
    assertEquals(await details.getByRole("link", { name: "Open" }).count(), 0);
    await page.goto(`${url}#/`);
    await page.getByRole("complementary").getByText("fit:run").waitFor();
    assertEquals([errors, asked.filter((path) => path.startsWith("/runs"))], [[], []]);
  },
});
