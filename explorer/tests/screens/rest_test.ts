// Pages at rest: empty states lead on, and nothing moves by itself.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { barriersOf } from "../support/barriers.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

Deno.test({
  name: "a filter without a match offers to show all versions" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const loss of [0.1, 0.2]) await registry.save("net", loss, { metadata: { loss } });
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/net?filter=loss%3E9`);
    await page.getByText("No version meets the filter").waitFor();
    assertEquals(await barriersOf(page), []);
    await page.getByRole("button", { name: "Show all versions" }).press("Enter");
    await page.getByText("2 of 2 versions").waitFor();
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "a change of the width leaves the page where the reader is" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (let n = 0; n < 30; n++) await registry.save("net", n, { metadata: { n } });
    await using explorer = await openExplorer(registry);
    const { page, url } = explorer;
    const link = page.getByRole("link", { name: "Storage" });
    const isWhole = async () =>
      await page.waitForFunction(() => {
        const link = document.querySelector(".bar nav [aria-current]")!.getBoundingClientRect();
        return link.left >= 0 && link.right <= innerWidth;
      });
    await page.goto(`${url}#/artifacts/net?tab=changes`);
    await page.getByText("net@1.0.0").waitFor();
    for (const [width, top] of [[390, 0], [1280, 0], [390, 200]] as const) {
      await page.evaluate((top) => scrollTo(0, top), top);
      await page.setViewportSize({ width, height: 500 });
      await isWhole();
      assertEquals(await page.evaluate(() => scrollY), top, `${width}`);
    }
    await page.setViewportSize({ width: 1280, height: 500 });
    await link.first().click();
    await page.setViewportSize({ width: 390, height: 500 });
    await isWhole();
  },
});

Deno.test({
  name: "with reduced motion, nothing is animated while it loads or changes" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("net", 1);
    const held = Promise.withResolvers<void>();
    await using explorer = await openExplorer(registry, {
      async between(request, answer) {
        if (request.url.includes("/space")) await held.promise;
        return await answer(request);
      },
    });
    using _held = { [Symbol.dispose]: () => held.resolve() };
    const { page, url } = explorer;
    const moving = () =>
      page.evaluate(() =>
        document.getAnimations().map(({ effect }) => (effect as KeyframeEffect).target?.className)
      );
    await page.goto(`${url}#/storage`);
    await page.locator(".spinner").waitFor();
    assertEquals((await moving()).includes("spinner"), true);
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.locator(".spinner").waitFor();
    assertEquals(await moving(), []);
  },
});
