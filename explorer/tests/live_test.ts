// The page of a name while its versions and aliases change, in Chromium.
import { assertEquals } from "@std/assert";
import type { Page } from "npm:playwright-core@^1.56";
import { openRegistry } from "../../mod.ts";
import { siteFiles } from "../../apps/server/export_site.ts";
import { IGNORED, openExplorer, openServed, SKIPPED } from "./support/browser.ts";

/** Lets a page believe that it is in the background, or in front again. */
async function setVisible(page: Page, isVisible: boolean): Promise<void> {
  await page.evaluate((value) => {
    Object.defineProperty(document, "visibilityState", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isVisible ? "visible" : "hidden");
}

Deno.test({
  name: "a new version and a moved alias appear by themselves, also in a long table" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (let i = 1; i <= 230; i++) await registry.save("model", i, { metadata: { loss: 1 / i } });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    const older: string[] = [];
    page.on("request", (request) => request.url().includes("after=") && older.push(request.url()));
    await page.clock.install();
    await page.goto(`${url}#/artifacts/model?ticked=229.0.0`);
    await page.getByText("230 of 230 versions", { exact: true }).waitFor();
    const box = page.getByRole("region", { name: "Versions" });
    await box.evaluate((each) => each.scrollTop = 2000);
    const read = older.length;
    await registry.save("model", 231, { metadata: { loss: 0 } });
    await page.clock.fastForward(5000);
    await page.getByText("231 of 231 versions", { exact: true }).waitFor();
    assertEquals(await box.evaluate((each) => each.scrollTop), 2000);
    assertEquals(older.length, read); // the older versions are not read again
    await box.evaluate((each) => each.scrollTop = 0);
    assertEquals(await page.getByLabel("Compare 229.0.0").isChecked(), true);
    await registry.setAlias("model", "production", "231");
    await page.clock.fastForward(5000);
    await box.getByText("production").waitFor();
    await page.getByRole("link", { name: "Aliases" }).press("Enter");
    await page.getByRole("link", { name: "231.0.0" }).waitFor();
    await page.getByRole("button", { name: "History" }).press("Enter");
    await page.getByRole("region", { name: "Changes of production" }).getByText("231.0.0")
      .waitFor();
    await registry.setAlias("model", "production", "230");
    await page.clock.fastForward(5000);
    await page.getByRole("region", { name: "Changes of production" }).getByText("230.0.0")
      .waitFor();
    await page.getByRole("link", { name: "Changes" }).press("Enter");
    await page.getByText("moved to model@230.0.0 from 231.0.0").waitFor();
    await registry.deleteAlias("model", "production");
    await page.clock.fastForward(5000);
    await page.getByText("removed from model from 230.0.0").waitFor();
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "a page asks nothing while it is hidden, and looks at once when it is shown" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const value of [1, 2]) await registry.save("model", value);
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.clock.install();
    await page.goto(`${url}#/artifacts/model`);
    await page.getByText("2 of 2 versions").waitFor();
    await page.waitForFunction(() => document.querySelector(".loading") === null);
    await setVisible(page, false);
    const requests: string[] = [];
    page.on("request", (request) => requests.push(new URL(request.url()).pathname));
    await registry.save("model", 3);
    await page.clock.fastForward(60_000);
    await page.evaluate(() => fetch("../health").then((response) => response.text()));
    assertEquals(requests, ["/health"]);
    await setVisible(page, true);
    await page.getByText("3 of 3 versions").waitFor();
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "a name in a site is not asked for again" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("model", 1);
    const files = new Map<string, Response>();
    for await (const { path, type, content } of siteFiles(registry, ["model"])) {
      const headers = { "content-type": type };
      files.set(`/${path}`, new Response(content as BodyInit, { headers }));
    }
    await using explorer = await openServed((request) => {
      const path = new URL(request.url).pathname;
      const found = files.get(path.endsWith("/") ? `${path}index.html` : path);
      return found?.clone() ?? new Response(null, { status: 404 });
    });
    const { page, url, errors } = explorer;
    await page.clock.install();
    await page.goto(`${url}#/artifacts/model`);
    await page.getByRole("link", { name: "1.0.0" }).waitFor();
    await page.waitForFunction(() => document.querySelector(".loading") === null);
    const requests: string[] = [];
    page.on("request", (request) => requests.push(new URL(request.url()).pathname));
    await page.clock.fastForward(60_000);
    await page.evaluate(() => fetch("index.html").then((response) => response.text()));
    assertEquals(requests, ["/explore/index.html"]);
    assertEquals(errors, []);
  },
});
